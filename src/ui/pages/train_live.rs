//! A run, while it trains and afterwards.

use eframe::egui::{self, Ui};

use super::{plan, train_curves, train_runs};
use crate::app::command::{Command, JobCommand};
use crate::app::held_out;
use crate::app::plan::Plan;
use crate::app::project::OpenProject;
use crate::app::queue::JobView;
use crate::app::runs::Curves;
use crate::app::state::App;
use crate::core::note::Note;
use crate::ui::status::pause_button;
use crate::ui::theme::strong;
use crate::ui::widgets::{Tone, banner, card, progress as progress_bar, remark};

/// Draws the card.
pub fn show(ui: &mut Ui, app: &App, open: &OpenProject, out: &mut Vec<Command>) {
    card(ui, "Training", |ui| {
        let runs = &open.runs;
        let selected = runs.selected.as_deref();
        let live = runs.live.as_ref().filter(|l| selected.is_none_or(|s| s == l.run));
        if let Some(live) = live {
            let state = train_runs::state_word(&live.state);
            ui.label(strong(format!("{} \u{00B7} {state}", live.run)).size(15.0));
            train_runs::why(ui, &live.state);
            if let Some(job) = app.work.views().into_iter().find(|j| j.id == live.job) {
                progress(ui, &job, out);
            }
            train_curves::show(ui, &live.curves, live.published);
            notes(ui, &live.notes, live.published);
        } else if let Some(details) = selected.and_then(|s| runs.details.get(s)) {
            ui.label(strong(&details.id).size(15.0));
            if let Some(run) = runs.find(&details.id).filter(|r| !r.complete) {
                train_runs::why(ui, runs.state(run));
            }
            let published = runs.find(&details.id).is_some_and(|r| r.config.recipe.is_published());
            train_curves::show(ui, &Curves { folds: details.curves.clone() }, published);
            notes(ui, &details.notes, published);
        } else if let Some(selected) = selected {
            ui.horizontal(|ui| {
                ui.spinner();
                ui.label(format!("Reading {selected}"));
            });
        } else {
            let text = "What Train will do with the settings on the right. Training curves appear here; select an earlier \
                        run below to see its curves.";
            remark(ui, text);
            ui.add_space(4.0);
            match Plan::of_training(open, &held_out(&app.forms.train, open)) {
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
        progress_bar(ui, job.status.share, 260.0, "Progress of training");
        let stop = ui.add_enabled(!job.cancelling, egui::Button::new("Stop"));
        if stop.on_hover_text("It can be resumed later.").clicked() {
            out.push(Command::Job(JobCommand::Cancel(job.id)));
        }
        if job.can_pause {
            let (text, command) = pause_button(job);
            if ui.add_enabled(!job.cancelling, egui::Button::new(text)).clicked() {
                out.push(Command::Job(command));
            }
        }
    });
    remark(ui, job.line());
    // A line that comes and goes would move what lies beneath it.
    remark(ui, job.detail().unwrap_or_else(|| " ".to_owned()));
}

/// How a note on a fit is shown, here and beside its result.
pub fn tone(note: &Note) -> Tone {
    match note {
        Note::General(_) => Tone::Note,
        Note::AtChance(_) => Tone::Warning,
    }
}

fn notes(ui: &mut Ui, notes: &[Note], published: bool) {
    for note in notes {
        banner(ui, tone(note), note.text());
        if !matches!(note, Note::AtChance(_)) {
            continue;
        }
        let rest = if published {
            "so the training spots that a prediction is made of may be little better than random ones. Trust the scores \
             on held-out sections, not the look of the maps. More epochs, more sections or another image encoder may \
             help."
        } else {
            "so retrieval adds little in this run. More spots, more epochs or a larger batch may help; the regression \
             part of the model is not affected."
        };
        remark(
            ui,
            format!("In other words, the model matched images to expression no better than chance, {rest}"),
        );
    }
}
