//! Pixels, and shapes with smooth edges filled onto them.

use ab_glyph::{OutlineCurve, Point, point};
use ab_glyph_rasterizer::Rasterizer;

type Rgb = (u8, u8, u8);

/// A picture in pixels.
pub(super) struct InkMap {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

/// Closed outlines, in pixels. Where outlines of one direction overlap, they count once.
#[derive(Default)]
pub(super) struct Shape {
    curves: Vec<OutlineCurve>,
}

impl Shape {
    pub(super) fn curve(&mut self, curve: OutlineCurve) {
        self.curves.push(curve);
    }

    pub(super) fn polygon(&mut self, corners: &[Point]) {
        let following = corners.iter().cycle().skip(1);
        self.curves.extend(corners.iter().zip(following).map(|(a, b)| OutlineCurve::Line(*a, *b)));
    }

    /// A line through `points`. Its ends are cut off, and where it bends a square closes the gap.
    pub(super) fn strokes(&mut self, points: &[Point], thickness: f32) {
        let half = thickness / 2.0;
        for pair in points.windows(2) {
            let (dx, dy) = (pair[1].x - pair[0].x, pair[1].y - pair[0].y);
            let length = dx.hypot(dy);
            if length > 0.0 {
                let (x, y) = (-dy / length * half, dx / length * half);
                let corner = |at: Point, side: f32| point(at.x + side * x, at.y + side * y);
                self.polygon(&[
                    corner(pair[0], -1.0),
                    corner(pair[1], -1.0),
                    corner(pair[1], 1.0),
                    corner(pair[0], 1.0),
                ]);
            }
        }
        if thickness > 1.0 {
            let inner = points.get(1..points.len().saturating_sub(1)).unwrap_or_default();
            // Smaller than the line is wide: it must not stand out.
            let reach = 0.7 * half;
            for at in inner {
                let corners = [(-reach, -reach), (reach, -reach), (reach, reach), (-reach, reach)];
                self.polygon(&corners.map(|(x, y)| point(at.x + x, at.y + y)));
            }
        }
    }

    fn points(&self) -> impl Iterator<Item = Point> {
        self.curves.iter().flat_map(|curve| match *curve {
            OutlineCurve::Line(a, b) => [a, b, b, b],
            OutlineCurve::Quad(a, b, c) => [a, b, c, c],
            OutlineCurve::Cubic(a, b, c, d) => [a, b, c, d],
        })
    }
}

impl InkMap {
    pub(super) fn new(width: u32, height: u32, (red, green, blue): Rgb) -> Self {
        let rgb = [red, green, blue].repeat(width as usize * height as usize);
        Self { width, height, rgb }
    }

    pub(super) fn width(&self) -> u32 {
        self.width
    }

    pub(super) fn height(&self) -> u32 {
        self.height
    }

    /// Red, green and blue of every pixel, row by row from the top.
    pub(super) fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// Sets a pixel, if there is one.
    pub(super) fn set(&mut self, x: u32, y: u32, color: [u8; 3]) {
        self.mix(i64::from(x), i64::from(y), color, 1.0);
    }

    pub(super) fn fill(&mut self, shape: &Shape, (red, green, blue): Rgb, opacity: f32) {
        let far = f32::INFINITY;
        let (mut low, mut high) = (point(far, far), point(-far, -far));
        for p in shape.points() {
            low = point(low.x.min(p.x), low.y.min(p.y));
            high = point(high.x.max(p.x), high.y.max(p.y));
        }
        // Far outside, or no shape at all.
        let reach = (self.width.max(self.height) as f32 + 1.0) * 2.0;
        if !(low.x > -reach && low.y > -reach && high.x < reach && high.y < reach) {
            return;
        }
        let (left, top) = (low.x.floor(), low.y.floor());
        let [width, height] = [high.x - left, high.y - top].map(|size| size.ceil() as usize + 1);
        let mut rasterizer = Rasterizer::new(width, height);
        let inside = |p: Point| point(p.x - left, p.y - top);
        for curve in &shape.curves {
            match *curve {
                OutlineCurve::Line(a, b) => rasterizer.draw_line(inside(a), inside(b)),
                OutlineCurve::Quad(a, b, c) => rasterizer.draw_quad(inside(a), inside(b), inside(c)),
                OutlineCurve::Cubic(a, b, c, d) => {
                    rasterizer.draw_cubic(inside(a), inside(b), inside(c), inside(d));
                }
            }
        }
        rasterizer.for_each_pixel_2d(|x, y, cover| {
            let (x, y) = (left as i64 + i64::from(x), top as i64 + i64::from(y));
            self.mix(x, y, [red, green, blue], cover.min(1.0) * opacity);
        });
    }

    fn mix(&mut self, x: i64, y: i64, color: [u8; 3], share: f32) {
        let (width, height) = (i64::from(self.width), i64::from(self.height));
        if share > 0.0 && (0..width).contains(&x) && (0..height).contains(&y) {
            let at = 3 * (y * width + x) as usize;
            for (old, new) in self.rgb[at..at + 3].iter_mut().zip(color) {
                let mixed = f32::from(*old) + (f32::from(new) - f32::from(*old)) * share;
                *old = mixed.round() as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> InkMap {
        InkMap::new(4, 3, (0, 0, 0))
    }

    fn reds(map: &InkMap) -> Vec<u8> {
        map.rgb().iter().step_by(3).copied().collect()
    }

    #[test]
    fn a_pixel_takes_as_much_ink_as_it_is_covered() {
        let mut map = map();
        let mut shape = Shape::default();
        shape.polygon(&[(1.0, 1.0), (2.5, 1.0), (2.5, 2.0), (1.0, 2.0)].map(|(x, y)| point(x, y)));
        map.fill(&shape, (200, 0, 0), 1.0);
        assert_eq!(reds(&map), [0, 0, 0, 0, 0, 200, 100, 0, 0, 0, 0, 0]);
        map.fill(&shape, (0, 0, 0), 0.5);
        assert_eq!(reds(&map)[5], 100);
    }

    #[test]
    fn lines_have_their_thickness_whatever_their_direction() {
        for (from, to) in [((0.0, 1.5), (4.0, 1.5)), ((4.0, 1.5), (0.0, 1.5))] {
            let mut map = map();
            let mut shape = Shape::default();
            shape.strokes(&[point(from.0, from.1), point(to.0, to.1)], 1.0);
            map.fill(&shape, (200, 0, 0), 1.0);
            assert_eq!(reds(&map), [0, 0, 0, 0, 200, 200, 200, 200, 0, 0, 0, 0]);
        }
    }

    #[test]
    fn what_lies_outside_is_cut_off() {
        let mut map = map();
        let mut shape = Shape::default();
        shape.polygon(&[(-3.0, -3.0), (9.0, -3.0), (9.0, 9.0), (-3.0, 9.0)].map(|(x, y)| point(x, y)));
        map.fill(&shape, (7, 0, 0), 1.0);
        assert_eq!(reds(&map), [7; 12]);
        let mut far = Shape::default();
        far.polygon(&[(0.0, 0.0), (1e9, 0.0), (0.0, 1e9)].map(|(x, y)| point(x, y)));
        map.fill(&far, (9, 0, 0), 1.0);
        map.fill(&Shape::default(), (9, 0, 0), 1.0);
        assert_eq!(reds(&map), [7; 12]);
    }
}
