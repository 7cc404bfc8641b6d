//! What happens to a slice before the first block.

use burn::nn::BatchNorm;
use burn::tensor::Tensor;

use super::batch_norm;
use crate::Input as Sizes;
use crate::crnn::config::{CrnnConfig, InputConfig, InputNorm};
use crate::init::Init;
use crate::norm::normalise;

/// Added to a slice's variance, so that a slice of one value everywhere becomes zeros rather than NaN; next to the
/// tens to hundreds of square decibels of music it is lost in the rounding.
const STANDARDISE_EPSILON: f64 = 1e-12;

/// The batch norm that `config` asks for.
pub(super) fn norm(init: &Init<'_>, config: &CrnnConfig, sizes: Sizes) -> Option<BatchNorm> {
    let features = match config.input.norm {
        InputNorm::Bands => sizes.n_mels,
        InputNorm::Frames => config.padded_frames(sizes.n_frames),
        InputNorm::Picture => 1,
        InputNorm::None => return None,
    };
    Some(batch_norm(config, features, init.device))
}

/// `[batch, n_mels, n_frames]` standardised, padded and normalised.
pub(super) fn prepare(config: InputConfig, norm: Option<&BatchNorm>, mel: Tensor<3>) -> Tensor<3> {
    let mel = if config.standardise { standardise(mel) } else { mel };
    let mel = match config.pad_frames {
        0 => mel,
        frames => {
            let [batch, bands, _] = mel.dims();
            let zeros = Tensor::zeros([batch, bands, frames], &mel.device());
            Tensor::cat(vec![zeros.clone(), mel, zeros], 2)
        }
    };
    let Some(norm) = norm else { return mel };
    let [batch, bands, frames] = mel.dims();
    match config.norm {
        InputNorm::Bands | InputNorm::None => normalise(norm, mel),
        InputNorm::Frames => normalise(norm, mel.swap_dims(1, 2)).swap_dims(1, 2),
        InputNorm::Picture => {
            normalise(norm, mel.reshape([batch, 1, bands * frames])).reshape([batch, bands, frames])
        }
    }
}

/// Each picture minus its mean, over its (population) standard deviation.
fn standardise(mel: Tensor<3>) -> Tensor<3> {
    // By bands first: one sum of a hundred thousand values in single precision would lose the last digits.
    let mean = |x: &Tensor<3>| x.clone().mean_dim(2).mean_dim(1);
    let centred = mel.clone() - mean(&mel);
    // Again: the first mean was rounded.
    let centred = centred.clone() - mean(&centred);
    let variance = mean(&centred.clone().square());
    centred / variance.add_scalar(STANDARDISE_EPSILON).sqrt()
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn standardised_pictures_have_mean_0_and_deviation_1_and_silence_is_zeros() {
        let device = Device::flex();
        let values: Vec<f32> = (0..24).map(|i| (i * 7 % 11) as f32 - 90.0).chain([-99.9; 24]).collect();
        let x = Tensor::<1>::from_floats(values.as_slice(), &device).reshape([2, 4, 6]);
        let y: Vec<f32> = standardise(x).into_data().try_to_vec().unwrap();
        let (loud, silent) = y.split_at(24);
        let mean = loud.iter().sum::<f32>() / 24.0;
        let variance = loud.iter().map(|v| v * v).sum::<f32>() / 24.0;
        assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-5, "{mean} {variance}");
        assert!(silent.iter().all(|v| v.abs() < 1e-3), "{silent:?}");
    }
}
