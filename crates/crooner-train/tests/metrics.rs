//! Scores against scikit-learn's, from `reference/metrics.py`.

use crooner_train::Confusion;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    n_classes: usize,
    truth: Vec<usize>,
    guess: Vec<usize>,
    accuracy: f64,
    weighted_f1: f64,
    macro_f1: f64,
    precision: Vec<f64>,
    recall: Vec<f64>,
    f1: Vec<f64>,
    support: Vec<u64>,
}

#[test]
fn scores_are_scikit_learns() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("reference/metrics.json")).unwrap();
    assert_eq!(cases.len(), 12);
    let near = |ours: f64, theirs: f64, what: &str| {
        assert!((ours - theirs).abs() < 1e-12, "{what}: {ours} {theirs}");
    };
    for case in cases {
        let mut confusion = Confusion::new(case.n_classes);
        for (&truth, &guess) in case.truth.iter().zip(&case.guess) {
            confusion.add(truth, guess, 1);
        }
        near(confusion.accuracy(), case.accuracy, "accuracy");
        near(confusion.weighted_f1(), case.weighted_f1, "weighted F1");
        near(confusion.macro_f1(), case.macro_f1, "macro F1");
        for class in 0..case.n_classes {
            let scores = confusion.class(class);
            near(scores.precision, case.precision[class], "precision");
            near(scores.recall, case.recall[class], "recall");
            near(scores.f1, case.f1[class], "F1");
            assert_eq!(scores.support, case.support[class]);
        }
    }
}
