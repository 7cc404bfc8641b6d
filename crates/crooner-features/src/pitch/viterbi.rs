//! The most likely path through pitches and voicing, for pYIN.

/// Log-probabilities of moving between `2 n` states: `n` pitches voiced, then the same unvoiced. A step moves the pitch by
/// up to half the width of a triangle and, with a small probability, switches the voicing.
///
/// Dynamic programming over all pairs of states is what makes pYIN slow. Here a step costs `n · width` times two: only
/// pitches within the triangle are compared, the same maxima serve both voicings, and what lies outside the triangle is
/// reached through the best of all states at the probability of rounding, as in librosa.
pub(crate) struct PitchTransitions {
    n: usize,
    /// Logarithms of the triangle, by the earlier pitch less the later one.
    log_triangle: Vec<f64>,
    /// The earlier pitch of `log_triangle[0]` less the later one.
    lowest: isize,
    /// Logarithm of the sum of what is left of the triangle at each earlier pitch.
    log_total: Vec<f64>,
    log_stay: f64,
    log_switch: f64,
}

/// `librosa.util.tiny`, added before logarithms are taken.
const TINY: f64 = f64::MIN_POSITIVE;

/// Logarithm of a probability as librosa takes it.
pub(crate) fn log_probability(p: f64) -> f64 {
    (p + TINY).ln()
}

impl PitchTransitions {
    /// `width` is in `1..=n`.
    pub(crate) fn new(n: usize, width: usize, switch_prob: f64) -> Self {
        // Where `transition_local` centres a window of even width.
        let centre = n - n / 2 - 1 - (n - width) / 2;
        let weight = |i: usize| {
            let from_end = i.min(width - 1 - i);
            if width % 2 == 1 {
                2.0 * (from_end + 1) as f64 / (width + 1) as f64
            } else {
                (2 * from_end + 1) as f64 / width as f64
            }
        };
        // A move by `i - centre` upwards; those further than half the width are knocked out.
        let reach = width / 2;
        let inside = |i: &usize| i.abs_diff(centre) <= reach;
        let triangle: Vec<(isize, f64)> =
            (0..width).filter(inside).map(|i| (i as isize - centre as isize, weight(i))).collect();
        let total = |from: usize| -> f64 {
            let lands = |(step, _): &&(isize, f64)| (0..n as isize).contains(&(from as isize + step));
            triangle.iter().filter(lands).map(|(_, weight)| weight).sum()
        };
        // By rising earlier pitch: the largest step upwards first.
        let lowest = -triangle.last().map_or(0, |(step, _)| *step);
        let log_triangle = triangle.iter().rev().map(|(_, weight)| weight.ln()).collect();
        Self {
            n,
            log_triangle,
            lowest,
            log_total: (0..n).map(|from| total(from).ln()).collect(),
            log_stay: log_probability(1.0 - switch_prob),
            log_switch: log_probability(switch_prob),
        }
    }

    /// For each later pitch the best earlier one within the triangle, and its log-probability with the move's.
    fn best_moves(&self, values: &[f64], scaled: &mut [f64], best: &mut [f64], from: &mut [f64]) {
        for ((scaled, value), total) in scaled.iter_mut().zip(values).zip(&self.log_total) {
            *scaled = value - total;
        }
        best.fill(f64::NEG_INFINITY);
        for (i, &log_weight) in self.log_triangle.iter().enumerate() {
            let move_down = self.lowest + i as isize;
            // The later pitch plus `move_down` is the earlier one.
            let first = (-move_down).max(0) as usize;
            let first_from = move_down.max(0) as usize;
            let n = self.n.saturating_sub(move_down.unsigned_abs());
            let candidates = scaled[first_from..][..n].iter();
            let outputs = best[first..][..n].iter_mut().zip(&mut from[first..][..n]);
            let step = move_down as f64;
            for (candidate, (best, from)) in candidates.zip(outputs) {
                let value = candidate + log_weight;
                let better = value > *best;
                *best = if better { value } else { *best };
                *from = if better { step } else { *from };
            }
        }
    }
}

/// Takes the observations of frame after frame, then tells the most likely states: `librosa.sequence.viterbi`.
pub(crate) struct Viterbi<'a> {
    transitions: &'a PitchTransitions,
    values: Vec<f64>,
    next: Vec<f64>,
    scaled: Vec<f64>,
    best: [Vec<f64>; 2],
    from: [Vec<f64>; 2],
    /// The earlier state of every state of every frame but the first.
    previous: Vec<u32>,
}

impl<'a> Viterbi<'a> {
    pub(crate) fn new(transitions: &'a PitchTransitions) -> Self {
        let n = transitions.n;
        Self {
            transitions,
            values: Vec::new(),
            next: vec![0.0; 2 * n],
            scaled: vec![0.0; n],
            best: [vec![0.0; n], vec![0.0; n]],
            from: [vec![0.0; n], vec![0.0; n]],
            previous: Vec::new(),
        }
    }

    /// `voiced[i]` is the log-probability of what was observed if the state is voiced pitch `i`, `unvoiced` that of every
    /// unvoiced state.
    pub(crate) fn push(&mut self, voiced: &[f64], unvoiced: f64) {
        let PitchTransitions { n, log_stay, log_switch, .. } = *self.transitions;
        if self.values.is_empty() {
            let initial = log_probability(1.0 / (2 * n) as f64);
            self.values.extend(voiced.iter().map(|value| value + initial));
            self.values.resize(2 * n, unvoiced + initial);
            return;
        }
        for (block, values) in self.values.chunks_exact(n).enumerate() {
            let (best, from) = (&mut self.best[block], &mut self.from[block]);
            self.transitions.best_moves(values, &mut self.scaled, best, from);
        }
        // What no move reaches is reached from anywhere at the probability that rounding leaves.
        let (anywhere, jump) =
            self.values.iter().enumerate().fold((0, f64::NEG_INFINITY), |best, (state, &value)| {
                if value > best.1 { (state, value) } else { best }
            });
        let jump = jump + log_probability(0.0);
        for later in 0..2 {
            let (from_voiced, from_unvoiced) =
                if later == 0 { (log_stay, log_switch) } else { (log_switch, log_stay) };
            for (pitch, observed) in voiced.iter().enumerate() {
                let (a, b) = (self.best[0][pitch] + from_voiced, self.best[1][pitch] + from_unvoiced);
                let (block, value) = if b > a { (1, b) } else { (0, a) };
                let (state, value) = if jump > value {
                    (anywhere, jump)
                } else {
                    let earlier = pitch as isize + self.from[block][pitch] as isize;
                    (block * n + earlier as usize, value)
                };
                self.previous.push(state as u32);
                self.next[later * n + pitch] = value + if later == 0 { *observed } else { unvoiced };
            }
        }
        std::mem::swap(&mut self.values, &mut self.next);
    }

    /// The states of all frames: below `n` voiced, the rest unvoiced.
    pub(crate) fn path(&self) -> Vec<usize> {
        if self.values.is_empty() {
            return Vec::new();
        }
        let larger =
            |best: usize, state: usize| if self.values[state] > self.values[best] { state } else { best };
        let mut path = vec![(0..self.values.len()).fold(0, larger)];
        for previous in self.previous.chunks_exact(self.values.len()).rev() {
            path.push(previous[path[path.len() - 1]] as usize);
        }
        path.reverse();
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition: every pair of states, the transition matrix written out.
    struct Model {
        voiced: Vec<Vec<f64>>,
        unvoiced: Vec<f64>,
        width: usize,
        switch_prob: f64,
    }

    impl Model {
        fn n(&self) -> usize {
            self.voiced[0].len()
        }

        fn observed(&self, t: usize, state: usize) -> f64 {
            self.voiced[t].get(state).copied().unwrap_or(self.unvoiced[t])
        }

        fn log_transitions(&self) -> Vec<Vec<f64>> {
            let (n, centre) = (self.n(), self.width / 2);
            let triangle = |a: usize, b: usize| (centre + 1).saturating_sub(a.abs_diff(b)) as f64;
            let total = |from: usize| (0..n).map(|to| triangle(from, to)).sum::<f64>();
            let voicing = |from: usize, to: usize| {
                if (from < n) == (to < n) { 1.0 - self.switch_prob } else { self.switch_prob }
            };
            let log = |from: usize, to: usize| {
                log_probability(triangle(from % n, to % n) / total(from % n) * voicing(from, to))
            };
            (0..2 * n).map(|from| (0..2 * n).map(|to| log(from, to)).collect()).collect()
        }

        fn of_path(&self, path: &[usize]) -> f64 {
            let moves = self.log_transitions();
            let observed = path.iter().enumerate().map(|(t, &state)| self.observed(t, state));
            observed.sum::<f64>() + path.windows(2).map(|pair| moves[pair[0]][pair[1]]).sum::<f64>()
        }

        fn best(&self) -> f64 {
            let moves = self.log_transitions();
            let states = 0..2 * self.n();
            let mut values: Vec<f64> = states.clone().map(|state| self.observed(0, state)).collect();
            for t in 1..self.voiced.len() {
                let best = |to: usize| {
                    states
                        .clone()
                        .map(|from| values[from] + moves[from][to])
                        .fold(f64::NEG_INFINITY, f64::max)
                };
                values = states.clone().map(|to| best(to) + self.observed(t, to)).collect();
            }
            values.into_iter().fold(f64::NEG_INFINITY, f64::max)
        }
    }

    #[test]
    fn no_path_is_more_likely() {
        let mut state = 3u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / (1u64 << 24) as f64
        };
        for (n, width) in [(24, 7), (11, 5), (9, 9), (30, 3), (16, 1)] {
            // Mostly impossible observations, so that the path must jump now and then.
            let voiced = |random: &mut dyn FnMut() -> f64| {
                let chance = |random: &mut dyn FnMut() -> f64| if random() < 0.1 { random() } else { 0.0 };
                (0..n).map(|_| log_probability(chance(random))).collect::<Vec<f64>>()
            };
            let voiced = (0..40).map(|_| voiced(&mut random)).collect();
            let unvoiced = |random: &mut dyn FnMut() -> f64| {
                if random() < 0.3 { 0.0 } else { random() / n as f64 }
            };
            let unvoiced = (0..40).map(|_| log_probability(unvoiced(&mut random))).collect();
            let model = Model { voiced, unvoiced, width, switch_prob: 0.01 };
            let transitions = PitchTransitions::new(n, width, 0.01);
            let mut viterbi = Viterbi::new(&transitions);
            for (voiced, &unvoiced) in model.voiced.iter().zip(&model.unvoiced) {
                viterbi.push(voiced, unvoiced);
            }
            let (found, best) = (model.of_path(&viterbi.path()), model.best());
            assert!((found - best).abs() < 1e-9 * best.abs(), "{n} {width}: {found} {best}");
        }
    }
}
