//! Definitions, written out in double precision.

use crooner_kernels::{Activation, ConvBlock, Direction, Dropout, Gate, Gru, Order, Reset, Returns};

pub(crate) fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

/// `erf` by its series, to 1e-8.
fn erf(x: f64) -> f64 {
    if x.abs() > 4.5 {
        return x.signum();
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..120 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * std::f64::consts::FRAC_2_SQRT_PI
}

fn activate(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Elu if x > 0.0 => x,
        Activation::Elu => x.exp_m1(),
        Activation::Relu => x.max(0.0),
        Activation::Gelu => x * (1.0 + erf(x / std::f64::consts::SQRT_2)) / 2.0,
        Activation::Identity => x,
    }
}

fn slope(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Elu if x > 0.0 => 1.0,
        Activation::Elu => x.exp(),
        Activation::Relu => f64::from(x > 0.0),
        Activation::Gelu => {
            let density = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
            (1.0 + erf(x / std::f64::consts::SQRT_2)) / 2.0 + x * density
        }
        Activation::Identity => 1.0,
    }
}

pub(crate) struct BlockReference {
    pub(crate) output: Vec<f64>,
    pub(crate) mean: Vec<f64>,
    pub(crate) variance: Vec<f64>,
    pub(crate) d_input: Vec<f64>,
    pub(crate) d_weight: Vec<f64>,
    pub(crate) d_bias: Vec<f64>,
    pub(crate) d_gamma: Vec<f64>,
    pub(crate) d_beta: Vec<f64>,
}

/// Layer by layer: convolution, activation and batch norm in their order, pool, dropout; then the gradients the same
/// way back. `given` statistics are constants.
pub(crate) fn block(
    b: &ConvBlock,
    input: &[f32],
    [weight, bias, gamma, beta]: [&[f32]; 4],
    given: Option<(&[f32], &[f32])>,
    d_output: &[f32],
) -> BlockReference {
    let [input, weight, bias, gamma, beta, d_output] = [input, weight, bias, gamma, beta, d_output].map(wide);
    let ConvBlock { batch, height, width, channels, filters, kernel: [kh, kw], pool: [ph, pw], .. } = *b;
    let (c, k) = (channels, filters);
    let n_taps = kh * kw;
    let taps: Vec<(usize, usize)> = (0..n_taps).map(|tap| (tap / kw, tap % kw)).collect();
    let source = |n: usize, i: usize, j: usize, (di, dj): (usize, usize)| {
        let (y, x) = ((i + di).checked_sub(kh / 2)?, (j + dj).checked_sub(kw / 2)?);
        (y < height && x < width).then_some(((n * height + y) * width + x) * c)
    };
    let pixels: Vec<(usize, usize, usize)> =
        (0..batch * height * width).map(|p| (p / (height * width), p / width % height, p % width)).collect();

    let mut conv = vec![0.0; pixels.len() * k];
    for (p, &(n, i, j)) in pixels.iter().enumerate() {
        for f in 0..k {
            let mut sum = bias[f];
            for (tap, &offset) in taps.iter().enumerate() {
                if let Some(from) = source(n, i, j, offset) {
                    sum +=
                        (0..c).map(|ch| input[from + ch] * weight[(f * c + ch) * n_taps + tap]).sum::<f64>();
                }
            }
            conv[p * k + f] = sum;
        }
    }
    let (inner, outer) = match b.order {
        Order::ActivationFirst | Order::Unnormalised => (b.activation, Activation::Identity),
        Order::NormFirst => (Activation::Identity, b.activation),
    };
    // No norm is the norm that changes nothing.
    let normalised = b.order != Order::Unnormalised;
    let [gamma, beta] = if normalised { [gamma, beta] } else { [vec![1.0; k], vec![0.0; k]] };
    let (zeros, ones) = (vec![0.0; k], vec![1.0 - b.epsilon as f32; k]);
    let given = if normalised { given } else { Some((&zeros[..], &ones[..])) };
    let a: Vec<f64> = conv.iter().map(|&x| activate(inner, x)).collect();
    let count = pixels.len() as f64;
    let (mut mean, mut variance): (Vec<f64>, Vec<f64>) = match given {
        Some((mean, variance)) => (wide(mean), wide(variance)),
        None => (0..k)
            .map(|f| {
                let channel = || a.iter().skip(f).step_by(k);
                let mean = channel().sum::<f64>() / count;
                (mean, channel().map(|x| (x - mean).powi(2)).sum::<f64>() / count)
            })
            .unzip(),
    };
    let inverse: Vec<f64> = variance.iter().map(|v| 1.0 / (v + b.epsilon).sqrt()).collect();
    let x: Vec<f64> = a.iter().enumerate().map(|(i, a)| (a - mean[i % k]) * inverse[i % k]).collect();
    let y: Vec<f64> = x.iter().enumerate().map(|(i, x)| gamma[i % k] * x + beta[i % k]).collect();
    let o: Vec<f64> = y.iter().map(|&y| activate(outer, y)).collect();

    let [_, out_height, out_width, _] = b.output_shape();
    let mut output = Vec::new();
    let mut d_y = vec![0.0; y.len()];
    for n in 0..batch {
        for i in 0..out_height {
            for j in 0..out_width {
                for f in 0..k {
                    let at = |e: usize| ((n * height + i * ph + e / pw) * width + j * pw + e % pw) * k + f;
                    let best =
                        (0..ph * pw).fold(at(0), |best, e| if o[at(e)] > o[best] { at(e) } else { best });
                    let index = output.len();
                    let element = |dropout: Dropout| if dropout.is_by_channel() { n * k + f } else { index };
                    let factor =
                        b.dropout.map_or(1.0, |dropout| f64::from(dropout.factor(element(dropout) as u32)));
                    output.push(o[best] * factor);
                    d_y[best] = d_output[index] * factor * slope(outer, y[best]);
                }
            }
        }
    }
    let sum = |f: usize, of: &dyn Fn(usize) -> f64| (f..d_y.len()).step_by(k).map(of).sum::<f64>();
    let mut d_beta: Vec<f64> = (0..k).map(|f| sum(f, &|i| d_y[i])).collect();
    let mut d_gamma: Vec<f64> = (0..k).map(|f| sum(f, &|i| d_y[i] * x[i])).collect();
    let d_conv: Vec<f64> = (0..d_y.len())
        .map(|i| {
            let f = i % k;
            let shared = if given.is_some() { 0.0 } else { (d_beta[f] + x[i] * d_gamma[f]) / count };
            gamma[f] * inverse[f] * (d_y[i] - shared) * slope(inner, conv[i])
        })
        .collect();
    let mut d_input = vec![0.0; input.len()];
    let mut d_weight = vec![0.0; weight.len()];
    for (p, &(n, i, j)) in pixels.iter().enumerate() {
        for (tap, &offset) in taps.iter().enumerate() {
            let Some(from) = source(n, i, j, offset) else { continue };
            for f in 0..k {
                let d = d_conv[p * k + f];
                for ch in 0..c {
                    d_input[from + ch] += d * weight[(f * c + ch) * n_taps + tap];
                    d_weight[(f * c + ch) * n_taps + tap] += d * input[from + ch];
                }
            }
        }
    }
    if !normalised {
        for values in [&mut mean, &mut variance, &mut d_gamma, &mut d_beta] {
            values.clear();
        }
    }
    let d_bias = (0..k).map(|f| d_conv.iter().skip(f).step_by(k).sum()).collect();
    BlockReference { output, mean, variance, d_input, d_weight, d_bias, d_gamma, d_beta }
}

pub(crate) struct GruReference {
    pub(crate) states: Vec<f64>,
    pub(crate) x: Vec<f64>,
    pub(crate) initial: Vec<f64>,
    pub(crate) input: Vec<f64>,
    pub(crate) recurrent: Vec<f64>,
    pub(crate) input_bias: Vec<f64>,
    pub(crate) recurrent_bias: Vec<f64>,
}

fn gate(gate: Gate, x: f64) -> f64 {
    match gate {
        Gate::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Gate::HardSigmoid => (0.2 * x + 0.5).clamp(0.0, 1.0),
    }
}

fn gate_slope(gate: Gate, g: f64) -> f64 {
    match gate {
        Gate::Sigmoid => g * (1.0 - g),
        Gate::HardSigmoid if g > 0.0 && g < 1.0 => 0.2,
        Gate::HardSigmoid => 0.0,
    }
}

/// Frame by frame, gate by gate.
pub(crate) fn gru(
    g: &Gru,
    x: &[f32],
    initial: Option<&[f32]>,
    [input, recurrent, input_bias, recurrent_bias]: [&[f32]; 4],
    d_states: &[f32],
) -> GruReference {
    let [x, w, u, b, c, d_states] = [x, input, recurrent, input_bias, recurrent_bias, d_states].map(wide);
    let Gru { batch, n_frames, d_input, units, kind } = *g;
    let initial = initial.map_or_else(|| vec![0.0; batch * units], wide);
    let columns = 3 * units;
    let mut r = GruReference {
        states: vec![0.0; batch * n_frames * units],
        x: vec![0.0; x.len()],
        initial: Vec::new(),
        input: vec![0.0; w.len()],
        recurrent: vec![0.0; u.len()],
        input_bias: vec![0.0; columns],
        recurrent_bias: vec![0.0; columns],
    };
    let mut last = Vec::new();
    for n in 0..batch {
        let mut order: Vec<usize> = (0..n_frames).collect();
        if kind.direction == Direction::Reverse {
            order.reverse();
        }
        let mut steps = Vec::new();
        let mut h = initial[n * units..][..units].to_vec();
        for &t in &order {
            let x = &x[(n * n_frames + t) * d_input..][..d_input];
            let from_x = |j: usize| b[j] + (0..d_input).map(|i| x[i] * w[i * columns + j]).sum::<f64>();
            let from =
                |h: &[f64], j: usize| c[j] + (0..units).map(|i| h[i] * u[i * columns + j]).sum::<f64>();
            let reset: Vec<f64> = (0..units).map(|i| gate(kind.gate, from_x(i) + from(&h, i))).collect();
            let left: Vec<f64> = reset.iter().zip(&h).map(|(r, h)| r * h).collect();
            // Reset, update, new, and what the reset gate is multiplied with.
            let gates: Vec<[f64; 4]> = (0..units)
                .map(|i| {
                    let update = gate(kind.gate, from_x(units + i) + from(&h, units + i));
                    let (from_state, factor) = match kind.reset {
                        Reset::After => {
                            let of_n = from(&h, 2 * units + i);
                            (reset[i] * of_n, of_n)
                        }
                        Reset::Before => (from(&left, 2 * units + i), h[i]),
                    };
                    [reset[i], update, (from_x(2 * units + i) + from_state).tanh(), factor]
                })
                .collect();
            let next: Vec<f64> =
                gates.iter().zip(&h).map(|(&[_, z, n, _], h)| (1.0 - z) * n + z * h).collect();
            r.states[(n * n_frames + t) * units..][..units].copy_from_slice(&next);
            steps.push((t, h, left, gates));
            h = next;
        }
        last.extend(h);
        let mut carried = vec![0.0; units];
        for (step, (t, h, left, gates)) in steps.iter().enumerate().rev() {
            let row = n * n_frames + t;
            let mut of_input = vec![0.0; columns];
            let mut of_state = vec![0.0; columns];
            let mut passed = vec![0.0; units];
            for i in 0..units {
                let [reset, z, n_, _] = gates[i];
                let above = match kind.returns {
                    Returns::All => d_states[row * units + i],
                    Returns::Last if step + 1 == n_frames => d_states[n * units + i],
                    Returns::Last => 0.0,
                };
                let d = carried[i] + above;
                let d_n = d * (1.0 - z) * (1.0 - n_ * n_);
                of_input[2 * units + i] = d_n;
                of_state[2 * units + i] = if kind.reset == Reset::After { d_n * reset } else { d_n };
                of_input[units + i] = d * (h[i] - n_) * gate_slope(kind.gate, z);
                of_state[units + i] = of_input[units + i];
                passed[i] = d * z;
            }
            for i in 0..units {
                let [reset, _, _, factor] = gates[i];
                let d_reset = match kind.reset {
                    Reset::After => of_input[2 * units + i],
                    Reset::Before => {
                        (0..units).map(|j| u[i * columns + 2 * units + j] * of_state[2 * units + j]).sum()
                    }
                };
                of_input[i] = d_reset * factor * gate_slope(kind.gate, reset);
                of_state[i] = of_input[i];
                if kind.reset == Reset::Before {
                    passed[i] += d_reset * reset;
                }
            }
            for j in 0..columns {
                r.input_bias[j] += of_input[j];
                r.recurrent_bias[j] += of_state[j];
                for i in 0..d_input {
                    r.input[i * columns + j] += x[row * d_input + i] * of_input[j];
                    r.x[row * d_input + i] += w[i * columns + j] * of_input[j];
                }
                let of_reset = kind.reset == Reset::Before && j >= 2 * units;
                for i in 0..units {
                    r.recurrent[i * columns + j] += if of_reset { left[i] } else { h[i] } * of_state[j];
                    if !of_reset {
                        passed[i] += u[i * columns + j] * of_state[j];
                    }
                }
            }
            carried = passed;
        }
        r.initial.extend(carried);
    }
    if kind.returns == Returns::Last {
        r.states = last;
    }
    r
}
