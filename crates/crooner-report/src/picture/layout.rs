//! Size and heading of a picture.

use super::axes::Margins;
use super::canvas::{Area, Type, write};
use super::theme::{QUIET, TEXT};
use crate::Error;
use crate::text::{shortened, width_em};

/// Height of a heading, and its size.
const HEADING: f64 = 30.0;
const TITLE_PX: f64 = 15.0;
const DETAILS_PX: f64 = 12.5;

/// Size and heading of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout<'a> {
    /// Width in CSS pixels.
    pub width: u32,
    /// Height in CSS pixels.
    pub height: u32,
    /// What stands above the picture in bold; empty for nothing.
    pub title: &'a str,
    /// What stands beside the title.
    pub details: &'a str,
}

impl Default for Layout<'_> {
    fn default() -> Self {
        Self { width: 720, height: 300, title: "", details: "" }
    }
}

impl Layout<'_> {
    /// `margins` with room for the heading.
    pub(super) fn margins(&self, margins: Margins) -> Margins {
        if self.title.is_empty() { margins } else { Margins { top: margins.top + HEADING, ..margins } }
    }

    /// Width and height between the margins.
    pub(super) fn room(&self, margins: Margins) -> Result<(f64, f64), Error> {
        const LEAST: f64 = 80.0;
        const MOST: u32 = 20_000;
        for (key, pixels, around) in [
            ("layout.width", self.width, margins.left + margins.right),
            ("layout.height", self.height, margins.top + margins.bottom),
        ] {
            if f64::from(pixels) < around + LEAST || pixels > MOST {
                let least = (around + LEAST).ceil();
                return Err(Error::invalid(key, format!("from {least} to {MOST} pixels"), pixels));
            }
        }
        let width = f64::from(self.width) - margins.left - margins.right;
        Ok((width, f64::from(self.height) - margins.top - margins.bottom))
    }

    /// Writes title and details above the chart.
    pub(super) fn heading(&self, area: &Area<'_>, margins: Margins) -> Result<(), Error> {
        if self.title.is_empty() {
            return Ok(());
        }
        let room = f64::from(self.width) - margins.left - 12.0;
        let title = shortened(self.title, room / TITLE_PX);
        let (left, y) = (margins.left, 20.0);
        write(area, &title, (left, y), Type::new(TITLE_PX, TEXT).bold())?;
        // Bold letters are wider than those that are measured.
        let taken = width_em(&title) * TITLE_PX * 1.12 + 12.0;
        if room - taken < 3.0 * DETAILS_PX {
            return Ok(());
        }
        let details = shortened(self.details, (room - taken) / DETAILS_PX);
        write(area, &details, (left + room, y), Type::new(DETAILS_PX, QUIET).right())
    }
}
