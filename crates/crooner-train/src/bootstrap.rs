//! Percentile bootstrap (Efron 1979) over tracks.
//!
//! Slices of one track resemble each other, so resampling slices would make intervals too
//! narrow: whole tracks are drawn, with all that belongs to them.

use crate::metrics::Confusion;
use crate::seeds::{Purpose, below, generator};

/// Resamples drawn; the percentiles of 2,000 wander by well under a point.
pub const RESAMPLES: usize = 2000;

/// A value with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// On the tracks as they are.
    pub value: f64,
    /// 2.5th percentile of the resamples.
    pub low: f64,
    /// 97.5th percentile of the resamples.
    pub high: f64,
}

/// What one track adds to a confusion matrix: `(truth, predicted, times)`.
pub type Contribution = Vec<(usize, usize, u64)>;

/// Scores every statistic of `statistics` on all `tracks`, with intervals from [`RESAMPLES`]
/// resamples of them. The same resamples serve all statistics.
#[must_use]
pub fn scores<const N: usize>(
    tracks: &[Contribution],
    n_classes: usize,
    seed: u64,
    statistics: [fn(&Confusion) -> f64; N],
) -> [Score; N] {
    let mut confusion = Confusion::new(n_classes);
    for track in tracks {
        add(&mut confusion, track);
    }
    let values = statistics.map(|statistic| statistic(&confusion));
    if tracks.is_empty() {
        return values.map(|value| Score { value, low: value, high: value });
    }
    let mut rng = generator(seed, Purpose::Bootstrap, 0);
    let mut samples = [const { Vec::new() }; N];
    for _ in 0..RESAMPLES {
        confusion.clear();
        for _ in 0..tracks.len() {
            add(&mut confusion, &tracks[below(&mut rng, tracks.len())]);
        }
        for (sample, statistic) in samples.iter_mut().zip(statistics) {
            sample.push(statistic(&confusion));
        }
    }
    let mut values = values.into_iter();
    samples.map(|mut sample| {
        sample.sort_by(f64::total_cmp);
        let value = values.next().unwrap_or_default();
        Score { value, low: percentile(&sample, 0.025), high: percentile(&sample, 0.975) }
    })
}

fn add(confusion: &mut Confusion, track: &Contribution) {
    for &(truth, predicted, times) in track {
        confusion.add(truth, predicted, times);
    }
}

/// Percentile of sorted values with linear interpolation: numpy's default.
pub(crate) fn percentile(sorted: &[f64], share: f64) -> f64 {
    let position = share * (sorted.len() - 1) as f64;
    let (below, part) = (position.floor(), position.fract());
    let (low, high) = (below as usize, (below as usize + 1).min(sorted.len() - 1));
    sorted[low] + part * (sorted[high] - sorted[low])
}

/// What guessing uniformly among `n_classes` scores on `n` tracks: the expected accuracy, and the
/// 2.5th and 97.5th percentiles of the binomial distribution.
#[must_use]
pub fn uniform_guess(n: usize, n_classes: usize) -> Score {
    let p = 1.0 / n_classes as f64;
    if n == 0 || n_classes < 2 {
        return Score { value: p, low: p, high: p };
    }
    // Probabilities of k right guesses by recurrence, in logarithms so that large n do not vanish.
    let mut log_probability = n as f64 * (1.0 - p).ln();
    let (mut cumulative, mut low, mut high) = (0.0, None, None);
    for k in 0..=n {
        cumulative += log_probability.exp();
        let share = k as f64 / n as f64;
        if low.is_none() && cumulative >= 0.025 {
            low = Some(share);
        }
        if high.is_none() && cumulative >= 0.975 {
            high = Some(share);
        }
        log_probability += ((n - k) as f64).ln() - ((k + 1) as f64).ln() + p.ln() - (1.0 - p).ln();
    }
    Score { value: p, low: low.unwrap_or(0.0), high: high.unwrap_or(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten tracks of one slice each, seven right.
    fn tracks() -> Vec<Contribution> {
        (0..10).map(|i| vec![(0, usize::from(i >= 7), 1)]).collect()
    }

    #[test]
    fn interval_of_a_share_is_the_binomials() {
        let [accuracy] = scores(&tracks(), 2, 1, [Confusion::accuracy]);
        assert!((accuracy.value - 0.7).abs() < 1e-12);
        // scipy.stats.binom(10, 0.7).ppf([0.025, 0.975]) / 10 = [0.4, 1.0]
        assert!((accuracy.low - 0.4).abs() < 1e-12, "{accuracy:?}");
        assert!((accuracy.high - 1.0).abs() < 1e-12, "{accuracy:?}");
    }

    #[test]
    fn all_slices_of_a_track_are_drawn_together() {
        let mut one = tracks();
        one.iter_mut().for_each(|track| track[0].2 = 50);
        let statistics = [Confusion::accuracy as fn(&Confusion) -> f64, Confusion::weighted_f1];
        assert_eq!(scores(&one, 2, 1, statistics), scores(&tracks(), 2, 1, statistics));
    }

    #[test]
    fn seeds_decide() {
        let draw = |seed| {
            let tracks: Vec<_> = (0..40).map(|i| vec![(i % 3, (i * i) % 3, 1 + i as u64)]).collect();
            scores(&tracks, 3, seed, [Confusion::macro_f1])
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn guessing_is_binomial() {
        // scipy.stats.binom(24, 1/6).ppf([0.025, 0.975]) = [1, 8]
        let guess = uniform_guess(24, 6);
        assert!((guess.value - 1.0 / 6.0).abs() < 1e-12);
        assert!(
            (guess.low - 1.0 / 24.0).abs() < 1e-12 && (guess.high - 8.0 / 24.0).abs() < 1e-12,
            "{guess:?}"
        );
        let many = uniform_guess(100_000, 2);
        assert!((many.low - 0.4969).abs() < 1e-4 && (many.high - 0.5031).abs() < 1e-4, "{many:?}");
    }

    #[test]
    fn no_tracks_give_no_interval() {
        let [score] = scores(&[], 2, 0, [Confusion::accuracy]);
        assert_eq!(score, Score { value: 0.0, low: 0.0, high: 0.0 });
    }
}
