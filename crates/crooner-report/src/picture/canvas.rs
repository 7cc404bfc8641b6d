//! The drawing surface all pictures share: plotters' SVG backend, at a tenth of a pixel.
//!
//! plotters places everything at whole numbers. Ten units make one CSS pixel here, so lines and curves fall
//! where they should; [`px`] converts.

use plotters::coord::Shift;
use plotters::prelude::{
    Color, DrawingArea, IntoDrawingArea, IntoFont, PathElement, Rectangle, SVGBackend, Text, TextStyle,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, FontTransform};

use super::raster::Raster;
use super::svg::Svg;
use super::theme::Ink;
use crate::Error;
use crate::text::printable;

/// Drawing units per CSS pixel.
pub(super) const UNITS_PER_PX: u32 = 10;

/// plotters divides font sizes by this before writing them.
const FONT_SCALE: f64 = 1.24;

/// Font size of labels, in CSS pixels.
pub(super) const LABEL_PX: f64 = 12.5;

/// What pictures are drawn on.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Pixels as drawing units.
pub(super) fn px(pixels: f64) -> i32 {
    (pixels * f64::from(UNITS_PER_PX)).round() as i32
}

/// A picture to be: its size in CSS pixels, the least width at which it can be read, and what it shows.
pub(super) struct Canvas {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) min_width: u32,
    pub(super) label: String,
}

impl Canvas {
    /// Runs `paint` on an empty surface of this size and keeps what it draws.
    pub(super) fn draw(self, paint: impl FnOnce(&Area<'_>) -> Result<(), Error>) -> Result<Svg, Error> {
        self.draw_over(Vec::new(), paint)
    }

    /// The same, on top of `rasters`.
    pub(super) fn draw_over(
        self,
        rasters: Vec<Raster>,
        paint: impl FnOnce(&Area<'_>) -> Result<(), Error>,
    ) -> Result<Svg, Error> {
        let Self { width, height, min_width, label } = self;
        let view_box = (width * UNITS_PER_PX, height * UNITS_PER_PX);
        let mut drawn = String::new();
        {
            let area = SVGBackend::with_string(&mut drawn, view_box).into_drawing_area();
            paint(&area)?;
            area.present()?;
        }
        // The elements without the `<svg>` around them: ours says more than plotters' does.
        let inner = drawn.split_once(">\n").and_then(|(_, rest)| rest.strip_suffix("</svg>\n"));
        let inner = inner.ok_or_else(|| Error::Drawing("plotters wrote no <svg> element".to_owned()))?;
        // Text elements end in a line break, which shifts centred text by half a space.
        let body = inner.replace("\n</text>", "</text>");
        let images = rasters.iter().map(Raster::element).collect::<Result<_, _>>()?;
        Ok(Svg { width, height, view_box, min_width, label, rasters, images, body })
    }
}

/// How a text is set.
#[derive(Clone, Copy)]
pub(super) struct Type {
    size_px: f64,
    ink: Ink,
    bold: bool,
    rotated: bool,
    horizontal: HPos,
    vertical: VPos,
}

impl Type {
    /// Set in `ink`, starting at the given point, centred on it vertically.
    pub(super) fn new(size_px: f64, ink: Ink) -> Self {
        let (horizontal, vertical) = (HPos::Left, VPos::Center);
        Self { size_px, ink, bold: false, rotated: false, horizontal, vertical }
    }

    /// Centred on the point.
    pub(super) fn centered(self) -> Self {
        Self { horizontal: HPos::Center, ..self }
    }

    /// Ending at the point.
    pub(super) fn right(self) -> Self {
        Self { horizontal: HPos::Right, ..self }
    }

    /// In bold.
    pub(super) fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// Turned by a quarter, reading upwards.
    pub(super) fn upwards(self) -> Self {
        Self { rotated: true, ..self }
    }

    /// The same for plotters.
    pub(super) fn style(self) -> TextStyle<'static> {
        let size = self.size_px * f64::from(UNITS_PER_PX) * FONT_SCALE;
        let mut font = ("sans-serif", size).into_font();
        if self.bold {
            font = font.style(FontStyle::Bold);
        }
        if self.rotated {
            font = font.transform(FontTransform::Rotate270);
        }
        TextStyle {
            font,
            color: self.ink.color().to_backend_color(),
            pos: Pos::new(self.horizontal, self.vertical),
        }
    }
}

/// Writes `text` at a point given in pixels.
pub(super) fn write(area: &Area<'_>, text: &str, (x, y): (f64, f64), set: Type) -> Result<(), Error> {
    let text: String = text.chars().map(printable).collect();
    Ok(area.draw(&Text::new(text, (px(x), px(y)), set.style()))?)
}

/// Fills the rectangle between two corners given in pixels.
pub(super) fn fill(
    area: &Area<'_>,
    (x0, y0): (f64, f64),
    (x1, y1): (f64, f64),
    ink: Ink,
    opacity: f64,
) -> Result<(), Error> {
    let style = ink.color().mix(opacity).filled();
    Ok(area.draw(&Rectangle::new([(px(x0), px(y0)), (px(x1), px(y1))], style))?)
}

/// Draws the line between two points given in pixels.
pub(super) fn line(
    area: &Area<'_>,
    (x0, y0): (f64, f64),
    (x1, y1): (f64, f64),
    ink: Ink,
    width_px: f64,
) -> Result<(), Error> {
    let style = ink.color().stroke_width(px(width_px).unsigned_abs());
    Ok(area.draw(&PathElement::new(vec![(px(x0), px(y0)), (px(x1), px(y1))], style))?)
}
