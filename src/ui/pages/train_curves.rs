//! The curves of a run, and what the last epoch tells.

use eframe::egui::{Color32, Ui};

use crate::app::runs::Curves;
use crate::app::terms::Term;
use crate::train::{EpochMetrics, Phase, VersusChance};
use crate::ui::plots::{Series, lines};
use crate::ui::theme::colors;
use crate::ui::widgets::remark;

const PLOT: f32 = 190.0;

/// The points of one curve of an epoch.
type Value = fn(&EpochMetrics) -> Option<f64>;

/// Draws the curves of the fold that trained last.
pub fn show(ui: &mut Ui, curves: &Curves, published: bool) {
    let Some((fold, epochs)) = curves.folds.last() else {
        remark(ui, "The curves begin with the first epoch.");
        return;
    };
    if curves.folds.len() > 1 {
        let done: Vec<&str> = curves.folds.iter().map(|(n, _)| n.as_str()).collect();
        remark(ui, format!("Fold {fold}. Started so far: {}", done.join(", ")))
            .on_hover_text(Term::Fold.sentence());
    }
    // The last network of the fold: while several are trained, the one being trained now.
    let Some(member) = epochs.last().map(|e| e.member) else { return };
    let own: Vec<EpochMetrics> = epochs.iter().filter(|e| e.member == member).copied().collect();
    if published {
        contrast(ui, &own);
    } else {
        losses_and_pcc(ui, &own);
    }
    if let Some(last) = epochs.last() {
        remark(ui, sentence(last, epochs, published));
    }
}

fn series(
    epochs: &[EpochMetrics],
    name: &str,
    phase: Phase,
    value: Value,
    (color, dashed, marks): (Color32, bool, bool),
) -> Series {
    let points = epochs.iter().filter(|e| e.phase == phase);
    let points = points.filter_map(|e| Some([e.epoch as f64, value(e)?])).collect();
    Series { name: name.to_owned(), points, color, dashed, marks }
}

/// Of our own recipe.
fn losses_and_pcc(ui: &mut Ui, epochs: &[EpochMetrics]) {
    let c = colors(ui);
    let train: Value = |e| Some(f64::from(e.train_loss));
    let validation: Value = |e| e.validation_loss.map(f64::from);
    let pcc: Value = |e| e.validation_pcc.map(f64::from);
    let losses = [
        series(epochs, "training", Phase::Choosing, train, (c.accent, false, false)),
        series(epochs, "inner validation", Phase::Choosing, validation, (c.fair, false, true)),
        series(epochs, "second pass, all sections", Phase::Refitting, train, (c.weak, true, false)),
    ];
    let shown: Vec<Series> = losses.into_iter().filter(|s| !s.points.is_empty()).collect();
    ui.columns(2, |columns| {
        if let [left, right] = columns {
            left.label("Loss (lower is better)");
            lines(left, "losses", PLOT, "epoch", "", &shown);
            right.label("PCC on the inner validation section (higher is better)");
            let pccs = series(epochs, "inner validation", Phase::Choosing, pcc, (c.good, false, true));
            if !pccs.points.is_empty() {
                lines(right, "pccs", PLOT, "epoch", "", &[pccs]);
            } else if epochs.iter().any(|e| e.phase == Phase::Choosing) {
                remark(right, "The curve begins with the first validation.");
            } else {
                remark(right, "This run has no inner validation.");
            }
        }
    });
}

/// Of the published recipe, which has one loss and validates on nothing.
fn contrast(ui: &mut Ui, epochs: &[EpochMetrics]) {
    let c = colors(ui);
    let loss: Value = |e| Some(f64::from(e.contrastive));
    let chance: Value = |e| e.chance.map(f64::from);
    let both = [
        series(epochs, "contrastive loss", Phase::Refitting, loss, (c.accent, false, epochs.len() < 20)),
        series(epochs, "guessing", Phase::Refitting, chance, (c.weak, true, false)),
    ];
    // Logs of earlier versions do not tell what guessing gives.
    let shown: Vec<Series> = both.into_iter().filter(|s| !s.points.is_empty()).collect();
    ui.label("Contrastive loss (lower is better; below the dashed line is better than chance)");
    lines(ui, "contrast", PLOT, "epoch", "", &shown);
}

/// How far training is and how it does, in plain words.
fn sentence(last: &EpochMetrics, epochs: &[EpochMetrics], published: bool) -> String {
    let most = if published { "" } else { "at most " };
    let mut text = format!("Epoch {} of {most}{}", last.epoch, last.epochs);
    if last.phase == Phase::Refitting && !published {
        text.push_str(", second pass on all training sections");
    }
    let best = epochs.iter().filter_map(|e| e.validation_pcc).reduce(f32::max);
    if let Some(best) = best {
        text.push_str(&format!(" \u{00B7} best PCC {best:.3}"));
    }
    text.push_str(&format!(" \u{00B7} contrastive loss {:.2}", last.contrastive));
    if let (Some(chance), Some(matching)) = (last.chance, last.matching()) {
        let judged = match matching {
            VersusChance::WorseThanGuessing => "matching of training spots is worse than chance so far",
            VersusChance::Guessing => "matching of training spots is at chance so far",
            VersusChance::Better => "matching of training spots is better than chance",
        };
        text.push_str(&format!(", chance is {chance:.2}: {judged}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_at_chance_is_told_in_plain_words() {
        let epoch = |epoch, contrastive| EpochMetrics {
            phase: Phase::Refitting,
            member: 0,
            epoch,
            epochs: 8,
            train_loss: contrastive,
            contrastive,
            regression: 0.0,
            validation_loss: None,
            validation_pcc: None,
            seconds: 1.0,
            chance: Some(4.852),
        };
        let (first, later, last) = (epoch(0, 24.5), epoch(4, 4.86), epoch(8, 4.1));
        let told = |e: &EpochMetrics| sentence(e, &[*e], true);
        assert_eq!(
            told(&first),
            "Epoch 0 of 8 \u{00B7} contrastive loss 24.50, chance is 4.85: matching of training spots is worse than chance \
             so far"
        );
        assert!(told(&later).ends_with("matching of training spots is at chance so far"));
        assert!(told(&last).ends_with("4.85: matching of training spots is better than chance"));
    }
}
