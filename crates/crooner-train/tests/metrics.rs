//! Scores against scikit-learn's, from `reference/metrics.py` and `reference/verification.py`.

use std::collections::BTreeMap;

use crooner_train::Confusion;
use crooner_train::verification::{DetectionCost, ScoredPair, Verification};
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

#[derive(Deserialize)]
struct Pairs {
    same: Vec<bool>,
    scores: Vec<f64>,
    eer: f64,
    /// By `p_same miss false_alarm`.
    min_dcf: BTreeMap<String, f64>,
}

#[test]
fn verification_is_that_of_scikit_learns_curve() {
    let cases: Vec<Pairs> = serde_json::from_str(include_str!("reference/verification.json")).unwrap();
    assert_eq!(cases.len(), 7);
    for Pairs { same, scores, eer, min_dcf } in cases {
        let pair = |(cluster, (&score, &is_same))| ScoredPair { score, is_same, cluster };
        let pairs: Vec<ScoredPair> = scores.iter().zip(&same).enumerate().map(pair).collect();
        for (cost, expected) in min_dcf {
            let cost: Vec<f64> = cost.split(' ').map(|number| number.parse().unwrap()).collect();
            let cost = DetectionCost { p_same: cost[0], miss: cost[1], false_alarm: cost[2] };
            let found = Verification::of(&pairs, cost, 1).unwrap();
            assert!((found.eer.value - eer).abs() < 1e-9, "{} {eer}", found.eer.value);
            assert!((found.min_dcf.value - expected).abs() < 1e-12, "{} {expected}", found.min_dcf.value);
            assert!(found.eer.low <= eer && eer <= found.eer.high, "{:?}", found.eer);
        }
    }
}
