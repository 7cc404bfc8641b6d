use crooner_report::{Error, Report};
use proptest::prelude::*;

use crate::{made_up, small};

#[test]
fn the_json_of_a_small_report() {
    insta::assert_snapshot!(small().to_json().unwrap());
}

#[test]
fn fixed_keys_stay_where_other_programs_look_for_them() {
    let value: serde_json::Value = serde_json::from_str(&small().to_json().unwrap()).unwrap();
    for pointer in [
        "/test/slice/weighted_f1",
        "/test/slice/macro_f1",
        "/test/slice/accuracy",
        "/test/track/weighted_f1",
        "/test/track/macro_f1",
        "/test/track/accuracy",
        "/test/track_mean/weighted_f1",
        "/test/track_mean/macro_f1",
        "/test/track_mean/accuracy",
        "/chance/majority",
        "/chance/uniform",
    ] {
        let score = value.pointer(pointer).unwrap_or_else(|| panic!("no {pointer}"));
        for part in ["value", "low", "high"] {
            assert!(score[part].is_f64(), "{pointer}/{part} is {}", score[part]);
        }
    }
    for part in ["train", "validation", "test"] {
        assert!(value["split"][part]["tracks"].is_u64() && value["split"][part]["slices"].is_u64());
    }
    for stage in ["prepare", "train", "evaluate"] {
        assert!(value["seconds"][stage].is_f64());
    }
}

#[test]
fn what_was_written_reads_back_the_same() {
    for report in [small(), made_up::report(2, 1), made_up::report(60, 7)] {
        let text = report.to_json().unwrap();
        let read = Report::from_json(&text).unwrap();
        assert_eq!(read, report);
        assert_eq!(read.to_json().unwrap(), text);
    }
}

#[test]
fn undefined_ratios_are_null() {
    let mut report = small();
    // The first artist loses all test tracks, and the classifier never names them.
    for level in [&mut report.test.track, &mut report.test.slice] {
        level.confusion[0].fill(0);
        level.confusion.iter_mut().for_each(|row| row[0] = 0);
        level.classes[0].support = 0;
        for i in 1..level.classes.len() {
            level.classes[i].support = level.confusion[i].iter().sum();
        }
        (level.classes[0].precision, level.classes[0].recall, level.classes[0].f1) = (None, None, None);
        level.accuracy.value = level.correct() as f64 / level.total() as f64;
    }
    let text = report.to_json().unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(value["test"]["track"]["classes"][0]["recall"].is_null());
    assert_eq!(Report::from_json(&text).unwrap(), report);
}

#[test]
fn another_format_is_called_that_whatever_else_it_holds() {
    let error = Report::from_json(r#"{"format": 2, "something": "new"}"#).unwrap_err();
    assert!(matches!(error, Error::Format { expected: 1, found: 2 }));
    assert_eq!(error.to_string(), "report format must be 1, found 2: read it with the crooner that wrote it");
}

#[test]
fn an_unknown_key_is_refused() {
    let text = small().to_json().unwrap().replacen("\"run\": {", "\"run\": {\n    \"colour\": 1,", 1);
    let message = Report::from_json(&text).unwrap_err().to_string();
    assert!(message.contains("unknown field `colour`"), "{message}");
}

proptest! {
    #[test]
    fn any_finite_number_survives_the_round_trip(seconds in 0f64..1e300, loss in 0f64..1e9, seed: u64) {
        let mut report = small();
        report.seconds.train = seconds;
        report.training.epochs[0].train_loss = Some(loss);
        report.run.seed = seed;
        let read = Report::from_json(&report.to_json().unwrap()).unwrap();
        prop_assert_eq!(read, report);
    }
}
