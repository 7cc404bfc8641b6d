//! What belongs together, by what pairs belong together.

/// Disjoint sets of numbers (union-find, with path halving).
pub(crate) struct Clusters {
    parents: Vec<usize>,
    sizes: Vec<usize>,
}

impl Clusters {
    /// Each of `n` numbers by itself.
    pub(crate) fn new(n: usize) -> Self {
        Self { parents: (0..n).collect(), sizes: vec![1; n] }
    }

    /// The number that stands for the set of `number`: the smallest of it.
    pub(crate) fn of(&mut self, mut number: usize) -> usize {
        while self.parents[number] != number {
            self.parents[number] = self.parents[self.parents[number]];
            number = self.parents[number];
        }
        number
    }

    pub(crate) fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.of(a), self.of(b));
        if a != b {
            self.parents[a.max(b)] = a.min(b);
            self.sizes[a.min(b)] += self.sizes[a.max(b)];
        }
    }

    /// Of a set, named by the number that stands for it.
    pub(crate) fn size(&self, set: usize) -> usize {
        self.sizes[set]
    }
}
