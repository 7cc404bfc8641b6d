//! A finished vector picture.

use std::fmt;
use std::ops::RangeInclusive;

use super::raster::Raster;
use super::theme;
use crate::Error;
use crate::text::Escaped;

/// Widths that a picture may be scaled to, in pixels.
const WIDTHS: RangeInclusive<u32> = 100..=20_000;

/// Which half of the palette a picture is shown in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    /// Dark on white.
    #[default]
    Light,
    /// Light on near black.
    Dark,
}

/// A vector picture, made by one of the functions of [`picture`](crate::picture).
///
/// It uses no script, no font file and nothing from outside itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Svg {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) view_box: (u32, u32),
    pub(super) min_width: u32,
    pub(super) label: String,
    /// What lies under the lines, and the same as elements.
    pub(super) rasters: Vec<Raster>,
    pub(super) images: String,
    /// Elements in the colours of the light theme.
    pub(super) body: String,
}

impl Svg {
    /// Natural width, in CSS pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Natural height, in CSS pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The same picture with another natural width, and as high as its proportions ask for.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] unless `width` is in `100..=20000`.
    pub fn scaled_to(self, width: u32) -> Result<Self, Error> {
        if !WIDTHS.contains(&width) {
            let expected = format!("from {} to {} pixels", WIDTHS.start(), WIDTHS.end());
            return Err(Error::invalid("width", expected, width));
        }
        let height = f64::from(self.height) * f64::from(width) / f64::from(self.width);
        Ok(Self { width, height: height.round().max(1.0) as u32, ..self })
    }

    /// The picture in words, for readers who do not see it.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The picture as a file of its own: an XML document with background, title and both colour schemes, of which it
    /// shows the reader's.
    pub fn document(&self) -> String {
        let dark = theme::dark_rules("");
        let rule = format!("@media (prefers-color-scheme:dark){{{dark}}}");
        self.file(&rule, Theme::Light)
    }

    /// The picture as a file of its own in one colour scheme, whatever the reader's.
    pub fn document_in(&self, theme: Theme) -> String {
        self.file("", theme)
    }

    fn file(&self, rule: &str, theme: Theme) -> String {
        let (view_width, view_height) = self.view_box;
        let paper = theme::hex(theme::PAPER.in_theme(theme));
        let label = Escaped(&self.label);
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{open}<title>{label}</title>\n\
             <style>text{{font-variant-numeric:tabular-nums}}{rule}</style>\n\
             <rect width=\"{view_width}\" height=\"{view_height}\" fill=\"{paper}\"/>\n{images}{lines}</svg>\n",
            open = Opening(self, ""),
            images = self.images,
            lines = theme::recolored(&self.body, theme),
        )
    }

    /// The picture as an element of a page that brings background, fonts and colour schemes itself.
    pub(crate) fn inline(&self) -> String {
        let style = format!(" style=\"min-width:{}px\"", self.min_width);
        format!("{}{}{}</svg>\n", Opening(self, &style), self.images, self.body)
    }

    /// The picture without its rasters and its ground.
    pub(super) fn lines(&self, theme: Theme) -> String {
        format!("{}{}</svg>\n", Opening(self, ""), theme::recolored(&self.body, theme))
    }
}

/// The opening tag, with further attributes.
struct Opening<'a>(&'a Svg, &'a str);

impl fmt::Display for Opening<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(Svg { width, height, view_box, label, .. }, more) = self;
        writeln!(
            f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\"{more}>",
            view_box.0,
            view_box.1,
            Escaped(label),
        )
    }
}
