//! What lies over the pages.

mod confirm;
mod encoders;
mod help;
mod history;
mod import;
pub(super) mod measure;
mod panel;
mod path;
mod samples;
mod system;

use eframe::egui::{self, Align2, Context, Id, Key, Modal, Popup, Rect, Ui};

use super::theme::strong;
use super::widgets::danger;
use crate::app::command::{Command, Overlay};
use crate::app::explore::images::Images;
use crate::app::state::App;

/// What dialogs keep while they are open.
#[derive(Debug)]
pub struct Dialogs {
    path: path::PathDialog,
    panel: panel::PanelDialog,
    measure: measure::MeasureDialog,
}

impl Dialogs {
    /// No dialog is open. `native` says whether the system's file dialogs may be shown.
    pub fn new(native: bool) -> Self {
        Self {
            path: path::PathDialog::new(native),
            panel: panel::PanelDialog::default(),
            measure: measure::MeasureDialog::default(),
        }
    }

    /// Draws the dialog that is open, in the middle of `free`, the part of the window that dialogs may cover.
    pub fn show(
        &mut self,
        ctx: &Context,
        free: Rect,
        app: &App,
        images: &dyn Images,
        out: &mut Vec<Command>,
    ) {
        ctx.data_mut(|d| d.insert_temp(free_id(), free));
        let Some(overlay) = &app.overlay else {
            self.path.closed();
            self.panel.closed();
            self.measure.closed();
            return;
        };
        if !matches!(overlay, Overlay::Measure(_)) {
            self.measure.closed();
        }
        match overlay {
            Overlay::Path(request) => self.path.show(ctx, app, request, out),
            Overlay::Measure(request) => self.measure.show(ctx, request, images, out),
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

/// How a dialog closes, its own buttons apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    /// By Escape and by a click beside it.
    Easily,
    /// The same, once the user has agreed to lose what was typed.
    AfterAsking,
    /// By Escape only.
    ByKey,
    /// By its own buttons only.
    ByButton,
}

impl Closing {
    /// For a dialog in which something was typed, or nothing yet.
    fn with_typing(typed: bool) -> Self {
        if typed { Self::AfterAsking } else { Self::Easily }
    }
}

/// A dialog in the middle of the window: a title, the contents, and nothing else to click meanwhile.
fn dialog(
    ctx: &Context,
    title: &str,
    width: f32,
    closing: Closing,
    out: &mut Vec<Command>,
    contents: impl FnOnce(&mut Ui, &mut Vec<Command>),
) {
    dialog_closing(ctx, title, width, closing, false, out, contents);
}

/// As [`dialog`], for a form to be filled in: the Escape that leaves one of its fields does not close it.
fn form(
    ctx: &Context,
    title: &str,
    width: f32,
    closing: Closing,
    out: &mut Vec<Command>,
    contents: impl FnOnce(&mut Ui, &mut Vec<Command>),
) {
    dialog_closing(ctx, title, width, closing, true, out, contents);
}

fn free_id() -> Id {
    Id::unique("dialog: part of the window")
}

fn typing_id() -> Id {
    Id::unique("dialog: something is typed")
}

/// Whether something was typed in a dialog in the last frame. The focus is gone already when Escape is seen.
fn was_typing(ctx: &Context) -> bool {
    ctx.data(|d| d.get_temp(typing_id())).unwrap_or(false)
}

/// The part of the window that dialogs may cover.
fn free(ctx: &Context) -> Rect {
    ctx.data(|d| d.get_temp::<Rect>(free_id())).unwrap_or_else(|| ctx.content_rect())
}

/// A modal frame in the middle of the part of the window that dialogs may cover. What may be long scrolls within it.
fn modal(ctx: &Context, id: Id, width: f32, contents: impl FnOnce(&mut Ui)) -> egui::ModalResponse<()> {
    let (whole, free) = (ctx.content_rect(), free(ctx));
    let width = width.min(free.width() - 80.0);
    let area = Modal::default_area(id).anchor(Align2::CENTER_CENTER, free.center() - whole.center());
    Modal::new(id).area(area).frame(super::theme::overlay(ctx)).show(ctx, |ui| {
        ui.set_width(width);
        contents(ui);
    })
}

fn dialog_closing(
    ctx: &Context,
    title: &str,
    width: f32,
    closing: Closing,
    is_form: bool,
    out: &mut Vec<Command>,
    contents: impl FnOnce(&mut Ui, &mut Vec<Command>),
) {
    let asking_id = Id::unique(("dialog: asks before it closes", title));
    let asking = closing == Closing::AfterAsking && ctx.data(|d| d.get_temp(asking_id)).unwrap_or(false);
    // A list that is open takes the Escape for itself.
    let popup = Popup::is_any_open(ctx);
    let modal = modal(ctx, Id::unique(("dialog", title)), width, |ui| {
        ui.label(strong(title).size(16.0));
        ui.add_space(6.0);
        contents(ui, out);
    });
    let beside = modal.backdrop_response.clicked() && !popup;
    let typing = was_typing(ctx);
    let focused = ctx.text_edit_focused();
    ctx.data_mut(|d| d.insert_temp(typing_id(), focused));
    if asking {
        let answer = ask_to_discard(ctx);
        if answer.is_some() {
            ctx.data_mut(|d| d.remove_temp::<bool>(asking_id));
        }
        if answer == Some(Discard::Yes) {
            out.push(Command::CloseOverlay);
        }
        return;
    }
    let escaped = !popup && ctx.input_mut(|i| i.consume_key(egui::Modifiers::NONE, Key::Escape));
    // The Escape that ends typing in one of its fields does not close a form, too, unless nothing would be lost.
    let escaped = escaped && !(is_form && typing && closing != Closing::Easily);
    match closing {
        Closing::Easily if escaped || beside => out.push(Command::CloseOverlay),
        Closing::ByKey if escaped => out.push(Command::CloseOverlay),
        Closing::AfterAsking if escaped || beside => {
            ctx.data_mut(|d| d.insert_temp(asking_id, true));
            ctx.request_repaint();
        }
        _ => {}
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Discard {
    Yes,
    No,
}

/// Asks whether what was typed may be lost; the answer, once there is one.
fn ask_to_discard(ctx: &Context) -> Option<Discard> {
    let mut answer = None;
    let asked = modal(ctx, Id::unique("discard"), 360.0, |ui| {
        ui.label(strong("Discard what you have typed?").size(15.0));
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            if ui.button("Keep editing").clicked() {
                answer = Some(Discard::No);
            }
            if danger(ui, true, "Discard").clicked() {
                answer = Some(Discard::Yes);
            }
        });
    });
    answer.or_else(|| asked.should_close().then_some(Discard::No))
}
