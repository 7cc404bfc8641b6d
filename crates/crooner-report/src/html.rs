//! The report as one HTML file.

mod artists;
mod learning;
mod listening;
mod markup;
mod overview;
mod pairs;
mod provenance;
mod scores;
mod seeds;
mod words;

use self::markup::Html;
pub use self::pairs::{PairsPage, PairsSection, PicturedPair, PlainTable, pairs_html};
use crate::picture::theme;
use crate::{Error, Report, SeedsReport, Svg};

/// Pictures that need more than the numbers of a [`Report`]; the others are drawn from it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pictures {
    /// One entry for each pictured track of [`Report::examples`], in any order.
    pub examples: Vec<ExamplePictures>,
}

/// What one recording looks like.
#[derive(Debug, Clone, PartialEq)]
pub struct ExamplePictures {
    /// Id of the track: that of an entry of [`Report::examples`].
    pub track: String,
    /// From [`picture::waveform`](crate::picture::waveform).
    pub waveform: Svg,
    /// Name of the feature that the network is given, such as `log-mel`.
    pub feature: String,
    /// From [`picture::heat_map`](crate::picture::heat_map).
    pub spectrogram: Svg,
}

/// The report as one self-contained HTML file: no script, no request, everything it shows inside it.
///
/// It reads on a phone, on paper, and in light and dark. Every text of the report is escaped.
///
/// # Errors
///
/// [`Error::Invalid`] if the report contradicts itself ([`Report::check`]) or a picture is of a track that
/// is not among its examples; [`Error::Drawing`] if a picture cannot be drawn.
pub fn html(report: &Report, pictures: &Pictures) -> Result<String, Error> {
    report.check()?;
    for (i, picture) in pictures.examples.iter().enumerate() {
        if !report.examples.iter().any(|example| example.track == picture.track) {
            let key = format!("pictures.examples[{i}].track");
            return Err(Error::invalid(key, "a track of `examples`", &picture.track));
        }
    }
    let mut page = opened(&report.run.name);
    overview::write(&mut page, report);
    scores::write(&mut page, report)?;
    learning::write(&mut page, &report.training)?;
    let label = &report.split.label;
    artists::write_matrix(&mut page, label, &report.test.track)?;
    artists::write_table(&mut page, label, &report.test.track);
    listening::write(&mut page, report, pictures);
    artists::write_confused(&mut page, label, &report.confused);
    artists::write_worst(&mut page, label, &report.worst_tracks);
    provenance::write(&mut page, report);
    page.raw("</main>\n</body>\n</html>\n");
    Ok(page.finish())
}

/// The report of several seeds as one self-contained HTML file, like [`html()`].
///
/// # Errors
///
/// [`Error::Invalid`] if the report contradicts itself ([`SeedsReport::check`]); [`Error::Drawing`] if a picture
/// cannot be drawn.
pub fn seeds_html(report: &SeedsReport) -> Result<String, Error> {
    report.check()?;
    let mut page = opened(&report.name);
    seeds::write(&mut page, report)?;
    page.raw("</main>\n</body>\n</html>\n");
    Ok(page.finish())
}

/// The beginning of a page called `name`.
fn opened(name: &str) -> Html {
    let mut page = Html::default();
    page.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    page.text(name).raw(" · crooner report</title>\n<style>\n");
    page.css(&stylesheet()).raw("</style>\n</head>\n<body>\n<main>\n");
    page
}

/// The page's stylesheet: the palette, as custom properties and as the recolouring of pictures, and the rest.
fn stylesheet() -> String {
    let properties = |half: fn(theme::Ink) -> (u8, u8, u8)| -> String {
        theme::ALL.into_iter().map(|ink| format!("--{}:{};", ink.name, theme::hex(half(ink)))).collect()
    };
    format!(
        ":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{\n:root{{{dark}}}\n{recolour}\n}}\n{rest}",
        light = properties(|ink| ink.light),
        dark = properties(|ink| ink.dark),
        recolour = theme::dark_rules("svg "),
        rest = include_str!("html/page.css"),
    )
}
