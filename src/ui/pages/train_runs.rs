//! The list of runs.

use eframe::egui::{self, Grid, RichText, ScrollArea, TextStyle, Ui};

use super::fit_form::target_name;
use crate::app::command::{Command, EvaluateCommand, Overlay, Step, TrainCommand};
use crate::app::project::Open;
use crate::app::state::App;
use crate::evaluate::report::Split;
use crate::jobs::runs::{RunInfo, RunKind, RunState};
use crate::ui::theme::{colors, strong};
use crate::ui::widgets::{Tone, banner, card, mini, mini_button, name, remark};

/// Room for why a run failed; the rest is told when the pointer is on it.
const WHY_WIDTH: f32 = 220.0;

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
    let title = egui::Button::selectable(chosen, strong(&run.id));
    let hover = format!(
        "{}\n{} sections, seed {}, trained on {}",
        run.config.started,
        run.config.sections.len(),
        run.config.train.seed,
        run.config.device
    );
    let cross_validation = matches!(run.config.kind, RunKind::CrossValidation { .. });
    if ui.add(title).on_hover_text(hover).clicked() {
        out.push(Command::Train(TrainCommand::Select(run.id.clone())));
    }
    tested_on(ui, run, open.runs.state(run));
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.3}"));
    ui.label(number(run.scores.map(|s| s.pcc_all)));
    ui.label(number(run.scores.map(|s| s.pcc_heg50)));
    ui.label(run.config.encoder_title());
    let what = format!("{}, {}", run.config.genes.len(), target_name(run.config.target));
    ui.label(RichText::new(what).color(c.weak));
    let state = open.runs.state(run);
    ui.horizontal(|ui| {
        if *state == RunState::Training {
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
            let hover = format!("Go on with {} where it stopped", run.id);
            if resume.on_hover_text(hover).on_disabled_hover_text("Another model is being trained.").clicked()
            {
                out.push(Command::Train(TrainCommand::Resume(run.id.clone())));
            }
        }
        more(ui, run, out);
    });
}

/// What is seldom wanted, in a menu: nothing that deletes lies where another row's button was a moment ago.
fn more(ui: &mut Ui, run: &RunInfo, out: &mut Vec<Command>) {
    let button = mini_button("More").frame_when_inactive(false);
    let menu = egui::containers::menu::MenuButton::from_button(button);
    let (response, _) = menu.ui(ui, |ui| {
        if ui.button("Copy the path of its folder").clicked() {
            out.push(Command::Copy(run.folder.display().to_string()));
        }
        if ui.button("Delete\u{2026}").clicked() {
            let question = format!("Delete the run \"{}\" and its files? This cannot be undone.", run.id);
            out.push(Command::Show(Overlay::Confirm {
                question,
                button: "Delete".to_owned(),
                command: Box::new(Command::Train(TrainCommand::Delete(run.id.clone()))),
            }));
        }
    });
    let label = format!("More about {}", run.id);
    name(&response, &label);
    response.on_hover_text(label);
}

/// How far a run came, in a word or two.
pub fn state_word(state: &RunState) -> &'static str {
    match state {
        RunState::Complete => "complete",
        RunState::Training => "training",
        RunState::Stopped => "stopped",
        RunState::Failed { .. } => "failed",
        RunState::Interrupted => "interrupted",
    }
}

/// Why a run is not complete, where there is more to say than a word.
pub fn why(ui: &mut Ui, state: &RunState) {
    match state {
        RunState::Complete | RunState::Training => {}
        RunState::Stopped => {
            remark(ui, "It was stopped. Resume it in the list of runs to go on from its last checkpoint.");
        }
        RunState::Interrupted => {
            remark(
                ui,
                "It was interrupted when HisCMCL or the computer ended. Resume it in the list of runs to go on from its \
                 last checkpoint.",
            );
        }
        RunState::Failed { headline, causes } => {
            let text = [std::slice::from_ref(headline), causes.as_slice()].concat().join("\n");
            banner(ui, Tone::Error, format!("It failed: {text}"));
        }
    }
}

/// What a run was tested on, and where it is not complete how far it came.
fn tested_on(ui: &mut Ui, run: &RunInfo, state: &RunState) {
    let c = colors(ui);
    let text = match &run.config.kind {
        RunKind::Model { test } if test.is_empty() => "nothing".to_owned(),
        RunKind::Model { test } => test.join(", "),
        RunKind::CrossValidation { split: Split::Patient } => "each patient in turn".to_owned(),
        RunKind::CrossValidation { split: Split::Section } => "each section in turn".to_owned(),
    };
    ui.horizontal(|ui| {
        ui.label(text);
        match state {
            RunState::Complete | RunState::Training => {}
            RunState::Failed { headline, causes } => {
                let word = ui.label(RichText::new("failed").color(c.bad));
                word.on_hover_text([std::slice::from_ref(headline), causes.as_slice()].concat().join("\n"));
                ui.scope(|ui| {
                    ui.set_max_width(WHY_WIDTH);
                    let headline = RichText::new(headline).text_style(TextStyle::Small).color(c.bad);
                    ui.add(egui::Label::new(headline).truncate());
                });
            }
            RunState::Stopped | RunState::Interrupted => {
                ui.label(RichText::new(state_word(state)).color(c.fair));
            }
        }
    });
}
