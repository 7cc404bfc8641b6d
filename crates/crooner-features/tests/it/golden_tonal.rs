//! The golden arrays of pitch, chroma, separation and rhythm.

use crooner_features::{
    Aggregate, ChromaCensConfig, ChromaCqtConfig, ChromaStftConfig, CqtConfig, FourierTempogramConfig,
    OnsetStrengthConfig, Spectrogram, TempogramConfig, TonnetzConfig, Tuning, VqtConfig, chroma_cens,
    chroma_cqt, chroma_filter_bank, chroma_stft, cq_to_chroma, cqt, cqt_frequencies, estimate_tuning,
    fourier_tempogram, hybrid_cqt, onset_strength, pseudo_cqt, tempogram, tonnetz, vqt, wavelet_lengths,
};
use npyz::num_complex::Complex64;

use crate::golden::Tolerance::{ConstantQ, Linear, Onset, Scaled};
use crate::golden::{Family, complex, real};

const SAMPLE_RATE: u32 = 22_050;

pub(super) const FAMILY: Family = Family {
    registered: &[("hpss_h", Linear, "hpss-harmonic"), ("hpss_p", Linear, "hpss-percussive")],
    computed: &[
        ("tuning", Linear, |y| real(&[estimate_tuning(y, SAMPLE_RATE, 12).unwrap()])),
        ("cqt", ConstantQ, |y| complex(&cqt(y, &cqt_config()).unwrap())),
        ("cqt_mag", ConstantQ, |y| magnitude(&cqt(y, &cqt_config()).unwrap().magnitude())),
        ("cqt36_tuned", ConstantQ, |y| {
            let tuning = Tuning::Bins(0.12);
            let config = CqtConfig { n_bins: 252, bins_per_octave: 36, tuning, ..cqt_config() };
            magnitude(&cqt(y, &config).unwrap().magnitude())
        }),
        ("vqt", ConstantQ, |y| {
            let config = VqtConfig { sample_rate: SAMPLE_RATE, ..VqtConfig::default() };
            magnitude(&vqt(y, &config).unwrap().magnitude())
        }),
        ("hybrid_cqt", Scaled, |y| magnitude(&hybrid_cqt(y, &cqt_config()).unwrap())),
        ("pseudo_cqt", ConstantQ, |y| magnitude(&pseudo_cqt(y, &cqt_config()).unwrap())),
        ("cqt_lengths_84", Linear, |_| {
            let config = VqtConfig::default();
            let lengths = wavelet_lengths(&frequencies(), SAMPLE_RATE.into(), config.window, 1.0, Some(0.0));
            real(&lengths.lengths)
        }),
        ("cqt_freqs_84", Linear, |_| real(&cqt_frequencies(84, frequencies()[0], 12, 0.0))),
        ("cq_to_chroma_84", Linear, |_| {
            let classes = cq_to_chroma(84, 12, 12, frequencies()[0]).unwrap();
            let one = |i: usize| if classes[i % 84] == i / 84 { 1.0 } else { 0.0 };
            real(&(0..12 * 84).map(one).collect::<Vec<f64>>())
        }),
        ("chroma_12_2048_22050", Linear, |_| real(&chroma_filter_bank(&chroma_config(0.0)).unwrap())),
        ("chroma_12_2048_22050_t017", Linear, |_| real(&chroma_filter_bank(&chroma_config(0.17)).unwrap())),
        ("chroma_stft", Linear, |y| {
            let config = ChromaStftConfig { tuning: Tuning::Estimate, ..chroma_config(0.0) };
            magnitude(&chroma_stft(y, &config).unwrap())
        }),
        ("chroma_stft_t0", Linear, |y| magnitude(&chroma_stft(y, &chroma_config(0.0)).unwrap())),
        ("chroma_cqt", Scaled, |y| {
            let config = ChromaCqtConfig { sample_rate: SAMPLE_RATE, ..ChromaCqtConfig::default() };
            magnitude(&chroma_cqt(y, &config).unwrap())
        }),
        ("chroma_cens", ConstantQ, |y| {
            let config = ChromaCensConfig { sample_rate: SAMPLE_RATE, ..ChromaCensConfig::default() };
            magnitude(&chroma_cens(y, &config).unwrap())
        }),
        ("tonnetz", Scaled, |y| {
            let config = TonnetzConfig { sample_rate: SAMPLE_RATE, ..TonnetzConfig::default() };
            magnitude(&tonnetz(y, &config).unwrap())
        }),
        ("onset_env", Onset, |y| magnitude(&onset_strength(y, &onset_config(Aggregate::Mean)).unwrap())),
        ("onset_env_median", Onset, |y| {
            magnitude(&onset_strength(y, &onset_config(Aggregate::Median)).unwrap())
        }),
        ("tempogram", Linear, |y| {
            let config = TempogramConfig { sample_rate: SAMPLE_RATE, ..TempogramConfig::default() };
            magnitude(&tempogram(y, &config).unwrap())
        }),
        ("fourier_tempogram_abs", Linear, |y| {
            let config =
                FourierTempogramConfig { sample_rate: SAMPLE_RATE, ..FourierTempogramConfig::default() };
            magnitude(&fourier_tempogram(y, &config).unwrap().magnitude())
        }),
    ],
    later: &[],
};

fn cqt_config() -> CqtConfig {
    CqtConfig { sample_rate: SAMPLE_RATE, ..CqtConfig::default() }
}

fn chroma_config(tuning: f32) -> ChromaStftConfig {
    ChromaStftConfig { sample_rate: SAMPLE_RATE, tuning: Tuning::Bins(tuning), ..ChromaStftConfig::default() }
}

fn onset_config(aggregate: Aggregate) -> OnsetStrengthConfig {
    OnsetStrengthConfig { sample_rate: SAMPLE_RATE, aggregate, ..OnsetStrengthConfig::default() }
}

/// The 84 semitones from C1 on.
fn frequencies() -> Vec<f64> {
    (0..84).map(|k| 440.0 * (f64::from(k - 45) / 12.0).exp2()).collect()
}

fn magnitude(spectrogram: &Spectrogram) -> Vec<Complex64> {
    real(spectrogram.values())
}
