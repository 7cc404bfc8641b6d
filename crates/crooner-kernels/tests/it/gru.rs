//! Gated recurrent units.

use crooner_kernels::{Gru, GruParams, Kernels};
use proptest::prelude::*;

use crate::{deviation, numbers, reference};

fn check(gru: Gru, seed: u32) {
    let Gru { batch, n_frames, d_input, units } = gru;
    let x = numbers(batch * n_frames * d_input, seed);
    let scaled = |len, seed, scale: f32| numbers(len, seed).iter().map(|w| scale * w).collect::<Vec<f32>>();
    let input = scaled(d_input * 3 * units, seed + 1, 1.5 / (d_input as f32).sqrt());
    let recurrent = scaled(units * 3 * units, seed + 2, 1.5 / (units as f32).sqrt());
    let (input_bias, recurrent_bias) = (numbers(3 * units, seed + 3), numbers(3 * units, seed + 4));
    let d_states = numbers(batch * n_frames * units, seed + 5);
    let params = GruParams {
        input: &input,
        recurrent: &recurrent,
        input_bias: &input_bias,
        recurrent_bias: &recurrent_bias,
    };
    let expected = reference::gru(&gru, &x, [&input, &recurrent, &input_bias, &recurrent_bias], &d_states);
    for kernels in Kernels::available() {
        let run = || {
            let output = gru.forward(kernels, &x, &params, true).expect("fits");
            let saved = output.saved.expect("kept");
            (output.states, gru.backward(&x, &params, &saved, &d_states).expect("fits"))
        };
        let (states, g) = run();
        assert_eq!(gru.forward(kernels, &x, &params, false).expect("fits").states, states);
        for (what, found, expected) in [
            ("states", &states, &expected.states),
            ("x", &g.x, &expected.x),
            ("input", &g.input, &expected.input),
            ("recurrent", &g.recurrent, &expected.recurrent),
            ("input_bias", &g.input_bias, &expected.input_bias),
            ("recurrent_bias", &g.recurrent_bias, &expected.recurrent_bias),
        ] {
            let found = deviation(found, expected);
            assert!(found <= 1e-5, "{}: {what} off by {found:e}: {gru:?}", kernels.name());
        }
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
        let (states_alone, g_alone) = alone.install(run);
        assert!(states_alone == states && g_alone.input == g.input && g_alone.recurrent == g.recurrent);
    }
}

#[test]
fn the_papers_layers() {
    check(Gru { batch: 16, n_frames: 9, d_input: 128, units: 32 }, 1);
    check(Gru { batch: 2, n_frames: 56, d_input: 32, units: 32 }, 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_shape(
        batch in 1usize..12,
        n_frames in 1usize..20,
        d_input in 1usize..70,
        units in 1usize..50,
        seed in 0u32..1000,
    ) {
        check(Gru { batch, n_frames, d_input, units }, seed);
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let gru = Gru { batch: 1, n_frames: 2, d_input: 3, units: 4 };
    let params = GruParams {
        input: &[0.0; 36],
        recurrent: &[0.0; 48],
        input_bias: &[0.0; 12],
        recurrent_bias: &[0.0; 11],
    };
    let error = gru.forward(Kernels::fastest(), &[0.0; 6], &params, false).expect_err("refused");
    assert_eq!(error.to_string(), "`recurrent_bias` must hold 12 values, found 11");
    let empty = Gru { n_frames: 0, ..gru };
    let error = empty.forward(Kernels::fastest(), &[], &params, false).expect_err("refused");
    assert_eq!(error.to_string(), "n_frames must be at least 1, found 0");
}
