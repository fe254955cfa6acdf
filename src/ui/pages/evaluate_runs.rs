//! The cross-validations of the project beside each other.

use eframe::egui::{self, RichText, Ui};

use crate::app::command::{Command, EvaluateCommand};
use crate::app::project::Open;
use crate::app::scores::{ShownReport, difference};
use crate::app::sorting::{SortKey, Sorting};
use crate::app::terms::Term;
use crate::evaluate::judgement::Judgement;
use crate::jobs::runs::RunInfo;
use crate::ui::table::{Column, Table, remember, remembered, text};
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
            Part::Judgement => SortKey::Number(match self.run.verdict.judgement {
                Judgement::NotTested => None,
                judgement => Some(f64::from(judgement as u8)),
            }),
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
    let column = |id, title, hint: &'static str, width, number| Column {
        id,
        title,
        hint,
        width,
        grows: 1.0,
        number,
        sorts: true,
    };
    [
        column(Part::Name, "Name", "", 140.0, false),
        column(Part::Judgement, "Judgement", Term::Judgement.sentence(), 82.0, false),
        column(Part::Encoder, "Image encoder", "", 130.0, false),
        column(Part::Pcc, "PCC all", Term::Pcc.sentence(), 66.0, true),
        column(Part::Heg, "PCC HEG-50", Term::Heg50.sentence(), 86.0, true),
        column(Part::Mse, "MSE", Term::Errors.sentence(), 60.0, true),
        column(Part::Started, "Started", "", 126.0, false),
        column(
            Part::Difference,
            "Differs in",
            "What keeps its scores from being compared with the result above.",
            110.0,
            false,
        ),
    ]
}

/// Draws the card, where there are at least two.
pub fn show(ui: &mut Ui, open: &Open, shown: &ShownReport, out: &mut Vec<Command>) {
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
        let sorting = remembered(ui, NAME, Sorting { by: Part::Started, descending: true });
        lines.sort_by(|a, b| a.key(sorting.by).compare(b.key(sorting.by), sorting.descending));
        let columns = columns();
        let table =
            Table { name: NAME, columns: &columns, row: ROW, most: ROWS * ROW, sorting: Some(sorting) };
        let touched = table.show(
            ui,
            lines.len(),
            |_| None,
            |ui, row, part| {
                let Some(line) = lines.get(row) else { return };
                let c = colors(ui);
                let ink = if line.difference.is_some() { c.weak } else { c.text };
                let number = |v: Option<f64>| v.map_or_else(|| "\u{2013}".to_owned(), |v| format!("{v:.3}"));
                let scores = line.run.scores;
                match part {
                    Part::Name => {
                        let is_shown = line.run.id == shown.run;
                        let name = egui::Button::selectable(is_shown, strong(&line.run.id)).truncate();
                        let hover = format!("Show the result of {}", line.run.id);
                        if ui.add(name).on_hover_text(hover).clicked() && !is_shown {
                            out.push(Command::Evaluate(EvaluateCommand::Open(line.run.id.clone())));
                        }
                    }
                    Part::Judgement => drop(judged(ui, line.run.verdict.judgement)),
                    Part::Encoder => drop(text(ui, line.encoder.as_str())),
                    Part::Pcc => {
                        drop(text(ui, RichText::new(number(scores.and_then(|s| s.pcc_all))).color(ink)))
                    }
                    Part::Heg => {
                        drop(text(ui, RichText::new(number(scores.and_then(|s| s.pcc_heg50))).color(ink)))
                    }
                    Part::Mse => drop(text(ui, RichText::new(number(scores.map(|s| s.mse))).color(ink))),
                    Part::Started => {
                        drop(text(ui, RichText::new(date(&line.run.config.started)).color(c.weak)))
                    }
                    Part::Difference => {
                        text(ui, RichText::new(line.difference.unwrap_or_default()).color(c.weak));
                    }
                }
            },
        );
        if let Some(part) = touched.head {
            let descending = !matches!(part, Part::Name | Part::Encoder | Part::Difference);
            remember(ui, NAME, sorting.clicked(part, descending));
        }
        ui.add_space(4.0);
        remark(ui, "Scores are comparable only if sections, folds, genes and target match the result above.");
    });
}

/// "2026-11-28 19:04" of an RFC 3339 time.
pub fn date(started: &str) -> String {
    started.get(..16).map_or_else(|| started.to_owned(), |s| s.replace('T', " "))
}
