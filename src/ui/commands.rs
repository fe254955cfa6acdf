//! The command list and the shortcuts.

use eframe::egui::{self, Context, Id, Key, Modifiers, ScrollArea, vec2};

use super::keys;
use super::theme::colors;
use super::widgets::{line_edit, name, remark};
use crate::app::command::{Command, Overlay};
use crate::app::keys::Shortcut;
use crate::app::palette::{Item, all_items};
use crate::app::state::App;

/// Whether a shortcut for `command` does something while `overlay` lies over the page. What lies there has the
/// keyboard: nothing may take its place, least of all while the system asks for a file.
fn is_free(command: &Command, overlay: Option<&Overlay>) -> bool {
    match overlay {
        None => true,
        Some(Overlay::Samples) => matches!(command, Command::Undo | Command::Redo),
        Some(
            Overlay::Commands
            | Overlay::Help
            | Overlay::Notices
            | Overlay::Encoders
            | Overlay::Confirm { .. },
        ) => matches!(command, Command::AskToQuit),
        Some(Overlay::Path(_) | Overlay::Import | Overlay::Panel(_) | Overlay::Measure(_)) => false,
    }
}

/// Sends the commands of the shortcuts that were pressed.
pub fn shortcut_commands(ctx: &Context, app: &App, out: &mut Vec<Command>) {
    let typing = ctx.text_edit_focused();
    let mut items = all_items(app);
    // A key with shift also fits the same key without it, so the one with shift is looked at first.
    items.sort_by_key(|item| !item.shortcut.is_some_and(|s| s.shift));
    for item in items {
        let Some(shortcut) = item.shortcut else { continue };
        if !is_free(&item.command, app.overlay.as_ref()) {
            continue;
        }
        // A text field takes its own typing back.
        if typing && shortcut.command && shortcut.key == "Z" {
            continue;
        }
        let Some(keys) = keys::shortcut(shortcut) else { continue };
        let pressed = ctx.input_mut(|i| i.consume_shortcut(&keys));
        // These say by themselves why they cannot be done, or are about what lies over the page.
        let answers = matches!(item.command, Command::GoTo(_) | Command::Undo | Command::Redo);
        if pressed && (answers || item.blocked.is_none()) {
            out.push(item.command);
        }
    }
}

/// The searchable list.
#[derive(Debug, Default)]
pub struct CommandList {
    search: String,
    chosen: usize,
    open: bool,
    /// Where the pointer was.
    pointer: Option<egui::Pos2>,
}

impl CommandList {
    /// Draws the list while it is open.
    pub fn show(&mut self, ctx: &Context, app: &App, out: &mut Vec<Command>) {
        if app.overlay != Some(Overlay::Commands) {
            self.open = false;
            return;
        }
        let first = !std::mem::replace(&mut self.open, true);
        if first {
            self.search.clear();
            self.chosen = 0;
        }
        let (up, down, enter) = ctx.input_mut(|i| {
            (
                i.consume_key(Modifiers::NONE, Key::ArrowUp),
                i.consume_key(Modifiers::NONE, Key::ArrowDown),
                i.consume_key(Modifiers::NONE, Key::Enter),
            )
        });
        let items: Vec<Item> = all_items(app)
            .into_iter()
            .filter(|i| i.command != Command::Show(Overlay::Commands) && i.matches(&self.search))
            .collect();
        let pointer = ctx.input(|i| i.pointer.latest_pos());
        let moved = std::mem::replace(&mut self.pointer, pointer) != pointer && !first;
        let last = items.len().saturating_sub(1);
        if down {
            self.chosen += 1;
        }
        if up {
            self.chosen = self.chosen.saturating_sub(1);
        }
        self.chosen = self.chosen.min(last);
        let modal =
            egui::Modal::new(Id::unique("command list")).frame(super::theme::overlay(ctx)).show(ctx, |ui| {
                ui.set_width(520.0);
                let field = line_edit(&mut self.search)
                    .id(Id::unique("command search"))
                    .hint_text("Type what you want to do")
                    .desired_width(f32::INFINITY);
                let field = ui.add(field);
                name(&field, "Search commands");
                field.request_focus();
                if field.changed() {
                    self.chosen = 0;
                }
                ui.add_space(4.0);
                ScrollArea::vertical()
                    .max_height((ui.ctx().content_rect().height() - 180.0).clamp(100.0, 400.0))
                    .auto_shrink([false, true])
                    .show(ui, |ui| {
                        if items.is_empty() {
                            remark(ui, "No matching command.");
                        }
                        for (at, item) in items.iter().enumerate() {
                            let chosen = at == self.chosen;
                            let response = ui.scope(|ui| row(ui, item, chosen, up || down)).inner;
                            // The pointer chooses when it moves, so that there is one row to be carried out.
                            if moved && response.contains_pointer() {
                                self.chosen = at;
                            }
                            let wanted = response.clicked() || (enter && at == self.chosen);
                            if wanted && item.blocked.is_none() {
                                out.push(Command::CloseOverlay);
                                out.push(item.command.clone());
                            }
                        }
                    });
            });
        if modal.should_close() {
            out.push(Command::CloseOverlay);
        }
    }
}

fn row(ui: &mut egui::Ui, item: &Item, chosen: bool, moved: bool) -> egui::Response {
    let c = colors(ui);
    let hovered = &mut ui.visuals_mut().widgets.hovered;
    if !chosen {
        hovered.weak_bg_fill = egui::Color32::TRANSPARENT;
        hovered.bg_stroke = egui::Stroke::NONE;
    }
    let mut button = egui::Button::new(item.name.as_str())
        .selected(chosen)
        .frame_when_inactive(chosen)
        .min_size(vec2(ui.available_width(), 28.0));
    button = button.shortcut_text(item.shortcut.map(Shortcut::text).unwrap_or_default());
    let response = ui.add_enabled(item.blocked.is_none(), button);
    if chosen {
        ui.painter().rect_stroke(
            response.rect,
            4.0,
            egui::Stroke::new(1.0, c.accent),
            egui::StrokeKind::Inside,
        );
        if moved {
            response.scroll_to_me(None);
        }
    }
    match &item.blocked {
        Some(why) => response.on_disabled_hover_text(why),
        None => response,
    }
}
