//! One file for each sub-command, and what they share.

pub(crate) mod audit;
mod audit_page;
pub(crate) mod datasets;
pub(crate) mod evaluate;
pub(crate) mod features;
pub(crate) mod info;
mod leakage;
pub(crate) mod picture;
pub(crate) mod predict;
pub(crate) mod prepare_data;
mod scores;
mod sources;
pub(crate) mod split;
pub(crate) mod store;
pub(crate) mod train;
