//! Ratios of rates.

/// `numerator / denominator` without common factors.
pub(crate) fn lowest_terms(numerator: u64, denominator: u64) -> (u64, u64) {
    let (mut a, mut b) = (numerator, denominator);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    (numerator / a, denominator / a)
}
