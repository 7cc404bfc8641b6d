//! The frequency response of soxr's high-quality recipe (`soxr_hq`), for any ratio of rates.
//!
//! libsoxr runs a chain: halvings while the ratio is 4 or more, a sharp low-pass at the lower of the
//! two Nyquist frequencies, for most ratios a short polyphase interpolator, and for large
//! upsampling a final interpolation by a power of two. Only two of these shape the signal: the sharp low-pass, and the
//! interpolator's droop (about -0.01 dB at the edge of the pass-band). Both are Kaiser-windowed
//! sincs, so the whole chain is a zero-phase filter that is the product of two known responses. The halvings matter only
//! at the beginning of a signal (`start`).
//! Frequencies here are relative to the lower of the two rates.
//!
//! The rules and numbers below are those of libsoxr 0.1.3, its longer formulas replaced by fits over the range
//! that occurs here; `tests/resample/soxr.rs` states how well its output is met.

use crate::kaiser::KaiserSinc;
use crate::ratio::lowest_terms;

/// End of the pass-band, as a fraction of the lower Nyquist frequency; the stop-band begins at 1.
const PASS_BAND: f64 = 0.913_743_65;
/// Attenuation of a filter that stands alone: 20 bits and one more shared by pass- and stop-band.
const ATTENUATION_DB: f64 = 21.0 * DB_PER_BIT;
/// What one bit is worth: `20 log10(2)`.
const DB_PER_BIT: f64 = 6.020_599_913_279_624;
/// The interpolator's window.
const INTERPOLATOR_BETA: f64 = 14.058_638_7;
/// How much wider than its free band the interpolator's transition is: this is its -0.01 dB point.
const INTERPOLATOR_WIDENING: f64 = 1.143_886_195_5;
/// The interpolator is smooth: this many points a sample give its response to better than -140 dB.
const INTERPOLATOR_DENSITY: f64 = 16.0;
/// The interpolator's tables are this fine at most.
const MAX_PHASES: u64 = 2048;

/// A zero-phase filter for one ratio of rates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Response {
    pub(crate) low_pass: Filter,
    pub(crate) interpolator: Option<Filter>,
    /// Whether the interpolator comes before the low-pass.
    pub(crate) interpolator_first: bool,
    /// Halvings before these two.
    pub(crate) halvings: u32,
    /// Whether an interpolation by a power of two comes after them.
    pub(crate) interpolated_last: bool,
}

/// A kernel and the rate its time axis is counted in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Filter {
    pub(crate) kernel: KaiserSinc,
    /// Rate of the kernel's samples over the lower of the two rates.
    pub(crate) rate: f64,
    /// Points tabulated per sample of the kernel.
    density: f64,
}

impl Response {
    /// The filter for `up / down` (output rate over input rate, in lowest terms, not 1/1).
    pub(crate) fn new(up: u64, down: u64) -> Self {
        let (halvings, post) = (halvings(up, down), post_interpolation(up, down));
        // What is left between halvings and final interpolation.
        let (up, down) = lowest_terms(up << halvings, down * post);
        let interpolated_last = post > 1;
        let extra_stages = halvings + u32::from(interpolated_last);
        if up.max(down) < 5 || up * down < 6 {
            let attenuation = ATTENUATION_DB + decibels(1 + extra_stages);
            let granularity = if up > down && up.is_power_of_two() { 2 * up } else { 4 };
            let low_pass = low_pass(up.max(down) as f64, attenuation, granularity);
            return Self {
                low_pass,
                interpolator: None,
                interpolator_first: false,
                halvings,
                interpolated_last,
            };
        }

        let ratio = down as f64 / up as f64;
        // Rate at which the low-pass runs, its neighbours' rate, the interpolator's bands in units
        // of that rate's Nyquist frequency, and the step of its table.
        let next_to_one = 2 * down >= 3 * up && down < 2 * up;
        let (rate, phases) = if down < up {
            (2.0, lowest_terms(up, 2 * down).0)
        } else if next_to_one {
            (2.0, lowest_terms(2 * up, down).0)
        } else if down < 2 * up {
            (2.0 * ratio, lowest_terms(up, 2 * down).0)
        } else {
            (ratio, up)
        };
        let interpolator = if next_to_one {
            interpolator(PASS_BAND / ratio, 3.0 / ratio, ratio, phases, false)
        } else {
            let stop = 2.0 - (0.3 * PASS_BAND + 0.7) / rate;
            interpolator(PASS_BAND / rate, stop, rate, phases, down > up)
        };
        let attenuation = ATTENUATION_DB + DB_PER_BIT + decibels(1 + extra_stages);
        Self {
            low_pass: low_pass(rate, attenuation, 4),
            interpolator: Some(interpolator),
            interpolator_first: next_to_one,
            halvings,
            interpolated_last,
        }
    }

    /// Half the length of the impulse response, in samples of the lower rate.
    pub(crate) fn half_width(&self) -> f64 {
        let filters = std::iter::once(&self.low_pass).chain(&self.interpolator);
        filters.map(|filter| filter.kernel.half_width / filter.rate).sum()
    }

    /// The gain at frequencies `0, 1/n, 2/n, ...` (`n_bins` of them), cycles per sample of the lower rate.
    pub(crate) fn sample(&self, n: usize, n_bins: usize) -> Vec<f64> {
        let mut gains = vec![1.0; n_bins];
        for filter in std::iter::once(&self.low_pass).chain(&self.interpolator) {
            filter.kernel.multiply_response(filter.density, 1.0 / (n as f64 * filter.rate), &mut gains);
        }
        gains
    }
}

/// The sharp low-pass, designed at `rate` times the lower rate.
///
/// Its number of taps is one more than a multiple of `granularity`.
fn low_pass(rate: f64, attenuation_db: f64, granularity: u64) -> Filter {
    let half_transition = 0.5 * (1.0 - PASS_BAND);
    let excess = attenuation_db - ATTENUATION_DB;
    let beta = 13.040_037 + excess * (0.111_411 + 1.116e-5 * excess);
    let least = (taps_for(beta) * rate / half_transition + 1.0).ceil() as u64;
    let n_taps = (least - 1).div_ceil(granularity) * granularity + 1;
    let kernel =
        KaiserSinc { cutoff: 0.5 * (1.0 - half_transition) / rate, beta, half_width: 0.5 * n_taps as f64 };
    Filter { kernel, rate, density: 1.0 }
}

/// The short interpolator with its bands in units of the Nyquist frequency of `rate` (relative to the lower rate).
fn interpolator(pass: f64, stop: f64, rate: f64, phases: u64, even: bool) -> Filter {
    let half_transition = 0.5 * (stop - pass) * INTERPOLATOR_WIDENING;
    // Beyond what any window of this depth needs, the transition would reach below zero frequency.
    let half_transition = half_transition.min(0.5 * stop);
    let phases = phases.min(MAX_PHASES);
    let table = phases.max(19) as f64;
    let n_taps = ((taps_for(INTERPOLATOR_BETA) * table / half_transition + 1.0).ceil() / table).floor() + 1.0;
    let n_taps = n_taps + if even { n_taps % 2.0 } else { 0.0 };
    let phases = if n_taps % 2.0 == 1.0 && phases % 2 == 1 { 2 * phases } else { phases };
    let kernel = KaiserSinc {
        cutoff: 0.5 * (stop - half_transition),
        beta: INTERPOLATOR_BETA,
        half_width: 0.5 * n_taps - 0.25 / phases as f64,
    };
    Filter { kernel, rate, density: INTERPOLATOR_DENSITY }
}

/// Taps of a Kaiser window times half its transition (as a fraction of Nyquist).
fn taps_for(beta: f64) -> f64 {
    let excess = beta - 13.0;
    8.276_865 + excess * (0.636_473 + 5.47e-5 * excess)
}

/// Halvings ahead of everything else: what is left is below 4.
fn halvings(up: u64, down: u64) -> u32 {
    let mut count = 0;
    while down >= (4 * up) << count {
        count += 1;
    }
    count
}

/// Interpolation after everything else: for upsampling by more than 4, but for 5.
fn post_interpolation(up: u64, down: u64) -> u64 {
    if up <= 4 * down || up == 5 * down {
        return 1;
    }
    let mut factor = 4;
    while factor < 256 && up >= 8 * factor * down {
        factor *= 2;
    }
    factor
}

fn decibels(amplitude: u32) -> f64 {
    20.0 * f64::from(amplitude).log10()
}
