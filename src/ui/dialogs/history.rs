//! Everything that was told.

use eframe::egui::{Context, ScrollArea};

use crate::app::command::{Command, NoticeCommand};
use crate::app::state::App;
use crate::ui::notices::contents;
use crate::ui::widgets::remark;

/// Draws the list, newest first.
pub fn show(ctx: &Context, app: &App, out: &mut Vec<Command>) {
    super::dialog(ctx, "Notices", 640.0, out, |ui, out| {
        ScrollArea::vertical()
            .max_height((ctx.content_rect().height() - 180.0).clamp(100.0, 460.0))
            .auto_shrink([false, true])
            .show(ui, |ui| {
                if app.notices.history().next().is_none() {
                    remark(ui, "Nothing was told yet.");
                }
                for notice in app.notices.history().rev() {
                    contents(ui, notice, usize::MAX);
                    ui.separator();
                }
            });
        ui.horizontal(|ui| {
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
