//! The card of one encoder: what it is, what it needs and takes here, and below that its weights while it is open.

use eframe::egui::{
    self, Align, Color32, Frame, Label, Layout, Margin, Response, RichText, Sense, Stroke, TextStyle, Ui,
    UiBuilder, WidgetInfo, accesskit::Role, vec2,
};

use super::weights;
use crate::app::command::{Command, EncoderCommand};
use crate::app::encoders::{memory_text, parameters_text, rough};
use crate::app::state::App;
use crate::jobs::encoders::{EncoderInfo, Group};
use crate::ui::theme::{self, colors, strong};
use crate::ui::widgets::thousands;

/// Draws the card.
pub fn show(ui: &mut Ui, app: &App, encoder: &EncoderInfo, open: bool, out: &mut Vec<Command>) -> Response {
    let c = colors(ui);
    let builder = UiBuilder::new().id_salt(("encoder", encoder.name)).sense(Sense::click());
    let card = ui.scope_builder(builder, |ui| {
        let hovered = ui.response().hovered();
        let line = if open || hovered { c.accent } else { c.border };
        Frame::new()
            .fill(if open { c.panel } else { c.backdrop })
            .stroke(Stroke::new(if open { 1.5 } else { 1.0 }, line))
            .corner_radius(theme::ROUND)
            .inner_margin(Margin::symmetric(12, 8))
            .show(ui, |ui| {
                ui.take_available_width();
                heading(ui, app, encoder);
                facts(ui, app, encoder);
                if open {
                    ui.separator();
                    weights::show(ui, app, encoder, out);
                }
            });
    });
    let (_, state) = state(ui, app, encoder);
    let label = format!("{}, {state}", encoder.title);
    card.response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, open, label.as_str()));
    if card.response.clicked() && !open {
        out.push(Command::Encoder(EncoderCommand::Look(encoder.name.to_owned())));
    }
    card.response
}

/// Whether it can be used, in a colour and in words.
fn state(ui: &Ui, app: &App, encoder: &EncoderInfo) -> (Color32, &'static str) {
    let c = colors(ui);
    let chosen = app.forms.train.encoder.name == encoder.name;
    match (chosen, encoder.is_ready(), encoder.group) {
        (true, true, _) => (c.on_selected, "in use"),
        (true, false, _) => (c.bad, "in use, weights missing"),
        (false, true, Group::BuiltIn) => (c.good, "ready"),
        (false, true, _) => (c.good, "weights found"),
        (false, false, _) => (c.weak, "weights not installed"),
    }
}

fn heading(ui: &mut Ui, app: &App, encoder: &EncoderInfo) {
    let c = colors(ui);
    let (ink, state) = state(ui, app, encoder);
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = 20.0;
        ui.horizontal(|ui| {
            ui.add(Label::new(strong(encoder.title).size(14.0)).selectable(false));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.add(Label::new(RichText::new(state).small().color(ink)).selectable(false));
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let about = RichText::new(encoder.about).color(c.weak);
                    ui.add(Label::new(about).truncate().selectable(false));
                });
            });
        });
    });
}

/// The numbers, in columns that are the same in all cards.
fn facts(ui: &mut Ui, app: &App, encoder: &EncoderInfo) {
    const SHARES: [f32; 6] = [0.21, 0.15, 0.13, 0.15, 0.17, 0.19];
    let (parameters, memory) = match encoder.group {
        Group::BuiltIn => ("none".to_owned(), "very little".to_owned()),
        _ => (parameters_text(encoder.parameters), memory_text(encoder.memory)),
    };
    let speed = app.speed(encoder).map_or_else(|| "not measured".to_owned(), |speed| speed.text());
    let time = app.time_for_project(encoder).map_or_else(|| "-".to_owned(), rough);
    let sections = app.open.as_ref().map_or(0, |open| open.patches.len());
    let project = match sections {
        0 => "This project".to_owned(),
        1 => "The one section".to_owned(),
        n => format!("All {n} sections"),
    };
    let cells = [
        ("Licence", encoder.licence.to_owned(), "The licence of its weights"),
        ("Parameters", parameters, "Number of weights in the network"),
        ("Memory", memory, "For the weights; images need a few hundred MiB more"),
        (
            "Gives",
            format!("{} numbers", thousands(encoder.width as f64)),
            "For each patch, at each of two scales",
        ),
        ("Speed here", speed, "On the device that is chosen on the Train page"),
        (
            project.as_str(),
            time,
            "Once: image features are kept, and computed again only when image, spots or encoder change",
        ),
    ];
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), 36.0), Sense::hover());
    let mut left = row.left();
    for ((head, value, hover), share) in cells.into_iter().zip(SHARES) {
        let width = row.width() * share;
        let rect = egui::Rect::from_min_size(egui::pos2(left, row.top()), vec2(width - 8.0, row.height()));
        left += width;
        let builder = UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Min));
        ui.scope_builder(builder, |ui| fact(ui, head, &value, hover));
    }
}

fn fact(ui: &mut Ui, head: &str, value: &str, hover: &str) {
    let c = colors(ui);
    ui.spacing_mut().item_spacing.y = 1.0;
    let head = RichText::new(head).text_style(TextStyle::Small).color(c.weak);
    ui.add(Label::new(head).truncate().selectable(false)).on_hover_text(hover);
    ui.add(Label::new(RichText::new(value).color(c.text)).truncate().selectable(false));
}
