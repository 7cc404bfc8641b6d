//! Settings on disk: one spelling, nothing unknown, nothing lost.

use crooner_features::{FeatureConfig, LogMelConfig, MelNorm, MelScale, PadMode, Window};
use proptest::prelude::*;

/// Stored features are found by the hash of this text: changing it orphans all of them.
#[test]
fn the_spelling_of_the_defaults_is_fixed() {
    let json = serde_json::to_string(&FeatureConfig::LogMel(LogMelConfig::default())).unwrap();
    assert_eq!(
        json,
        concat!(
            r#"{"log-mel":{"sample_rate":16000,"n_fft":2048,"hop_length":512,"window":"hann","center":true,"#,
            r#""pad_mode":"constant","n_mels":128,"f_min_hz":0.0,"scale":"slaney","norm":"slaney","#,
            r#""amin":1e-10,"top_db":80.0}}"#
        )
    );
}

#[test]
fn toml_tables_are_tagged_by_the_features_name() {
    #[derive(serde::Deserialize)]
    struct Experiment {
        features: FeatureConfig,
    }
    let text =
        "[features.log-mel]\nn_mels = 96\nscale = \"htk\"\nnorm = \"none\"\ntop_db = 60\nf_max_hz = 7600";
    let experiment: Experiment = toml::from_str(text).unwrap();
    let expected = LogMelConfig {
        n_mels: 96,
        scale: MelScale::Htk,
        norm: MelNorm::None,
        top_db: Some(60.0),
        f_max_hz: Some(7600.0),
        ..LogMelConfig::default()
    };
    assert_eq!(experiment.features, FeatureConfig::LogMel(expected));
    let defaults: Experiment = toml::from_str("[features.log-mel]").unwrap();
    assert_eq!(defaults.features, FeatureConfig::LogMel(LogMelConfig::default()));
}

#[test]
fn what_is_unknown_is_refused_by_name() {
    for (text, named) in [
        ("[log-mel]\nn_mel = 96", "unknown field `n_mel`"),
        ("[log-mel]\nscale = \"bark\"", "unknown variant `bark`"),
        ("[log-mell]", "unknown variant `log-mell`"),
        ("[log-mel]\ntop_db = \"off\"", "expected a number of dB or \"none\""),
        ("[log-mel]\nn_fft = -1", "-1"),
    ] {
        let message = toml::from_str::<FeatureConfig>(text).unwrap_err().to_string();
        assert!(message.contains(named), "{text}: {message}");
    }
}

fn any_log_mel() -> impl Strategy<Value = LogMelConfig> {
    use proptest::option::of;
    let stft = (2usize..100_000, of(1usize..5000), 1usize..5000, any::<bool>(), any::<bool>(), any::<bool>());
    let mel = (1usize..500, any::<bool>(), any::<bool>());
    let numbers = (0f32..1e4, of(1f32..1e5), f32::MIN_POSITIVE..1e30, of(1e-3f32..1e3));
    let further = (of(1f32..1e5), 1f32..8.0);
    (1_000u32..768_000, stft, mel, numbers, further).prop_map(|(sample_rate, stft, mel, numbers, further)| {
        let (n_fft, win_length, hop_length, hamming, center, reflect) = stft;
        let (n_mels, htk, unscaled) = mel;
        let (f_min_hz, f_max_hz, amin, top_db) = numbers;
        let (band_limit_hz, exponent) = further;
        LogMelConfig {
            sample_rate,
            n_fft,
            win_length,
            hop_length,
            window: if hamming { Window::Hamming } else { Window::Hann },
            center,
            pad_mode: if reflect { PadMode::Reflect } else { PadMode::Constant },
            n_mels,
            f_min_hz,
            f_max_hz,
            scale: if htk { MelScale::Htk } else { MelScale::Slaney },
            norm: if unscaled { MelNorm::None } else { MelNorm::Slaney },
            band_limit_hz,
            exponent,
            amin,
            top_db,
        }
    })
}

proptest! {
    #[test]
    fn settings_survive_json_and_toml(config in any_log_mel()) {
        let config = FeatureConfig::LogMel(config);
        let json = serde_json::to_string(&config).unwrap();
        let from_json: FeatureConfig = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&from_json, &config);
        let from_toml: FeatureConfig = toml::from_str(&toml::to_string(&config).unwrap()).unwrap();
        prop_assert_eq!(&from_toml, &config);
        prop_assert_eq!(serde_json::to_string(&from_toml).unwrap(), json);
    }
}
