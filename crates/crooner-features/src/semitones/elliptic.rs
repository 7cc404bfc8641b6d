//! Design of elliptic (Cauer) band-pass filters.
//!
//! The prototype is that of Orfanidis, *Lecture notes on elliptic filter design* (2006), with elliptic functions by the
//! arithmetic-geometric mean (Abramowitz and Stegun, chapters 16 and 17); then the usual changes from low-pass to band-pass
//! and from analogue to digital.

use std::f64::consts::{FRAC_PI_2, PI};

use rustfft::num_complex::Complex64;

/// A second-order section `(b0 + b1 z⁻¹ + b2 z⁻²) / (1 + a1 z⁻¹ + a2 z⁻²)`: `[b0, b1, b2, a1, a2]`.
pub(crate) type Section = [f64; 5];

/// What a band-pass must do; frequencies are fractions of the Nyquist frequency.
pub(crate) struct BandPass {
    pub(crate) pass: [f64; 2],
    pub(crate) stop: [f64; 2],
    /// The most that may be lost in the pass-band, in dB.
    pub(crate) ripple_db: f64,
    /// The least that must be lost in the stop-bands, in dB.
    pub(crate) attenuation_db: f64,
}

impl BandPass {
    /// The filter of lowest order that does it: `scipy.signal.iirdesign(pass, stop, ..., ftype="ellip", output="sos")`.
    pub(crate) fn sections(&self) -> Vec<Section> {
        let warp = |frequency: f64| (PI * frequency / 2.0).tan();
        let (pass, stop) = (self.pass.map(warp), self.stop.map(warp));
        // Where the nearer stop-band edge comes to lie in the low-pass whose pass-band ends at 1.
        let (width, centre) = (pass[1] - pass[0], pass[0] * pass[1]);
        let selectivity = stop
            .map(|edge| ((edge * edge - centre) / (edge * width)).abs())
            .into_iter()
            .fold(f64::INFINITY, f64::min);
        let prototype = Prototype::new(1.0 / selectivity, self.ripple_db, self.attenuation_db);

        // 4 times the warped edges: the bilinear transform below is that of a sample rate of 2.
        let (half_width, centre) = (2.0 * width, 4.0 * centre.sqrt());
        let band_pass = |root: Complex64| {
            let scaled = root * half_width;
            let offset = (scaled * scaled - centre * centre).sqrt();
            [scaled + offset, scaled - offset]
        };
        let digital = |root: Complex64| (4.0 + root) / (4.0 - root);
        let upper = |roots: &[Complex64]| {
            let mut roots: Vec<Complex64> =
                roots.iter().flat_map(|&root| band_pass(root)).map(digital).collect();
            // One of each conjugate pair.
            roots.retain(|root| root.im > 0.0);
            roots.sort_by(|a, b| a.arg().total_cmp(&b.arg()));
            roots
        };
        let (zeros, poles) = (upper(&prototype.zeros), upper(&prototype.poles));
        // Of an odd order one zero lies at infinity: a pair at 0 Hz and at the Nyquist frequency, paired with the pole in
        // the middle.
        let mut zeros: Vec<[f64; 2]> = zeros.iter().map(|zero| [-2.0 * zero.re, zero.norm_sqr()]).collect();
        if zeros.len() < poles.len() {
            zeros.insert(zeros.len() / 2, [0.0, -1.0]);
        }
        let mut sections: Vec<Section> = zeros
            .iter()
            .zip(&poles)
            .map(|([b1, b2], pole)| [1.0, *b1, *b2, -2.0 * pole.re, pole.norm_sqr()])
            .collect();
        // At the centre of the band the prototype is at 0 Hz, where it is 1 for odd orders and has all its ripple otherwise.
        let gain = if poles.len() % 2 == 1 { 1.0 } else { 10f64.powf(-self.ripple_db / 20.0) };
        let z = digital(Complex64::new(0.0, centre)).inv();
        let response: Complex64 = sections
            .iter()
            .map(|[b0, b1, b2, a1, a2]| (*b0 + z * (*b1 + z * *b2)) / (1.0 + z * (*a1 + z * *a2)))
            .product();
        // Spread over the sections, so that none over- or underflows what it hands on.
        let share = (gain / response.norm()).powf(1.0 / sections.len() as f64);
        for section in &mut sections {
            section[..3].iter_mut().for_each(|b| *b *= share);
        }
        sections
    }
}

/// Poles and zeros of the low-pass whose pass-band ends at 1 radian per second.
struct Prototype {
    zeros: Vec<Complex64>,
    poles: Vec<Complex64>,
}

impl Prototype {
    /// `selectivity` is the end of the pass-band over the beginning of the stop-band.
    fn new(selectivity: f64, ripple_db: f64, attenuation_db: f64) -> Self {
        let lost = |db: f64| (0.1 * db * std::f64::consts::LN_10).exp_m1();
        let ripple = lost(ripple_db);
        let discrimination = ripple / lost(attenuation_db);
        let ratio = |m: f64| complete(m) / complete(1.0 - m);
        let order = (ratio(selectivity * selectivity) / ratio(discrimination)).ceil();

        // The modulus for which the order is just enough, by its nome.
        let nome = (-PI / ratio(discrimination) / order).exp();
        let powers = |exponent: &dyn Fn(i32) -> i32| (1..8).map(|i| nome.powi(exponent(i))).sum::<f64>();
        let fraction = (1.0 + powers(&|i| i * (i + 1))) / (1.0 + 2.0 * powers(&|i| i * i));
        let m = 16.0 * nome * fraction.powi(4);

        let quarter = complete(m);
        let depth = incomplete((1.0 / ripple.sqrt()).atan(), discrimination.sqrt());
        let (sn_v, cn_v, dn_v) = jacobi(quarter * depth / (order * complete(discrimination)), 1.0 - m);
        let (mut zeros, mut poles) = (Vec::new(), Vec::new());
        let n = order as usize;
        for j in ((1 - n % 2)..n).step_by(2) {
            let (sn, cn, dn) = jacobi(j as f64 * quarter / order, m);
            let denominator = 1.0 - (dn * sn_v).powi(2);
            let pole = Complex64::new(-cn * dn * sn_v * cn_v, -sn * dn_v) / denominator;
            poles.push(pole);
            if j > 0 {
                let zero = Complex64::new(0.0, 1.0 / (m.sqrt() * sn));
                zeros.extend([zero, zero.conj()]);
                poles.push(pole.conj());
            }
        }
        Self { zeros, poles }
    }
}

/// Complete elliptic integral of the first kind, `K(m)`.
fn complete(m: f64) -> f64 {
    let (mut a, mut b) = (1.0, (1.0 - m).sqrt());
    while (a - b).abs() > 1e-15 * a {
        (a, b) = ((a + b) / 2.0, (a * b).sqrt());
    }
    FRAC_PI_2 / a
}

/// Incomplete elliptic integral of the first kind `F(φ | m)` for `φ` in `0..π/2`, given `√(1 - m)`.
fn incomplete(mut phi: f64, complementary: f64) -> f64 {
    let (mut a, mut b, mut doublings) = (1.0, complementary, 1.0);
    while (a - b).abs() > 1e-15 * a {
        phi += (b / a * phi.tan()).atan() + PI * (phi / PI + 0.5).floor();
        (a, b) = ((a + b) / 2.0, (a * b).sqrt());
        doublings *= 2.0;
    }
    phi / (doublings * a)
}

/// Jacobi's `sn`, `cn` and `dn` of `u` for the parameter `m` in `0..1`.
fn jacobi(u: f64, m: f64) -> (f64, f64, f64) {
    let mut means = vec![(1.0f64, m.sqrt())];
    let (mut a, mut b) = (1.0, (1.0 - m).sqrt());
    while (a - b).abs() > 1e-15 * a {
        means.push(((a + b) / 2.0, (a - b) / 2.0));
        (a, b) = ((a + b) / 2.0, (a * b).sqrt());
    }
    let mut phi = f64::from(1u32 << (means.len() - 1)) * a * u;
    for &(a, c) in means[1..].iter().rev() {
        phi = (phi + (c / a * phi.sin()).asin()) / 2.0;
    }
    let sn = phi.sin();
    (sn, phi.cos(), (1.0 - m * sn * sn).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12 * expected.abs().max(1.0), "{found} {expected}");
    }

    #[test]
    fn elliptic_functions_are_those_of_scipy() {
        // scipy.special.ellipk(m), ellipkinc(phi, m), ellipj(u, m)
        close(complete(0.3), ELLIPK);
        close(incomplete(1.2, 0.3f64.sqrt()), ELLIPKINC);
        let (sn, cn, dn) = jacobi(0.8, 0.6);
        close(sn, ELLIPJ[0]);
        close(cn, ELLIPJ[1]);
        close(dn, ELLIPJ[2]);
    }

    const ELLIPK: f64 = 1.713889448178791;
    const ELLIPKINC: f64 = 1.4294484330227633;
    const ELLIPJ: [f64; 3] = [0.6855897751159167, 0.7279880907381019, 0.8473370027054786];

    /// Whatever the order: the pass-band's edges lose all of the ripple, its inside no more, the stop-bands at least what they
    /// must.
    #[test]
    fn the_response_keeps_within_its_bands() {
        for (centre, relative_width, ripple_db, attenuation_db) in
            [(0.074, 0.04, 1.0, 50.0), (0.3, 0.04, 1.0, 50.0), (0.38, 0.04, 0.1, 30.0), (0.2, 0.5, 2.0, 80.0)]
        {
            let width = centre * relative_width;
            let design = BandPass {
                pass: [centre - 0.5 * width, centre + 0.5 * width],
                stop: [centre - width, centre + width],
                ripple_db,
                attenuation_db,
            };
            let sections = design.sections();
            let db = |frequency: f64| {
                let z = Complex64::from_polar(1.0, -PI * frequency);
                let response = |[b0, b1, b2, a1, a2]: &Section| {
                    (*b0 + z * (*b1 + z * *b2)) / (1.0 + z * (*a1 + z * *a2))
                };
                20.0 * sections.iter().map(response).product::<Complex64>().norm().log10()
            };
            for edge in design.pass {
                assert!((db(edge) + ripple_db).abs() < 1e-9, "{centre}: {}", db(edge));
            }
            for i in 0..=1000 {
                let part = f64::from(i) / 1000.0;
                let inside = db(design.pass[0] + part * width);
                assert!((-ripple_db - 1e-9..1e-9).contains(&inside), "{centre}: {inside}");
                let below = db(part * design.stop[0]);
                let above = db(design.stop[1] + part * (1.0 - design.stop[1]));
                assert!(
                    below < 1e-6 - attenuation_db && above < 1e-6 - attenuation_db,
                    "{centre}: {below} {above}"
                );
            }
        }
    }
}
