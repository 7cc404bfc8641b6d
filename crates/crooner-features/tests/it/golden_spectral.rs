//! The golden arrays of transforms, scales and spectra.

use crooner_features::{
    DbConfig, DctNorm, GriffinLimConfig, InitialPhase, LogMelConfig, MelConfig, MelNorm, MelScale, PadMode,
    Reference, Spectrogram, StftConfig, Window, amplitude_to_db, dct_matrix, fft_frequencies, griffin_lim,
    istft, log_mel, mel_filter_bank, mel_frequencies, mel_spectrogram, power_to_db, stft,
};
use npyz::num_complex::Complex64;

use crate::golden::Tolerance::{Decibel, Exact, Iterated, Linear, Rise};
use crate::golden::{Family, complex, real};

const SAMPLE_RATE: u32 = 22_050;

pub(super) const FAMILY: Family = Family {
    registered: &[
        ("mel_slaney", Linear, "mel"),
        ("mel_htk", Linear, "mel n_mels=64 htk=True norm=None fmin=20 fmax=8000"),
        ("pcen", Linear, "pcen"),
        ("mfcc", Rise, "mfcc"),
        ("mfcc_htk", Rise, "mfcc n_mfcc=13 lifter=22 htk=True n_mels=40"),
        ("mfcc_delta", Rise, "mfcc-delta"),
        ("mfcc_delta2", Rise, "mfcc-delta order=2"),
        ("centroid", Linear, "spectral-centroid"),
        ("bandwidth", Linear, "spectral-bandwidth"),
        ("rolloff", Exact, "spectral-rolloff"),
        ("flatness", Linear, "spectral-flatness"),
        ("contrast", Rise, "spectral-contrast"),
        ("zcr", Exact, "zero-crossing-rate"),
        ("rms", Linear, "rms"),
    ],
    computed: &[
        ("stft", Linear, |y| complex(&stft(y, &StftConfig::default()).unwrap())),
        ("stft_reflect_win", Linear, |y| {
            let config = StftConfig {
                n_fft: 1024,
                hop_length: 256,
                win_length: Some(800),
                pad_mode: PadMode::Reflect,
                ..StftConfig::default()
            };
            complex(&stft(y, &config).unwrap())
        }),
        ("stft_nocenter_hamm", Linear, |y| {
            let config = StftConfig {
                n_fft: 512,
                hop_length: 160,
                win_length: Some(400),
                window: Window::Hamming,
                center: false,
                ..StftConfig::default()
            };
            complex(&stft(y, &config).unwrap())
        }),
        ("mel_db", Decibel, |y| {
            let config = LogMelConfig { sample_rate: SAMPLE_RATE, ..LogMelConfig::default() };
            let fused = log_mel(y, &config).unwrap();
            assert_eq!(fused, power_to_db(&mel(y), &config.db()).unwrap());
            real(fused.values())
        }),
        ("mel_db_refmax", Decibel, |y| {
            let config = DbConfig { reference: Reference::Max, top_db: None, ..DbConfig::default() };
            real(power_to_db(&mel(y), &config).unwrap().values())
        }),
        ("amp_db", Decibel, |y| {
            let config = DbConfig { reference: Reference::Max, ..DbConfig::amplitude() };
            let magnitude = stft(y, &StftConfig::default()).unwrap().magnitude();
            real(amplitude_to_db(&magnitude, &config).unwrap().values())
        }),
        ("hann2048", Linear, |_| real(&Window::Hann.coefficients(2048))),
        ("mel_128_2048_22050_slaney", Linear, |_| bank(22_050, 2048, &MelConfig::default())),
        ("mel_128_2048_16000_slaney", Linear, |_| bank(16_000, 2048, &MelConfig::default())),
        ("mel_40_512_16000_htk", Linear, |_| {
            let config =
                MelConfig { n_mels: 40, scale: MelScale::Htk, norm: MelNorm::None, ..MelConfig::default() };
            bank(16_000, 512, &config)
        }),
        ("dct2_ortho_20x128", Linear, |_| real(&dct_matrix(2, DctNorm::Ortho, 20, 128).unwrap())),
        ("istft", Linear, |y| {
            let config = StftConfig::default();
            real(&istft(&stft(y, &config).unwrap(), &config, Some(y.len())).unwrap()[..4096])
        }),
        ("gl_fixed", Iterated, |y| {
            let magnitude = stft(&y[..22_050], &StftConfig::default()).unwrap().magnitude();
            let config =
                GriffinLimConfig { n_iter: 8, init: InitialPhase::Zero, ..GriffinLimConfig::default() };
            real(&griffin_lim(&magnitude, &config, None).unwrap()[..8192])
        }),
        ("mel_frequencies_128", Linear, |_| real(&mel_frequencies(128, 0.0, 11_025.0, MelScale::Slaney))),
        ("fft_frequencies", Linear, |_| real(&fft_frequencies(SAMPLE_RATE, 2048))),
    ],
    later: &[],
};

fn mel(y: &[f32]) -> Spectrogram {
    mel_spectrogram(y, SAMPLE_RATE, &StftConfig::default(), &MelConfig::default()).unwrap()
}

fn bank(sample_rate: u32, n_fft: usize, config: &MelConfig) -> Vec<Complex64> {
    real(&mel_filter_bank(sample_rate, n_fft, config).unwrap().to_dense())
}
