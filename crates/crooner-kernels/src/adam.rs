//! A step of Adam.

use crate::KernelError;
use crate::error::check_length;
use crate::kernels::{Kernels, Work};
use crate::parallel::each;
use crate::simd::Simd;

/// Values that a thread takes at a time.
const RUN: usize = 1 << 14;

/// One step of Adam (Kingma & Ba 2015, algorithm 1), for each value of a parameter `p` with gradient `g`:
///
/// ```text
/// m = beta_1 m + (1 - beta_1) g        v = beta_2 v + (1 - beta_2) g^2
/// p = p - rate m / (sqrt(v) / scale + epsilon)
/// ```
///
/// in single precision and in this order, so that every set of kernels gives the same bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// Decay of the mean of gradients.
    pub beta_1: f64,
    /// Decay of the mean of squared gradients.
    pub beta_2: f64,
    /// Keeps the step finite where gradients vanish.
    pub epsilon: f64,
    /// `learning_rate / (1 - beta_1^t)` in step `t`, from 1.
    pub rate: f64,
    /// `sqrt(1 - beta_2^t)`.
    pub scale: f64,
}

impl AdamStep {
    /// Moves `param` along `gradient`, and the moments `mean` and `square` with it.
    ///
    /// ```
    /// use crooner_kernels::{AdamStep, Kernels};
    ///
    /// let (beta_1, beta_2): (f64, f64) = (0.9, 0.999);
    /// let first = AdamStep { beta_1, beta_2, epsilon: 1e-8, rate: 0.01 / (1.0 - beta_1), scale: (1.0 - beta_2).sqrt() };
    /// let (mut param, mut mean, mut square) = ([1.0, 1.0], [0.0, 0.0], [0.0, 0.0]);
    /// first.run(Kernels::chosen()?, &mut param, &[0.5, -20.0], &mut mean, &mut square)?;
    /// assert!((param[0] - 0.99).abs() < 1e-6 && (param[1] - 1.01).abs() < 1e-6);
    /// # Ok::<(), crooner_kernels::KernelError>(())
    /// ```
    ///
    /// # Errors
    /// [`KernelError::Length`] unless all are equally long.
    pub fn run(
        &self,
        kernels: Kernels,
        param: &mut [f32],
        gradient: &[f32],
        mean: &mut [f32],
        square: &mut [f32],
    ) -> Result<(), KernelError> {
        check_length("gradient", gradient, param.len())?;
        check_length("mean", mean, param.len())?;
        check_length("square", square, param.len())?;
        let runs = param.chunks_mut(RUN).zip(gradient.chunks(RUN)).zip(mean.chunks_mut(RUN));
        let runs = runs.zip(square.chunks_mut(RUN));
        each(runs.collect(), |(((param, gradient), mean), square)| {
            kernels.run(Run { step: self, param, gradient, mean, square });
        });
        Ok(())
    }
}

struct Run<'a> {
    step: &'a AdamStep,
    param: &'a mut [f32],
    gradient: &'a [f32],
    mean: &'a mut [f32],
    square: &'a mut [f32],
}

impl Work for Run<'_> {
    type Output = ();

    /// Plain arithmetic, which the compiler turns into the vectors of `S`.
    #[inline(always)]
    fn run<S: Simd>(self) {
        let AdamStep { beta_1, beta_2, epsilon, rate, scale } = *self.step;
        let [keep_1, take_1, keep_2, take_2] = [beta_1, 1.0 - beta_1, beta_2, 1.0 - beta_2].map(|x| x as f32);
        let [epsilon, rate, scale] = [epsilon, rate, scale].map(|x| x as f32);
        let values = self.param.iter_mut().zip(self.gradient).zip(self.mean).zip(self.square);
        for (((p, &g), m), v) in values {
            *m = *m * keep_1 + g * take_1;
            *v = *v * keep_2 + g * g * take_2;
            *p -= *m * rate / (v.sqrt() / scale + epsilon);
        }
    }
}
