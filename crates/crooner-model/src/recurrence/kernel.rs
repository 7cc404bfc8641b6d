//! The two kernels, in CubeCL's language.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

/// What the compiler of a kernel knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Known {
    pub(super) units: usize,
    pub(super) reset_after: bool,
    pub(super) hard_gates: bool,
    pub(super) reverse: bool,
    /// Whether the backward pass will ask for what the gates were.
    pub(super) keep: bool,
}

#[cube]
fn gate(x: f32, #[comptime] hard: bool) -> f32 {
    if hard { (0.2f32 * x + 0.5f32).clamp(0.0f32, 1.0f32) } else { 1.0f32 / (1.0f32 + (-x).exp()) }
}

/// The gate's derivative, from its value.
#[cube]
fn gate_slope(value: f32, #[comptime] hard: bool) -> f32 {
    if hard {
        let mut slope = 0.0f32;
        if value > 0.0f32 && value < 1.0f32 {
            slope = 0.2f32;
        }
        slope
    } else {
        value * (1.0f32 - value)
    }
}

/// The frame that comes at place `step`.
#[cube]
fn frame_at(step: usize, n_frames: usize, #[comptime] reverse: bool) -> usize {
    if reverse { n_frames - 1 - step } else { step }
}

/// One sequence a workgroup; a thread takes every `CUBE_DIM_X`-th unit or column.
#[cube(launch)]
pub(super) fn forward_kernel(
    projected: &Tensor<f32>,
    initial: &Tensor<f32>,
    recurrent: &Tensor<f32>,
    bias: &Tensor<f32>,
    states: &mut Tensor<f32>,
    // r, z, n, and what r multiplied.
    gates: &mut Tensor<f32>,
    // The state before each frame.
    previous: &mut Tensor<f32>,
    n_frames: u32,
    #[comptime] known: Known,
) {
    let units = comptime!(known.units);
    let columns = comptime!(3 * known.units);
    let sequence = CUBE_POS_X as usize;
    let n_frames = n_frames as usize;
    let thread = UNIT_POS_X as usize;
    let threads = CUBE_DIM_X as usize;

    let mut state = Shared::<[f32]>::new_slice(units);
    let mut sums = Shared::<[f32]>::new_slice(columns);
    let mut k = thread;
    while k < units {
        state[k] = initial[sequence * units + k];
        k += threads;
    }
    sync_cube();

    for step in 0..n_frames {
        let frame = sequence * n_frames + frame_at(step, n_frames, known.reverse);
        let inputs = frame * columns;

        // Reset before: the candidate's columns wait for r.
        let ready = if comptime!(known.reset_after) { columns } else { 2 * units };
        let mut j = thread;
        while j < ready {
            let mut sum = bias[j];
            for i in 0..units {
                sum += state[i] * recurrent[i * columns + j];
            }
            sums[j] = sum;
            j += threads;
        }
        sync_cube();

        if comptime!(!known.reset_after) {
            // The third of `sums` that the candidate does not use yet holds r * h.
            let mut k = thread;
            while k < units {
                let r = gate(projected[inputs + k] + sums[k], known.hard_gates);
                sums[k] = r;
                sums[2 * units + k] = r * state[k];
                k += threads;
            }
            sync_cube();
        }

        let mut k = thread;
        while k < units {
            let z = gate(projected[inputs + units + k] + sums[units + k], known.hard_gates);
            let r = if comptime!(known.reset_after) {
                gate(projected[inputs + k] + sums[k], known.hard_gates)
            } else {
                sums[k]
            };
            let product = if comptime!(known.reset_after) {
                sums[2 * units + k]
            } else {
                let mut product = bias[2 * units + k];
                for i in 0..units {
                    product += sums[2 * units + i] * recurrent[i * columns + 2 * units + k];
                }
                product
            };
            let of_candidate = if comptime!(known.reset_after) { r * product } else { product };
            let n = (projected[inputs + 2 * units + k] + of_candidate).tanh();
            let h = n + z * (state[k] - n);
            if comptime!(known.keep) {
                previous[frame * units + k] = state[k];
                let kept = frame * 4 * units;
                gates[kept + k] = r;
                gates[kept + units + k] = z;
                gates[kept + 2 * units + k] = n;
                gates[kept + 3 * units + k] = product;
            }
            state[k] = h;
            states[frame * units + k] = h;
            k += threads;
        }
        sync_cube();
    }
}

/// The frames in the opposite order. `other` is, for a reset after the product, the gradient of what the recurrent kernel
/// gave, `[batch, n_frames, 3 units]`; before it, what its candidate's columns were multiplied with, `r * h`.
///
/// Seven tensors, and CubeCL adds a buffer of its own: WebGPU promises no more than eight.
#[cube(launch)]
pub(super) fn backward_kernel(
    d_states: &Tensor<f32>,
    recurrent: &Tensor<f32>,
    gates: &Tensor<f32>,
    previous: &Tensor<f32>,
    d_projected: &mut Tensor<f32>,
    other: &mut Tensor<f32>,
    d_initial: &mut Tensor<f32>,
    n_frames: u32,
    #[comptime] known: Known,
) {
    let units = comptime!(known.units);
    let columns = comptime!(3 * known.units);
    let sequence = CUBE_POS_X as usize;
    let n_frames = n_frames as usize;
    let thread = UNIT_POS_X as usize;
    let threads = CUBE_DIM_X as usize;

    let mut d_state = Shared::<[f32]>::new_slice(units);
    let mut d_columns = Shared::<[f32]>::new_slice(columns);
    let mut k = thread;
    while k < units {
        d_state[k] = 0.0f32;
        k += threads;
    }
    sync_cube();

    for back in 0..n_frames {
        let step = n_frames - 1 - back;
        let frame = sequence * n_frames + frame_at(step, n_frames, known.reverse);
        let kept = frame * 4 * units;

        let mut k = thread;
        while k < units {
            let before = previous[frame * units + k];
            let r = gates[kept + k];
            let z = gates[kept + units + k];
            let n = gates[kept + 2 * units + k];
            let d = d_state[k] + d_states[frame * units + k];
            let d_z = d * (before - n) * gate_slope(z, known.hard_gates);
            let d_n = d * (1.0f32 - z) * (1.0f32 - n * n);
            d_state[k] = d * z;
            d_columns[units + k] = d_z;
            d_projected[frame * columns + units + k] = d_z;
            d_projected[frame * columns + 2 * units + k] = d_n;
            if comptime!(known.reset_after) {
                let d_r = d_n * gates[kept + 3 * units + k] * gate_slope(r, known.hard_gates);
                d_columns[k] = d_r;
                d_columns[2 * units + k] = d_n * r;
                d_projected[frame * columns + k] = d_r;
                other[frame * columns + k] = d_r;
                other[frame * columns + units + k] = d_z;
                other[frame * columns + 2 * units + k] = d_n * r;
            } else {
                other[frame * units + k] = r * before;
                d_columns[2 * units + k] = d_n;
            }
            k += threads;
        }
        sync_cube();

        if comptime!(!known.reset_after) {
            let mut k = thread;
            while k < units {
                let mut d_product = 0.0f32;
                for j in 0..units {
                    d_product += recurrent[k * columns + 2 * units + j] * d_columns[2 * units + j];
                }
                let r = gates[kept + k];
                let d_r = d_product * previous[frame * units + k] * gate_slope(r, known.hard_gates);
                d_columns[k] = d_r;
                d_projected[frame * columns + k] = d_r;
                d_state[k] += d_product * r;
                k += threads;
            }
            sync_cube();
        }

        let through = if comptime!(known.reset_after) { columns } else { 2 * units };
        let mut k = thread;
        while k < units {
            let mut sum = 0.0f32;
            for j in 0..through {
                sum += recurrent[k * columns + j] * d_columns[j];
            }
            d_state[k] += sum;
            k += threads;
        }
        sync_cube();
    }

    let mut k = thread;
    while k < units {
        d_initial[sequence * units + k] = d_state[k];
        k += threads;
    }
}
