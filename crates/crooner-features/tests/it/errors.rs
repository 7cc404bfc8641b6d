//! Every way to be wrong has its error, and the error says where.

use crooner_features::{
    DbConfig, FeatureConfig, FeatureError, Frames, LogMelConfig, Reference, Spectrogram, StftConfig, Window,
    log_mel, power_to_db, stft,
};

#[test]
fn a_setting_out_of_range_is_named_with_its_range_and_its_value() {
    type Case = (fn(&mut LogMelConfig), &'static str);
    let cases: &[Case] = &[
        (|c| c.sample_rate = 0, "`sample_rate` must be between 1000 and 768000, found 0"),
        (|c| c.n_fft = 0, "`n_fft` must be between 2 and 1048576, found 0"),
        (|c| c.n_fft = usize::MAX, "`n_fft` must be between 2 and 1048576, found 18446744073709551615"),
        (|c| c.window = Window::Kaiser(f32::NAN), "`window` must be between 0 and 100, found NaN"),
        (|c| c.win_length = Some(0), "`win_length` must be between 1 and 2048, found 0"),
        (|c| c.win_length = Some(2049), "`win_length` must be between 1 and 2048, found 2049"),
        (|c| c.hop_length = 0, "`hop_length` must be between 1 and 1048576, found 0"),
        (|c| c.n_mels = 0, "`n_mels` must be between 1 and 4096, found 0"),
        (|c| c.f_min_hz = -0.0, "`f_min_hz` must be at least 0, found -0"),
        (|c| c.f_min_hz = f32::NAN, "`f_min_hz` must be between 0 and 7999, found NaN"),
        (|c| c.f_min_hz = 8000.0, "`f_min_hz` must be between 0 and 7999, found 8000"),
        (|c| c.f_max_hz = Some(8000.5), "`f_max_hz` must be between 1 and 8000, found 8000.5"),
        (|c| c.f_max_hz = Some(f32::NAN), "`f_max_hz` must be between 1 and 8000, found NaN"),
        (|c| c.amin = 0.0, "`amin` must be a number of at least 1.1754944e-38, found 0"),
        (|c| c.amin = f32::INFINITY, "`amin` must be a number of at least 1.1754944e-38, found inf"),
        (|c| c.top_db = Some(-80.0), "`top_db` must be a number of at least 1.1754944e-38, found -80"),
    ];
    for (break_it, message) in cases {
        let mut config = LogMelConfig::default();
        break_it(&mut config);
        let error = log_mel(&[0.0], &config).unwrap_err();
        assert_eq!(error.to_string(), format!("feature setting {message}"));
        let feature = FeatureConfig::LogMel(config);
        assert_eq!(feature.validate().unwrap_err(), error);
        assert_eq!(feature.extractor().err(), Some(error));
    }
}

#[test]
fn a_track_without_a_frame_is_an_error() {
    let uncentred = StftConfig { center: false, ..StftConfig::default() };
    assert_eq!(stft(&[], &StftConfig::default()).unwrap_err(), FeatureError::NoSamples);
    assert_eq!(
        stft(&[0.0; 2047], &uncentred).unwrap_err().to_string(),
        "the track has 2047 samples, but `center = false` needs at least `n_fft` = 2048"
    );
    assert_eq!(stft(&[0.0; 2048], &uncentred).unwrap().n_frames(), 1);
    assert_eq!(stft(&[0.0], &StftConfig::default()).unwrap().n_frames(), 1);
    assert_eq!((uncentred.n_frames(0), uncentred.n_frames(2047), uncentred.n_frames(2048)), (0, 0, 1));
    assert_eq!(StftConfig::default().n_frames(0), 0);
    let every = StftConfig { hop_length: 1, ..StftConfig::default() };
    assert_eq!(every.n_frames(usize::MAX), usize::MAX);
    let unchecked = StftConfig { hop_length: 0, ..StftConfig::default() };
    assert_eq!(unchecked.n_frames(5), 0);
}

#[test]
fn a_bad_sample_is_named_by_its_place_in_the_track() {
    let mut samples = vec![0.0; 20_000];
    samples[12_345] = f32::NAN;
    assert_eq!(
        log_mel(&samples, &LogMelConfig::default()).unwrap_err().to_string(),
        "sample 12345 of the track is NaN, but samples must be finite and within ±1e9"
    );
}

#[test]
fn decibels_refuse_what_has_no_logarithm() {
    for bad in [f32::NAN, f32::INFINITY, -1.0] {
        let power = Spectrogram::new(2, 2, vec![1.0, 1.0, 1.0, bad]).unwrap();
        match power_to_db(&power, &DbConfig::default()) {
            Err(FeatureError::Value { bin: 1, frame: 1, .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    let power = Spectrogram::new(1, 1, vec![1.0]).unwrap();
    let config = DbConfig { reference: Reference::Value(0.0), ..DbConfig::default() };
    let message = power_to_db(&power, &config).unwrap_err().to_string();
    assert!(message.starts_with("feature setting `reference` must be"), "{message}");
}

#[test]
fn an_empty_spectrogram_has_empty_decibels() {
    let empty = Spectrogram::new(3, 0, Vec::new()).unwrap();
    let config = DbConfig { reference: Reference::Max, ..DbConfig::default() };
    assert_eq!(power_to_db(&empty, &config).unwrap(), empty);
}

#[test]
fn a_buffer_of_the_wrong_length_is_an_error() {
    assert_eq!(
        Spectrogram::new(2, 3, vec![0.0; 5]).unwrap_err().to_string(),
        "a buffer of 5 values was given where the shape asks for n_bins * n_frames = 2 * 3"
    );
    assert!(Spectrogram::new(usize::MAX, 2, vec![0.0; 5]).is_err());
    assert!(Frames::new(0, vec![0.0; 5]).is_err());
    assert!(Frames::new(2, vec![0.0; 5]).is_err());
    assert_eq!(Frames::new(5, vec![0.0; 10]).unwrap().n_frames(), 2);
}
