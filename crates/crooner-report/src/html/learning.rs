//! How training went.

use super::markup::Html;
use super::words::count;
use crate::picture::{f1_curve, loss_curves};
use crate::{Error, Training};

pub(super) fn write(page: &mut Html, training: &Training) -> Result<(), Error> {
    page.section("Training");
    page.paragraph(&training.stopped);
    if training.epochs.is_empty() {
        page.paragraph("No epoch was trained, so there are no learning curves.");
    } else {
        let loss = loss_curves(&training.epochs, training.best_epoch)?;
        let f1 = f1_curve(&training.epochs, training.best_epoch)?;
        page.figure(&[&loss, &f1], &caption(training));
    }
    page.end_section();
    Ok(())
}

fn caption(training: &Training) -> String {
    let epochs = count(training.epochs.len() as u64, "epoch", "epochs");
    let kept = match training.best_epoch {
        Some(best) => format!("The line marks epoch {best}, whose weights were kept."),
        None => "No epoch’s weights were kept.".to_owned(),
    };
    let missing = training.epochs.iter().filter(|e| e.train_loss.is_none() || e.validation_loss.is_none());
    let gaps = match missing.count() {
        0 => String::new(),
        1 => " The gap is an epoch without a finite loss.".to_owned(),
        n => format!(" The gaps are {n} epochs without a finite loss."),
    };
    format!(
        "Learning curves over {epochs}. Loss is the mean cross-entropy of a slice; F1 is that of the \
         validation slices. {kept}{gaps}"
    )
}
