//! The golden arrays of transforms, scales and spectra.

use crooner_features::{
    DbConfig, LogMelConfig, MelConfig, MelNorm, MelScale, MfccConfig, PadMode, Reference, Spectrogram,
    StftConfig, Window, amplitude_to_db, delta, fft_frequencies, log_mel, mel_filter_bank, mel_frequencies,
    mel_spectrogram, mfcc, power_to_db, stft,
};
use npyz::num_complex::Complex64;

use crate::golden::Tolerance::{Decibel, Lifted, Linear, Rise, Share, Spread};
use crate::golden::{Family, complex, real};

const SAMPLE_RATE: u32 = 22_050;

pub(super) const FAMILY: Family = Family {
    registered: &[
        ("mfcc", Rise, "mfcc"),
        ("mfcc_htk", Lifted, "mfcc n_mfcc=13 lifter=22 htk=true n_mels=40"),
        ("centroid", Linear, "spectral-centroid"),
        ("bandwidth", Spread, "spectral-bandwidth"),
        ("rolloff", Linear, "spectral-rolloff"),
        ("flatness", Share, "spectral-flatness"),
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
        ("mel_slaney", Linear, |y| real(mel(y).values())),
        ("mel_htk", Linear, |y| {
            let config = MelConfig {
                n_mels: 64,
                f_min_hz: 20.0,
                f_max_hz: Some(8000.0),
                scale: MelScale::Htk,
                norm: MelNorm::None,
            };
            real(mel_spectrogram(y, SAMPLE_RATE, &StftConfig::default(), &config).unwrap().values())
        }),
        ("mel_db", Decibel, |y| {
            let config = LogMelConfig { sample_rate: SAMPLE_RATE, ..LogMelConfig::default() };
            let fused = log_mel(y, &config).unwrap();
            assert_eq!(fused, power_to_db(&mel(y), &config.db()).unwrap());
            real(fused.values())
        }),
        ("mfcc_delta", Rise, |y| real(delta(&cepstrum(y), 9, 1).unwrap().values())),
        ("mfcc_delta2", Rise, |y| real(delta(&cepstrum(y), 9, 2).unwrap().values())),
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
        ("mel_frequencies_128", Linear, |_| real(&mel_frequencies(128, 0.0, 11_025.0, MelScale::Slaney))),
        ("fft_frequencies", Linear, |_| real(&fft_frequencies(SAMPLE_RATE, 2048))),
    ],
    later: &["pcen", "dct2_ortho_20x128", "contrast", "zcr", "rms", "istft", "gl_fixed"],
};

fn cepstrum(y: &[f32]) -> Spectrogram {
    mfcc(y, &MfccConfig { sample_rate: SAMPLE_RATE, ..MfccConfig::default() }).unwrap()
}

fn mel(y: &[f32]) -> Spectrogram {
    mel_spectrogram(y, SAMPLE_RATE, &StftConfig::default(), &MelConfig::default()).unwrap()
}

fn bank(sample_rate: u32, n_fft: usize, config: &MelConfig) -> Vec<Complex64> {
    real(&mel_filter_bank(sample_rate, n_fft, config).unwrap().to_dense())
}
