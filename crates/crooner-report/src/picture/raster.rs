//! Indexed PNG, in the colours of the [colour map](super::color_map).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::color_map::palette;
use crate::Error;

/// Encodes `levels`, row by row from the top, as a PNG of `width` by `height` pixels.
pub(super) fn encode(levels: &[u8], width: u32, height: u32) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette());
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(levels)?;
    writer.finish()?;
    Ok(bytes)
}

/// An SVG element that shows a PNG stretched over a rectangle given in drawing units.
pub(super) fn image_element(png: &[u8], (x, y): (i32, i32), (width, height): (i32, i32)) -> String {
    let data = STANDARD.encode(png);
    format!(
        "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" \
         preserveAspectRatio=\"none\" href=\"data:image/png;base64,{data}\"/>\n"
    )
}
