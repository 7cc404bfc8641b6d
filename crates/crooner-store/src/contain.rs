//! Panics of the readers of Arrow and Parquet.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs a reader of Arrow or Parquet: both believe some of the numbers of a damaged file, and panic. That becomes a message.
///
/// What `read` borrows must not be used again after a panic.
pub(crate) fn without_panic<T>(read: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(read)).map_err(|payload| {
        let formatted = payload.downcast_ref::<String>().map(String::as_str);
        formatted
            .or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("its reader panicked")
            .to_owned()
    })
}
