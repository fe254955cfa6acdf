//! All notices since the start.

use eframe::egui::{Context, ScrollArea};

use super::Closing;
use crate::app::command::{Command, NoticeCommand};
use crate::app::state::App;
use crate::ui::notices::contents;
use crate::ui::widgets::{mini, remark};

/// Height that the rest of the dialog takes.
const REST: f32 = 150.0;

/// Draws the list, newest first.
pub fn show(ctx: &Context, app: &App, out: &mut Vec<Command>) {
    super::dialog(ctx, "Notices", 640.0, Closing::Easily, out, |ui, out| {
        let most = (super::free(ctx).height() - REST).clamp(100.0, 460.0);
        ScrollArea::vertical().max_height(most).auto_shrink([false, true]).show(ui, |ui| {
            if app.notices.history().next().is_none() {
                remark(ui, "There are no notices yet.");
            }
            for notice in app.notices.history().rev() {
                contents(ui, notice);
                ui.horizontal(|ui| {
                    if notice.open {
                        if let Some((text, command)) = &notice.action
                            && mini(ui, text).clicked()
                        {
                            out.push(Command::CloseOverlay);
                            out.push(Command::Notice(NoticeCommand::Dismiss(notice.id)));
                            out.push(command.clone());
                        }
                        let dismiss = mini(ui, "Dismiss");
                        if dismiss.on_hover_text("Stop showing it; it stays in this list").clicked() {
                            out.push(Command::Notice(NoticeCommand::Dismiss(notice.id)));
                        }
                    }
                });
                ui.separator();
            }
        });
        ui.horizontal(|ui| {
            if app.notices.open().next().is_some() && ui.button("Dismiss all").clicked() {
                out.push(Command::Notice(NoticeCommand::DismissAll));
            }
            if ui.button("Copy all").clicked() {
                let all: Vec<String> = app.notices.history().map(|n| n.text()).collect();
                out.push(Command::Copy(all.join("\n")));
            }
            if ui.button("Clear").clicked() {
                out.push(Command::Notice(NoticeCommand::Clear));
            }
            if ui.button("Close").clicked() {
                out.push(Command::CloseOverlay);
            }
        });
    });
}
