//! Scores over several trials, that is, seeds: their mean, spread, and the interval of the mean.

/// What `n` values come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trials {
    /// How many values there are, at least 2.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, with `n - 1` below the sum of squares.
    pub standard_deviation: f64,
    /// Lower end of the 95 % interval of the mean.
    pub low: f64,
    /// Upper end of the 95 % interval of the mean.
    pub high: f64,
}

impl Trials {
    /// Mean `m`, standard deviation `s` and the interval of Student (1908), `m ± t s / sqrt(n)` with `t` the 97.5th
    /// percentile of his distribution with `n - 1` degrees of freedom. It supposes that trials scatter normally about
    /// the mean: where they do not, five say little. The interval of a score may reach beyond `0..=1`.
    ///
    /// `None` for fewer than two values: one does not scatter.
    ///
    /// ```
    /// let trials = crooner_train::Trials::of(&[0.5, 0.6, 0.7]).expect("three values");
    /// assert!((trials.mean - 0.6).abs() < 1e-12 && (trials.standard_deviation - 0.1).abs() < 1e-12);
    /// // scipy.stats.t.interval(0.95, 2, 0.6, 0.1 / 3 ** 0.5)
    /// assert!((trials.low - 0.351586).abs() < 1e-6 && (trials.high - 0.848414).abs() < 1e-6);
    /// ```
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len();
        if n < 2 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let standard_deviation = (squares / (n - 1) as f64).sqrt();
        let reach = student_quantile(n - 1) * standard_deviation / (n as f64).sqrt();
        Some(Self { n, mean, standard_deviation, low: mean - reach, high: mean + reach })
    }

    /// The same of the differences `after - before`, value by value: what changing one thing does at the same seeds.
    ///
    /// `None` if the two differ in length, or hold fewer than two values.
    #[must_use]
    pub fn of_differences(after: &[f64], before: &[f64]) -> Option<Self> {
        if after.len() != before.len() {
            return None;
        }
        let differences: Vec<f64> = after.iter().zip(before).map(|(after, before)| after - before).collect();
        Self::of(&differences)
    }

    /// Whether the interval leaves out `value`.
    #[must_use]
    pub fn excludes(&self, value: f64) -> bool {
        value < self.low || self.high < value
    }
}

/// `t` with `P(|T| <= t) = 0.95` for Student's distribution with `freedom >= 1` degrees of freedom.
fn student_quantile(freedom: usize) -> f64 {
    // The widest is that of one degree, 12.7. Halving 52 times leaves the rounding of an f64.
    let (mut low, mut high) = (0.0, 16.0);
    for _ in 0..52 {
        let middle = f64::midpoint(low, high);
        if student_within(middle, freedom) < 0.95 {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// `P(|T| <= t)`: Abramowitz & Stegun (1964), 26.7.3 and 26.7.4.
fn student_within(t: f64, freedom: usize) -> f64 {
    let angle = (t / (freedom as f64).sqrt()).atan();
    let (sin, cos) = angle.sin_cos();
    let odd = freedom % 2 == 1;
    // Terms of cos, cos^3, ... or of 1, cos^2, ..., up to cos^(freedom - 2).
    let (mut term, mut power) = if odd { (cos, 1) } else { (1.0, 0) };
    let mut sum = 0.0;
    while power + 2 <= freedom {
        sum += term;
        term *= cos * cos * (power + 1) as f64 / (power + 2) as f64;
        power += 2;
    }
    if odd { std::f64::consts::FRAC_2_PI * (angle + sin * sum) } else { sin * sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.t.ppf(0.975, n)`.
    #[test]
    fn quantiles_are_scipys() {
        let expected = [
            (1, 12.706_204_736_174_694),
            (2, 4.302_652_729_749_462),
            (3, 3.182_446_305_283_707_8),
            (4, 2.776_445_105_197_793_4),
            (5, 2.570_581_835_636_314),
            (9, 2.262_157_162_798_205),
            (30, 2.042_272_456_301_237_8),
            (99, 1.984_216_951_586_417_4),
            (1000, 1.962_339_080_826_408_3),
        ];
        for (freedom, expected) in expected {
            let found = student_quantile(freedom);
            assert!((found - expected).abs() < 1e-12 * expected, "{freedom}: {found} is not {expected}");
        }
    }

    #[test]
    fn one_value_does_not_scatter() {
        assert_eq!(Trials::of(&[]), None);
        assert_eq!(Trials::of(&[0.5]), None);
        assert_eq!(Trials::of_differences(&[0.5, 0.6], &[0.5]), None);
    }

    #[test]
    fn differences_are_paired() {
        let trials = Trials::of_differences(&[0.2, 0.9, 0.6], &[0.1, 0.8, 0.5]).unwrap();
        assert!((trials.mean - 0.1).abs() < 1e-12 && trials.standard_deviation < 1e-12, "{trials:?}");
        assert!(trials.excludes(0.0) && !trials.excludes(0.1 + 1e-18));
    }
}
