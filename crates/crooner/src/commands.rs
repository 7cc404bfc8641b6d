//! One file for each sub-command, and what they share.

pub(crate) mod audit;
mod audit_page;
pub(crate) mod compare;
pub(crate) mod datasets;
pub(crate) mod evaluate;
pub(crate) mod export;
pub(crate) mod features;
mod find_rate;
mod fitting;
pub(crate) mod import;
pub(crate) mod info;
mod leakage;
mod listening;
mod model;
pub(crate) mod models;
pub(crate) mod picture;
pub(crate) mod predict;
pub(crate) mod prepare_data;
mod scores;
mod seeds;
mod sources;
pub(crate) mod split;
mod split_summary;
pub(crate) mod store;
pub(crate) mod train;
mod verify;
