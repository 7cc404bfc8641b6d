//! What the beginning of the output lacks because a chain of filters starts empty.
//!
//! A filter rings before what it filters. soxr's chain keeps no sample from before time zero, so where two filters follow
//! each other the second is not shown what the first one rings there. The converter applies both at once and so
//! would: this is the difference, a fixed linear map from the first input samples to the first output samples.

use crate::response::{Filter, Response};

/// `lost[m] = sum_k weight[m][k] x[k]`, to be taken from output `m`.
pub(crate) struct Start {
    /// Input samples that matter, from the first on.
    pub(crate) n_inputs: usize,
    /// By output sample, `n_inputs` each.
    weights: Vec<f32>,
}

impl Start {
    /// For `up / down` in lowest terms: `weight[m][k] = sum_j<0 second(t_m - t_j) first(t_j - t_k)` over the samples
    /// `j` between the two filters, where `t_m`, `t_j` and `t_k` are the times of output, inner and input samples.
    ///
    /// Nothing where the chain has one filter, or stages of its own before and after these two.
    pub(crate) fn new(up: usize, down: usize, response: &Response) -> Self {
        let Some((first, second, inner_rate)) = response.pair() else {
            return Self { n_inputs: 0, weights: Vec::new() };
        };
        // Rates and times are relative to the lower of the two rates.
        let low = up.min(down) as f64;
        let (rate_in, rate_out) = (down as f64 / low, up as f64 / low);
        let n_inner = (reach(second) * inner_rate).ceil() as usize;
        let n_inputs = (reach(first) * rate_in).ceil() as usize;
        let n_outputs = (reach(second) * rate_out).ceil() as usize;
        let inner = |j: usize| -((j + 1) as f64) / inner_rate;
        let rung: Vec<f64> = (0..n_inner)
            .flat_map(|j| (0..n_inputs).map(move |k| at(first, inner(j) - k as f64 / rate_in) / rate_in))
            .collect();
        let mut weights = Vec::with_capacity(n_outputs * n_inputs);
        for m in 0..n_outputs {
            let seen: Vec<f64> =
                (0..n_inner).map(|j| at(second, m as f64 / rate_out - inner(j)) / inner_rate).collect();
            weights.extend((0..n_inputs).map(|k| {
                let column = rung.iter().skip(k).step_by(n_inputs);
                seen.iter().zip(column).map(|(seen, rung)| seen * rung).sum::<f64>() as f32
            }));
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

/// Half the length of a filter, in samples of the lower rate.
fn reach(filter: &Filter) -> f64 {
    filter.kernel.half_width / filter.rate
}

/// The filter's impulse response at time `t`, per sample of the lower rate.
fn at(filter: &Filter, t: f64) -> f64 {
    filter.kernel.at(t * filter.rate) * filter.rate
}
