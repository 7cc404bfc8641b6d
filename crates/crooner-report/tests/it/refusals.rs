//! What contradicts itself is refused, with the key and the reason.

use crooner_report::{Pictures, Report, html};

use crate::{made_up, small};

/// The refusal of a small report after one change.
fn refusal(change: impl FnOnce(&mut Report)) -> String {
    let mut report = small();
    change(&mut report);
    let refused = report.to_json().expect_err("the report contradicts itself").to_string();
    let by_html = html(&report, &Pictures::default()).expect_err("the page is refused too").to_string();
    assert_eq!(refused, by_html);
    refused
}

#[test]
fn a_number_that_is_not_one_is_refused() {
    assert_eq!(
        refusal(|report| report.test.slice.macro_f1.low = f64::NAN),
        "test.slice.macro_f1.low must be a number from 0 to 1, found NaN"
    );
    assert_eq!(
        refusal(|report| report.training.epochs[1].validation_loss = Some(f64::INFINITY)),
        "training.epochs[1].validation_loss must be a finite number of at least 0, found inf"
    );
    assert_eq!(
        refusal(|report| report.seconds.evaluate = -1.0),
        "seconds.evaluate must be a finite number of at least 0, found -1"
    );
}

#[test]
fn a_slice_has_one_length() {
    let message = "run.slice_seconds must be either this or run.slice_segments, found";
    assert_eq!(refusal(|report| report.run.slice_seconds = None), format!("{message} neither"));
    assert_eq!(refusal(|report| report.run.slice_segments = Some(32)), format!("{message} both"));
}

#[test]
fn a_reversed_interval_is_refused() {
    let message = refusal(|report| {
        (report.chance.majority.low, report.chance.majority.high) = (0.5, 0.25);
    });
    assert_eq!(message, "chance.majority.low must be at most 0.25, found 0.5");
}

#[test]
fn scores_must_be_those_of_the_confusion_matrix() {
    assert_eq!(
        refusal(|report| report.test.track.accuracy.value = 0.5),
        "test.track.accuracy.value must be 21/24, as the confusion matrix has it, found 0.5"
    );
    assert_eq!(
        refusal(|report| report.test.track.classes[2].support = 7),
        "test.track.classes[2].support must be 4, the sum of the artist's row in the confusion matrix, found 7"
    );
}

#[test]
fn tables_must_have_one_row_per_artist() {
    assert_eq!(
        refusal(|report| report.test.track.confusion.truncate(5)),
        "test.track.confusion must be 6 rows, one per artist, found 5"
    );
    assert_eq!(
        refusal(|report| report.test.slice.confusion[3].push(0)),
        "test.slice.confusion[3] must be 6 counts, one per artist, found 7"
    );
    assert_eq!(
        refusal(|report| report.test.track.classes.swap(0, 1)),
        "test.track.classes must be the artists of `test.slice.classes`, in the same order, found others"
    );
    assert_eq!(
        refusal(|report| report.test.track.classes.clear()),
        "test.track.classes must be one entry per artist, found none"
    );
}

#[test]
fn a_test_part_without_items_is_refused() {
    let message = refusal(|report| {
        report.test.track.confusion.iter_mut().for_each(|row| row.fill(0));
        report.test.track.classes.iter_mut().for_each(|class| class.support = 0);
    });
    assert_eq!(message, "test.track.confusion must be counts of at least one test item, found none");
}

#[test]
fn epochs_must_ascend_and_include_the_best() {
    assert_eq!(
        refusal(|report| report.training.epochs.reverse()),
        "training.epochs[1].epoch must be more than 3, as epochs count up from 1, found 2"
    );
    assert_eq!(
        refusal(|report| report.training.best_epoch = Some(9)),
        "training.best_epoch must be an epoch of `training.epochs`, found 9"
    );
}

#[test]
fn a_pair_is_not_confused_more_often_than_it_plays() {
    assert_eq!(
        refusal(|report| report.confused[0].count = 99),
        "confused[0].count must be at most `of`, 4, found 99"
    );
}

#[test]
fn a_picture_of_a_track_the_report_does_not_name_is_refused() {
    let mut pictures = made_up::pictures().unwrap();
    pictures.examples[0].track = "elsewhere.mp3".to_owned();
    assert_eq!(
        html(&small(), &pictures).unwrap_err().to_string(),
        "pictures.examples[0].track must be a track of `examples`, found elsewhere.mp3"
    );
}
