//! Features over time, what recurs in them, and what lasts.

pub(crate) mod hpss;
pub(crate) mod median;
pub(crate) mod neighbours;
pub(crate) mod over_time;
