//! The cross-validations of the project beside each other.

use eframe::egui::{self, Grid, RichText, ScrollArea, TextStyle, Ui};

use crate::app::command::{Command, EvaluateCommand};
use crate::app::project::Open;
use crate::app::scores::{ShownReport, difference};
use crate::evaluate::tables::rounded;
use crate::ui::theme::{colors, strong};
use crate::ui::widgets::{card, remark};

/// Draws the card, where there are at least two.
pub fn show(ui: &mut Ui, open: &Open, shown: &ShownReport, out: &mut Vec<Command>) {
    let all: Vec<_> = open.runs.cross_validations().collect();
    let Some(current) = open.runs.find(&shown.run).filter(|_| all.len() > 1) else { return };
    card(ui, "Cross-validations", |ui| {
        let c = colors(ui);
        ScrollArea::horizontal().id_salt("cross-validations").auto_shrink([false, true]).show(ui, |ui| {
            Grid::new("cross-validations").num_columns(6).spacing([16.0, 6.0]).show(ui, |ui| {
                for head in ["Name", "Image encoder", "PCC all", "PCC HEG-50", "MSE", ""] {
                    ui.label(RichText::new(head).text_style(TextStyle::Small).color(c.weak));
                }
                ui.end_row();
                for run in all {
                    let is_shown = run.id == shown.run;
                    let name = ui.add(egui::Button::selectable(is_shown, strong(&run.id)));
                    if name.on_hover_text(format!("Show the result of {}", run.id)).clicked() && !is_shown {
                        out.push(Command::Evaluate(EvaluateCommand::Open(run.id.clone())));
                    }
                    ui.label(run.config.encoder_title());
                    let other = difference(open.doc(), &current.config, &run.config);
                    let ink = if other.is_some() { c.weak } else { c.text };
                    for pick in [0, 1, 2] {
                        let value = run.scores.and_then(|s| [s.pcc_all, s.pcc_heg50, Some(s.mse)][pick]);
                        ui.label(RichText::new(rounded(value)).color(ink));
                    }
                    ui.label(RichText::new(other.unwrap_or_default()).color(c.weak));
                    ui.end_row();
                }
            });
            ui.add_space(4.0);
        });
        remark(ui, "Scores compare where sections, folds, genes and target are those of the result above.");
    });
}
