//! The Rust expressions of `docs/coming-from-librosa.md`: they compile, they run, and all of them are here.

use crooner_audio::{AudioReader, Quality};
use crooner_features::*;

const PAGE: &str = include_str!("../../../../docs/coming-from-librosa.md");

#[test]
fn every_expression_of_the_page_runs() -> Result<(), Box<dyn std::error::Error>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../crooner-audio/tests/fixtures/mp3_vbr.mp3");
    let sr = 22_050;
    let y = crate::noise(2 * sr as usize, 5);
    let (t, s, n) = (40, 1.0, y.len());
    let spectrum = stft(&y, &StftConfig::default())?;
    let (magnitude, power) = (spectrum.magnitude(), spectrum.power());
    let mel = mel_spectrogram(&y, sr, &StftConfig::default(), &MelConfig::default())?;
    let db = power_to_db(&power, &DbConfig::default())?;
    let hz = fft_frequencies(sr, 2048);
    let cepstrum = mfcc(&y, &MfccConfig { sample_rate: sr, ..MfccConfig::default() })?;
    let constant_q = cqt(&y, &CqtConfig { sample_rate: sr, ..CqtConfig::default() })?;

    let _ = crooner_audio::load(path, Some(22_050))?.samples;
    let _ = AudioReader::open_with_quality(path, 22_050, Quality::Fast)?;
    let _ = frames_to_time(t, sr, 512, None);
    let _ = time_to_frames(s, sr, 512, None);
    let _ = frames_to_samples(t, 512, None);
    let _ = preemphasis(&y, 0.97)?;
    let _ = deemphasis(&y, 0.97)?;
    let _ = stft(&y, &StftConfig::default())?;
    let _ = stft(&y, &StftConfig::default())?.magnitude();
    let _ = power_spectrogram(&y, &StftConfig::default())?;
    let _ = istft(&spectrum, &StftConfig::default(), Some(n))?;
    let _ = griffin_lim(&magnitude, &GriffinLimConfig::default(), None)?;
    let _ = reassigned_spectrogram(&y, &ReassignedConfig::default())?;
    let _ = power_to_db(&power, &DbConfig::default())?;
    let _ = power_to_db(&power, &DbConfig { reference: Reference::Max, ..DbConfig::default() })?;
    let _ = amplitude_to_db(&magnitude, &DbConfig::amplitude())?;
    let _ = db_to_power(&db, 1.0)?;
    let _ = db_to_amplitude(&db, 1.0)?;
    let _ = frequency_weighting(&hz, Weighting::A, Some(-80.0));
    let _ = perceptual_weighting(&power, &hz, Weighting::A, &DbConfig::default())?;
    let _ = fft_frequencies(sr, 2048);
    let _ = mel_spectrogram(&y, sr, &StftConfig::default(), &MelConfig::default())?;
    let _ = log_mel(&y, &LogMelConfig { sample_rate: sr, ..LogMelConfig::default() })?;
    let _ = mel_filter_bank(sr, 2048, &MelConfig::default())?;
    let _ = mel_frequencies(128, 0.0, 11_025.0, MelScale::Slaney);
    let _ = mfcc(&y, &MfccConfig { sample_rate: sr, ..MfccConfig::default() })?;
    let _ =
        mfcc(&y, &MfccConfig { sample_rate: sr, n_mfcc: 13, scale: MelScale::Htk, ..MfccConfig::default() })?;
    let _ = mfcc_delta(&y, &MfccDeltaConfig { sample_rate: sr, ..MfccDeltaConfig::default() })?;
    let _ = delta(&db, &DeltaConfig::default())?;
    let _ = mfcc_to_mel(&cepstrum, &MfccToMelConfig::default())?;
    let _ = mel_to_stft(&mel, &MelToStftConfig::default())?;
    let _ = pcen_mel(&y, &PcenMelConfig { sample_rate: sr, ..PcenMelConfig::default() })?;
    let _ = pcen(&mel, sr, 512, &PcenConfig::default())?;
    let _ = spectral_centroid(
        &y,
        &SpectralCentroidConfig { sample_rate: sr, ..SpectralCentroidConfig::default() },
    )?;
    let _ = spectral_bandwidth(
        &y,
        &SpectralBandwidthConfig { sample_rate: sr, ..SpectralBandwidthConfig::default() },
    )?;
    let _ =
        spectral_rolloff(&y, &SpectralRolloffConfig { sample_rate: sr, ..SpectralRolloffConfig::default() })?;
    let _ = spectral_flatness(&y, &SpectralFlatnessConfig::default())?;
    let _ = spectral_contrast(
        &y,
        &SpectralContrastConfig { sample_rate: sr, ..SpectralContrastConfig::default() },
    )?;
    let _ = poly_features(&y, &PolyFeaturesConfig { sample_rate: sr, ..PolyFeaturesConfig::default() })?;
    let _ = zero_crossing_rate(&y, &ZeroCrossingRateConfig::default())?;
    let _ = rms(&y, &RmsConfig::default())?;
    let _ = rms_of_spectrogram(&magnitude, 2048)?;
    let _ = cqt(&y, &CqtConfig { sample_rate: sr, ..CqtConfig::default() })?;
    let _ = cqt(&y, &CqtConfig { sample_rate: sr, ..CqtConfig::default() })?.magnitude();
    let _ = vqt(&y, &VqtConfig { sample_rate: sr, ..VqtConfig::default() })?;
    let _ = pseudo_cqt(&y, &CqtConfig { sample_rate: sr, ..CqtConfig::default() })?;
    let _ = hybrid_cqt(&y, &CqtConfig { sample_rate: sr, ..CqtConfig::default() })?;
    let _ = icqt(&constant_q, &CqtConfig { sample_rate: sr, ..CqtConfig::default() }, None)?;
    let _ = chroma_stft(&y, &ChromaStftConfig { sample_rate: sr, ..ChromaStftConfig::default() })?;
    let _ = chroma_cqt(&y, &ChromaCqtConfig { sample_rate: sr, ..ChromaCqtConfig::default() })?;
    let _ = chroma_vqt(&y, &ChromaVqtConfig { sample_rate: sr, ..ChromaVqtConfig::default() })?;
    let _ = chroma_cens(&y, &ChromaCensConfig { sample_rate: sr, ..ChromaCensConfig::default() })?;
    let _ = tonnetz(&y, &TonnetzConfig { sample_rate: sr, ..TonnetzConfig::default() })?;
    let _ = estimate_tuning(&y, sr, 12)?;
    let _ = piptrack(&magnitude, sr, &PiptrackConfig::default())?;
    let _ = yin(&y, &YinConfig { sample_rate: sr, ..YinConfig::default() })?;
    let _ = pyin(&y, &PyinConfig { sample_rate: sr, ..PyinConfig::default() })?;
    let _ = iirt(&y, &IirtConfig { sample_rate: sr, ..IirtConfig::default() })?;
    let _ = hz_to_midi(440.0);
    let _ = note_to_hz("A4")?;
    let _ = hz_to_note(440.0);
    let _ = cqt_frequencies(84, 32.7, 12, 0.0);
    let _ = onset_strength(&y, &OnsetStrengthConfig { sample_rate: sr, ..OnsetStrengthConfig::default() })?;
    let _ = onset_detect(&y, &OnsetDetectConfig::default())?;
    let _ = tempogram(&y, &TempogramConfig { sample_rate: sr, ..TempogramConfig::default() })?;
    let _ = fourier_tempogram(
        &y,
        &FourierTempogramConfig { sample_rate: sr, ..FourierTempogramConfig::default() },
    )?;
    let _ = tempo(&y, &TempoConfig::default())?;
    let _ = beat_track(&y, &BeatTrackConfig::default())?;
    let _ = plp(&y, &PlpConfig { sample_rate: sr, ..PlpConfig::default() })?;
    let _ = hpss(&magnitude, &HpssConfig::default())?;
    let _ = sync(&mel, &[20, 40], Aggregate::Mean)?;
    let _ = stack_memory(&mel, 2, 1)?;
    let _ = recurrence_matrix(&mel, &RecurrenceConfig::default())?;
    let links = recurrence_matrix(&mel, &RecurrenceConfig::default())?;
    let _ = nn_filter(&mel, &links, NeighbourAggregate::default())?;
    let _ = normalize(&mel, Norm::Inf);
    let _ = statistics(&mel)?;
    Ok(())
}

#[test]
fn every_expression_of_the_page_is_above() {
    let plain = |text: &str| {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        text.replace(",)", ")").replace(",}", "}")
    };
    let here = plain(include_str!("coming_from_librosa.rs"));
    let rows = PAGE.lines().filter(|line| line.starts_with("| `"));
    let cells: Vec<&str> =
        rows.filter_map(|row| row.split(" | ").nth(1)).filter(|cell| !cell.is_empty()).collect();
    assert!(cells.len() > 60, "{cells:?}");
    for cell in cells {
        let expression = cell.trim_matches(['`', ' ']);
        assert!(here.contains(&plain(&format!("let _ = {expression};"))), "{expression}");
    }
}
