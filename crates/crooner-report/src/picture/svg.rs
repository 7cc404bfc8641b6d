//! A finished vector picture.

use std::fmt;

use super::theme;
use crate::text::Escaped;

/// A vector picture, made by one of the functions of [`picture`](crate::picture).
///
/// It uses no script, no font file and nothing from outside itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Svg {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) view_box: (u32, u32),
    pub(super) min_width: u32,
    pub(super) label: String,
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

    /// The picture in words, for readers who do not see it.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The picture as a file of its own: an XML document with background, title and both colour schemes.
    pub fn document(&self) -> String {
        let (view_width, view_height) = self.view_box;
        let paper = theme::hex(theme::PAPER.light);
        let dark = theme::dark_rules("");
        let label = Escaped(&self.label);
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{open}<title>{label}</title>\n\
             <style>text{{font-variant-numeric:tabular-nums}}\
             @media (prefers-color-scheme:dark){{{dark}}}</style>\n\
             <rect width=\"{view_width}\" height=\"{view_height}\" fill=\"{paper}\"/>\n{body}</svg>\n",
            open = Opening(self, ""),
            body = self.body,
        )
    }

    /// The picture as an element of a page that brings background, fonts and colour schemes itself.
    pub(crate) fn inline(&self) -> String {
        let style = format!(" style=\"min-width:{}px\"", self.min_width);
        format!("{}{}</svg>\n", Opening(self, &style), self.body)
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
