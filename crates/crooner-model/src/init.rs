//! Initial weights, drawn on the host. Each parameter has a generator of its own, seeded by
//! `(seed, name)`, so that adding a layer leaves the others' initial weights alone.

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::crnn::config::Initialiser;

/// Draws the initial weights of one network on one device.
pub(crate) struct Init<'a> {
    pub(crate) seed: u64,
    pub(crate) device: &'a Device,
}

impl Init<'_> {
    fn rng(&self, name: &str) -> ChaCha8Rng {
        // FNV-1a, 64 bits: a stable hash of a short name needs no more.
        let hash = name
            .bytes()
            .fold(0xCBF2_9CE4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01B3));
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(hash);
        rng
    }

    fn param<const D: usize>(&self, values: Vec<f32>, shape: [usize; D]) -> Param<Tensor<D>> {
        Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), self.device))
    }

    /// Uniform in `+-sqrt(square)`.
    fn uniform<const D: usize>(&self, name: &str, shape: [usize; D], square: f64) -> Param<Tensor<D>> {
        let limit = square.sqrt();
        let mut rng = self.rng(name);
        let values =
            (0..shape.iter().product()).map(|_| ((2.0 * uniform(&mut rng) - 1.0) * limit) as f32).collect();
        self.param(values, shape)
    }

    /// A parameter drawn as `initialiser` says.
    pub(crate) fn draw<const D: usize>(
        &self,
        initialiser: Initialiser,
        name: &str,
        shape: [usize; D],
        fan_in: usize,
        fan_out: usize,
    ) -> Param<Tensor<D>> {
        match initialiser {
            Initialiser::GlorotUniform => self.uniform(name, shape, 6.0 / (fan_in + fan_out) as f64),
            Initialiser::HeUniform => self.uniform(name, shape, 6.0 / fan_in as f64),
            Initialiser::Orthogonal => {
                let (rows, columns) = (shape[0], shape[1..].iter().product());
                self.param(self.orthogonal(name, rows, columns), shape)
            }
        }
    }

    /// Saxe et al. 2013: `rows <= columns` orthonormal rows, uniform over all such matrices; of a tall matrix the
    /// columns are.
    fn orthogonal(&self, name: &str, rows: usize, columns: usize) -> Vec<f32> {
        if rows > columns {
            let wide = self.orthogonal(name, columns, rows);
            return (0..rows * columns).map(|i| wide[i % columns * rows + i / columns]).collect();
        }
        let mut rng = self.rng(name);
        let mut matrix: Vec<Vec<f64>> = Vec::with_capacity(rows);
        while matrix.len() < rows {
            let mut row: Vec<f64> = (0..columns).map(|_| normal(&mut rng)).collect();
            // Gram-Schmidt, twice: once leaves errors of the order of the conditioning.
            for _ in 0..2 {
                for other in &matrix {
                    let along: f64 = row.iter().zip(other).map(|(a, b)| a * b).sum();
                    row.iter_mut().zip(other).for_each(|(a, b)| *a -= along * b);
                }
            }
            let norm = row.iter().map(|a| a * a).sum::<f64>().sqrt();
            row.iter_mut().for_each(|a| *a /= norm);
            matrix.push(row);
        }
        matrix.into_iter().flatten().map(|v| v as f32).collect()
    }

    pub(crate) fn zeros(&self, len: usize) -> Param<Tensor<1>> {
        self.param(vec![0.0; len], [len])
    }
}

/// Uniform in `[0, 1)` with 53 bits.
fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / 9_007_199_254_740_992.0
}

/// Standard normal by Box & Muller 1958.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - uniform(rng)).ln()).sqrt();
    radius * (std::f64::consts::TAU * uniform(rng)).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(param: &Param<Tensor<2>>) -> Vec<f32> {
        param.val().into_data().try_to_vec().unwrap()
    }

    fn draw(initialiser: Initialiser, seed: u64, name: &str, shape: [usize; 2]) -> Vec<f32> {
        let device = Device::flex();
        values(&Init { seed, device: &device }.draw(initialiser, name, shape, shape[0], shape[1]))
    }

    #[test]
    fn the_shorter_side_is_orthonormal() {
        for [rows, columns] in [[8, 24], [24, 8]] {
            let w = draw(Initialiser::Orthogonal, 3, "gru.recurrent", [rows, columns]);
            let at = |vector: usize, k: usize| {
                if rows <= columns { w[vector * columns + k] } else { w[k * columns + vector] }
            };
            for i in 0..8 {
                for j in 0..8 {
                    let dot: f32 = (0..24).map(|k| at(i, k) * at(j, k)).sum();
                    let expected = if i == j { 1.0 } else { 0.0 };
                    assert!((dot - expected).abs() < 1e-6, "{i} and {j}: {dot}");
                }
            }
        }
    }

    #[test]
    fn uniform_weights_fill_their_interval_evenly() {
        for (initialiser, fans) in [(Initialiser::GlorotUniform, 300.0_f64), (Initialiser::HeUniform, 100.0)]
        {
            let w = draw(initialiser, 3, "w", [100, 200]);
            let limit = (6.0 / fans).sqrt() as f32;
            assert!(w.iter().all(|v| v.abs() <= limit));
            let variance = w.iter().map(|v| v * v).sum::<f32>() / w.len() as f32;
            assert!((variance / (limit * limit / 3.0) - 1.0).abs() < 0.02, "{variance}");
        }
    }

    #[test]
    fn each_name_and_seed_draws_its_own() {
        let draw = |seed, name: &str| draw(Initialiser::GlorotUniform, seed, name, [4, 4]);
        assert_eq!(draw(0, "a"), draw(0, "a"));
        assert_ne!(draw(0, "a"), draw(0, "b"));
        assert_ne!(draw(0, "a"), draw(1, "a"));
    }
}
