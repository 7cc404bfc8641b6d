//! What the classifier hears: example recordings as waveform and log-mel spectrogram.

use super::markup::Html;
use super::words::duration;
use crate::{Example, Report};

use super::Pictures;

/// Writes nothing where there is nothing to show.
pub(super) fn write(page: &mut Html, report: &Report, pictures: &Pictures) {
    let pictured = report.examples.iter().filter_map(|example| {
        let picture = pictures.examples.iter().find(|picture| picture.track == example.track)?;
        Some((example, picture))
    });
    let pictured: Vec<_> = pictured.collect();
    if pictured.is_empty() {
        return;
    }
    page.section("What the classifier hears");
    for (example, picture) in pictured {
        page.figure(&[&picture.waveform], &format!("Waveform of {}.", excerpt(example)));
        let caption = if picture.feature == "log-mel" {
            "The same excerpt as the log-mel spectrogram that the network is given: bands evenly spaced by \
             ear, lighter where there is more power."
                .to_owned()
        } else {
            let feature = &picture.feature;
            format!(
                "The same excerpt as the network is given it: {feature}, lighter where the value is larger."
            )
        };
        page.figure(&[&picture.spectrogram], &caption);
    }
    page.end_section();
}

fn excerpt(example: &Example) -> String {
    let Example { track, artist, start_seconds, length_seconds } = example;
    let length = duration(*length_seconds);
    if *start_seconds > 0.0 {
        format!("{track} by {artist}, {length} from {} on", duration(*start_seconds))
    } else {
        format!("{track} by {artist}, the first {length}")
    }
}
