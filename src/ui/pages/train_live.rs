//! The curves of a run, while it trains and afterwards.

use eframe::egui::{self, Ui};

use super::plan;
use crate::app::command::{Command, JobCommand};
use crate::app::held_out;
use crate::app::plan::Plan;
use crate::app::project::Open;
use crate::app::runs::Curves;
use crate::app::state::App;
use crate::app::work::JobView;
use crate::core::progress::format_duration;
use crate::train::{EpochMetrics, Phase};
use crate::ui::plots::{Series, lines};
use crate::ui::theme::{colors, strong};
use crate::ui::widgets::{Tone, banner, card, progress as progress_bar, remark};

const PLOT: f32 = 190.0;

/// Draws the card.
pub fn show(ui: &mut Ui, app: &App, open: &Open, out: &mut Vec<Command>) {
    card(ui, "Training", |ui| {
        let runs = &open.runs;
        let selected = runs.selected.as_deref();
        let live = runs.live.as_ref().filter(|l| selected.is_none_or(|s| s == l.run));
        if let Some(live) = live {
            let state = if live.ended { "ended" } else { "training" };
            ui.label(strong(format!("{} \u{00B7} {state}", live.run)).size(15.0));
            if let Some(job) = app.work.views().into_iter().find(|j| j.id == live.job) {
                progress(ui, &job, out);
            }
            curves(ui, &live.curves);
            notes(ui, &live.notes);
        } else if let Some(details) = selected.and_then(|s| runs.details.get(s)) {
            ui.label(strong(&details.id).size(15.0));
            curves(ui, &Curves { folds: details.curves.clone() });
            notes(ui, &details.notes);
        } else if let Some(selected) = selected {
            ui.horizontal(|ui| {
                ui.spinner();
                ui.label(format!("Reading {selected}"));
            });
        } else {
            let text = "What Train will do with the settings at the right. The curves appear here while it runs; those of \
                        earlier runs, when one is chosen below.";
            remark(ui, text);
            ui.add_space(4.0);
            let networks = app.train_config().map_or(1, |config| config.members);
            match Plan::of_training(open, &held_out(&app.forms.train, open), networks) {
                Some(plan) => plan::show(ui, app, &plan),
                None => {
                    remark(ui, "There is no section to train on yet.");
                }
            }
        }
    });
}

fn progress(ui: &mut Ui, job: &JobView, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        let share = if job.status.total > 0 { job.status.done as f32 / job.status.total as f32 } else { 0.0 };
        progress_bar(ui, share, 260.0, "Progress of training");
        if job.queued {
            ui.label("waiting for other jobs");
            return;
        }
        let (text, command) = if job.paused {
            ("Go on", JobCommand::Resume(job.id))
        } else {
            ("Pause", JobCommand::Pause(job.id))
        };
        if ui.add_enabled(!job.cancelling, egui::Button::new(text)).clicked() {
            out.push(Command::Job(command));
        }
        if ui
            .add_enabled(!job.cancelling, egui::Button::new("Stop"))
            .on_hover_text("It can be resumed later")
            .clicked()
        {
            out.push(Command::Job(JobCommand::Cancel(job.id)));
        }
    });
    let mut text = job.status.stage.clone();
    if let Some(pace) = job.pace() {
        text.push_str(&format!(" \u{00B7} {pace}"));
    }
    if let Some(left) = job.status.left {
        text.push_str(&format!(" \u{00B7} {} left", format_duration(left)));
    }
    if job.paused {
        text = "Paused".to_owned();
    }
    if job.cancelling {
        text = "Stopping".to_owned();
    }
    remark(ui, text);
}

fn notes(ui: &mut Ui, notes: &[String]) {
    for note in notes {
        let tone = if note.contains("chance") { Tone::Warning } else { Tone::Note };
        banner(ui, tone, note.as_str());
        if note.contains("chance") {
            let text = "In plain words: matching images with expression did not work better than guessing, so retrieval \
                        adds little in this run. More spots, more epochs or a larger batch may help; the regression part of \
                        the model is not affected.";
            remark(ui, text);
        }
    }
}

/// The points of one curve of an epoch.
type Value = fn(&EpochMetrics) -> Option<f64>;

fn curves(ui: &mut Ui, curves: &Curves) {
    let Some((fold, epochs)) = curves.folds.last() else {
        remark(ui, "The curves begin with the first epoch.");
        return;
    };
    if curves.folds.len() > 1 {
        let done: Vec<&str> = curves.folds.iter().map(|(n, _)| n.as_str()).collect();
        remark(ui, format!("Fold {} of those begun so far: {}", fold, done.join(", ")));
    }
    let c = colors(ui);
    // The last network of the fold: while several are trained, the one being trained now.
    let Some(member) = epochs.last().map(|e| e.member) else { return };
    let of = |phase: Phase, value: Value| -> Vec<[f64; 2]> {
        let own = epochs.iter().filter(|e| e.member == member && e.phase == phase);
        own.filter_map(|e| Some([e.epoch as f64, value(e)?])).collect()
    };
    let series = |name: &str, phase, value: Value, color, dashed, marks| Series {
        name: name.to_owned(),
        points: of(phase, value),
        color,
        dashed,
        marks,
    };
    let train: Value = |e| Some(f64::from(e.train_loss));
    let validation: Value = |e| e.validation_loss.map(f64::from);
    let pcc: Value = |e| e.validation_pcc.map(f64::from);
    let losses = [
        series("training", Phase::Choosing, train, c.accent, false, false),
        series("inner validation", Phase::Choosing, validation, c.fair, false, true),
        series("second pass, all sections", Phase::Refitting, train, c.weak, true, false),
    ];
    let shown: Vec<Series> = losses.into_iter().filter(|s| !s.points.is_empty()).collect();
    ui.columns(2, |columns| {
        if let [left, right] = columns {
            left.label("Loss (lower is better)");
            lines(left, "losses", PLOT, "epoch", "", &shown);
            right.label("PCC on the inner validation section (higher is better)");
            let pccs = [series("inner validation", Phase::Choosing, pcc, c.good, false, true)];
            lines(right, "pccs", PLOT, "epoch", "", &pccs);
        }
    });
    if let Some(last) = epochs.last() {
        let mut text = format!("Epoch {} of at most {}", last.epoch, last.epochs);
        if last.phase == Phase::Refitting {
            text.push_str(", second pass on all training sections");
        }
        if let Some(best) = epochs
            .iter()
            .filter_map(|e| e.validation_pcc)
            .fold(None, |b: Option<f32>, v| Some(b.map_or(v, |b| b.max(v))))
        {
            text.push_str(&format!(" \u{00B7} best PCC {best:.3}"));
        }
        text.push_str(&format!(" \u{00B7} contrastive loss {:.2}", last.contrastive));
        remark(ui, text);
    }
}
