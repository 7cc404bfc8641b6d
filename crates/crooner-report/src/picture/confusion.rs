//! The confusion matrix.

use super::canvas::{Area, Canvas, LABEL_PX, Type, fill, line, write};
use super::svg::Svg;
use super::theme::{QUIET, RIGHT, RULE, TEXT, WRONG};
use crate::Error;
use crate::check::check_square;
use crate::text::{shortened, width_em};

/// Width to stay within as long as cells do not get too small.
const WIDTH: f64 = 720.0;
/// Side of a cell.
const CELL: std::ops::RangeInclusive<f64> = 17.0..=46.0;
/// Longest artist name, in units of the font size.
const NAME_EM: f64 = 15.0;
/// Font size down to which names may shrink with the picture.
const LEAST_NAME_PX: f64 = 8.5;
/// Space between names and cells, and around the picture.
const GAP: f64 = 8.0;
/// Height of the line that names an axis.
const AXIS_NAME: f64 = 20.0;

/// What the rows are.
const ROWS: &str = "who plays";
/// What the columns are.
const COLUMNS: &str = "named by the classifier";

/// Where things are, in pixels.
struct Layout {
    cell: f64,
    name_px: f64,
    left: f64,
    top: f64,
    side: f64,
}

impl Layout {
    fn new(names: &[String]) -> Self {
        let widest = names.iter().map(|name| width_em(name)).fold(0.0, f64::max);
        let n = names.len() as f64;
        let spare = WIDTH - AXIS_NAME - widest * LABEL_PX - 2.0 * GAP;
        let cell = (spare / n).clamp(*CELL.start(), *CELL.end());
        let name_px = LABEL_PX.min(cell * 0.72);
        let names_px = widest * name_px + GAP;
        Self { cell, name_px, left: AXIS_NAME + names_px, top: AXIS_NAME + names_px, side: n * cell }
    }

    /// Left or top edge of a row or column.
    fn edge(&self, origin: f64, i: usize) -> f64 {
        origin + i as f64 * self.cell
    }
}

/// Who is taken for whom: one row per artist, one column per artist it was given to, both in the order of
/// `names`.
///
/// `counts[truth][predicted]` is written in each cell that is not 0. Colour is the share of the row: blue on
/// the diagonal (right), rust beside it (wrong). The picture is 720 pixels wide at most up to about 30
/// artists, and grows from there on so that names and counts stay readable.
///
/// # Errors
///
/// [`Error::Invalid`] if there are no names or `counts` is not a square of that size.
pub fn confusion_matrix<S: AsRef<str>>(names: &[S], counts: &[Vec<u64>]) -> Result<Svg, Error> {
    if names.is_empty() {
        return Err(Error::invalid("names", "at least one artist", "none"));
    }
    check_square("counts", counts, names.len())?;
    let names: Vec<_> = names.iter().map(|name| shortened(name.as_ref(), NAME_EM)).collect();
    let layout = Layout::new(&names);
    let right = layout.side.max(width_em(COLUMNS) * LABEL_PX);
    let width = (layout.left + right + GAP).ceil() as u32;
    let height = (layout.top + layout.side.max(width_em(ROWS) * LABEL_PX) + GAP).ceil() as u32;
    // What does not fit the page has to be scrolled anyhow, and need not be small as well.
    let shrink = if f64::from(width) > WIDTH { 1.0 } else { (LEAST_NAME_PX / layout.name_px).min(1.0) };
    let min_width = (f64::from(width) * shrink).ceil() as u32;
    Canvas { width, height, min_width, label: label(counts) }.draw(|area| {
        axis_names(area, &layout)?;
        for (i, name) in names.iter().enumerate() {
            let middle = layout.cell / 2.0;
            let row = (layout.left - GAP, layout.edge(layout.top, i) + middle);
            write(area, name, row, Type::new(layout.name_px, TEXT).right())?;
            let column = (layout.edge(layout.left, i) + middle, layout.top - GAP);
            write(area, name, column, Type::new(layout.name_px, TEXT).upwards())?;
        }
        grid(area, &layout, names.len())?;
        for (truth, row) in counts.iter().enumerate() {
            let of: u64 = row.iter().sum();
            for (predicted, &count) in row.iter().enumerate().filter(|&(_, &count)| count > 0) {
                cell(area, &layout, (truth, predicted), count, of)?;
            }
        }
        Ok(())
    })
}

fn axis_names(area: &Area<'_>, layout: &Layout) -> Result<(), Error> {
    // At the first row and column, which are in sight also when the picture has to be scrolled.
    let set = Type::new(LABEL_PX, QUIET);
    write(area, COLUMNS, (layout.left, AXIS_NAME / 2.0), set)?;
    write(area, ROWS, (AXIS_NAME / 2.0, layout.top), set.right().upwards())
}

fn grid(area: &Area<'_>, layout: &Layout, n: usize) -> Result<(), Error> {
    for i in 0..=n {
        let (x, y) = (layout.edge(layout.left, i), layout.edge(layout.top, i));
        line(area, (layout.left, y), (layout.left + layout.side, y), RULE, 0.7)?;
        line(area, (x, layout.top), (x, layout.top + layout.side), RULE, 0.7)?;
    }
    Ok(())
}

fn cell(
    area: &Area<'_>,
    layout: &Layout,
    (truth, predicted): (usize, usize),
    count: u64,
    of: u64,
) -> Result<(), Error> {
    let share = count as f64 / of as f64;
    let ground = if truth == predicted { RIGHT } else { WRONG };
    let (x, y) = (layout.edge(layout.left, predicted), layout.edge(layout.top, truth));
    let inset = 0.35;
    let corner = (x + layout.cell - inset, y + layout.cell - inset);
    // Even a small share must be seen against an empty cell.
    fill(area, (x + inset, y + inset), corner, ground, 0.15 + 0.85 * share)?;
    let text = count.to_string();
    let fits = layout.cell * 0.86 / width_em(&text);
    let size = (layout.cell * 0.6).min(fits).min(13.0);
    let center = (x + layout.cell / 2.0, y + layout.cell / 2.0);
    write(area, &text, center, Type::new(size, TEXT).centered())
}

/// The picture in words.
fn label(counts: &[Vec<u64>]) -> String {
    let total: u64 = counts.iter().flatten().sum();
    let correct: u64 = counts.iter().enumerate().filter_map(|(i, row)| row.get(i)).sum();
    format!("Confusion matrix of {} artists: {correct} of {total} on the diagonal", counts.len())
}
