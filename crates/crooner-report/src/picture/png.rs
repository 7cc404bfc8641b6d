//! Vector pictures as pixels: what the canvas draws, and no more of SVG than that.

use ab_glyph::{Font as _, FontRef, OutlineCurve, Point, point};
use roxmltree::{Document, Node};

use super::canvas::UNITS_PER_PX;
use super::ink_map::{InkMap, Shape};
use super::svg::{Svg, Theme};
use super::theme;
use crate::Error;

/// DejaVu Sans, cut down: the fonts of the machine are not looked at, so the same picture is the same everywhere.
const REGULAR: &[u8] = include_bytes!("../../assets/sans.ttf");
const BOLD: &[u8] = include_bytes!("../../assets/sans-bold.ttf");
/// Height of its small letters, in units of the font size.
const EX: f32 = 0.547;

/// Most pixels in a picture: 400 MB of them.
const MOST_PIXELS: u64 = 100_000_000;

impl Svg {
    /// The picture as a PNG of its natural size; see [`scaled_to`](Self::scaled_to).
    ///
    /// Text is set in a font that comes with this crate: Latin, Greek and Cyrillic letters; others show as boxes.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if there are more than 100 million pixels, [`Error::Png`] if they cannot be encoded.
    pub fn png(&self, theme: Theme) -> Result<Vec<u8>, Error> {
        let (width, height) = (self.width, self.height);
        if u64::from(width) * u64::from(height) > MOST_PIXELS {
            let found = format!("{width} x {height}");
            return Err(Error::invalid("size", format!("at most {MOST_PIXELS} pixels"), found));
        }
        let scale = f64::from(width) / f64::from(self.view_box.0);
        let mut map = InkMap::new(width, height, theme::PAPER.in_theme(theme));
        for raster in &self.rasters {
            raster.paint(scale * f64::from(UNITS_PER_PX), |x, y, color| map.set(x, y, color));
        }
        let lines = self.lines(theme);
        let drawing =
            |error: &dyn std::fmt::Display| Error::Drawing(format!("cannot read its own SVG: {error}"));
        let document = Document::parse(&lines).map_err(|error| drawing(&error))?;
        let fonts = [REGULAR, BOLD].map(FontRef::try_from_slice);
        let [Ok(regular), Ok(bold)] = fonts else { return Err(drawing(&"its font is damaged")) };
        let pen = Pen { scale: scale as f32, regular, bold };
        for node in document.root_element().children().filter(Node::is_element) {
            pen.draw(&mut map, node).ok_or_else(|| drawing(&format!("<{}>", node.tag_name().name())))?;
        }
        encode(&map)
    }
}

/// Draws the elements of a picture.
struct Pen {
    /// Pixels to a drawing unit.
    scale: f32,
    regular: FontRef<'static>,
    bold: FontRef<'static>,
}

impl Pen {
    /// None for an element that the canvas does not write.
    fn draw(&self, map: &mut InkMap, node: Node<'_, '_>) -> Option<()> {
        let length = |name: &str| Some(self.scale * node.attribute(name)?.parse::<f32>().ok()?);
        let opacity = node.attribute("opacity").map_or(Some(1.0), |opacity| opacity.parse().ok())?;
        let fill = color(node.attribute("fill").unwrap_or("none"))?;
        let stroke = color(node.attribute("stroke").unwrap_or("none"))?;
        let thickness = length("stroke-width").unwrap_or(self.scale);
        let mut outline = Shape::default();
        let mut line = Shape::default();
        match node.tag_name().name() {
            "rect" => {
                let (x, y, width, height) = (length("x")?, length("y")?, length("width")?, length("height")?);
                let corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
                    .map(|(x, y)| point(x, y));
                outline.polygon(&corners);
                line.strokes(&[&corners[..], &corners[..1]].concat(), thickness);
            }
            "line" => line.strokes(
                &[point(length("x1")?, length("y1")?), point(length("x2")?, length("y2")?)],
                thickness,
            ),
            "polyline" => line.strokes(&self.points(node)?, thickness),
            "polygon" => outline.polygon(&self.points(node)?),
            "circle" => {
                let (x, y, radius) = (length("cx")?, length("cy")?, length("r")?);
                let turn = |i: u8| f32::from(i) / 48.0 * std::f32::consts::TAU;
                let around = (0..48).map(|i| point(x + radius * turn(i).cos(), y + radius * turn(i).sin()));
                outline.polygon(&around.collect::<Vec<_>>());
            }
            "text" => {
                self.text(&mut outline, node, point(length("x")?, length("y")?), length("font-size")?)?;
            }
            _ => return None,
        }
        if let Some(color) = fill {
            map.fill(&outline, color, opacity);
        }
        if let Some(color) = stroke {
            map.fill(&line, color, opacity);
        }
        Some(())
    }

    /// The points of a polygon or a polyline.
    fn points(&self, node: Node<'_, '_>) -> Option<Vec<Point>> {
        let pairs = node.attribute("points")?.split_whitespace();
        let scaled = |number: &str| Some(self.scale * number.parse::<f32>().ok()?);
        pairs
            .map(|pair| pair.split_once(',').and_then(|(x, y)| Some(point(scaled(x)?, scaled(y)?))))
            .collect()
    }

    fn text(&self, outline: &mut Shape, node: Node<'_, '_>, at: Point, size: f32) -> Option<()> {
        let font = if node.attribute("font-weight") == Some("bold") { &self.bold } else { &self.regular };
        let em = font.units_per_em()?;
        let glyphs: Vec<_> =
            node.text().unwrap_or_default().trim().chars().map(|c| font.glyph_id(c)).collect();
        let advance = |glyph: &_| font.h_advance_unscaled(*glyph) / em * size;
        let width: f32 = glyphs.iter().map(advance).sum();
        let mut along = match node.attribute("text-anchor")? {
            "start" => 0.0,
            "middle" => -width / 2.0,
            "end" => -width,
            _ => return None,
        };
        // Text begins at its point, is centred on it or ends there, and reads to the right or upwards.
        let down = match node.attribute("dy")? {
            "0.76em" => 0.76 * size,
            "0.5ex" => 0.5 * EX * size,
            "-0.5ex" => -0.5 * EX * size,
            _ => return None,
        };
        let upwards = match node.attribute("transform") {
            None => false,
            Some(transform) if transform.starts_with("rotate(270,") => true,
            Some(_) => return None,
        };
        for glyph in &glyphs {
            let place = |p: Point| {
                let (right, down) = (along + p.x / em * size, down - p.y / em * size);
                if upwards { point(at.x + down, at.y - right) } else { point(at.x + right, at.y + down) }
            };
            for curve in font.outline(*glyph).into_iter().flat_map(|outline| outline.curves) {
                outline.curve(match curve {
                    OutlineCurve::Line(a, b) => OutlineCurve::Line(place(a), place(b)),
                    OutlineCurve::Quad(a, b, c) => OutlineCurve::Quad(place(a), place(b), place(c)),
                    OutlineCurve::Cubic(a, b, c, d) => {
                        OutlineCurve::Cubic(place(a), place(b), place(c), place(d))
                    }
                });
            }
            along += advance(glyph);
        }
        Some(())
    }
}

/// `#RRGGBB`, or no colour for `none`; nothing for what is neither.
fn color(text: &str) -> Option<Option<(u8, u8, u8)>> {
    if text == "none" {
        return Some(None);
    }
    let channel = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    text.starts_with('#').then_some(())?;
    Some(Some((channel(1)?, channel(3)?, channel(5)?)))
}

fn encode(map: &InkMap) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, map.width(), map.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(map.rgb())?;
    writer.finish()?;
    Ok(bytes)
}
