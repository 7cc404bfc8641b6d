//! What the beginning of the output lacks because a chain of filters starts empty.
//!
//! A filter rings before what it filters. soxr's chain keeps no sample from before time zero, so where filters follow
//! each other the later ones are not shown what the earlier ones ring there. The converter applies all at once and so
//! would: this is the difference, a fixed linear map from the first input samples to the first output samples.

use std::ops::Range;

use super::chain::{Link, chain};
use super::response::Response;

/// `lost[m] = sum_k weight[m][k] x[k]`, to be taken from output `m`.
pub(crate) struct Start {
    /// Input samples that matter, from the first on.
    pub(crate) n_inputs: usize,
    /// By output sample, `n_inputs` each.
    weights: Vec<f32>,
}

impl Start {
    /// For `up / down` in lowest terms. Nothing where the chain has one filter, or one that is not known.
    pub(crate) fn new(up: usize, down: usize, response: &Response) -> Self {
        let chain = chain(up, down, response);
        let Some((last, before)) = chain.split_last() else {
            return Self { n_inputs: 0, weights: Vec::new() };
        };
        let reach: f64 = before.iter().map(Link::reach).sum();
        let n_inputs = before.first().map_or(0, |first| (reach * first.rate_in).ceil() as usize);
        let mut rung = Mixes::input(n_inputs);
        let mut lost = Mixes { first: 0, mixes: Vec::new() };
        // How far from time zero the rest of the chain looks, to either side.
        let (mut ahead, mut back) = (reach, reach + last.reach());
        for link in before {
            ahead -= link.reach();
            back -= link.reach();
            lost = lost_after(link, &rung, &lost);
            let n_back = (back * link.rate_out).ceil() as isize;
            let n_ahead = (ahead.max(0.0) * link.rate_out).ceil() as isize;
            rung = rung.through(link, -n_back..n_ahead);
        }
        let lost = lost_after(last, &rung, &lost);
        let mut weights = vec![0.0; lost.mixes.len() * n_inputs];
        for (row, mix) in weights.chunks_exact_mut(n_inputs.max(1)).zip(&lost.mixes) {
            for (weight, &exact) in row[mix.first..].iter_mut().zip(&mix.weights) {
                *weight = exact as f32;
            }
        }
        Self { n_inputs, weights }
    }

    /// What the first output samples lose, for an input that begins with `beginning` (at least `n_inputs` samples).
    pub(crate) fn lost(&self, beginning: &[f32]) -> Vec<f32> {
        let beginning = &beginning[..self.n_inputs];
        if beginning.iter().all(|&sample| sample == 0.0) {
            return Vec::new();
        }
        let rows = self.weights.chunks_exact(self.n_inputs.max(1));
        rows.map(|row| row.iter().zip(beginning).map(|(weight, sample)| weight * sample).sum()).collect()
    }
}

/// What the samples that `link` makes lack: all that was rung before time zero, and what it was given lacks itself.
fn lost_after(link: &Link, rung: &Mixes, lost: &Mixes) -> Mixes {
    let n_rung = rung.first.min(0).unsigned_abs();
    let given = Mixes {
        first: rung.first.min(0),
        mixes: rung.mixes[..n_rung].iter().chain(&lost.mixes).cloned().collect(),
    };
    if given.mixes.is_empty() {
        return given;
    }
    let newest = (given.end() - 1).max(0) as f64 / link.rate_in;
    given.through(link, 0..((newest + link.reach()) * link.rate_out).ceil() as isize)
}

/// Consecutive samples somewhere in the chain.
struct Mixes {
    /// Index of the first one: sample `k` is at time `k / rate`.
    first: isize,
    mixes: Vec<Mix>,
}

impl Mixes {
    /// The input samples themselves.
    fn input(n_inputs: usize) -> Self {
        Self { first: 0, mixes: (0..n_inputs).map(|first| Mix { first, weights: vec![1.0] }).collect() }
    }

    /// One past the last index.
    fn end(&self) -> isize {
        self.first + self.mixes.len() as isize
    }

    /// The samples `made` that `link` makes of these.
    fn through(&self, link: &Link, made: Range<isize>) -> Self {
        let mixes = made.clone().map(|m| {
            let t = m as f64 / link.rate_out;
            let from = ((t - link.reach()) * link.rate_in).floor() as isize;
            let to = ((t + link.reach()) * link.rate_in).ceil() as isize;
            let given = from.clamp(self.first, self.end())..(to + 1).clamp(self.first, self.end());
            let mixes = &self.mixes[(given.start - self.first) as usize..(given.end - self.first) as usize];
            let mut sum = Mix::zero(mixes);
            // From the newest sample back.
            for (k, mix) in given.zip(mixes).rev() {
                sum.add(link.weight(t - k as f64 / link.rate_in), mix);
            }
            sum
        });
        Self { first: made.start, mixes: mixes.collect() }
    }
}

/// A sample as a sum of consecutive input samples.
#[derive(Clone)]
struct Mix {
    /// Index of the first input sample.
    first: usize,
    weights: Vec<f64>,
}

impl Mix {
    /// Zero, with room for all of these.
    fn zero(mixes: &[Self]) -> Self {
        let used = mixes.iter().filter(|mix| !mix.weights.is_empty());
        let first = used.clone().map(|mix| mix.first).min().unwrap_or(0);
        let end = used.map(|mix| mix.first + mix.weights.len()).max().unwrap_or(first);
        Self { first, weights: vec![0.0; end - first] }
    }

    fn add(&mut self, weight: f64, other: &Self) {
        if weight == 0.0 || other.weights.is_empty() {
            return;
        }
        for (sum, other) in self.weights[other.first - self.first..].iter_mut().zip(&other.weights) {
            *sum += weight * other;
        }
    }
}
