use std::io::Cursor;

use crooner_report::picture::{
    HeatMap, Layout, Levels, Rows, ScoreBar, Theme, confusion_matrix, f1_bars, f1_curve, heat_map,
    loss_curves, range_curve, score_bars, waveform,
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
    let layout = Layout { height: 170, ..Layout::default() };
    let titled = Layout { title: "Waveform", details: "a long name ".repeat(20).leak(), ..layout };
    for samples in [vec![0.5], vec![0.0; 16_000], vec![1.0, -1.0], vec![0.25; 100_000], vec![1e-30; 4]] {
        assert_sound(&waveform(&samples, 16_000, 0.0, &layout).unwrap());
        assert_sound(&waveform(&samples, 16_000, 3600.0, &titled).unwrap());
    }
    assert!(waveform(&[], 16_000, 0.0, &layout).is_err());
    assert!(waveform(&[0.0], 0, 0.0, &layout).is_err());
    assert!(waveform(&[0.0], 1, f64::NAN, &layout).is_err());
    let message = waveform(&[0.0, f32::NAN], 16_000, 0.0, &layout).unwrap_err().to_string();
    assert_eq!(message, "samples[1] must be a finite number, found NaN");
    let small = Layout { height: 100, ..layout };
    let message = waveform(&[0.0], 16_000, 0.0, &small).unwrap_err().to_string();
    assert_eq!(message, "layout.height must be from 130 to 20000 pixels, found 100");
}

fn plain<'a>(values: &'a [f32], n_bins: usize, rows: Rows<'a>) -> HeatMap<'a> {
    HeatMap {
        what: "Test",
        values,
        n_bins,
        first_seconds: 0.0,
        hop_seconds: 0.032,
        rows,
        levels: Levels::Plain,
    }
}

#[test]
fn heat_maps_long_short_and_flat_of_every_kind_of_row() {
    for (n_frames, n_bins) in [(1, 1), (1, 128), (3000, 4), (94, 128)] {
        let values: Vec<f32> = (0..n_frames * n_bins).map(|i| -(i as f32 % 80.0)).collect();
        let hz: Vec<f32> = (0..n_bins).map(|i| 60.0 * (i + 1) as f32).collect();
        let notes = Rows::Notes { lowest_midi: 24.0, bins_per_octave: 36 };
        let lags = Rows::Lags { hop_seconds: if n_bins == 4 { 0.5 } else { 0.023 } };
        let kinds = [
            Rows::Bands(&hz),
            Rows::Linear(&hz),
            Rows::Logarithmic(&hz),
            notes,
            Rows::PitchClasses { first: 9 },
            Rows::Time,
            Rows::Numbered,
            lags,
        ];
        for rows in kinds.into_iter().take(if n_bins == 1 { 7 } else { 8 }) {
            for layout in
                [Layout::default(), Layout { title: "T", width: 300, height: 200, ..Layout::default() }]
            {
                let svg = heat_map(&plain(&values, n_bins, rows), &layout).unwrap();
                assert_sound(&svg);
                assert_eq!(svg.document().matches("data:image/png;base64,").count(), 2);
                let flat = vec![-80.0; n_frames * n_bins];
                assert_sound(&heat_map(&plain(&flat, n_bins, rows), &layout).unwrap());
            }
        }
    }
}

#[test]
fn axes_say_what_they_measure() {
    let values = vec![0.5; 384 * 50];
    let texts = |rows, first_seconds, hop_seconds| {
        let map = HeatMap { first_seconds, hop_seconds, ..plain(&values, 384, rows) };
        let document = assert_sound(&heat_map(&map, &Layout::default()).unwrap());
        let xml = roxmltree::Document::parse(&document).unwrap();
        let texts = xml.descendants().filter(|node| node.has_tag_name("text"));
        texts.map(|node| node.text().unwrap().trim().to_owned()).collect::<Vec<_>>()
    };
    let has = |texts: &[String], expected: &[&str]| {
        for text in expected {
            assert!(texts.iter().any(|found| found == text), "{text} is not among {texts:?}");
        }
    };
    let hop = 512.0 / 22_050.0;
    has(&texts(Rows::Lags { hop_seconds: hop }, 0.0, hop), &["BPM", "60", "120", "240", "seconds", "1.0"]);
    has(
        &texts(Rows::Notes { lowest_midi: 24.0, bins_per_octave: 64 }, 0.0, 10.0),
        &["note", "C1", "C6", "minutes:seconds", "4:00"],
    );
    has(&texts(Rows::PitchClasses { first: 0 }, 30.0, 0.1), &["pitch class", "C", "F♯", "B", "31.0", "34.0"]);
    has(&texts(Rows::Time, 7200.0, 60.0), &["hours:minutes:seconds", "2:30:00"]);
    let hz: Vec<f32> = (0..384).map(|i| i as f32 * 11_025.0 / 383.0).collect();
    has(&texts(Rows::Logarithmic(&hz), 0.0, hop), &["Hz", "50", "500", "5\u{202F}000"]);
    has(&texts(Rows::Linear(&hz), 0.0, hop), &["Hz", "0", "4\u{202F}000", "10\u{202F}000"]);
}

#[test]
fn a_heat_map_that_does_not_fit_together_is_refused() {
    let refusal = |map: HeatMap<'_>| heat_map(&map, &Layout::default()).unwrap_err().to_string();
    let rows = Rows::Bands(&[100.0, 200.0]);
    assert_eq!(refusal(plain(&[0.0; 5], 2, rows)), "values must be whole frames of 2 values, found 5 values");
    assert_eq!(
        refusal(plain(&[], 2, rows)),
        "values must be at least one frame of at least one value, found 0 values in frames of 2"
    );
    assert_eq!(
        refusal(plain(&[0.0, f32::INFINITY], 2, rows)),
        "values[1] must be a finite number, found inf"
    );
    let still = HeatMap { hop_seconds: 0.0, ..plain(&[0.0; 2], 2, rows) };
    assert_eq!(refusal(still), "hop_seconds must be more than 0, found 0");
    let falling = plain(&[0.0; 2], 2, Rows::Bands(&[200.0, 100.0]));
    assert_eq!(refusal(falling), "hz[1] must be at least 200 Hz, found 100");
    let short = plain(&[0.0; 3], 3, rows);
    assert_eq!(refusal(short), "hz must be 3 values, one per row, found 2");
    let low = plain(&[0.0; 2], 2, Rows::Logarithmic(&[1.0, 2.0]));
    assert_eq!(refusal(low), "hz must be such that the highest is above 20 Hz, found 2");
    let none = Rows::Notes { lowest_midi: 24.0, bins_per_octave: 0 };
    assert_eq!(refusal(plain(&[0.0; 2], 2, none)), "bins_per_octave must be at least 1, found 0");
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

/// A picture of two frames of three bins: the lowest value in bin 0 of frame 0, the highest in bin 2 of frame 1.
fn corners() -> Svg {
    let map = plain(&[-80.0, -40.0, -40.0, -40.0, -40.0, 0.0], 3, Rows::Numbered);
    heat_map(&map, &Layout { width: 340, height: 200, ..Layout::default() }).unwrap()
}

#[test]
fn the_png_has_time_to_the_right_and_frequency_upwards() {
    for width in [340, 680, 1000] {
        let (found, height, pixels) = decode(&corners().scaled_to(width).unwrap().png(Theme::Light).unwrap());
        let scale = width as f32 / 340.0;
        assert_eq!((found, height), (width, (200.0 * scale).round() as u32));
        let pixel = |x: f32, y: f32| {
            let at = (y * scale) as usize * width as usize + (x * scale) as usize;
            [pixels[3 * at], pixels[3 * at + 1], pixels[3 * at + 2]]
        };
        // 200 by 148 pixels from (58, 10) on. The ends of magma, and its middle as matplotlib has it.
        assert_eq!(pixel(70.0, 150.0), [0, 0, 4]);
        assert_eq!(pixel(250.0, 15.0), [252, 253, 191]);
        assert!(pixel(70.0, 15.0).into_iter().zip([183u8, 55, 121]).all(|(a, b)| a.abs_diff(b) <= 3));
        assert_eq!(pixel(336.0, 3.0), [255; 3]);
    }
}

#[test]
fn a_png_has_the_text_and_the_theme_of_the_picture() {
    let dark_pixels = |svg: &Svg, theme| {
        let (_, _, pixels) = decode(&svg.png(theme).unwrap());
        let sums = pixels.chunks_exact(3).map(|p| p.iter().map(|&c| u32::from(c)).sum::<u32>());
        sums.filter(|&sum| sum < 3 * 0x40).count()
    };
    let samples = vec![0.0; 16_000];
    let layout = Layout { height: 170, ..Layout::default() };
    let bare = waveform(&samples, 16_000, 0.0, &layout).unwrap();
    let titled =
        waveform(&samples, 16_000, 0.0, &Layout { height: 200, title: "Waveform", ..layout }).unwrap();
    assert_eq!(dark_pixels(&bare, Theme::Light), 0);
    // Eight bold letters.
    assert!((100..2000).contains(&dark_pixels(&titled, Theme::Light)));
    assert!(dark_pixels(&bare, Theme::Dark) > 110_000);
    let message = bare.scaled_to(99).unwrap_err().to_string();
    assert_eq!(message, "width must be from 100 to 20000 pixels, found 99");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    assert_eq!(made_up::pictures().unwrap(), made_up::pictures().unwrap());
    assert_eq!(corners().png(Theme::Dark).unwrap(), corners().png(Theme::Dark).unwrap());
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

#[test]
fn a_range_test_is_drawn_on_decades() {
    let points: Vec<(f64, f64)> = (0..60)
        .map(|i| {
            let decade = -6.0 + f64::from(i) / 10.0;
            (10_f64.powf(decade), if decade > -0.5 { 9.0 } else { 2.0 - 0.2 * (decade + 6.0) })
        })
        .collect();
    let document = assert_sound(&range_curve(&points, Some(1e-3)).unwrap());
    for words in ["1e-6", "1e-1", "falls fastest at 1.0e-3", "learning rate"] {
        assert!(document.contains(words), "{words}");
    }
    assert_sound(&range_curve(&points, None).unwrap());
    let refused =
        |points: &[(f64, f64)], suggestion| range_curve(points, suggestion).unwrap_err().to_string();
    assert_eq!(refused(&points[..1], None), "points must be at least two, found 1");
    assert_eq!(refused(&[(1e-3, 1.0), (1e-3, 1.0)], None), "points[1].rate must be above 0.001, found 0.001");
    assert_eq!(
        refused(&[(1e-3, 1.0), (1e-2, f64::NAN)], None),
        "points[1].loss must be a finite number of at least 0, found NaN"
    );
    assert_eq!(
        refused(&points, Some(10.0)),
        "suggestion must be a rate between the first and the last, found 10"
    );
}
