//! Scores of a single-label classifier, equal to scikit-learn's.

/// Counts of true classes (rows) against predicted ones (columns).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    n_classes: usize,
    counts: Vec<u64>,
}

/// Scores of one class. A ratio without a denominator is 0, as scikit-learn's `zero_division=0`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassScores {
    /// Right among those predicted.
    pub precision: f64,
    /// Right among those true.
    pub recall: f64,
    /// `2 p r / (p + r)`.
    pub f1: f64,
    /// How many are truly of this class.
    pub support: u64,
}

impl Confusion {
    /// No counts yet.
    #[must_use]
    pub fn new(n_classes: usize) -> Self {
        Self { n_classes, counts: vec![0; n_classes * n_classes] }
    }

    /// Counts `times` of `truth` predicted as `predicted`.
    ///
    /// # Panics
    ///
    /// If either is not below the number of classes.
    pub fn add(&mut self, truth: usize, predicted: usize, times: u64) {
        assert!(truth < self.n_classes && predicted < self.n_classes, "class out of range");
        self.counts[truth * self.n_classes + predicted] += times;
    }

    /// Forgets all counts.
    pub fn clear(&mut self) {
        self.counts.fill(0);
    }

    /// Number of classes.
    #[must_use]
    pub fn n_classes(&self) -> usize {
        self.n_classes
    }

    /// How often `truth` was predicted as `predicted`.
    ///
    /// # Panics
    ///
    /// If either is not below the number of classes.
    #[must_use]
    pub fn count(&self, truth: usize, predicted: usize) -> u64 {
        assert!(predicted < self.n_classes, "class out of range");
        self.counts[truth * self.n_classes + predicted]
    }

    /// The rows, truth first.
    pub fn rows(&self) -> impl Iterator<Item = &[u64]> {
        self.counts.chunks_exact(self.n_classes.max(1))
    }

    /// Share of right predictions; 0 without any.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        let right: u64 = (0..self.n_classes).map(|class| self.count(class, class)).sum();
        ratio(right, self.counts.iter().sum())
    }

    /// Precision, recall, F1 and support of one class.
    ///
    /// # Panics
    ///
    /// If `class` is not below the number of classes.
    #[must_use]
    pub fn class(&self, class: usize) -> ClassScores {
        let right = self.count(class, class);
        let support = self.rows().nth(class).map_or(0, |row| row.iter().sum());
        let predicted = self.rows().map(|row| row[class]).sum();
        ClassScores {
            precision: ratio(right, predicted),
            recall: ratio(right, support),
            f1: ratio(2 * right, support + predicted),
            support,
        }
    }

    /// F1 averaged over classes by support: scikit-learn's `average="weighted"`.
    #[must_use]
    pub fn weighted_f1(&self) -> f64 {
        let (sum, support) = (0..self.n_classes).fold((0.0, 0), |(sum, support), class| {
            let scores = self.class(class);
            (sum + scores.f1 * scores.support as f64, support + scores.support)
        });
        if support == 0 { 0.0 } else { sum / support as f64 }
    }

    /// Plain mean of F1 over the classes that occur, as truth or prediction: scikit-learn's
    /// `average="macro"`.
    #[must_use]
    pub fn macro_f1(&self) -> f64 {
        let occurs = |&class: &usize| {
            (0..self.n_classes).any(|other| self.count(class, other) + self.count(other, class) > 0)
        };
        let classes: Vec<usize> = (0..self.n_classes).filter(occurs).collect();
        let sum: f64 = classes.iter().map(|&class| self.class(class).f1).sum();
        if classes.is_empty() { 0.0 } else { sum / classes.len() as f64 }
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
