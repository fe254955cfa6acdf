//! What lies over the pages.

mod confirm;
mod encoders;
mod help;
mod history;
mod import;
mod panel;
mod path;
mod samples;
mod system;

use eframe::egui::{self, Context, Id, Key, Ui};

use super::theme::strong;
use crate::app::command::{Command, Overlay};
use crate::app::state::App;

/// What dialogs keep while they are open.
#[derive(Debug)]
pub struct Dialogs {
    path: path::PathDialog,
    panel: panel::PanelDialog,
}

impl Dialogs {
    /// No dialog is open. `native` says whether the system's file dialogs may be shown.
    pub fn new(native: bool) -> Self {
        Self { path: path::PathDialog::new(native), panel: panel::PanelDialog::default() }
    }

    /// Draws the dialog that is open.
    pub fn show(&mut self, ctx: &Context, app: &App, out: &mut Vec<Command>) {
        let Some(overlay) = &app.overlay else {
            self.path.closed();
            self.panel.closed();
            return;
        };
        match overlay {
            Overlay::Path(request) => self.path.show(ctx, app, request, out),
            Overlay::Panel(form) => self.panel.show(ctx, form, app.open.as_ref(), out),
            Overlay::Confirm { question, button, command } => {
                confirm::show(ctx, question, button, command, out)
            }
            Overlay::Help => help::show(ctx, app, out),
            Overlay::Notices => history::show(ctx, app, out),
            Overlay::Import => import::show(ctx, app, out),
            Overlay::Encoders => encoders::show(ctx, app, out),
            Overlay::Samples => samples::show(ctx, app, out),
            Overlay::Commands => {}
        }
    }
}

/// When a dialog closes, its own buttons apart.
#[derive(Clone, Copy)]
enum Closing {
    /// By a click beside it, too.
    Easily,
    /// Only by Escape.
    Asked,
}

/// A dialog in the middle of the window: a title, the contents, and nothing else to click meanwhile.
fn dialog(
    ctx: &Context,
    title: &str,
    width: f32,
    out: &mut Vec<Command>,
    contents: impl FnOnce(&mut Ui, &mut Vec<Command>),
) {
    dialog_closing(ctx, title, width, Closing::Easily, out, contents);
}

/// As [`dialog`], for a form to be filled in.
fn form(
    ctx: &Context,
    title: &str,
    width: f32,
    out: &mut Vec<Command>,
    contents: impl FnOnce(&mut Ui, &mut Vec<Command>),
) {
    dialog_closing(ctx, title, width, Closing::Asked, out, contents);
}

fn typing_id() -> Id {
    Id::unique("dialog: something is typed")
}

/// Whether something was typed in a dialog in the last frame. The focus is gone already when Escape is seen.
fn was_typing(ctx: &Context) -> bool {
    ctx.data(|d| d.get_temp(typing_id())).unwrap_or(false)
}

fn dialog_closing(
    ctx: &Context,
    title: &str,
    width: f32,
    closing: Closing,
    out: &mut Vec<Command>,
    contents: impl FnOnce(&mut Ui, &mut Vec<Command>),
) {
    let width = width.min(ctx.content_rect().width() - 80.0);
    let modal =
        egui::Modal::new(Id::unique(("dialog", title))).frame(super::theme::overlay(ctx)).show(ctx, |ui| {
            ui.set_width(width);
            ui.label(strong(title).size(16.0));
            ui.add_space(6.0);
            contents(ui, out);
        });
    let escaped = ctx.input_mut(|i| i.consume_key(egui::Modifiers::NONE, Key::Escape));
    let typing = was_typing(ctx);
    let focused = ctx.text_edit_focused();
    ctx.data_mut(|d| d.insert_temp(typing_id(), focused));
    // What was filled into a form is not lost by a click beside it.
    let is_form = matches!(closing, Closing::Asked);
    // The Escape that ends typing in one of its fields does not close a form, too.
    if (escaped && !(is_form && typing)) || (!is_form && modal.should_close()) {
        out.push(Command::CloseOverlay);
    }
}
