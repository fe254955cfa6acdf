//! The state of the image features.

use eframe::egui::{self, RichText, Ui};

use crate::app::command::{Command, FeaturesCommand, Overlay};
use crate::app::project::Open;
use crate::app::state::App;
use crate::app::work::Request;
use crate::ui::theme::colors;
use crate::ui::widgets::{card, remark};

/// Draws the card.
pub fn show(ui: &mut Ui, app: &App, open: &Open, out: &mut Vec<Command>) {
    card(ui, "Image features", |ui| {
        let c = colors(ui);
        let what = "Numbers that describe the tissue around each spot: stain, nuclei, texture. Computed once for \
                    each image and kept.";
        remark(ui, what);
        let names: Vec<&str> = open.doc().sections.iter().map(|s| s.name.as_str()).collect();
        let ready = names.iter().filter(|n| open.cached.contains(**n)).count();
        ui.horizontal_wrapped(|ui| {
            ui.label(format!("{ready} of {} sections ready", names.len()));
            for name in names {
                let (text, ink) = if open.cached.contains(name) {
                    (format!("{name} ready"), c.good)
                } else {
                    (format!("{name} not yet"), c.weak)
                };
                ui.label(RichText::new(text).small().color(ink));
            }
        });
        ui.horizontal_wrapped(|ui| {
            let busy = app.work.any(|r| matches!(r, Request::ComputeFeatures(_)));
            let can = open.ready().next().is_some() && !busy;
            let compute = ui.add_enabled(can, egui::Button::new("Compute now"));
            if compute.on_hover_text("Training does this by itself when it is needed").clicked() {
                out.push(Command::Features(FeaturesCommand::Compute));
            }
            let size = open.cache_bytes.map_or_else(String::new, |b| format!(" ({})", size_text(b)));
            let clear = egui::Button::new(format!("Clear the cache{size}"));
            if ui.add_enabled(open.cache_bytes.is_some_and(|b| b > 0), clear).clicked() {
                let question = "Delete the image features of all projects? They are computed again when they are \
                                needed.";
                out.push(Command::Show(Overlay::Confirm {
                    question: question.to_owned(),
                    button: "Clear the cache".to_owned(),
                    command: Box::new(Command::Features(FeaturesCommand::ClearCache)),
                }));
            }
        });
    });
}

fn size_text(bytes: u64) -> String {
    let mib = bytes as f64 / f64::from(1u32 << 20);
    if mib >= 1024.0 { format!("{:.1} GiB", mib / 1024.0) } else { format!("{mib:.0} MiB") }
}
