use std::io::Cursor;

use crooner_report::picture::{
    Rows, ScoreBar, SpectrogramAxes, confusion_matrix, f1_bars, f1_curve, loss_curves, score_bars,
    spectrogram, spectrogram_png, waveform,
};
use crooner_report::{Epoch, Score, Svg};

use crate::made_up;

/// Parses the picture's own document, and checks that what it draws is within it.
fn assert_sound(svg: &Svg) -> String {
    let document = svg.document();
    let xml = roxmltree::Document::parse(&document).unwrap_or_else(|error| panic!("{error}\n{document}"));
    let root = xml.root_element();
    assert_eq!(root.attribute("width"), Some(&*svg.width().to_string()));
    let view: Vec<f64> = root.attribute("viewBox").unwrap().split(' ').map(|n| n.parse().unwrap()).collect();
    for node in root.descendants().filter(roxmltree::Node::is_element) {
        for (name, limit) in
            [("x", view[2]), ("x1", view[2]), ("x2", view[2]), ("cx", view[2]), ("y", view[3])]
        {
            if let Some(value) = node.attribute(name) {
                let value: f64 = value.parse().unwrap();
                assert!(
                    (0.0..=limit).contains(&value),
                    "{node:?}: {name} = {value} is outside of 0..={limit}"
                );
            }
        }
        for word in ["NaN", "inf"] {
            assert!(node.attributes().all(|a| a.name() == "href" || !a.value().contains(word)), "{node:?}");
        }
    }
    let label = root.attribute("aria-label").unwrap();
    assert_eq!(label, svg.label());
    assert!(!label.is_empty());
    document
}

fn epochs(n: u64) -> Vec<Epoch> {
    made_up::training(n).epochs
}

#[test]
fn learning_curves_of_one_to_200_epochs() {
    for n in [1, 2, 3, 24, 200] {
        assert_sound(&loss_curves(&epochs(n), Some(n)).unwrap());
        assert_sound(&f1_curve(&epochs(n), None).unwrap());
    }
}

#[test]
fn an_epoch_without_a_loss_is_a_gap() {
    // Of eight epochs the fifth has no validation loss: two lines in place of one.
    let count = |epochs: &[Epoch]| {
        let document = loss_curves(epochs, None).unwrap().document();
        // The training curve and the axes are there in both pictures.
        document.matches("<polyline").count()
    };
    let with_gap = epochs(8);
    let mut without = with_gap.clone();
    without[4].validation_loss = Some(0.5);
    assert_eq!(count(&with_gap), count(&without) + 1);
}

#[test]
fn a_loss_that_is_no_number_is_refused() {
    let mut epochs = epochs(3);
    epochs[1].train_loss = Some(f64::NAN);
    let message = loss_curves(&epochs, None).unwrap_err().to_string();
    assert_eq!(message, "training.epochs[1].train_loss must be a finite number of at least 0, found NaN");
    assert!(loss_curves(&[], None).unwrap_err().to_string().contains("at least one epoch"));
}

#[test]
fn confusion_matrices_of_2_to_100_artists() {
    for n in [1, 2, 6, 20, 60, 100] {
        let report = made_up::report(n, 5);
        let names: Vec<_> = report.test.track.classes.iter().map(|class| &class.name).collect();
        let svg = confusion_matrix(&names, &report.test.track.confusion).unwrap();
        let document = assert_sound(&svg);
        // Every count that is not 0 is written, over a cell of its own beside the background.
        let cells = report.test.track.confusion.iter().flatten().filter(|&&count| count > 0).count();
        assert_eq!(document.matches("<rect").count(), cells + 1);
        assert!(n > 20 || svg.width() <= 720, "{n} artists take {} pixels", svg.width());
        let smallest = xml_font_sizes(&document).fold(f64::INFINITY, f64::min);
        assert!(smallest >= 8.0, "{n} artists are written at {smallest} pixels");
    }
}

/// Font sizes in CSS pixels.
fn xml_font_sizes(document: &str) -> impl Iterator<Item = f64> {
    document
        .split("font-size=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().parse::<f64>().unwrap() / 10.0)
}

#[test]
fn large_counts_stay_within_their_cells() {
    let counts = vec![vec![123_456, 0], vec![1, 1_000_000]];
    assert_sound(&confusion_matrix(&["a", "b"], &counts).unwrap());
    assert!(confusion_matrix(&["a"], &counts).unwrap_err().to_string().starts_with("counts must be 1 rows"));
    assert!(confusion_matrix::<&str>(&[], &[]).is_err());
}

#[test]
fn bars_of_artists_and_of_scores() {
    let names = ["one", "<two>", "three & \"four\"", "a name that goes on and on and on and on"];
    let document = assert_sound(&f1_bars(&names, &[Some(0.0), Some(1.0), None, Some(0.5)]).unwrap());
    assert!(document.contains("undefined") && document.contains("&lt;two&gt;"));
    assert!(f1_bars(&names, &[None]).unwrap_err().to_string().contains("4 values, one per name, found 1"));
    assert!(f1_bars(&["x"], &[Some(1.5)]).is_err());

    let score = |value, low, high| Score { value, low, high };
    let row = |name, score| ScoreBar { name, score };
    let rows =
        [row("all", score(1.0, 1.0, 1.0)), row("none", score(0.0, 0.0, 0.0)), row("x", score(0.5, 0.2, 0.9))];
    for chance in [0.0, 0.17, 1.0] {
        assert_sound(&score_bars(&rows, chance).unwrap());
    }
    assert!(score_bars(&[], 0.5).is_err());
    assert!(score_bars(&rows, f64::NAN).is_err());
}

#[test]
fn waveforms_long_short_and_silent() {
    for samples in [vec![0.5], vec![0.0; 16_000], vec![1.0, -1.0], vec![0.25; 100_000], vec![1e-30; 4]] {
        assert_sound(&waveform(&samples, 16_000).unwrap());
    }
    assert!(waveform(&[], 16_000).is_err());
    assert!(waveform(&[0.0], 0).is_err());
    let message = waveform(&[0.0, f32::NAN], 16_000).unwrap_err().to_string();
    assert_eq!(message, "samples[1] must be a finite number, found NaN");
}

#[test]
fn spectrograms_long_short_and_flat() {
    for (n_frames, n_mels) in [(1, 1), (1, 128), (3000, 4), (94, 128)] {
        let values: Vec<f32> = (0..n_frames * n_mels).map(|i| -(i as f32 % 80.0)).collect();
        let mel_hz: Vec<f32> = (0..n_mels).map(|i| 60.0 * (i + 1) as f32).collect();
        let axes = SpectrogramAxes { hop_seconds: 0.032, rows: Rows::Mel(&mel_hz) };
        let svg = spectrogram(&values, n_frames, n_mels, axes).unwrap();
        assert_sound(&svg);
        assert_eq!(svg.document().matches("data:image/png;base64,").count(), 2);
        assert_sound(&spectrogram(&vec![-80.0; n_frames * n_mels], n_frames, n_mels, axes).unwrap());
    }
}

#[test]
fn a_spectrogram_that_does_not_fit_together_is_refused() {
    let mel_hz = [100.0, 200.0];
    let axes = SpectrogramAxes { hop_seconds: 0.01, rows: Rows::Mel(&mel_hz) };
    let refusal =
        |values: &[f32], n_frames, axes| spectrogram(values, n_frames, 2, axes).unwrap_err().to_string();
    assert_eq!(refusal(&[0.0; 5], 2, axes), "values must be 2 frames of 2 values, found 5 values");
    assert_eq!(
        refusal(&[], 0, axes),
        "values must be at least one frame of at least one band, found 0 frames of 2"
    );
    assert_eq!(refusal(&[0.0, f32::INFINITY], 1, axes), "values[1] must be a finite number of dB, found inf");
    let still = SpectrogramAxes { hop_seconds: 0.0, ..axes };
    assert_eq!(refusal(&[0.0; 2], 1, still), "hop_seconds must be more than 0, found 0");
    let falling = SpectrogramAxes { rows: Rows::Mel(&[200.0, 100.0]), ..axes };
    assert_eq!(refusal(&[0.0; 2], 1, falling), "mel_hz[1] must be at least 200 Hz, found 100");
    assert!(spectrogram_png(&[0.0; 2], usize::MAX, 2).is_err());
}

/// Width, height and RGB pixels.
fn decode(png: &[u8]) -> (u32, u32, Vec<u8>) {
    let mut decoder = png::Decoder::new(Cursor::new(png));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(info.color_type, png::ColorType::Rgb);
    pixels.truncate(info.buffer_size());
    (info.width, info.height, pixels)
}

#[test]
fn the_png_has_time_to_the_right_and_frequency_upwards() {
    // Two frames of three bands: the lowest value is in band 0 of frame 0, the highest in band 2 of frame 1.
    let png = spectrogram_png(&[-80.0, -40.0, -40.0, -40.0, -40.0, 0.0], 2, 3).unwrap();
    let (width, height, pixels) = decode(&png);
    assert_eq!((width, height), (2, 3));
    let pixel = |x: usize, y: usize| &pixels[3 * (2 * y + x)..][..3];
    // The ends of magma, and its middle, as matplotlib has them: within 3 of (183, 55, 121).
    assert_eq!(pixel(0, 2), [0, 0, 4]);
    assert_eq!(pixel(1, 0), [252, 253, 191]);
    assert!(pixel(0, 0).iter().zip([183u8, 55, 121]).all(|(a, b)| a.abs_diff(b) <= 3), "{:?}", pixel(0, 0));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    assert_eq!(made_up::pictures().unwrap(), made_up::pictures().unwrap());
    let values: Vec<f32> = (0..128 * 94).map(|i| (i % 77) as f32).collect();
    assert_eq!(spectrogram_png(&values, 94, 128).unwrap(), spectrogram_png(&values, 94, 128).unwrap());
}

#[test]
fn a_document_has_a_dark_colour_for_every_light_one() {
    let document = loss_curves(&epochs(5), None).unwrap().document();
    let (style, drawing) = document.split_once("</style>").unwrap();
    for property in ["fill", "stroke"] {
        let attribute = format!(" {property}=\"#");
        for rest in drawing.split(&attribute).skip(1) {
            let color = &rest[..6];
            assert!(style.contains(&format!("[{property}=\"#{color}\"]")), "#{color} has no dark half");
        }
    }
}
