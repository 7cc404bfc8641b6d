//! The range test of learning rates.

use super::*;

fn find_rate(frames: &Frames, seed: u64, range: RangeTest) -> Result<RangeCurve, TrainError> {
    let task = Task::from_rows(frames, rows(), SLICE_FRAMES).unwrap();
    let (config, model) = (config(1), model());
    let request = FitRequest {
        task: &task,
        model: &model,
        config: &config,
        seed,
        initial: None,
        device: &Device::flex(),
        checkpoint: None,
        identity: &identity(seed),
        cancel: &AtomicBool::new(false),
    };
    range_test(&request, range, |_| {})
}

#[test]
fn the_range_test_finds_a_rate_that_learns() {
    let frames = frames();
    let curve = find_rate(&frames, 1, RangeTest::default()).unwrap();
    let again = find_rate(&frames, 1, RangeTest::default()).unwrap();
    assert_eq!(curve, again);
    assert_ne!(curve, find_rate(&frames, 2, RangeTest::default()).unwrap());
    // An epoch has 5 steps: the 200 steps go through many, and every rate is used once.
    assert!(curve.points.windows(2).all(|pair| pair[0].learning_rate < pair[1].learning_rate));
    let suggestion = curve.suggestion.unwrap();
    assert!((1e-4..0.3).contains(&suggestion), "{suggestion}");
    // What it looks at is the training loss: a thirtieth of the rate is far behind after as many epochs. (Validation goes
    // by the running statistics of batch norm, which so few steps leave behind.)
    let loss = |learning_rate| {
        let config = FitConfig { learning_rate, ..config(8) };
        train(&frames, &config, 1, None, None).unwrap().history.last().unwrap().train_loss
    };
    let (suggested, slow) = (loss(suggestion), loss(suggestion / 30.0));
    assert!(suggested < 0.3 && suggested < 0.5 * slow, "{suggested} at {suggestion}, {slow} at a thirtieth");
}

#[test]
fn a_range_that_is_none_is_named() {
    let frames = frames();
    for (range, message) in [
        (
            RangeTest { first: 0.0, ..RangeTest::default() },
            "first learning rate: expected a positive number, found 0",
        ),
        (
            RangeTest { last: 1e-6, ..RangeTest::default() },
            "last learning rate: expected more than the first, found 0.000001",
        ),
        (
            RangeTest { steps: 59, ..RangeTest::default() },
            "steps of the range test: expected at least 60, found 59",
        ),
    ] {
        assert_eq!(find_rate(&frames, 0, range).unwrap_err().to_string(), message);
    }
}
