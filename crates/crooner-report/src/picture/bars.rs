//! Scores as bars: per artist, and with intervals against chance.

use super::axes::round_ticks;
use super::canvas::{Area, Canvas, LABEL_PX, Type, fill, line, write};
use super::svg::Svg;
use super::theme::{BLUE, QUIET, RULE, TEXT};
use crate::check::{check_score, share};
use crate::text::{shortened, width_em};
use crate::{Error, Score};

/// The scale from 0 to 1 that both pictures have.
struct Scale {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Scale {
    /// Room for the figures under the scale.
    const FIGURES: f64 = 26.0;

    fn x(&self, value: f64) -> f64 {
        self.left + value.clamp(0.0, 1.0) * (self.right - self.left)
    }

    fn marks() -> Vec<f64> {
        round_ticks(&(0.0..1.0), 5, 0.0)
    }

    /// A thin line down at every mark.
    fn grid(&self, area: &Area<'_>) -> Result<(), Error> {
        Self::marks().into_iter().try_for_each(|mark| {
            let x = self.x(mark);
            line(area, (x, self.top), (x, self.bottom), RULE, 1.0)
        })
    }

    /// A figure under every mark.
    fn figures(&self, area: &Area<'_>) -> Result<(), Error> {
        Self::marks().into_iter().try_for_each(|mark| {
            let place = (self.x(mark), self.bottom + 13.0);
            write(area, &format!("{mark:.1}"), place, Type::new(LABEL_PX, QUIET).centered())
        })
    }
}

/// F1 of each artist as a horizontal bar from 0 to 1, in the order given.
///
/// `None` (an artist with no test item who was never named) has no bar and reads "undefined".
///
/// # Errors
///
/// [`Error::Invalid`] if there are no artists, if the two slices differ in length, or if a value is not in
/// `0..=1`.
pub fn f1_bars<S: AsRef<str>>(names: &[S], f1: &[Option<f64>]) -> Result<Svg, Error> {
    const WIDTH: u32 = 720;
    const ROW: f64 = 24.0;
    const NAME_EM: f64 = 22.0;
    const FIGURE: f64 = 84.0;
    if names.is_empty() {
        return Err(Error::invalid("names", "at least one artist", "none"));
    }
    if f1.len() != names.len() {
        return Err(Error::invalid("f1", format!("{} values, one per name", names.len()), f1.len()));
    }
    for (i, value) in f1.iter().enumerate() {
        value.map_or(Ok(()), |value| share(&format!("f1[{i}]"), value))?;
    }
    let names: Vec<_> = names.iter().map(|name| shortened(name.as_ref(), NAME_EM)).collect();
    let widest = names.iter().map(|name| width_em(name)).fold(0.0, f64::max);
    let (left, right, top) = (widest * LABEL_PX + 14.0, f64::from(WIDTH) - FIGURE, 4.0);
    let scale = Scale { left, right, top, bottom: top + names.len() as f64 * ROW };
    let height = (scale.bottom + Scale::FIGURES).ceil() as u32;
    let label = format!("F1 of each of {} artists, on a scale from 0 to 1", names.len());
    Canvas { width: WIDTH, height, min_width: 560, label }.draw(|area| {
        scale.grid(area)?;
        scale.figures(area)?;
        for (row, (name, value)) in names.iter().zip(f1).enumerate() {
            let y = top + (row as f64 + 0.5) * ROW;
            write(area, name, (left - 12.0, y), Type::new(LABEL_PX, TEXT).right())?;
            let figure = match value {
                Some(value) => {
                    fill(area, (left, y - 7.0), (scale.x(*value), y + 7.0), BLUE, 1.0)?;
                    format!("{value:.3}")
                }
                None => "undefined".to_owned(),
            };
            write(area, &figure, (right + 14.0, y), Type::new(LABEL_PX, TEXT))?;
        }
        Ok(())
    })
}

/// One row of [`score_bars`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreBar<'a> {
    /// What was scored.
    pub name: &'a str,
    /// The score and its interval.
    pub score: Score,
}

/// Scores as marks on a scale from 0 to 1, each over its interval, and chance as a vertical line.
///
/// # Errors
///
/// [`Error::Invalid`] if there are no rows, or if a score or `chance` is not in `0..=1`.
pub fn score_bars(rows: &[ScoreBar<'_>], chance: f64) -> Result<Svg, Error> {
    const WIDTH: u32 = 372;
    const ROW: f64 = 46.0;
    if rows.is_empty() {
        return Err(Error::invalid("rows", "at least one score", "none"));
    }
    share("chance", chance)?;
    for row in rows {
        check_score(row.name, row.score)?;
    }
    let (left, right, top) = (12.0, f64::from(WIDTH) - 12.0, 4.0);
    let scale = Scale { left, right, top, bottom: top + rows.len() as f64 * ROW + 4.0 };
    let height = (scale.bottom + Scale::FIGURES + 16.0).ceil() as u32;
    let list: Vec<_> = rows.iter().map(|row| format!("{} {:.3}", row.name, row.score.value)).collect();
    let label = format!("{}; chance {chance:.3}", list.join(", "));
    let quiet = Type::new(LABEL_PX, QUIET);
    Canvas { width: WIDTH, height, min_width: 0, label }.draw(|area| {
        for (i, ScoreBar { name, score }) in rows.iter().enumerate() {
            let words = top + i as f64 * ROW + 10.0;
            write(area, name, (left, words), Type::new(LABEL_PX, TEXT))?;
            let interval = format!("{:.2}–{:.2}", score.low, score.high);
            write(area, &interval, (right, words), quiet.right())?;
            let value = format!("{:.3}", score.value);
            // The reader's font may be wider than the one that is reckoned with.
            let before = right - 1.15 * width_em(&interval) * LABEL_PX - 8.0;
            write(area, &value, (before, words), Type::new(LABEL_PX, TEXT).bold().right())?;
            let y = words + 18.0;
            line(area, (left, y), (right, y), RULE, 1.0)?;
            fill(area, (scale.x(score.low), y - 3.5), (scale.x(score.high), y + 3.5), BLUE, 0.35)?;
            let [at, guess] = [score.value, chance].map(|value| scale.x(value));
            line(area, (guess, y - 8.0), (guess, y + 8.0), QUIET, 1.4)?;
            fill(area, (at - 1.6, y - 8.0), (at + 1.6, y + 8.0), BLUE, 1.0)?;
        }
        line(area, (left, scale.bottom), (right, scale.bottom), QUIET, 1.0)?;
        scale.figures(area)?;
        // Its own line, under the figures, as it may stand anywhere between them.
        let text_reach = width_em("chance") * LABEL_PX / 2.0;
        let x = scale.x(chance).clamp(left + text_reach - 10.0, right - text_reach + 10.0);
        write(area, "chance", (x, scale.bottom + 30.0), quiet.centered())
    })
}
