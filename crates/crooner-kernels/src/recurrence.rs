//! One sequence through a gated recurrent unit, and back.

use crate::gemm::{add_transposed_product, product};
use crate::gru::{Direction, Gate, Padded, Reset, Returns, Sizes};
use crate::kernels::Work;
use crate::parallel::Buffer;
use crate::simd::Simd;

/// Slope of the hard sigmoid.
const HARD: f32 = 0.2;

impl Gate {
    #[inline(always)]
    fn of<S: Simd>(self, x: S) -> S {
        match self {
            Self::Sigmoid => x.sigmoid(),
            // In this order the comparisons pass a NaN on.
            Self::HardSigmoid => S::splat(1.0).min(S::zero().max(x.fma(S::splat(HARD), S::splat(0.5)))),
        }
    }

    /// `d` times the derivative where the gate is `g`.
    #[inline(always)]
    fn back<S: Simd>(self, g: S, d: S) -> S {
        let slope = g.mul(S::splat(1.0).sub(g));
        match self {
            Self::Sigmoid => d.mul(slope),
            Self::HardSigmoid => slope.if_greater_or_nan(S::zero(), d.mul(S::splat(HARD)), S::zero()),
        }
    }
}

/// One sequence.
pub(crate) struct Forward<'a> {
    pub(crate) s: Sizes,
    pub(crate) padded: &'a Padded,
    pub(crate) x: &'a [f32],
    /// Begins with the initial state.
    pub(crate) saved: &'a mut [f32],
}

/// `x` with every frame padded, in the order of reading.
fn pad_frames(s: &Sizes, x: &[f32]) -> Buffer {
    let mut padded = Buffer::zeros(s.frames * s.d);
    let copy = |(to, from): (&mut [f32], &[f32])| to[..s.d_input].copy_from_slice(from);
    let frames = x.chunks_exact(s.d_input);
    match s.kind.direction {
        Direction::Forward => padded.chunks_exact_mut(s.d).zip(frames).for_each(copy),
        Direction::Reverse => padded.chunks_exact_mut(s.d).zip(frames.rev()).for_each(copy),
    }
    padded
}

impl Work for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { s, padded, x, saved } = self;
        let (u, gates, kind) = (s.u, s.gates(), s.kind);
        let x = pad_frames(&s, x);
        let mut projected = Buffer::any(s.frames * gates);
        let (states, kept) = saved.split_at_mut((s.frames + 1) * u);
        let mut of_state = vec![0.0f32; gates];
        let (matrix, bias) = (&padded.recurrent[..], &padded.recurrent_bias[..]);
        // SAFETY: every buffer has the length of its shape, padded to whole vectors.
        unsafe {
            let shape = [s.frames, gates, s.d];
            product::<S>(shape, x.as_ptr(), s.d, padded.input.as_ptr(), projected.as_mut_ptr(), gates);
            for frame in 0..s.frames {
                let (before, after) = states[frame * u..][..2 * u].split_at_mut(u);
                let projected = &projected[frame * gates..][..gates];
                let kept = &mut kept[frame * 4 * u..][..4 * u];
                let gate = |at: usize| {
                    let bias = S::load(padded.input_bias[at..].as_ptr());
                    S::load(projected[at..].as_ptr()).add(bias)
                };
                match kind.reset {
                    Reset::After => {
                        matrix_by_state::<S>(matrix, gates, bias, before, &mut of_state);
                        for lane in (0..u).step_by(S::LANES) {
                            let state = |at: usize| S::load(of_state[at * u + lane..].as_ptr());
                            let r = kind.gate.of(gate(lane).add(state(0)));
                            let z = kind.gate.of(gate(u + lane).add(state(1)));
                            let n = r.fma(state(2), gate(2 * u + lane)).tanh();
                            let h = z.fma(S::load(before[lane..].as_ptr()).sub(n), n);
                            h.store(after[lane..].as_mut_ptr());
                            for (at, value) in [r, z, n, state(2)].into_iter().enumerate() {
                                value.store(kept[at * u + lane..].as_mut_ptr());
                            }
                        }
                    }
                    Reset::Before => {
                        matrix_by_state::<S>(matrix, gates, bias, before, &mut of_state[..2 * u]);
                        for lane in (0..u).step_by(S::LANES) {
                            let state = |at: usize| S::load(of_state[at * u + lane..].as_ptr());
                            let r = kind.gate.of(gate(lane).add(state(0)));
                            let z = kind.gate.of(gate(u + lane).add(state(1)));
                            let reset = r.mul(S::load(before[lane..].as_ptr()));
                            for (at, value) in [(0, r), (1, z), (3, reset)] {
                                value.store(kept[at * u + lane..].as_mut_ptr());
                            }
                        }
                        let (kept, reset) = kept.split_at_mut(3 * u);
                        let of_n = &mut of_state[2 * u..];
                        matrix_by_state::<S>(&matrix[2 * u..], gates, &bias[2 * u..], reset, of_n);
                        for lane in (0..u).step_by(S::LANES) {
                            let z = S::load(kept[u + lane..].as_ptr());
                            let n = gate(2 * u + lane).add(S::load(of_n[lane..].as_ptr())).tanh();
                            n.store(kept[2 * u + lane..].as_mut_ptr());
                            let h = z.fma(S::load(before[lane..].as_ptr()).sub(n), n);
                            h.store(after[lane..].as_mut_ptr());
                        }
                    }
                }
            }
        }
    }
}

/// `bias + state^T matrix`: of `matrix`, rows `stride` apart, as many columns as `to` has, a multiple of the lanes.
///
/// # Safety
/// The matrix has a row for every value of the state.
#[inline(always)]
unsafe fn matrix_by_state<S: Simd>(
    matrix: &[f32],
    stride: usize,
    bias: &[f32],
    state: &[f32],
    to: &mut [f32],
) {
    // Sums enough for the multiplications to overlap.
    const SUMS: usize = 4;
    let columns = to.len();
    let mut j = 0;
    // SAFETY: columns `j..` of every row.
    unsafe {
        while columns - j >= SUMS * S::LANES {
            let mut sums: [S; SUMS] = std::array::from_fn(|i| S::load(bias.as_ptr().add(j + i * S::LANES)));
            for (row, h) in state.iter().enumerate() {
                let h = S::splat(*h);
                for (i, sum) in sums.iter_mut().enumerate() {
                    *sum = h.fma(S::load(matrix.as_ptr().add(row * stride + j + i * S::LANES)), *sum);
                }
            }
            for (i, sum) in sums.into_iter().enumerate() {
                sum.store(to.as_mut_ptr().add(j + i * S::LANES));
            }
            j += SUMS * S::LANES;
        }
        while j < columns {
            let mut sum = S::load(bias.as_ptr().add(j));
            for (row, h) in state.iter().enumerate() {
                sum = S::splat(*h).fma(S::load(matrix.as_ptr().add(row * stride + j)), sum);
            }
            sum.store(to.as_mut_ptr().add(j));
            j += S::LANES;
        }
    }
}

/// Gradients of the padded parameters, summed over some sequences.
pub(crate) struct GateSums {
    pub(crate) input: Buffer,
    pub(crate) recurrent: Buffer,
    pub(crate) input_bias: Vec<f32>,
    pub(crate) recurrent_bias: Vec<f32>,
}

impl GateSums {
    pub(crate) fn new(s: &Sizes) -> Self {
        let gates = s.gates();
        Self {
            input: Buffer::zeros(s.d * gates),
            recurrent: Buffer::zeros(s.u * gates),
            input_bias: vec![0.0; gates],
            recurrent_bias: vec![0.0; gates],
        }
    }
}

/// The way back of one sequence.
pub(crate) struct Backward<'a> {
    pub(crate) s: Sizes,
    /// `U^T`, `[gates, u]`.
    pub(crate) recurrent: &'a [f32],
    /// `W^T`, packed.
    pub(crate) input: &'a [f32],
    pub(crate) x: &'a [f32],
    pub(crate) saved: &'a [f32],
    pub(crate) d_states: &'a [f32],
    pub(crate) d_x: &'a mut [f32],
    pub(crate) d_initial: &'a mut [f32],
    pub(crate) sums: &'a mut GateSums,
}

impl Sizes {
    /// Of the gradient of the output, that of the state which the `step`th frame read has made.
    fn at_step<'a>(&self, step: usize, d_states: &'a [f32]) -> Option<&'a [f32]> {
        let frame = match (self.kind.returns, self.kind.direction) {
            (Returns::Last, _) => return (step + 1 == self.frames).then_some(d_states),
            (Returns::All, Direction::Forward) => step,
            (Returns::All, Direction::Reverse) => self.frames - 1 - step,
        };
        Some(&d_states[frame * self.units..][..self.units])
    }
}

impl Work for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let (s, u, gates, kind) = (self.s, self.s.u, self.s.gates(), self.s.kind);
        let x = pad_frames(&s, self.x);
        let (states, all_kept) = self.saved.split_at((s.frames + 1) * u);
        // Gradients of the gates' sums: of what comes from the input, and of what comes from the state.
        let (mut of_input, mut of_state) = (Buffer::any(s.frames * gates), Buffer::any(s.frames * gates));
        let (mut carried, mut passed, mut d_reset) = (vec![0.0f32; u], vec![0.0f32; u], vec![0.0f32; u]);
        let zeros = vec![0.0f32; u];
        let (recurrent, sums) = (self.recurrent, &mut *self.sums);
        // SAFETY: every buffer has the length of its shape, padded to whole vectors.
        unsafe {
            for frame in (0..s.frames).rev() {
                if let Some(from_above) = s.at_step(frame, self.d_states) {
                    carried.iter_mut().zip(from_above).for_each(|(carried, d)| *carried += d);
                }
                let (before, kept) = (&states[frame * u..][..u], &all_kept[frame * 4 * u..][..4 * u]);
                let of_input = &mut of_input[frame * gates..][..gates];
                let of_state = &mut of_state[frame * gates..][..gates];
                for lane in (0..u).step_by(S::LANES) {
                    let gate = |at: usize| S::load(kept[at * u + lane..].as_ptr());
                    let (r, z, n) = (gate(0), gate(1), gate(2));
                    let (one, d) = (S::splat(1.0), S::load(carried[lane..].as_ptr()));
                    let before = S::load(before[lane..].as_ptr());
                    let d_n = d.mul(one.sub(z)).mul(n.fnma(n, one));
                    let d_z = kind.gate.back(z, d.mul(before.sub(n)));
                    d_z.store(of_input[u + lane..].as_mut_ptr());
                    d_z.store(of_state[u + lane..].as_mut_ptr());
                    d_n.store(of_input[2 * u + lane..].as_mut_ptr());
                    d.mul(z).store(passed[lane..].as_mut_ptr());
                    match kind.reset {
                        Reset::After => {
                            let d_r = kind.gate.back(r, d_n.mul(gate(3)));
                            d_r.store(of_input[lane..].as_mut_ptr());
                            d_r.store(of_state[lane..].as_mut_ptr());
                            d_n.mul(r).store(of_state[2 * u + lane..].as_mut_ptr());
                        }
                        Reset::Before => d_n.store(of_state[2 * u + lane..].as_mut_ptr()),
                    }
                }
                match kind.reset {
                    Reset::After => matrix_by_state::<S>(recurrent, u, &passed, of_state, &mut carried),
                    Reset::Before => {
                        let (of_gates, of_n) = of_state.split_at_mut(2 * u);
                        matrix_by_state::<S>(&recurrent[2 * u * u..], u, &zeros, of_n, &mut d_reset);
                        for lane in (0..u).step_by(S::LANES) {
                            let (r, d) = (S::load(kept[lane..].as_ptr()), S::load(d_reset[lane..].as_ptr()));
                            let d_r = kind.gate.back(r, d.mul(S::load(before[lane..].as_ptr())));
                            d_r.store(of_input[lane..].as_mut_ptr());
                            d_r.store(of_gates[lane..].as_mut_ptr());
                            let passed = passed[lane..].as_mut_ptr();
                            d.fma(r, S::load(passed)).store(passed);
                        }
                        matrix_by_state::<S>(recurrent, u, &passed, of_gates, &mut carried);
                    }
                }
            }
            self.d_initial.copy_from_slice(&carried[..s.units]);

            let shape = [s.d, gates, s.frames];
            let to = sums.input.as_mut_ptr();
            add_transposed_product::<S>(shape, [s.d, gates, gates], x.as_ptr(), of_input.as_ptr(), to);
            let (to, d) = (sums.recurrent.as_mut_ptr(), of_state.as_ptr());
            match kind.reset {
                Reset::After => {
                    let shape = [u, gates, s.frames];
                    add_transposed_product::<S>(shape, [u, gates, gates], states.as_ptr(), d, to);
                }
                Reset::Before => {
                    // The new state's columns have met the state that was reset.
                    let (shape, strides) = ([u, 2 * u, s.frames], [u, gates, gates]);
                    add_transposed_product::<S>(shape, strides, states.as_ptr(), d, to);
                    let (shape, strides) = ([u, u, s.frames], [4 * u, gates, gates]);
                    let reset = all_kept[3 * u..].as_ptr();
                    add_transposed_product::<S>(shape, strides, reset, d.add(2 * u), to.add(2 * u));
                }
            }
            let mut d_padded = x;
            let shape = [s.frames, s.d, gates];
            product::<S>(shape, of_input.as_ptr(), gates, self.input.as_ptr(), d_padded.as_mut_ptr(), s.d);
            let copy = |(to, from): (&mut [f32], &[f32])| to.copy_from_slice(&from[..s.d_input]);
            let frames = d_padded.chunks_exact(s.d);
            match kind.direction {
                Direction::Forward => self.d_x.chunks_exact_mut(s.d_input).zip(frames).for_each(copy),
                Direction::Reverse => self.d_x.chunks_exact_mut(s.d_input).zip(frames.rev()).for_each(copy),
            }
        }
        for (sum, rows) in [(&mut sums.input_bias, &of_input), (&mut sums.recurrent_bias, &of_state)] {
            for row in rows.chunks_exact(gates) {
                sum.iter_mut().zip(row).for_each(|(sum, d)| *sum += d);
            }
        }
    }
}
