//! The list of runs.

use eframe::egui::{self, Grid, RichText, ScrollArea, TextStyle, Ui};

use super::fit_form::target_name;
use crate::app::command::{Command, EvaluateCommand, Overlay, Step, TrainCommand};
use crate::app::project::Open;
use crate::app::state::App;
use crate::evaluate::report::Split;
use crate::evaluate::tables::rounded;
use crate::jobs::runs::{RunInfo, RunKind};
use crate::ui::theme::{colors, strong};
use crate::ui::widgets::{card, mini, mini_button, remark};

/// Draws the card.
pub fn show(ui: &mut Ui, app: &App, open: &Open, out: &mut Vec<Command>) {
    card(ui, "Runs", |ui| {
        if open.runs.list.is_empty() {
            remark(ui, "Trained models are listed here.");
            return;
        }
        ScrollArea::horizontal().id_salt("runs").auto_shrink([false, true]).show(ui, |ui| {
            Grid::new("runs").num_columns(7).spacing([16.0, 6.0]).show(ui, |ui| {
                let c = colors(ui);
                for head in
                    ["Name", "Tested on", "PCC all", "PCC HEG-50", "Image encoder", "Genes and target", ""]
                {
                    ui.label(RichText::new(head).text_style(TextStyle::Small).color(c.weak));
                }
                ui.end_row();
                for run in &open.runs.list {
                    row(ui, app, open, run, out);
                    ui.end_row();
                }
            });
            ui.add_space(4.0);
        });
    });
}

fn row(ui: &mut Ui, app: &App, open: &Open, run: &RunInfo, out: &mut Vec<Command>) {
    let c = colors(ui);
    let chosen = open.runs.selected.as_deref() == Some(run.id.as_str());
    let name = egui::Button::selectable(chosen, strong(&run.id));
    let hover = format!(
        "{}\n{} sections, seed {}, trained on {}",
        run.config.started,
        run.config.sections.len(),
        run.config.train.seed,
        run.config.device
    );
    let cross_validation = matches!(run.config.kind, RunKind::CrossValidation { .. });
    if ui.add(name).on_hover_text(hover).clicked() {
        out.push(Command::Train(TrainCommand::Select(run.id.clone())));
    }
    ui.label(tested_on(run));
    ui.label(rounded(run.scores.and_then(|s| s.pcc_all)));
    ui.label(rounded(run.scores.and_then(|s| s.pcc_heg50)));
    ui.label(run.config.encoder_title());
    let what = format!("{}, {}", run.config.genes.len(), target_name(run.config.target));
    ui.label(RichText::new(what).color(c.weak));
    let is_live = open.runs.live.as_ref().is_some_and(|l| !l.ended && l.run == run.id);
    ui.horizontal(|ui| {
        if is_live {
            ui.label(RichText::new("training").color(c.accent));
            return;
        }
        if run.complete && cross_validation {
            if mini(ui, "Show").on_hover_text(format!("Show the result of {}", run.id)).clicked() {
                out.push(Command::Evaluate(EvaluateCommand::Open(run.id.clone())));
                out.push(Command::GoTo(Step::Evaluate));
            }
        } else if run.complete {
            if mini(ui, "Maps").on_hover_text(format!("Show maps of {}", run.id)).clicked() {
                out.push(Command::Train(TrainCommand::UseForMaps(Some(run.id.clone()))));
                out.push(Command::GoTo(Step::Explore));
            }
        } else {
            let resume = ui.add_enabled(!app.is_training(), mini_button("Resume"));
            if resume.on_hover_text(format!("{} was interrupted; go on where it stopped", run.id)).clicked() {
                out.push(Command::Train(TrainCommand::Resume(run.id.clone())));
            }
        }
        let delete = mini_button("Delete").frame_when_inactive(false);
        if ui.add(delete).on_hover_text(format!("Delete {} and its files", run.id)).clicked() {
            out.push(Command::Show(Overlay::Confirm {
                question: format!("Delete the run \"{}\" and its files? This cannot be taken back.", run.id),
                button: "Delete".to_owned(),
                command: Box::new(Command::Train(TrainCommand::Delete(run.id.clone()))),
            }));
        }
    });
}

fn tested_on(run: &RunInfo) -> String {
    let text = match &run.config.kind {
        RunKind::Model { test } if test.is_empty() => "nothing".to_owned(),
        RunKind::Model { test } => test.join(", "),
        RunKind::CrossValidation { split: Split::Patient } => "each patient in turn".to_owned(),
        RunKind::CrossValidation { split: Split::Section } => "each section in turn".to_owned(),
    };
    if run.complete { text } else { format!("{text} (interrupted)") }
}
