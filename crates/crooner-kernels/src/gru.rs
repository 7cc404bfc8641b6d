//! Gated recurrent unit over whole sequences.
//!
//! The projections of all frames' inputs are one matrix product; what remains for each frame is one product of the
//! state (two if the reset gate acts before it), which the recurrence forbids to join. Back through time the same: the
//! gates' gradients come frame by frame, and everything they lead to, weights and inputs alike, by matrix products over
//! all frames. `recurrence.rs` has one sequence's way forward and back.

use crate::error::{KernelError, check_length, check_size};
use crate::gemm::pack;
use crate::kernels::Kernels;
use crate::parallel::{Buffer, each, parts};
use crate::recurrence::{Backward, Forward, GateSums};
use crate::simd::CHANNELS;

/// Where the reset gate acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reset {
    /// On what the recurrent kernel makes of the state: `n = tanh(W_n x + b_n + r * (U_n h + c_n))`. PyTorch, cuDNN,
    /// Keras' `reset_after=True`.
    #[default]
    After,
    /// On the state itself: `n = tanh(W_n x + b_n + U_n (r * h) + c_n)`. Cho et al. 2014, Keras' `reset_after=False`,
    /// the only GRU of Keras before 2.1.
    Before,
}

/// What gives the gates their values between 0 and 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gate {
    /// `1 / (1 + e^-x)`.
    #[default]
    Sigmoid,
    /// `0.2 x + 0.5`, cut off at 0 and 1, where the gradient is zero: Keras 1 and 2. (Keras 3 divides by 6.)
    HardSigmoid,
}

/// The order in which frames are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// First to last.
    #[default]
    Forward,
    /// Last to first. States stand at the frame they were made at, as in PyTorch: the state after all frames stands at
    /// frame 0.
    Reverse,
}

/// Which states a layer gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Returns {
    /// After every frame, `[batch, n_frames, units]`.
    #[default]
    All,
    /// After all frames, `[batch, units]`.
    Last,
}

/// The kind of a [`Gru`]; by default PyTorch's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GruKind {
    /// Where the reset gate acts.
    pub reset: Reset,
    /// The function of the reset and update gates.
    pub gate: Gate,
    /// Which frame comes first.
    pub direction: Direction,
    /// Which states are given.
    pub returns: Returns,
}

/// A gated recurrent unit (Cho et al. 2014):
///
/// ```text
/// r_t = gate(W_r x_t + b_r + U_r h_{t-1} + c_r)
/// z_t = gate(W_z x_t + b_z + U_z h_{t-1} + c_z)
/// n_t = tanh(W_n x_t + b_n + r_t * (U_n h_{t-1} + c_n))        or U_n (r_t * h_{t-1}) + c_n, see Reset
/// h_t = (1 - z_t) * n_t + z_t * h_{t-1}
/// ```
///
/// The three gates lie side by side in the order r, z, n.
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
    /// Which of the units that go by this name.
    pub kind: GruKind,
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
    /// `c`, `[3 units]`. With [`Reset::Before`] nothing stands between the two biases; Keras has only `b`, and `c` is zero.
    pub recurrent_bias: &'a [f32],
}

/// What [`Gru::backward`] needs besides the input.
#[derive(Debug)]
pub struct GruSaved {
    kernels: Kernels,
    /// One after another for each sequence: `[n_frames + 1, units]` states from the initial one on, then
    /// `[n_frames, 4, units]` gates r, z, n and what the reset gate is factor of or made: `U_n h + c_n` or `r * h`. Units
    /// padded, in the order in which frames are read.
    sequences: Buffer,
}

/// What [`Gru::forward`] gives.
#[derive(Debug)]
pub struct GruOutput {
    /// States, in the shape that [`Returns`] says.
    pub states: Vec<f32>,
    /// For the backward pass, if it was asked for.
    pub saved: Option<GruSaved>,
}

/// Gradients of a [`Gru`].
#[derive(Debug)]
pub struct GruGradients {
    /// `[batch, n_frames, d_input]`.
    pub x: Vec<f32>,
    /// Of the state before the first frame read, `[batch, units]`.
    pub initial: Vec<f32>,
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
pub(crate) struct Sizes {
    pub(crate) frames: usize,
    pub(crate) d_input: usize,
    /// Input width, padded.
    pub(crate) d: usize,
    pub(crate) units: usize,
    /// Units, padded.
    pub(crate) u: usize,
    pub(crate) kind: GruKind,
}

impl Sizes {
    pub(crate) fn gates(&self) -> usize {
        3 * self.u
    }

    /// Floats saved for a sequence.
    fn saved(&self) -> usize {
        (self.frames + 1) * self.u + self.frames * 4 * self.u
    }

    /// Values of a sequence's output.
    fn output(&self) -> usize {
        match self.kind.returns {
            Returns::All => self.frames * self.units,
            Returns::Last => self.units,
        }
    }
}

/// Parameters with every gate padded to whole vectors.
pub(crate) struct Padded {
    /// `[d, gates]`, packed.
    pub(crate) input: Buffer,
    /// `[u, gates]`, row-major.
    pub(crate) recurrent: Vec<f32>,
    pub(crate) input_bias: Vec<f32>,
    pub(crate) recurrent_bias: Vec<f32>,
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
        let Self { n_frames: frames, d_input, units, kind, .. } = *self;
        Sizes { frames, d_input, d: pad(d_input), units, u: pad(units), kind }
    }

    /// Shape of the states that the layer gives.
    #[must_use]
    pub fn output_shape(&self) -> Vec<usize> {
        match self.kind.returns {
            Returns::All => vec![self.batch, self.n_frames, self.units],
            Returns::Last => vec![self.batch, self.units],
        }
    }

    fn check(&self, x: &[f32], params: &GruParams<'_>) -> Result<(), KernelError> {
        let Self { batch, n_frames, d_input, units, kind: _ } = *self;
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

    /// States of `x` `[batch, n_frames, d_input]`, starting from `initial` `[batch, units]` or zero, and with `keep` what
    /// the backward pass needs.
    ///
    /// # Errors
    /// [`KernelError`] for a size of zero or a slice that does not fit.
    pub fn forward(
        &self,
        kernels: Kernels,
        x: &[f32],
        initial: Option<&[f32]>,
        params: &GruParams<'_>,
        keep: bool,
    ) -> Result<GruOutput, KernelError> {
        self.check(x, params)?;
        if let Some(initial) = initial {
            check_length("initial", initial, self.batch * self.units)?;
        }
        let s = self.sizes();
        let padded = &Padded::new(kernels, &s, params);
        let mut states = vec![0.0; self.batch * s.output()];
        let mut sequences = Buffer::any(if keep { self.batch * s.saved() } else { 0 });
        let mut kept = sequences.chunks_exact_mut(s.saved()).map(Some);
        let items = x.chunks_exact(s.frames * s.d_input).zip(states.chunks_exact_mut(s.output())).enumerate();
        let items = items.map(|(i, (x, states))| (i, x, states, kept.next().flatten())).collect();
        each(items, |(i, x, states, kept)| {
            let mut own = Buffer::any(if kept.is_some() { 0 } else { s.saved() });
            let saved = kept.unwrap_or(&mut own);
            let (before_first, _) = saved.split_at_mut(s.u);
            before_first.fill(0.0);
            if let Some(initial) = initial {
                before_first[..s.units].copy_from_slice(&initial[i * s.units..][..s.units]);
            }
            kernels.run(Forward { s, padded, x, saved });
            let copy = |to: &mut [f32], from: &[f32]| to.copy_from_slice(&from[..s.units]);
            let made = saved[s.u..(s.frames + 1) * s.u].chunks_exact(s.u);
            match (s.kind.returns, s.kind.direction) {
                (Returns::Last, _) => made.last().into_iter().for_each(|made| copy(states, made)),
                (Returns::All, Direction::Forward) => {
                    states.chunks_exact_mut(s.units).zip(made).for_each(|(to, made)| copy(to, made));
                }
                (Returns::All, Direction::Reverse) => {
                    states.chunks_exact_mut(s.units).zip(made.rev()).for_each(|(to, made)| copy(to, made));
                }
            }
        });
        Ok(GruOutput { states, saved: keep.then_some(GruSaved { kernels, sequences }) })
    }

    /// Gradients from that of the states given.
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
        check_length("d_states", d_states, self.batch * s.output())?;
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
        let mut d_initial = vec![0.0; self.batch * s.units];
        let (x_len, d_len) = (s.frames * s.d_input, s.output());
        let (mut rest, mut rest_initial) = (&mut d_x[..], &mut d_initial[..]);
        let mut items = Vec::new();
        for (first, count) in parts(self.batch, s.frames, FRAMES) {
            let (d_x, after) = rest.split_at_mut(count * x_len);
            let (d_initial, after_initial) = rest_initial.split_at_mut(count * s.units);
            items.push((first, d_x, d_initial));
            (rest, rest_initial) = (after, after_initial);
        }
        let sums = each(items, |(first, d_x, d_initial)| {
            let mut sums = GateSums::new(&s);
            let each_of = d_x.chunks_exact_mut(x_len).zip(d_initial.chunks_exact_mut(s.units));
            for (sequence, (d_x, d_initial)) in (first..).zip(each_of) {
                kernels.run(Backward {
                    s,
                    recurrent: &recurrent,
                    input: &input,
                    x: &x[sequence * x_len..][..x_len],
                    saved: &saved.sequences[sequence * s.saved()..][..s.saved()],
                    d_states: &d_states[sequence * d_len..][..d_len],
                    d_x,
                    d_initial,
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
        Ok(GruGradients {
            input: total(|sums| &sums.input, s.d_input),
            recurrent: total(|sums| &sums.recurrent, s.units),
            input_bias: total(|sums| &sums.input_bias, 1),
            recurrent_bias: total(|sums| &sums.recurrent_bias, 1),
            x: d_x,
            initial: d_initial,
        })
    }
}
