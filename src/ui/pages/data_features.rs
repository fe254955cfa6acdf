//! The state of the image features.

use super::fit_form;
use eframe::egui::{self, RichText, Ui};

use crate::app::command::{Command, FeaturesCommand, Overlay};
use crate::app::encoders::{memory_text, rough};
use crate::app::project::OpenProject;
use crate::app::state::App;
use crate::jobs::request::Request;
use crate::ui::theme::colors;
use crate::ui::widgets::{Tone, banner, card, remark, thousands};

/// Draws the card.
pub fn show(ui: &mut Ui, app: &App, open: &OpenProject, out: &mut Vec<Command>) {
    card(ui, "Image features", |ui| {
        let c = colors(ui);
        let what = "Numerical descriptions of the tissue around each spot, produced by an image encoder. Computed once \
                    per image and encoder, then cached.";
        remark(ui, what);
        fit_form::encoder_field(ui, app, 100.0, out);
        let encoder = app.encoder().map_or("the encoder", |e| e.title);
        // Those of slides without measurements are computed when they are predicted.
        let trained_on = open.doc().sections.iter().filter(|s| s.is_measured());
        let names: Vec<&str> = trained_on.map(|s| s.name.as_str()).collect();
        let ready = names.iter().filter(|n| open.cached.contains(**n)).count();
        ui.horizontal_wrapped(|ui| {
            if !open.features_known {
                ui.label(format!("Checking which features by {encoder} are available"));
                return;
            }
            ui.label(format!("{ready} of {} sections have features by {encoder}", names.len()));
            for name in names {
                let (text, ink) = if open.cached.contains(name) {
                    (format!("{name} ready"), c.good)
                } else {
                    (format!("{name} not yet"), c.weak)
                };
                ui.label(RichText::new(text).small().color(ink));
            }
        });
        before(ui, app);
        ui.horizontal_wrapped(|ui| {
            let busy = app.work.any(|r| matches!(r, Request::ComputeFeatures { .. }));
            let usable = app.encoder().is_none_or(|e| e.is_ready());
            let can = open.ready().next().is_some() && !busy && usable;
            let compute = ui.add_enabled(can, egui::Button::new("Compute now"));
            if compute.on_hover_text("Training computes missing features automatically").clicked() {
                out.push(Command::Features(FeaturesCommand::Compute));
            }
            let size = open.cache_bytes.map_or_else(String::new, |b| format!(" ({})", memory_text(b)));
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

/// How long computing what is missing will take, and the memory it takes.
fn before(ui: &mut Ui, app: &App) {
    let Some(ahead) = app.ahead().filter(|ahead| ahead.known && ahead.sections > 0) else { return };
    if app.encoder().is_some_and(|e| !e.is_ready()) {
        let text = format!("The weights of {} are not on this computer: see Change.", ahead.encoder);
        banner(ui, Tone::Warning, text);
        return;
    }
    let mut text = Vec::new();
    if let (Some(time), Some(speed)) = (ahead.time(), ahead.speed) {
        let patches = thousands((ahead.patches as f64 / 100.0).round().max(1.0) * 100.0);
        text.push(format!(
            "Computing the missing features takes {} (about {patches} patches, {})",
            rough(time),
            speed.text()
        ));
    }
    if let Some(memory) = app.encoder().map(|e| e.memory).filter(|&m| m > 0) {
        text.push(format!("{} of memory for the weights", memory_text(memory)));
    }
    if !text.is_empty() {
        remark(ui, format!("{}.", text.join(", and ")));
    }
}
