//! The palette, in a light and a dark half.
//!
//! Pictures are drawn in the light colours. A stylesheet recolours them for dark surroundings by matching
//! on the colour itself, so the drawing code knows one palette and a program that ignores stylesheets still
//! shows a complete light picture.

use plotters::style::RGBColor;

use super::svg::Theme;

/// A colour of the palette: what it is on paper, and what stands for it in the dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ink {
    /// Name of the CSS custom property in the HTML page.
    pub(crate) name: &'static str,
    pub(crate) light: (u8, u8, u8),
    pub(crate) dark: (u8, u8, u8),
}

/// The background.
pub(crate) const PAPER: Ink = Ink { name: "paper", light: (0xFF, 0xFF, 0xFF), dark: (0x15, 0x17, 0x1A) };
/// Text.
pub(crate) const TEXT: Ink = Ink { name: "text", light: (0x1C, 0x1D, 0x1F), dark: (0xE6, 0xE4, 0xDF) };
/// Labels, captions, what is secondary.
pub(crate) const QUIET: Ink = Ink { name: "quiet", light: (0x5B, 0x5E, 0x63), dark: (0xA5, 0xA7, 0xAB) };
/// Rules and grid lines.
pub(crate) const RULE: Ink = Ink { name: "rule", light: (0xDA, 0xDB, 0xDD), dark: (0x37, 0x3B, 0x40) };
/// What is right, and the first of two curves.
pub(crate) const BLUE: Ink = Ink { name: "blue", light: (0x1F, 0x5A, 0x96), dark: (0x7F, 0xB4, 0xE6) };
/// What is wrong, and the second of two curves. Told from the blue by every kind of colour vision.
pub(crate) const RUST: Ink = Ink { name: "rust", light: (0xB2, 0x4A, 0x16), dark: (0xF2, 0x9A, 0x6B) };
/// The blue as a ground for text.
pub(crate) const RIGHT: Ink = Ink { name: "right", light: (0x76, 0xA8, 0xDA), dark: (0x2A, 0x5C, 0x92) };
/// The rust as a ground for text.
pub(crate) const WRONG: Ink = Ink { name: "wrong", light: (0xE8, 0x99, 0x6F), dark: (0x8C, 0x45, 0x22) };

/// The whole palette.
pub(crate) const ALL: [Ink; 8] = [PAPER, TEXT, QUIET, RULE, BLUE, RUST, RIGHT, WRONG];

impl Ink {
    /// The light colour, for drawing.
    pub(crate) fn color(self) -> RGBColor {
        let (red, green, blue) = self.light;
        RGBColor(red, green, blue)
    }

    pub(crate) fn in_theme(self, theme: Theme) -> (u8, u8, u8) {
        match theme {
            Theme::Light => self.light,
            Theme::Dark => self.dark,
        }
    }
}

/// A colour as CSS, in the spelling plotters gives it: the dark half is matched on these very characters.
pub(crate) fn hex((red, green, blue): (u8, u8, u8)) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}

/// CSS rules that turn every light colour under `scope` into its dark counterpart.
pub(crate) fn dark_rules(scope: &str) -> String {
    let rule = |ink: Ink, property: &str| {
        let (light, dark) = (hex(ink.light), hex(ink.dark));
        format!("{scope}[{property}=\"{light}\"]{{{property}:{dark}}}")
    };
    ALL.into_iter().flat_map(|ink| ["fill", "stroke"].map(|property| rule(ink, property))).collect()
}

/// SVG elements in the light colours with those of `theme` in their place.
pub(crate) fn recolored(elements: &str, theme: Theme) -> String {
    // An attribute's value is between quotes, which text has only escaped.
    const BEFORE: &str = "=\"#";
    let mut parts = elements.split(BEFORE);
    let mut recolored = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (color, rest) = part.split_at_checked(6).unwrap_or((part, ""));
        let ink = ALL.into_iter().find(|ink| hex(ink.light)[1..] == *color);
        recolored += BEFORE;
        recolored += &ink.map_or_else(|| color.to_owned(), |ink| hex(ink.in_theme(theme))[1..].to_owned());
        recolored += rest;
    }
    recolored
}

#[cfg(test)]
mod tests {
    use super::*;

    type Rgb = (u8, u8, u8);

    /// Relative luminance, as WCAG 2 defines it.
    fn luminance((red, green, blue): Rgb) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    /// Contrast, as WCAG 2 defines it.
    fn contrast(a: Rgb, b: Rgb) -> f64 {
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        (a / b).max(b / a)
    }

    #[test]
    fn all_text_has_the_contrast_that_wcag_asks_for() {
        let text_on =
            [(TEXT, PAPER), (QUIET, PAPER), (BLUE, PAPER), (RUST, PAPER), (TEXT, RIGHT), (TEXT, WRONG)];
        for (ink, ground) in text_on {
            for (ink_color, ground_color) in [(ink.light, ground.light), (ink.dark, ground.dark)] {
                let contrast = contrast(ink_color, ground_color);
                assert!(contrast >= 4.5, "{} on {}: {contrast:.2}", ink.name, ground.name);
            }
        }
    }

    #[test]
    fn the_colours_of_attributes_are_exchanged_and_nothing_else() {
        let elements = "<text fill=\"#1C1D1F\" stroke=\"#123456\">#1C1D1F</text><rect fill=\"#FFFFFF\"/>";
        assert_eq!(recolored(elements, Theme::Light), elements);
        let dark = "<text fill=\"#E6E4DF\" stroke=\"#123456\">#1C1D1F</text><rect fill=\"#15171A\"/>";
        assert_eq!(recolored(elements, Theme::Dark), dark);
    }

    #[test]
    fn a_light_colour_stands_for_one_dark_colour() {
        for (i, a) in ALL.iter().enumerate() {
            assert!(ALL[..i].iter().all(|b| b.light != a.light && b.name != a.name));
        }
    }
}
