//! The one error type of this crate.

/// What a kernel cannot do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KernelError {
    /// A name of kernels that this processor does not run.
    #[error("CROONER_KERNELS: expected one of {available}, found `{name}`")]
    Unknown {
        /// The name given.
        name: String,
        /// The names there are.
        available: String,
    },
    /// A size that is zero, or too small for the pool.
    #[error("{what} must be {expected}, found {found}")]
    Size {
        /// Which size.
        what: &'static str,
        /// The allowed range.
        expected: String,
        /// The size given.
        found: usize,
    },
    /// A buffer that does not have the length its shape asks for.
    #[error("`{what}` must hold {expected} values, found {found}")]
    Length {
        /// Which buffer.
        what: &'static str,
        /// The length of its shape.
        expected: usize,
        /// Its length.
        found: usize,
    },
}

/// Fails unless `values` has the length of its shape.
pub(crate) fn check_length(what: &'static str, values: &[f32], expected: usize) -> Result<(), KernelError> {
    let found = values.len();
    if found == expected { Ok(()) } else { Err(KernelError::Length { what, expected, found }) }
}

/// Fails for a size of zero.
pub(crate) fn check_size(what: &'static str, found: usize) -> Result<(), KernelError> {
    let expected = "at least 1".to_owned();
    if found > 0 { Ok(()) } else { Err(KernelError::Size { what, expected, found }) }
}
