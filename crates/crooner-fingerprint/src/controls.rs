//! What chance gives: the same two recordings, shifted against each other.

use crate::Peak;
use crate::align::{Alignment, PITCH, TIME};

/// Other offsets at which coincidence is counted, and the distance of the nearest: 2 s.
const CONTROLS: usize = 60;
const NEAREST_CONTROL: f64 = 500.0;
/// A control is turned so far either way to bring its beats together: 0.3 s.
const BEAT: f64 = 75.0;
/// Chance is taken to be at least this.
pub(crate) const LEAST_CHANCE: f64 = 0.01;

/// What share of the peaks coincides by chance, and how many times more it scatters than if peaks were independent.
///
/// The track is taken as a ring and turned to [`CONTROLS`] other offsets, spread over it by the golden ratio so that they
/// keep no tempo. From each it is turned on to where, nearby, most peaks coincide in time, whatever their pitch: music by
/// the same clock agrees far more often when its beats do. Chance is the larger of the upper quartile of the ones and the
/// median of the others, since what repeats itself may be in step with a repetition there. Of scatter the smaller counts:
/// the ones scatter with the beat, the others with repetitions, both with what else makes peaks depend on each other.
pub(crate) fn controls(inside: &[Peak], track: &[Peak], alignment: Alignment) -> (f64, f64) {
    let round = track.last().map_or(0.0, |last| f64::from(last.time)) + 1.0;
    let range = (round - 2.0 * NEAREST_CONTROL).max(round / 2.0);
    let nearest = (round - range) / 2.0;
    let ring = Ring { track, round };
    let (anywhere, in_time): (Vec<f64>, Vec<f64>) = (1..=CONTROLS)
        .map(|n| {
            let turned = nearest + (n as f64 * 0.618_033_988_749_895).fract() * range;
            let turned = Alignment { offset: alignment.offset + turned, ..alignment };
            (ring.share(inside, turned), ring.share(inside, ring.in_time(inside, turned)))
        })
        .unzip();
    let [anywhere, in_time] = [anywhere, in_time].map(|shares| Shares::new(shares, inside.len()));
    let chance = anywhere.upper.max(in_time.median).max(LEAST_CHANCE);
    (chance, anywhere.excess.min(in_time.excess).max(1.0))
}

/// Quartiles of the shares of some peaks that coincide.
struct Shares {
    median: f64,
    upper: f64,
    /// Their variance, as a multiple of that of independent peaks.
    excess: f64,
}

impl Shares {
    fn new(mut shares: Vec<f64>, n_peaks: usize) -> Self {
        shares.sort_unstable_by(f64::total_cmp);
        let [lower, median, upper] = [1, 2, 3].map(|quarters| shares[quarters * (shares.len() - 1) / 4]);
        // The quartiles of a normal distribution are 1.349 standard deviations apart.
        let deviation = (upper - lower) / 1.349;
        let chance = upper.max(LEAST_CHANCE);
        let independent = chance * (1.0 - chance) / n_peaks as f64;
        Self { median, upper, excess: deviation * deviation / independent }
    }
}

/// A track whose end is followed by its beginning.
struct Ring<'a> {
    track: &'a [Peak],
    /// Its length.
    round: f64,
}

impl Ring<'_> {
    /// The peaks of the track within so much of where `alignment` puts a peak, and their distances in time.
    fn near(&self, peak: Peak, alignment: Alignment, within: f64) -> impl Iterator<Item = (f64, Peak)> {
        let time = (alignment.speed * f64::from(peak.time) + alignment.offset).rem_euclid(self.round);
        let from = self.track.partition_point(|other| f64::from(other.time) < time - within);
        let distances = self.track[from..].iter().map(move |other| (f64::from(other.time) - time, *other));
        distances.take_while(move |(distance, _)| *distance <= within)
    }

    /// The alignment by at most [`BEAT`] more or less at which most peaks coincide in time.
    fn in_time(&self, inside: &[Peak], alignment: Alignment) -> Alignment {
        const N_TURNS: usize = 2 * BEAT as usize + 1;
        // One unit of time each; what coincides by one turn does by those within the tolerance.
        let mut ends = [0_i32; N_TURNS + 1];
        for &peak in inside {
            for (distance, _) in self.near(peak, alignment, BEAT + TIME) {
                let first = (distance - TIME + BEAT).ceil().max(0.0) as usize;
                let last = (distance + TIME + BEAT).floor();
                if last >= 0.0 && first < N_TURNS {
                    ends[first] += 1;
                    ends[(last as usize + 1).min(N_TURNS)] -= 1;
                }
            }
        }
        let mut best = (0, 0);
        let mut coinciding = 0;
        for (turn, end) in ends[..N_TURNS].iter().enumerate() {
            coinciding += end;
            best = best.max((coinciding, turn));
        }
        Alignment { offset: alignment.offset + best.1 as f64 - BEAT, ..alignment }
    }

    /// The share of peaks that coincide.
    fn share(&self, inside: &[Peak], alignment: Alignment) -> f64 {
        let coincides = |peak: &&Peak| {
            let pitch = f64::from(peak.pitch) - alignment.shift;
            self.near(**peak, alignment, TIME)
                .any(|(_, other)| (f64::from(other.pitch) - pitch).abs() <= PITCH)
        };
        inside.iter().filter(coincides).count() as f64 / inside.len() as f64
    }
}
