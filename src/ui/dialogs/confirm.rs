//! A question before something that cannot be undone.

use eframe::egui::Context;

use super::Closing;
use crate::app::command::Command;
use crate::ui::widgets::danger;

/// Draws the question.
pub fn show(ctx: &Context, question: &str, button: &str, command: &Command, out: &mut Vec<Command>) {
    super::dialog(ctx, "Please confirm", 420.0, Closing::Easily, out, |ui, out| {
        ui.label(question);
        ui.add_space(10.0);
        ui.horizontal(|ui| {
            if ui.button("Cancel").clicked() {
                out.push(Command::CloseOverlay);
            }
            if danger(ui, true, button).clicked() {
                out.push(Command::CloseOverlay);
                out.push(command.clone());
            }
        });
    });
}
