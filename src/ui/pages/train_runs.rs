//! The list of runs.

use eframe::egui::{self, RichText, Ui};

use super::evaluate_runs::date;
use super::fit_form::target_name;
use crate::app::command::{Command, EvaluateCommand, Overlay, Step, TrainCommand};
use crate::app::paths::{PathPurpose, PathRequest};
use crate::app::project::OpenProject;
use crate::app::sorting::{SortKey, Sorting};
use crate::app::state::App;
use crate::app::terms::Term;
use crate::app::text::score;
use crate::core::text::counted;
use crate::evaluate::report::Split;
use crate::jobs::run_store::{RunFolder, RunInfo, RunKind, RunState, UnreadableRun};
use crate::ui::table::{Column, SortedTable, text};
use crate::ui::theme::{colors, strong};
use crate::ui::widgets::{Tone, banner, card, judged, mini, mini_button, name, remark};

const NAME: &str = "runs";
const ROW: f32 = 30.0;
/// Rows shown before the table scrolls.
const ROWS: f32 = 10.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Name,
    Judgement,
    Tested,
    Pcc,
    Heg,
    Encoder,
    Genes,
    Started,
    Actions,
}

/// A run, and its texts.
struct Line<'a> {
    run: &'a RunInfo,
    encoder: String,
    tested: String,
}

impl Line<'_> {
    fn key(&self, part: Part) -> SortKey<'_> {
        let run = self.run;
        match part {
            Part::Name | Part::Actions => SortKey::Text(&run.id),
            Part::Judgement => SortKey::judgement(run.verdict.judgement),
            Part::Tested => SortKey::Text(&self.tested),
            Part::Pcc => SortKey::Number(run.scores.and_then(|s| s.pcc_all)),
            Part::Heg => SortKey::Number(run.scores.and_then(|s| s.pcc_heg50)),
            Part::Encoder => SortKey::Text(&self.encoder),
            Part::Genes => SortKey::Number(Some(run.config.genes.len() as f64)),
            Part::Started => SortKey::Text(&run.config.started),
        }
    }
}

fn columns() -> [Column<Part>; 9] {
    // Beside the name, so that they are in view in a narrow window, too.
    let actions = Column { grows: 0.0, sorts: false, ..Column::text(Part::Actions, "", 132.0) };
    [
        Column::text(Part::Name, "Name", 116.0),
        actions,
        Column::text(Part::Judgement, "Judgement", 74.0).hint(Term::Judgement.sentence()).largest_first(),
        Column::text(Part::Tested, "Tested on", 112.0).hint(Term::HeldOut.sentence()),
        Column::number(Part::Pcc, "PCC all", 60.0).hint(Term::Pcc.sentence()),
        Column::number(Part::Heg, "PCC HEG-50", 80.0).hint(Term::Heg50.sentence()),
        Column::text(Part::Encoder, "Image encoder", 100.0),
        Column::text(Part::Genes, "Genes and target", 116.0).largest_first(),
        Column::text(Part::Started, "Started", 130.0).largest_first(),
    ]
    // Numbers and short words need no more than their headings.
    .map(|column| {
        let grows = match column.id {
            Part::Name | Part::Tested | Part::Genes => 2.0,
            Part::Encoder => 1.0,
            _ => 0.0,
        };
        Column { grows, ..column }
    })
}

/// Draws the card.
pub fn show(ui: &mut Ui, app: &App, open: &OpenProject, out: &mut Vec<Command>) {
    card(ui, "Runs", |ui| {
        unreadable(ui, &open.runs.unreadable, out);
        if open.runs.list.is_empty() {
            remark(ui, "Trained models are listed here.");
            copy_button(ui, out);
            return;
        }
        let mut lines: Vec<Line> = open
            .runs
            .list
            .iter()
            .map(|run| Line { run, encoder: run.config.encoder_title(), tested: tested_on(run) })
            .collect();
        let first = Sorting { by: Part::Started, descending: true };
        let table = SortedTable { name: NAME, columns: &columns(), row: ROW, rows: ROWS, first, fixed: 0 };
        table.show(ui, &mut lines, Line::key, |ui, line, part| cell(ui, app, open, line, part, out));
        ui.add_space(4.0);
        copy_button(ui, out);
    });
}

/// Runs that cannot be read: that they are there, why, and a way to be rid of them.
fn unreadable(ui: &mut Ui, runs: &[UnreadableRun], out: &mut Vec<Command>) {
    for run in runs {
        banner(ui, Tone::Error, format!("The run \"{}\" cannot be read: {}.", run.id, run.problem));
        ui.horizontal(|ui| more(ui, &run.id, &run.folder, out));
    }
}

/// Copies the models of another project.
pub fn copy_button(ui: &mut Ui, out: &mut Vec<Command>) {
    let button = ui.add(mini_button("Use models of another project…"));
    let hover = "Copies its finished runs into this project, to predict slides without training again";
    if button.on_hover_text(hover).clicked() {
        out.push(Command::Ask(PathRequest::new(PathPurpose::RunsOf)));
    }
}

fn cell(ui: &mut Ui, app: &App, open: &OpenProject, line: &Line, part: Part, out: &mut Vec<Command>) {
    let c = colors(ui);
    let run = line.run;
    match part {
        Part::Name => {
            let chosen = open.runs.selected.as_deref() == Some(run.id.as_str());
            let name = egui::Button::selectable(chosen, strong(&run.id)).truncate();
            let hover = format!(
                "{}\n{}, seed {}, trained on {}",
                run.config.started,
                counted(run.config.sections.len(), "section"),
                run.config.recipe.seed(),
                run.config.device
            );
            if ui.add(name).on_hover_text(hover).clicked() {
                out.push(Command::Train(TrainCommand::Select(run.id.clone())));
            }
        }
        Part::Judgement => drop(judged(ui, run.verdict.judgement)),
        Part::Tested => tested(ui, &line.tested, open.runs.state(run)),
        Part::Pcc => drop(text(ui, score(run.scores.and_then(|s| s.pcc_all)))),
        Part::Heg => drop(text(ui, score(run.scores.and_then(|s| s.pcc_heg50)))),
        Part::Encoder => drop(text(ui, line.encoder.as_str())),
        Part::Genes => {
            let what = format!("{}, {}", run.config.genes.len(), target_name(run.config.target));
            text(ui, RichText::new(what).color(c.weak));
        }
        Part::Started => drop(text(ui, RichText::new(date(&run.config.started)).color(c.weak))),
        Part::Actions => actions(ui, app, open, run, out),
    }
}

fn actions(ui: &mut Ui, app: &App, open: &OpenProject, run: &RunInfo, out: &mut Vec<Command>) {
    let c = colors(ui);
    let cross_validation = matches!(run.config.kind, RunKind::CrossValidation { .. });
    if *open.runs.state(run) == RunState::Training {
        ui.label(RichText::new("training").color(c.on_selected));
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
        let hover = format!("Resume {} from its last checkpoint", run.id);
        let resume = resume.on_disabled_hover_text("Another model is being trained.");
        if resume.on_hover_text(hover).clicked() {
            out.push(Command::Train(TrainCommand::Resume(run.id.clone())));
        }
    }
    more(ui, &run.id, &run.folder, out);
}

fn tested_on(run: &RunInfo) -> String {
    match &run.config.kind {
        RunKind::Model { test } if test.is_empty() => "nothing".to_owned(),
        RunKind::Model { test } => test.join(", "),
        RunKind::CrossValidation { split: Split::Patient } => "each patient in turn".to_owned(),
        RunKind::CrossValidation { split: Split::Section } => "each section in turn".to_owned(),
    }
}

/// What is seldom wanted, in a menu: nothing that deletes lies where another row's button was a moment ago.
fn more(ui: &mut Ui, id: &str, folder: &RunFolder, out: &mut Vec<Command>) {
    let button = mini_button("More");
    let menu = egui::containers::menu::MenuButton::from_button(button);
    let (response, _) = menu.ui(ui, |ui| {
        if ui.button("Copy the path of its folder").clicked() {
            out.push(Command::Copy(folder.path().display().to_string()));
        }
        if ui.button("Delete…").clicked() {
            let question = format!("Delete the run \"{id}\" and its files? This cannot be undone.");
            out.push(Command::Show(Overlay::Confirm {
                question,
                button: "Delete".to_owned(),
                command: Box::new(Command::Train(TrainCommand::Delete(id.to_owned()))),
            }));
        }
    });
    let label = format!("More about {id}");
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
            banner(ui, Tone::Error, format!("It failed: {}", with_causes(headline, causes)));
        }
    }
}

/// A failure and what it came from, a line each.
fn with_causes(headline: &str, causes: &[String]) -> String {
    std::iter::once(headline).chain(causes.iter().map(String::as_str)).collect::<Vec<_>>().join("\n")
}

/// What a run was tested on, and where it is not complete how far it came.
fn tested(ui: &mut Ui, sections: &str, state: &RunState) {
    let c = colors(ui);
    let (color, hover) = match state {
        RunState::Complete | RunState::Training => return drop(text(ui, sections)),
        RunState::Failed { headline, causes } => (c.bad, with_causes(headline, causes)),
        RunState::Stopped | RunState::Interrupted => (c.fair, format!("Tested on: {sections}")),
    };
    let shown = match state {
        RunState::Failed { headline, .. } => format!("failed: {headline}"),
        _ => state_word(state).to_owned(),
    };
    text(ui, RichText::new(shown).color(color)).on_hover_text(hover);
}
