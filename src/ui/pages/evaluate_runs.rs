//! The cross-validations of the project beside each other.

use eframe::egui::{self, RichText, Ui};

use crate::app::command::{Command, EvaluateCommand};
use crate::app::project::OpenProject;
use crate::app::scores::{ShownReport, difference};
use crate::app::sorting::{SortKey, Sorting};
use crate::app::terms::Term;
use crate::app::text::score;
use crate::jobs::run_store::RunInfo;
use crate::ui::table::{Column, SortedTable, text};
use crate::ui::theme::{colors, strong};
use crate::ui::widgets::{card, judged, remark};

const NAME: &str = "cross-validations";
const ROW: f32 = 28.0;
/// Rows shown before the table scrolls.
const ROWS: f32 = 8.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Name,
    Judgement,
    Encoder,
    Pcc,
    Heg,
    Mse,
    Started,
    Difference,
}

/// A run and how it is shown.
struct Line<'a> {
    run: &'a RunInfo,
    encoder: String,
    difference: Option<&'static str>,
}

impl Line<'_> {
    fn key(&self, part: Part) -> SortKey<'_> {
        let scores = self.run.scores;
        match part {
            Part::Name => SortKey::Text(&self.run.id),
            Part::Judgement => SortKey::judgement(self.run.verdict.judgement),
            Part::Encoder => SortKey::Text(&self.encoder),
            Part::Pcc => SortKey::Number(scores.and_then(|s| s.pcc_all)),
            Part::Heg => SortKey::Number(scores.and_then(|s| s.pcc_heg50)),
            Part::Mse => SortKey::Number(scores.map(|s| s.mse)),
            Part::Started => SortKey::Text(&self.run.config.started),
            Part::Difference => SortKey::Text(self.difference.unwrap_or_default()),
        }
    }
}

fn columns() -> [Column<Part>; 8] {
    [
        Column::text(Part::Name, "Name", 140.0),
        Column::text(Part::Judgement, "Judgement", 82.0).hint(Term::Judgement.sentence()).largest_first(),
        Column::text(Part::Encoder, "Image encoder", 130.0),
        Column::number(Part::Pcc, "PCC all", 66.0).hint(Term::Pcc.sentence()),
        Column::number(Part::Heg, "PCC HEG-50", 86.0).hint(Term::Heg50.sentence()),
        Column::number(Part::Mse, "MSE", 60.0).hint(Term::Errors.sentence()),
        Column::text(Part::Started, "Started", 126.0).largest_first(),
        Column::text(Part::Difference, "Differs in", 110.0)
            .hint("Why its scores cannot be compared with the result above."),
    ]
}

/// Draws the card, where there are at least two.
pub fn show(ui: &mut Ui, open: &OpenProject, shown: &ShownReport, out: &mut Vec<Command>) {
    let all: Vec<_> = open.runs.cross_validations().collect();
    let Some(current) = open.runs.find(&shown.run).filter(|_| all.len() > 1) else { return };
    let mut lines: Vec<Line> = all
        .into_iter()
        .map(|run| Line {
            run,
            encoder: run.config.encoder_title(),
            difference: difference(open.doc(), &current.config, &run.config),
        })
        .collect();
    card(ui, "Cross-validations", |ui| {
        let first = Sorting { by: Part::Started, descending: true };
        let table = SortedTable { name: NAME, columns: &columns(), row: ROW, rows: ROWS, first, fixed: 0 };
        table.show(ui, &mut lines, Line::key, |ui, line, part| cell(ui, line, part, &shown.run, out));
        ui.add_space(4.0);
        remark(ui, "Scores are comparable only if sections, folds, genes and target match the result above.");
    });
}

fn cell(ui: &mut Ui, line: &Line, part: Part, shown: &str, out: &mut Vec<Command>) {
    let c = colors(ui);
    let run = line.run;
    let ink = if line.difference.is_some() { c.weak } else { c.text };
    let number = |ui: &mut Ui, value| drop(text(ui, RichText::new(score(value)).color(ink)));
    match part {
        Part::Name => {
            let is_shown = run.id == shown;
            let name = egui::Button::selectable(is_shown, strong(&run.id)).truncate();
            let hover = format!("Show the result of {}", run.id);
            if ui.add(name).on_hover_text(hover).clicked() && !is_shown {
                out.push(Command::Evaluate(EvaluateCommand::Open(run.id.clone())));
            }
        }
        Part::Judgement => drop(judged(ui, run.verdict.judgement)),
        Part::Encoder => drop(text(ui, line.encoder.as_str())),
        Part::Pcc => number(ui, run.scores.and_then(|s| s.pcc_all)),
        Part::Heg => number(ui, run.scores.and_then(|s| s.pcc_heg50)),
        Part::Mse => number(ui, run.scores.map(|s| s.mse)),
        Part::Started => drop(text(ui, RichText::new(date(&run.config.started)).color(c.weak))),
        Part::Difference => {
            text(ui, RichText::new(line.difference.unwrap_or_default()).color(c.weak));
        }
    }
}

/// "2026-11-28 19:04" of an RFC 3339 time.
pub fn date(started: &str) -> String {
    started.get(..16).map_or_else(|| started.to_owned(), |s| s.replace('T', " "))
}
