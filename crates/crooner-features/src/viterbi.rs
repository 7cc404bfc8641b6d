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
            for pitch in 0..n {
                let (a, b) = (self.best[0][pitch] + from_voiced, self.best[1][pitch] + from_unvoiced);
                let (block, value) = if b > a { (1, b) } else { (0, a) };
                let (state, value) = if jump > value {
                    (anywhere, jump)
                } else {
                    let earlier = pitch as isize + self.from[block][pitch] as isize;
                    (block * n + earlier as usize, value)
                };
                self.previous.push(state as u32);
                self.next[later * n + pitch] = value + if later == 0 { voiced[pitch] } else { unvoiced };
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
    fn all_pairs(voiced: &[Vec<f64>], unvoiced: &[f64], width: usize, switch_prob: f64) -> Vec<usize> {
        let n = voiced[0].len();
        let centre = width / 2;
        let triangle = |d: usize| (centre + 1 - d) as f64;
        let row_sum = |k: usize| -> f64 {
            (0..n).filter(|j| j.abs_diff(k) <= centre).map(|j| triangle(j.abs_diff(k))).sum()
        };
        let matrix = |k: usize, j: usize| {
            let (from, to) = (k % n, j % n);
            let local =
                if from.abs_diff(to) <= centre { triangle(from.abs_diff(to)) / row_sum(from) } else { 0.0 };
            local * if (k < n) == (j < n) { 1.0 - switch_prob } else { switch_prob }
        };
        let observed = |t: usize, j: usize| if j < n { voiced[t][j] } else { unvoiced[t] };
        let mut values: Vec<f64> = (0..2 * n).map(|j| observed(0, j) - ((2 * n) as f64).ln()).collect();
        let mut pointers = Vec::new();
        for t in 1..voiced.len() {
            let choose = |j: usize| {
                (0..2 * n).fold((0, f64::NEG_INFINITY), |best, k| {
                    let value = values[k] + log_probability(matrix(k, j));
                    if value > best.1 { (k, value) } else { best }
                })
            };
            let chosen: Vec<(usize, f64)> = (0..2 * n).map(choose).collect();
            values = chosen.iter().enumerate().map(|(j, (_, value))| value + observed(t, j)).collect();
            pointers.push(chosen.into_iter().map(|(k, _)| k).collect::<Vec<_>>());
        }
        let mut path = vec![(0..2 * n).fold(0, |best, j| if values[j] > values[best] { j } else { best })];
        for pointer in pointers.iter().rev() {
            path.push(pointer[path[path.len() - 1]]);
        }
        path.reverse();
        path
    }

    #[test]
    fn equals_trying_every_pair_of_states() {
        let mut state = 3u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / (1u64 << 24) as f64
        };
        for (n, width) in [(24, 7), (11, 5), (9, 9), (30, 3), (16, 1)] {
            // Mostly impossible observations, so that the path must jump now and then.
            let voiced: Vec<Vec<f64>> = (0..40)
                .map(|_| {
                    (0..n).map(|_| log_probability(if random() < 0.1 { random() } else { 0.0 })).collect()
                })
                .collect();
            let unvoiced: Vec<f64> = (0..40)
                .map(|_| log_probability(if random() < 0.3 { 0.0 } else { random() / n as f64 }))
                .collect();
            let transitions = PitchTransitions::new(n, width, 0.01);
            let mut viterbi = Viterbi::new(&transitions);
            voiced.iter().zip(&unvoiced).for_each(|(voiced, &unvoiced)| viterbi.push(voiced, unvoiced));
            assert_eq!(viterbi.path(), all_pairs(&voiced, &unvoiced, width, 0.01), "{n} {width}");
        }
    }
}
