//! Verification: whether two recordings are of one artist (speaker, ...), which may be one that was never heard before.
//!
//! A system gives every pair a score, higher for "the same"; a threshold makes it an answer. Of the pairs of one artist a
//! share is missed, of the others a share is accepted wrongly, and the threshold trades one for the other.

use crate::bootstrap::{RESAMPLES, Score, percentile};
use crate::seeds::{Purpose, below, generator};

/// A pair of recordings, scored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoredPair {
    /// Higher if it rather is the same.
    pub score: f64,
    /// Whether it is the same.
    pub is_same: bool,
    /// Pairs of one number are no independent evidence, and are drawn together for the intervals: those whose first
    /// recording is of one artist.
    pub cluster: usize,
}

/// What mistakes cost (NIST speaker recognition evaluations).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetectionCost {
    /// How often a pair is the same where the system is used, above 0 and below 1.
    pub p_same: f64,
    /// Cost of a miss, above 0.
    pub miss: f64,
    /// Cost of accepting a pair wrongly, above 0.
    pub false_alarm: f64,
}

impl Default for DetectionCost {
    /// As for VoxCeleb1 (Nagrani et al. 2017): 0.01, 1 and 1.
    fn default() -> Self {
        Self { p_same: 0.01, miss: 1.0, false_alarm: 1.0 }
    }
}

/// How well pairs are told apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verification {
    /// Pairs that are the same.
    pub n_same: usize,
    /// Pairs that are not.
    pub n_other: usize,
    /// Clusters of pairs.
    pub n_clusters: usize,
    /// Equal error rate: the share missed where it is the share wrongly accepted, between two thresholds on the straight
    /// line between them, as with scikit-learn's `roc_curve`. Chance: 0.5.
    pub eer: Score,
    /// The least cost of any threshold, over the cost of giving every pair the same answer:
    /// `min (p C_miss P_miss + (1 - p) C_fa P_fa) / min(p C_miss, (1 - p) C_fa)`. Chance: 1.
    pub min_dcf: Score,
}

impl Verification {
    /// Scores pairs, with intervals from resamples of the clusters drawn from `seed`.
    ///
    /// `None` unless there is a pair of either kind, and no score is NaN.
    ///
    /// ```
    /// use crooner_train::verification::{DetectionCost, ScoredPair, Verification};
    ///
    /// let pair = |cluster, score, is_same| ScoredPair { score, is_same, cluster };
    /// let pairs = [pair(0, 0.9, true), pair(0, 0.2, false), pair(1, 0.7, true), pair(1, 0.8, false)];
    /// let verification = Verification::of(&pairs, DetectionCost::default(), 0).expect("both kinds");
    /// assert_eq!((verification.eer.value, verification.min_dcf.value), (0.5, 0.5));
    /// ```
    #[must_use]
    pub fn of(pairs: &[ScoredPair], cost: DetectionCost, seed: u64) -> Option<Self> {
        let n_same = pairs.iter().filter(|pair| pair.is_same).count();
        if pairs.iter().any(|pair| pair.score.is_nan()) {
            return None;
        }
        let mut sorted = pairs.to_vec();
        sorted.sort_by(|a, b| b.score.total_cmp(&a.score));
        let n_numbers = sorted.iter().map(|pair| pair.cluster + 1).max()?;
        let mut clusters: Vec<usize> = sorted.iter().map(|pair| pair.cluster).collect();
        clusters.sort_unstable();
        clusters.dedup();

        let [eer, min_dcf] = rates(&sorted, &vec![1; n_numbers], cost)?;
        let mut rng = generator(seed, Purpose::Bootstrap, 0);
        let mut samples = [Vec::new(), Vec::new()];
        for _ in 0..RESAMPLES {
            let mut times = vec![0; n_numbers];
            for _ in 0..clusters.len() {
                times[clusters[below(&mut rng, clusters.len())]] += 1;
            }
            // One without pairs of both kinds says nothing.
            for (sample, value) in samples.iter_mut().zip(rates(&sorted, &times, cost).into_iter().flatten())
            {
                sample.push(value);
            }
        }
        let [eer, min_dcf] = [(eer, 0), (min_dcf, 1)].map(|(value, which)| {
            let sample = &mut samples[which];
            sample.sort_by(f64::total_cmp);
            if sample.is_empty() {
                Score { value, low: value, high: value }
            } else {
                Score { value, low: percentile(sample, 0.025), high: percentile(sample, 0.975) }
            }
        });
        Some(Self { n_same, n_other: pairs.len() - n_same, n_clusters: clusters.len(), eer, min_dcf })
    }
}

/// Equal error rate and least detection cost of pairs from the highest score down, those of a cluster counted `times`
/// over.
fn rates(sorted: &[ScoredPair], times: &[u64], cost: DetectionCost) -> Option<[f64; 2]> {
    let count = |is_same| -> u64 {
        sorted.iter().filter(|pair| pair.is_same == is_same).map(|pair| times[pair.cluster]).sum()
    };
    let (n_same, n_other) = (count(true), count(false));
    if n_same == 0 || n_other == 0 {
        return None;
    }
    let (weight_miss, weight_fa) = (cost.p_same * cost.miss, (1.0 - cost.p_same) * cost.false_alarm);
    // Above the highest score nothing is accepted.
    let (mut missed, mut accepted) = (n_same, 0);
    let (mut before, mut eer, mut least) = ((1.0, 0.0), None, weight_miss);
    for equal in sorted.chunk_by(|a, b| a.score == b.score) {
        for pair in equal {
            if pair.is_same {
                missed -= times[pair.cluster];
            } else {
                accepted += times[pair.cluster];
            }
        }
        let (p_miss, p_fa) = (missed as f64 / n_same as f64, accepted as f64 / n_other as f64);
        least = least.min(weight_miss * p_miss + weight_fa * p_fa);
        if eer.is_none() && p_fa >= p_miss {
            let (last_miss, last_fa) = before;
            // How far the two are apart before they cross, and after.
            let (gap_before, gap_after) = (last_miss - last_fa, p_fa - p_miss);
            eer = Some(last_fa + (p_fa - last_fa) * gap_before / (gap_before + gap_after));
        }
        before = (p_miss, p_fa);
    }
    Some([eer?, least / weight_miss.min(weight_fa)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(score: f64, is_same: bool, cluster: usize) -> ScoredPair {
        ScoredPair { score, is_same, cluster }
    }

    #[test]
    fn one_kind_of_pair_or_a_score_that_is_none_says_nothing() {
        let of = |pairs: &[ScoredPair]| Verification::of(pairs, DetectionCost::default(), 0);
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[pair(1.0, true, 0), pair(0.0, true, 1)]), None);
        assert_eq!(of(&[pair(1.0, true, 0), pair(f64::NAN, false, 1)]), None);
    }

    #[test]
    fn perfect_and_blind_systems_have_known_rates() {
        let of = |score: fn(usize) -> f64| {
            let pairs: Vec<_> = (0..40).map(|i| pair(score(i), i % 2 == 0, i / 4)).collect();
            let found = Verification::of(&pairs, DetectionCost::default(), 3).unwrap();
            (found.eer, found.min_dcf)
        };
        let certain = |value| Score { value, low: value, high: value };
        assert_eq!(of(|i| if i % 2 == 0 { 1.0 } else { 0.0 }), (certain(0.0), certain(0.0)));
        assert_eq!(of(|_| 0.3), (certain(0.5), certain(1.0)));
    }

    #[test]
    fn pairs_of_a_cluster_are_drawn_together() {
        let pairs = |copies: usize| -> Vec<_> {
            let once = (0..60).map(|i| pair(f64::from(i * 37 % 61), i % 3 == 0, i as usize % 10));
            once.flat_map(|pair| vec![pair; copies]).collect()
        };
        let of = |copies| Verification::of(&pairs(copies), DetectionCost::default(), 5).unwrap();
        let (one, ten) = (of(1), of(10));
        assert_eq!((one.eer, one.min_dcf), (ten.eer, ten.min_dcf));
        assert!(one.eer.low < one.eer.value && one.eer.value < one.eer.high, "{:?}", one.eer);
    }
}
