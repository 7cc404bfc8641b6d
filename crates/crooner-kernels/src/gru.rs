//! Gated recurrent unit over whole sequences.
//!
//! The projections of all frames' inputs are one matrix product; what remains for each frame is one product of the
//! state, which the recurrence forbids to join. Back through time the same: the gates' gradients come frame by frame,
//! and everything they lead to, weights and inputs alike, by matrix products over all frames.

use crate::error::{KernelError, check_length, check_size};
use crate::gemm::{add_transposed_product, pack, product};
use crate::kernels::{Kernels, Work};
use crate::parallel::{Buffer, each, parts};
use crate::simd::{CHANNELS, Simd};

/// A gated recurrent unit (Cho et al. 2014), states starting at zero:
///
/// ```text
/// r_t = sigmoid(W_r x_t + b_r + U_r h_{t-1} + c_r)
/// z_t = sigmoid(W_z x_t + b_z + U_z h_{t-1} + c_z)
/// n_t =    tanh(W_n x_t + b_n + r_t * (U_n h_{t-1} + c_n))
/// h_t = (1 - z_t) * n_t + z_t * h_{t-1}
/// ```
///
/// as PyTorch's `torch.nn.GRU` and Keras' `reset_after=True`. The three gates lie side by side in the order r, z, n.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gru {
    /// Sequences.
    pub batch: usize,
    /// Frames of each.
    pub n_frames: usize,
    /// Values of a frame.
    pub d_input: usize,
    /// Values of a state.
    pub units: usize,
}

/// Learned values of a [`Gru`].
#[derive(Clone, Copy, Debug)]
pub struct GruParams<'a> {
    /// `W`, `[d_input, 3 units]`.
    pub input: &'a [f32],
    /// `U`, `[units, 3 units]`.
    pub recurrent: &'a [f32],
    /// `b`, `[3 units]`.
    pub input_bias: &'a [f32],
    /// `c`, `[3 units]`.
    pub recurrent_bias: &'a [f32],
}

/// What [`Gru::backward`] needs besides the input.
#[derive(Debug)]
pub struct GruSaved {
    kernels: Kernels,
    /// One after another for each sequence: `[n_frames + 1, units]` states from the first zero on, then
    /// `[n_frames, 4, units]` gates r, z, n and `U_n h + c_n`, units padded.
    sequences: Buffer,
}

/// What [`Gru::forward`] gives.
#[derive(Debug)]
pub struct GruOutput {
    /// States after every frame, `[batch, n_frames, units]`.
    pub states: Vec<f32>,
    /// For the backward pass, if it was asked for.
    pub saved: Option<GruSaved>,
}

/// Gradients of a [`Gru`].
#[derive(Debug)]
pub struct GruGradients {
    /// `[batch, n_frames, d_input]`.
    pub x: Vec<f32>,
    /// As the parameter.
    pub input: Vec<f32>,
    /// As the parameter.
    pub recurrent: Vec<f32>,
    /// As the parameter.
    pub input_bias: Vec<f32>,
    /// As the parameter.
    pub recurrent_bias: Vec<f32>,
}

/// Frames whose gradients are worth summing apart.
const FRAMES: usize = 32;

/// Padded sizes.
#[derive(Clone, Copy)]
struct Sizes {
    frames: usize,
    d_input: usize,
    /// Input width, padded.
    d: usize,
    units: usize,
    /// Units, padded.
    u: usize,
}

impl Sizes {
    fn gates(&self) -> usize {
        3 * self.u
    }

    /// Floats saved for a sequence.
    fn saved(&self) -> usize {
        (self.frames + 1) * self.u + self.frames * 4 * self.u
    }
}

/// Parameters with every gate padded to whole vectors.
struct Padded {
    /// `[d, gates]`, packed.
    input: Buffer,
    /// `[u, gates]`, row-major.
    recurrent: Vec<f32>,
    input_bias: Vec<f32>,
    recurrent_bias: Vec<f32>,
}

/// The column of an unpadded `[.., 3 units]` matrix that padded column `j` stands for.
fn column(s: &Sizes, j: usize) -> Option<usize> {
    let (gate, unit) = (j / s.u, j % s.u);
    (unit < s.units).then_some(gate * s.units + unit)
}

impl Padded {
    fn new(kernels: Kernels, s: &Sizes, params: &GruParams<'_>) -> Self {
        let gates = s.gates();
        let at = |matrix: &[f32], rows: usize, row: usize, j: usize| match column(s, j) {
            Some(j) if row < rows => matrix[row * 3 * s.units + j],
            _ => 0.0,
        };
        let mut input = Buffer::any(s.d * gates);
        pack(kernels, s.d, gates, |row, j| at(params.input, s.d_input, row, j), &mut input);
        let recurrent =
            (0..s.u * gates).map(|i| at(params.recurrent, s.units, i / gates, i % gates)).collect();
        let bias = |bias: &[f32]| (0..gates).map(|j| at(bias, 1, 0, j)).collect();
        Self {
            input,
            recurrent,
            input_bias: bias(params.input_bias),
            recurrent_bias: bias(params.recurrent_bias),
        }
    }
}

impl Gru {
    fn sizes(&self) -> Sizes {
        let pad = |n: usize| n.next_multiple_of(CHANNELS);
        let Self { n_frames: frames, d_input, units, .. } = *self;
        Sizes { frames, d_input, d: pad(d_input), units, u: pad(units) }
    }

    fn check(&self, x: &[f32], params: &GruParams<'_>) -> Result<(), KernelError> {
        let Self { batch, n_frames, d_input, units } = *self;
        for (what, size) in [("batch", batch), ("n_frames", n_frames), ("d_input", d_input), ("units", units)]
        {
            check_size(what, size)?;
        }
        check_length("x", x, batch * n_frames * d_input)?;
        check_length("input", params.input, d_input * 3 * units)?;
        check_length("recurrent", params.recurrent, units * 3 * units)?;
        check_length("input_bias", params.input_bias, 3 * units)?;
        check_length("recurrent_bias", params.recurrent_bias, 3 * units)
    }

    /// States of `x` `[batch, n_frames, d_input]`, and with `keep` what the backward pass needs.
    ///
    /// # Errors
    /// [`KernelError`] for a size of zero or a slice that does not fit.
    pub fn forward(
        &self,
        kernels: Kernels,
        x: &[f32],
        params: &GruParams<'_>,
        keep: bool,
    ) -> Result<GruOutput, KernelError> {
        self.check(x, params)?;
        let s = self.sizes();
        let padded = &Padded::new(kernels, &s, params);
        let mut states = vec![0.0; self.batch * s.frames * s.units];
        let mut sequences = Buffer::any(if keep { self.batch * s.saved() } else { 0 });
        let mut kept = sequences.chunks_exact_mut(s.saved()).map(Some);
        let items = x.chunks_exact(s.frames * s.d_input).zip(states.chunks_exact_mut(s.frames * s.units));
        let items = items.map(|(x, states)| (x, states, kept.next().flatten())).collect();
        each(items, |(x, states, kept)| {
            let mut own = Buffer::any(if kept.is_some() { 0 } else { s.saved() });
            let saved = kept.unwrap_or(&mut own);
            kernels.run(Forward { s, padded, x, saved });
            for (to, from) in states.chunks_exact_mut(s.units).zip(saved[s.u..].chunks_exact(s.u)) {
                to.copy_from_slice(&from[..s.units]);
            }
        });
        Ok(GruOutput { states, saved: keep.then_some(GruSaved { kernels, sequences }) })
    }

    /// Gradients from that of all states, `[batch, n_frames, units]`.
    ///
    /// # Errors
    /// [`KernelError`] for a slice that does not fit.
    pub fn backward(
        &self,
        x: &[f32],
        params: &GruParams<'_>,
        saved: &GruSaved,
        d_states: &[f32],
    ) -> Result<GruGradients, KernelError> {
        self.check(x, params)?;
        let (s, kernels) = (self.sizes(), saved.kernels);
        let gates = s.gates();
        check_length("saved", &saved.sequences, self.batch * s.saved())?;
        check_length("d_states", d_states, self.batch * s.frames * s.units)?;
        let padded = Padded::new(kernels, &s, params);
        let recurrent: Vec<f32> =
            (0..gates * s.u).map(|i| padded.recurrent[(i % s.u) * gates + i / s.u]).collect();
        let mut input = Buffer::any(gates * s.d);
        let from_gate = |j: usize, row: usize| match column(&s, j) {
            Some(j) if row < s.d_input => params.input[row * 3 * s.units + j],
            _ => 0.0,
        };
        pack(kernels, gates, s.d, from_gate, &mut input);

        let mut d_x = vec![0.0; x.len()];
        let (x_len, h_len) = (s.frames * s.d_input, s.frames * s.units);
        let mut rest = &mut d_x[..];
        let mut items = Vec::new();
        for (first, count) in parts(self.batch, s.frames, FRAMES) {
            let (part, after) = rest.split_at_mut(count * x_len);
            (rest, items) = (after, {
                items.push((first, part));
                items
            });
        }
        let sums = each(items, |(first, d_x)| {
            let mut sums = GateSums::new(&s);
            for (i, d_x) in d_x.chunks_exact_mut(x_len).enumerate() {
                let sequence = first + i;
                kernels.run(Backward {
                    s,
                    recurrent: &recurrent,
                    input: &input,
                    x: &x[sequence * x_len..][..x_len],
                    saved: &saved.sequences[sequence * s.saved()..][..s.saved()],
                    d_states: &d_states[sequence * h_len..][..h_len],
                    d_x,
                    sums: &mut sums,
                });
            }
            sums
        });
        let total = |of: fn(&GateSums) -> &[f32], rows: usize| -> Vec<f32> {
            let columns = (0..gates).filter(|&j| column(&s, j).is_some());
            let mut values = Vec::with_capacity(rows * 3 * s.units);
            for row in 0..rows {
                values.extend(
                    columns.clone().map(|j| sums.iter().map(|part| of(part)[row * gates + j]).sum::<f32>()),
                );
            }
            values
        };
        let gradients = GruGradients {
            input: total(|sums| &sums.input, s.d_input),
            recurrent: total(|sums| &sums.recurrent, s.units),
            input_bias: total(|sums| &sums.input_bias, 1),
            recurrent_bias: total(|sums| &sums.recurrent_bias, 1),
            x: Vec::new(),
        };
        Ok(GruGradients { x: d_x, ..gradients })
    }
}

/// One sequence.
struct Forward<'a> {
    s: Sizes,
    padded: &'a Padded,
    x: &'a [f32],
    saved: &'a mut [f32],
}

/// `x` with every frame padded.
fn pad_frames(s: &Sizes, x: &[f32]) -> Buffer {
    let mut padded = Buffer::zeros(s.frames * s.d);
    for (to, from) in padded.chunks_exact_mut(s.d).zip(x.chunks_exact(s.d_input)) {
        to[..s.d_input].copy_from_slice(from);
    }
    padded
}

impl Work for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { s, padded, x, saved } = self;
        let (u, gates) = (s.u, s.gates());
        let x = pad_frames(&s, x);
        let mut projected = Buffer::any(s.frames * gates);
        let (states, kept) = saved.split_at_mut((s.frames + 1) * u);
        states[..u].fill(0.0);
        let mut of_state = vec![0.0f32; gates];
        // SAFETY: every buffer has the length of its shape, padded to whole vectors.
        unsafe {
            let shape = [s.frames, gates, s.d];
            product::<S>(shape, x.as_ptr(), s.d, padded.input.as_ptr(), projected.as_mut_ptr(), gates);
            for frame in 0..s.frames {
                let (before, after) = states[frame * u..][..2 * u].split_at_mut(u);
                matrix_by_state::<S>(&padded.recurrent, &padded.recurrent_bias, before, &mut of_state);
                let projected = &projected[frame * gates..][..gates];
                let kept = &mut kept[frame * 4 * u..][..4 * u];
                for lane in (0..u).step_by(S::LANES) {
                    let gate = |at: usize| {
                        let at = at * u + lane;
                        let bias = S::load(padded.input_bias[at..].as_ptr());
                        S::load(projected[at..].as_ptr()).add(bias)
                    };
                    let state = |at: usize| S::load(of_state[at * u + lane..].as_ptr());
                    let r = gate(0).add(state(0)).sigmoid();
                    let z = gate(1).add(state(1)).sigmoid();
                    let n = r.fma(state(2), gate(2)).tanh();
                    let h = z.fma(S::load(before[lane..].as_ptr()).sub(n), n);
                    h.store(after[lane..].as_mut_ptr());
                    for (at, value) in [r, z, n, state(2)].into_iter().enumerate() {
                        value.store(kept[at * u + lane..].as_mut_ptr());
                    }
                }
            }
        }
    }
}

/// `bias + state^T matrix`, `matrix` `[rows, columns]`, columns a multiple of [`CHANNELS`].
#[inline(always)]
unsafe fn matrix_by_state<S: Simd>(matrix: &[f32], bias: &[f32], state: &[f32], to: &mut [f32]) {
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
                    *sum = h.fma(S::load(matrix.as_ptr().add(row * columns + j + i * S::LANES)), *sum);
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
                sum = S::splat(*h).fma(S::load(matrix.as_ptr().add(row * columns + j)), sum);
            }
            sum.store(to.as_mut_ptr().add(j));
            j += S::LANES;
        }
    }
}

/// Gradients of the padded parameters, summed over some sequences.
struct GateSums {
    input: Buffer,
    recurrent: Buffer,
    input_bias: Vec<f32>,
    recurrent_bias: Vec<f32>,
}

impl GateSums {
    fn new(s: &Sizes) -> Self {
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
struct Backward<'a> {
    s: Sizes,
    /// `U^T`, `[gates, u]`.
    recurrent: &'a [f32],
    /// `W^T`, packed.
    input: &'a [f32],
    x: &'a [f32],
    saved: &'a [f32],
    d_states: &'a [f32],
    d_x: &'a mut [f32],
    sums: &'a mut GateSums,
}

impl Work for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { s, recurrent, input, x, saved, d_states, d_x, sums } = self;
        let (u, gates) = (s.u, s.gates());
        let x = pad_frames(&s, x);
        let (states, kept) = saved.split_at((s.frames + 1) * u);
        // Gradients of the gates' sums: of what comes from the input, and of what comes from the state.
        let (mut of_input, mut of_state) = (Buffer::any(s.frames * gates), Buffer::any(s.frames * gates));
        let (mut carried, mut passed) = (vec![0.0f32; u], vec![0.0f32; u]);
        // SAFETY: every buffer has the length of its shape, padded to whole vectors.
        unsafe {
            for frame in (0..s.frames).rev() {
                let from_above = &d_states[frame * s.units..][..s.units];
                carried.iter_mut().zip(from_above).for_each(|(carried, d)| *carried += d);
                let (before, kept) = (&states[frame * u..][..u], &kept[frame * 4 * u..][..4 * u]);
                let of_input = &mut of_input[frame * gates..][..gates];
                let of_state = &mut of_state[frame * gates..][..gates];
                for lane in (0..u).step_by(S::LANES) {
                    let gate = |at: usize| S::load(kept[at * u + lane..].as_ptr());
                    let (r, z, n, of_n) = (gate(0), gate(1), gate(2), gate(3));
                    let (one, d) = (S::splat(1.0), S::load(carried[lane..].as_ptr()));
                    let before = S::load(before[lane..].as_ptr());
                    let d_n = d.mul(one.sub(z)).mul(n.fnma(n, one));
                    let d_z = d.mul(before.sub(n)).mul(z).mul(one.sub(z));
                    let d_r = d_n.mul(of_n).mul(r).mul(one.sub(r));
                    for (at, (d_input, d_state)) in
                        [(d_r, d_r), (d_z, d_z), (d_n, d_n.mul(r))].into_iter().enumerate()
                    {
                        d_input.store(of_input[at * u + lane..].as_mut_ptr());
                        d_state.store(of_state[at * u + lane..].as_mut_ptr());
                    }
                    d.mul(z).store(passed[lane..].as_mut_ptr());
                }
                matrix_by_state::<S>(recurrent, &passed, of_state, &mut carried);
            }
            let shape = [s.d, gates, s.frames];
            add_transposed_product::<S>(shape, x.as_ptr(), of_input.as_ptr(), sums.input.as_mut_ptr());
            let shape = [u, gates, s.frames];
            add_transposed_product::<S>(
                shape,
                states.as_ptr(),
                of_state.as_ptr(),
                sums.recurrent.as_mut_ptr(),
            );
            let mut d_padded = x;
            let shape = [s.frames, s.d, gates];
            product::<S>(shape, of_input.as_ptr(), gates, input.as_ptr(), d_padded.as_mut_ptr(), s.d);
            for (to, from) in d_x.chunks_exact_mut(s.d_input).zip(d_padded.chunks_exact(s.d)) {
                to.copy_from_slice(&from[..s.d_input]);
            }
        }
        for (sum, rows) in [(&mut sums.input_bias, &of_input), (&mut sums.recurrent_bias, &of_state)] {
            for row in rows.chunks_exact(gates) {
                sum.iter_mut().zip(row).for_each(|(sum, d)| *sum += d);
            }
        }
    }
}
