//! A rectangle of a picture in the colours of the [colour map](super::color_map).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::canvas::px;
use super::color_map::{magma, palette};
use super::sampling::{Cover, image};
use crate::Error;

/// A rectangle in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Levels of the colour map, and where in the picture they are shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Raster {
    /// Row by row from the top.
    pub(super) levels: Vec<u8>,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) place: Place,
}

impl Raster {
    /// The colour map from top (highest) to bottom, one pixel wide.
    pub(super) fn color_bar(place: Place) -> Self {
        Self { levels: (0..=u8::MAX).rev().collect(), width: 1, height: 256, place }
    }

    /// An SVG element that shows the levels.
    pub(super) fn element(&self) -> Result<String, Error> {
        let data = STANDARD.encode(self.png()?);
        let Place { left, top, width, height } = self.place;
        Ok(format!(
            "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" \
             href=\"data:image/png;base64,{data}\"/>\n",
            px(left),
            px(top),
            px(width),
            px(height),
        ))
    }

    /// The levels as an indexed PNG.
    fn png(&self) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_palette(palette());
        encoder.set_compression(png::Compression::High);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.levels)?;
        writer.finish()?;
        Ok(bytes)
    }

    /// Hands the colour of every pixel of a picture of `scale` pixels to a CSS pixel to `paint`: column, row, colour.
    pub(super) fn paint(&self, scale: f64, mut paint: impl FnMut(u32, u32, [u8; 3])) {
        let [left, top] = [self.place.left, self.place.top].map(|at| (at * scale).round() as u32);
        let right = ((self.place.left + self.place.width) * scale).round() as u32;
        let bottom = ((self.place.top + self.place.height) * scale).round() as u32;
        let (width, height) = (right.saturating_sub(left), bottom.saturating_sub(top));
        let (columns, rows) = (self.width as usize, self.height as usize);
        // `image` wants columns from the bottom.
        let cells: Vec<f32> = (0..columns)
            .flat_map(|x| (0..rows).rev().map(move |y| f32::from(self.levels[y * columns + x])))
            .collect();
        let covers = [(columns, width), (rows, height)].map(|(n, pixels)| Cover::even(n, pixels as usize));
        let levels = image(&cells, rows, &covers[0], &covers[1]);
        for (i, level) in (0..).zip(levels) {
            paint(left + i % width, top + i / width, magma(level.round() as u8));
        }
    }
}
