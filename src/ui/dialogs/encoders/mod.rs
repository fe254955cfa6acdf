//! Choosing the image encoder: a card an encoder.

mod card;
mod weights;

use eframe::egui::{Context, Key, Modifiers, ScrollArea, Ui};

use super::{Closing, free};
use crate::app::command::{Command, EncoderCommand};
use crate::app::state::App;
use crate::jobs::encoders::Group;
use crate::jobs::request::Request;
use crate::ui::widgets::{caption, remark};

const WIDTH: f32 = 940.0;
/// Height that the rest of the dialog takes of what is free for dialogs.
const REST: f32 = 230.0;

/// Draws the cards.
pub fn show(ctx: &Context, app: &App, out: &mut Vec<Command>) {
    super::dialog(ctx, "Image encoder", WIDTH, Closing::Easily, out, |ui, out| {
        let what = "The encoder turns the tissue around each spot into numbers. The built-in texture encoder is fast and \
                    always available. Networks pretrained on pathology slides describe tissue better but need weights, \
                    memory and time.";
        remark(ui, what);
        ui.add_space(4.0);
        if app.encoders.list.is_empty() {
            ui.horizontal(|ui| {
                ui.spinner();
                ui.label("Looking for encoders");
            });
        }
        keys(ui, app, out);
        cards(ui, app, out);
        ui.add_space(8.0);
        bottom(ui, app, out);
    });
}

/// Applies the keys that were pressed.
fn keys(ui: &Ui, app: &App, out: &mut Vec<Command>) {
    // A button that has the focus is pressed by Enter itself.
    let focused = ui.memory(|m| m.focused().is_some());
    let pressed = |key: Key| ui.input_mut(|i| i.consume_key(Modifiers::NONE, key));
    if !focused && pressed(Key::Enter) {
        out.push(Command::Encoder(EncoderCommand::Use(app.encoders.shown.clone())));
    }
    let by = [(Key::ArrowDown, 1), (Key::ArrowUp, -1), (Key::Home, -100), (Key::End, 100)]
        .into_iter()
        .find(|&(key, _)| pressed(key))
        .map(|(_, by)| by);
    let Some(name) = by.and_then(|by| app.encoders.step(by)) else { return };
    // The arrows are for the cards from here on.
    ui.memory_mut(|m| m.focused().map(|id| m.surrender_focus(id)));
    out.push(Command::Encoder(EncoderCommand::Look(name.to_owned())));
}

/// Whether the open card is another one than in the last frame, or the cards were just opened.
fn is_new(ui: &Ui, shown: &str) -> bool {
    let id = ui.make_persistent_id("encoders: the card that was open");
    let frame = ui.ctx().cumulative_frame_nr();
    let before = ui.data_mut(|d| d.get_temp::<(String, u64)>(id));
    ui.data_mut(|d| d.insert_temp(id, (shown.to_owned(), frame)));
    before.is_none_or(|(name, at)| name != shown || frame > at + 1)
}

fn group_name(group: Group) -> &'static str {
    match group {
        Group::BuiltIn => "Built in",
        Group::Photographs => "Everyday photographs",
        Group::Pathology => "Pathology",
    }
}

fn cards(ui: &mut Ui, app: &App, out: &mut Vec<Command>) {
    let height = (free(ui.ctx()).height() - REST).max(200.0);
    let scroll = is_new(ui, &app.encoders.shown);
    ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]).show(
        ui,
        |ui| {
            // Room for the bar that floats over the right edge.
            ui.set_max_width(ui.available_width() - 12.0);
            let mut group = None;
            for encoder in &app.encoders.list {
                if group.replace(encoder.group) != Some(encoder.group) {
                    ui.add_space(4.0);
                    caption(ui, group_name(encoder.group));
                }
                let open = encoder.name == app.encoders.shown;
                let card = card::show(ui, app, encoder, open, out);
                if open && scroll {
                    card.scroll_to_me(None);
                }
            }
        },
    );
}

fn bottom(ui: &mut Ui, app: &App, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        if ui.button("Close").clicked() {
            out.push(Command::CloseOverlay);
        }
        let measuring =
            |r: &Request| matches!(r, Request::MeasureRates { .. } | Request::MeasureSpeed { .. });
        if let Some(job) = app.work.view(measuring) {
            ui.spinner();
            let what = if job.queued { "waiting for other jobs".to_owned() } else { job.stage() };
            remark(ui, format!("{}: {what}", job.name));
        } else if let Some(device) = app.device_name() {
            let again = ui.button("Measure this computer");
            let hover = "Runs small networks for a few seconds to estimate how fast the others will be";
            if again.on_hover_text(hover).clicked() {
                out.push(Command::Encoder(EncoderCommand::MeasureDevice));
            }
            let text =
                format!("Speeds are those of {device}; \"about\" marks estimates from similar networks.");
            remark(ui, text);
        }
    });
}
