//! Gated recurrent units.

use crooner_kernels::{Direction, Gate, Gru, GruKind, GruParams, Kernels, Reset, Returns};
use proptest::prelude::*;

use crate::{deviation, numbers, reference};

struct Case {
    gru: Gru,
    x: Vec<f32>,
    initial: Option<Vec<f32>>,
    weights: [Vec<f32>; 4],
    d_states: Vec<f32>,
}

impl Case {
    fn new(gru: Gru, initial: bool, seed: u32) -> Self {
        let Gru { batch, n_frames, d_input, units, kind: _ } = gru;
        let scaled = |len, seed, by: f32| numbers(len, seed).iter().map(|w| by * w).collect::<Vec<f32>>();
        Self {
            gru,
            x: numbers(batch * n_frames * d_input, seed),
            initial: initial.then(|| numbers(batch * units, seed + 6)),
            weights: [
                scaled(d_input * 3 * units, seed + 1, 1.5 / (d_input as f32).sqrt()),
                scaled(units * 3 * units, seed + 2, 1.5 / (units as f32).sqrt()),
                numbers(3 * units, seed + 3),
                numbers(3 * units, seed + 4),
            ],
            d_states: numbers(gru.output_shape().iter().product(), seed + 5),
        }
    }

    fn params(&self) -> GruParams<'_> {
        let [input, recurrent, input_bias, recurrent_bias] = &self.weights;
        GruParams { input, recurrent, input_bias, recurrent_bias }
    }

    /// States and gradients by name.
    fn run(&self, kernels: Kernels) -> [(&'static str, Vec<f32>); 7] {
        let (x, params, initial) = (&self.x, self.params(), self.initial.as_deref());
        let output = self.gru.forward(kernels, x, initial, &params, true).expect("fits");
        let saved = output.saved.expect("kept");
        let g = self.gru.backward(x, &params, &saved, &self.d_states).expect("fits");
        let unkept = self.gru.forward(kernels, x, initial, &params, false).expect("fits");
        assert!(unkept.saved.is_none());
        assert_eq!(bits(&unkept.states), bits(&output.states));
        [
            ("states", output.states),
            ("x", g.x),
            ("initial", g.initial),
            ("input", g.input),
            ("recurrent", g.recurrent),
            ("input_bias", g.input_bias),
            ("recurrent_bias", g.recurrent_bias),
        ]
    }

    fn check(&self) {
        let weights = self.weights.each_ref().map(Vec::as_slice);
        let initial = self.initial.as_deref();
        let r = reference::gru(&self.gru, &self.x, initial, weights, &self.d_states);
        let expected = [r.states, r.x, r.initial, r.input, r.recurrent, r.input_bias, r.recurrent_bias];
        for kernels in Kernels::available() {
            let found = self.run(kernels);
            for ((what, found), expected) in found.iter().zip(&expected) {
                let off = deviation(found, expected);
                assert!(off <= 1e-5, "{}: {what} off by {off:e}: {:?}", kernels.name(), self.gru);
            }
            let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
            let alone = alone.install(|| self.run(kernels));
            for ((what, found), (_, alone)) in found.iter().zip(&alone) {
                assert_eq!(bits(found), bits(alone), "{}: {what}", kernels.name());
            }
        }
    }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn the_papers_layers() {
    let kind = GruKind::default();
    Case::new(Gru { batch: 16, n_frames: 9, d_input: 128, units: 32, kind }, false, 1).check();
    let kind = GruKind { returns: Returns::Last, ..kind };
    Case::new(Gru { batch: 2, n_frames: 56, d_input: 32, units: 32, kind }, false, 2).check();
}

fn kinds() -> impl Strategy<Value = GruKind> {
    let reset = prop::sample::select(vec![Reset::After, Reset::Before]);
    let gate = prop::sample::select(vec![Gate::Sigmoid, Gate::HardSigmoid]);
    let direction = prop::sample::select(vec![Direction::Forward, Direction::Reverse]);
    let returns = prop::sample::select(vec![Returns::All, Returns::Last]);
    (reset, gate, direction, returns).prop_map(|(reset, gate, direction, returns)| GruKind {
        reset,
        gate,
        direction,
        returns,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_shape_and_kind(
        batch in 1usize..12,
        n_frames in 1usize..20,
        d_input in 1usize..70,
        units in 1usize..50,
        kind in kinds(),
        initial in any::<bool>(),
        seed in 0u32..1000,
    ) {
        Case::new(Gru { batch, n_frames, d_input, units, kind }, initial, seed).check();
    }
}

/// Reading backwards is reading the reversed sequence.
#[test]
fn reverse_is_forward_of_the_reversed_frames() {
    let kind = GruKind { direction: Direction::Reverse, ..GruKind::default() };
    let reverse = Case::new(Gru { batch: 1, n_frames: 7, d_input: 5, units: 6, kind }, true, 3);
    let gru = Gru { kind: GruKind::default(), ..reverse.gru };
    let x: Vec<f32> = reverse.x.chunks(5).rev().flatten().copied().collect();
    for kernels in Kernels::available() {
        let states = |gru: &Gru, x: &[f32]| {
            let initial = reverse.initial.as_deref();
            gru.forward(kernels, x, initial, &reverse.params(), false).expect("fits").states
        };
        let expected: Vec<f32> = states(&gru, &x).chunks(6).rev().flatten().copied().collect();
        assert_eq!(bits(&states(&reverse.gru, &reverse.x)), bits(&expected));
    }
}

#[test]
fn gates_saturate_at_any_size() {
    for reset in [Reset::After, Reset::Before] {
        for gate in [Gate::Sigmoid, Gate::HardSigmoid] {
            let kind = GruKind { reset, gate, ..GruKind::default() };
            let mut case = Case::new(Gru { batch: 2, n_frames: 5, d_input: 1, units: 33, kind }, true, 5);
            case.x = [80.0, 90.0, 1e3, 1e9, 1e30].into_iter().flat_map(|x: f32| [x, -x]).collect();
            let weights = case.weights.each_ref().map(Vec::as_slice);
            let initial = case.initial.as_deref();
            let expected = reference::gru(&case.gru, &case.x, initial, weights, &case.d_states).states;
            for kernels in Kernels::available() {
                let [(_, states), ..] = case.run(kernels);
                let off = deviation(&states, &expected);
                assert!(off <= 1e-5, "{} {kind:?}: off by {off:e}", kernels.name());
            }
        }
    }
}

#[test]
fn what_is_not_finite_is_not_hidden() {
    for reset in [Reset::After, Reset::Before] {
        for gate in [Gate::Sigmoid, Gate::HardSigmoid] {
            let kind = GruKind { reset, gate, ..GruKind::default() };
            let mut case = Case::new(Gru { batch: 2, n_frames: 5, d_input: 7, units: 9, kind }, true, 4);
            case.x[9] = f32::NAN;
            for kernels in Kernels::available() {
                let found = case.run(kernels);
                let what = format!("{} {kind:?}", kernels.name());
                // From the second frame on, in the first sequence.
                let [(_, states), (_, x), _, (_, input), (_, recurrent), ..] = &found;
                assert!(states[..9].iter().all(|h| h.is_finite()), "{what}");
                assert!(states[9..45].iter().all(|h| h.is_nan()), "{what}");
                assert!(states[45..].iter().all(|h| h.is_finite()), "{what}");
                for gradient in [x, input, recurrent] {
                    assert!(gradient.iter().any(|d| d.is_nan()), "{what}");
                }
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let gru = Gru { batch: 1, n_frames: 2, d_input: 3, units: 4, kind: GruKind::default() };
    let params = GruParams {
        input: &[0.0; 36],
        recurrent: &[0.0; 48],
        input_bias: &[0.0; 12],
        recurrent_bias: &[0.0; 11],
    };
    let kernels = Kernels::fastest();
    let error = gru.forward(kernels, &[0.0; 6], None, &params, false).expect_err("refused");
    assert_eq!(error.to_string(), "`recurrent_bias` must hold 12 values, found 11");
    let fits = GruParams { recurrent_bias: &[0.0; 12], ..params };
    let error = gru.forward(kernels, &[0.0; 6], Some(&[0.0; 3]), &fits, false).expect_err("refused");
    assert_eq!(error.to_string(), "`initial` must hold 4 values, found 3");
    let empty = Gru { n_frames: 0, ..gru };
    let error = empty.forward(kernels, &[], None, &params, false).expect_err("refused");
    assert_eq!(error.to_string(), "n_frames must be at least 1, found 0");
}
