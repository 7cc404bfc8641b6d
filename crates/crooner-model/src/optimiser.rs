//! A step of Adam, by the kernel of [`crooner_kernels`] or by burn's operations.

use burn::tensor::Tensor;
pub use crooner_kernels::AdamStep;

use crate::Layers;

/// A parameter and its moments (mean and square of its gradients) after a step, by whatever computes `layers`; all of
/// them flat but the parameter, on one device and not differentiated. The bits are the same whichever it is.
///
/// # Panics
/// If the lengths differ, or the layers are fused and the device is not flex.
#[must_use]
pub fn adam<const D: usize>(
    layers: Layers,
    step: &AdamStep,
    param: Tensor<D>,
    gradient: Tensor<1>,
    [mean, square]: [Tensor<1>; 2],
) -> (Tensor<D>, [Tensor<1>; 2]) {
    #[cfg(feature = "flex")]
    if let Layers::Fused(kernels) = layers {
        return crate::fused::adam(kernels, *step, param, gradient, [mean, square]);
    }
    let _ = layers;
    let AdamStep { beta_1, beta_2, epsilon, rate, scale } = *step;
    let mean = mean * beta_1 + gradient.clone() * (1.0 - beta_1);
    let square = square * beta_2 + gradient.clone() * gradient * (1.0 - beta_2);
    let delta = mean.clone() * rate / (square.clone().sqrt() / scale + epsilon);
    let shape = param.dims();
    (param - delta.reshape(shape), [mean, square])
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::tensor::{Device, TensorData};
    use crooner_kernels::Kernels;

    use super::*;

    /// Three steps of a parameter longer than what a thread takes at a time.
    fn steps(layers: Layers) -> Vec<Vec<f32>> {
        let device = Device::flex();
        let shape = [3, 11_117];
        let len = shape[0] * shape[1];
        let values = |factor: usize| -> Vec<f32> {
            (0..len).map(|i| ((i * factor % 1013) as f32 - 506.0) / 200.0).collect()
        };
        let mut param = Tensor::<2>::from_data(TensorData::new(values(37), shape), &device);
        let zeros = Tensor::<1>::zeros([len], &device);
        let mut moments = [zeros.clone(), zeros];
        for t in 1..4 {
            let (beta_1, beta_2) = (0.9f64, 0.999f64);
            let rate = 0.01 / (1.0 - beta_1.powi(t));
            let step = AdamStep { beta_1, beta_2, epsilon: 1e-8, rate, scale: (1.0 - beta_2.powi(t)).sqrt() };
            let gradient = Tensor::from_data(TensorData::new(values(101 + t as usize), [len]), &device);
            (param, moments) = adam(layers, &step, param, gradient, moments);
        }
        let [mean, square] = moments;
        vec![param.reshape([len]), mean, square]
            .into_iter()
            .map(|tensor: Tensor<1>| tensor.into_data().iter::<f32>().collect())
            .collect()
    }

    #[test]
    fn the_kernel_gives_the_bits_of_burns_operations() {
        let stock = steps(Layers::Stock);
        assert!(stock[0].iter().all(|value| value.is_finite()));
        for kernels in Kernels::available() {
            assert_eq!(steps(Layers::Fused(kernels)), stock, "{kernels:?}");
        }
    }
}
