//! Small controls that every page uses.

use eframe::egui::{
    self, Align, Color32, Frame, Layout, Margin, RectAlign, Response, RichText, Stroke, TextStyle, Ui,
};

use super::theme::{self, Colors, colors};
use crate::app::terms::Term;
use crate::evaluate::judgement::Judgement;

/// A caption above a group of controls: "SECTIONS" in small capitals.
pub fn caption(ui: &mut Ui, text: &str) -> Response {
    let c = colors(ui);
    ui.label(
        RichText::new(text.to_uppercase())
            .text_style(TextStyle::Small)
            .family(theme::semibold())
            .extra_letter_spacing(0.4)
            .color(c.weak),
    )
}

/// A caption with something at the right end of its line.
pub fn caption_with<R>(ui: &mut Ui, text: &str, right: impl FnOnce(&mut Ui) -> R) -> R {
    ui.horizontal(|ui| {
        caption(ui, text);
        ui.with_layout(Layout::right_to_left(Align::Center), right).inner
    })
    .inner
}

/// A white card as wide as there is room, with a caption.
pub fn card<R>(ui: &mut Ui, title: &str, contents: impl FnOnce(&mut Ui) -> R) -> R {
    theme::card(colors(ui))
        .show(ui, |ui| {
            ui.take_available_width();
            if !title.is_empty() {
                caption(ui, title);
                ui.add_space(2.0);
            }
            contents(ui)
        })
        .inner
}

/// The one button of a page that leads on.
pub fn primary(ui: &mut Ui, enabled: bool, text: &str) -> Response {
    let c = colors(ui);
    let button = egui::Button::new(RichText::new(text).family(theme::semibold()).color(c.on_accent))
        .fill(c.accent)
        .stroke(Stroke::new(1.0, c.accent))
        .min_size(egui::vec2(0.0, theme::ROW));
    ui.add_enabled(enabled, button)
}

/// A small button for rows and lines of text.
pub fn mini(ui: &mut Ui, text: impl Into<String>) -> Response {
    ui.add(mini_button(text))
}

/// A small button, not yet added.
pub fn mini_button<'a>(text: impl Into<String>) -> egui::Button<'a> {
    let text = RichText::new(text.into()).text_style(TextStyle::Small);
    egui::Button::new(text).small().min_size(egui::vec2(0.0, 22.0))
}

/// An explanation that the pointer shows on the left of a control in the right column, so that it does not cover the
/// control beneath.
pub fn hint_beside(response: Response, text: impl Into<egui::WidgetText>) -> Response {
    let mut tooltip = egui::Tooltip::for_enabled(&response);
    tooltip.popup = tooltip.popup.align(RectAlign::LEFT).align_alternatives(&[RectAlign::TOP]);
    tooltip.show(|ui| ui.label(text));
    response
}

/// A button that takes something away.
pub fn danger(ui: &mut Ui, enabled: bool, text: &str) -> Response {
    let c = colors(ui);
    let button = egui::Button::new(RichText::new(text).color(c.bad)).stroke(Stroke::new(1.0, c.bad));
    ui.add_enabled(enabled, button)
}

/// How far something is, 0 to 1. `label` names it for assistive technology.
pub fn progress(ui: &mut Ui, share: f32, width: f32, label: &str) {
    let c = colors(ui);
    ui.scope(|ui| {
        // The track.
        ui.visuals_mut().extreme_bg_color = c.quiet;
        let bar = egui::ProgressBar::new(share).desired_width(width).desired_height(8.0).fill(c.accent);
        let bar = ui.add(bar);
        name(&bar, label);
    });
}

/// A judgement as its word in its colour; the pointer shows what it means.
pub fn judged(ui: &mut Ui, judgement: Judgement) -> Response {
    let color = theme::judgement_color(judgement, colors(ui));
    ui.label(RichText::new(judgement.word()).color(color)).on_hover_text(Term::Judgement.sentence())
}

/// A remark in weak text that wraps.
pub fn remark(ui: &mut Ui, text: impl Into<String>) -> Response {
    let c = colors(ui);
    ui.add(egui::Label::new(RichText::new(text).color(c.weak)).wrap())
}

/// How a [`banner`] looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Good to know.
    Note,
    /// A success.
    Good,
    /// To be read with care.
    Warning,
    /// Did not work.
    Error,
}

impl Tone {
    /// The colours of the text and of what is behind it.
    pub fn colors(self, c: Colors) -> (Color32, Color32) {
        match self {
            Self::Note => (c.text, c.selected),
            Self::Good => (c.good, c.panel),
            Self::Warning => (c.fair, c.fair_back),
            Self::Error => (c.bad, c.bad_back),
        }
    }
}

/// A framed remark that wraps.
pub fn banner(ui: &mut Ui, tone: Tone, text: impl Into<String>) -> Response {
    let (ink, paper) = tone.colors(colors(ui));
    Frame::new()
        .fill(paper)
        .stroke(Stroke::new(1.0, ink.gamma_multiply(0.45)))
        .corner_radius(theme::ROUND)
        .inner_margin(Margin::symmetric(10, 6))
        .show(ui, |ui| {
            ui.take_available_width();
            ui.add(egui::Label::new(RichText::new(text).color(ink)).wrap().selectable(true))
        })
        .inner
}

/// What is being typed in a [`text_field`].
#[derive(Debug, Clone, Default)]
struct Typing {
    text: String,
    /// What was sent by Enter while the field kept the keyboard.
    sent: Option<String>,
}

/// A text field that sends its text when Enter is pressed or the field is left, and only when it differs
/// from `current`. Enter leaves the keyboard in the field. `label` names it for assistive technology; Escape
/// takes the typing back.
pub fn text_field(
    ui: &mut Ui,
    id: impl std::hash::Hash + std::fmt::Debug,
    label: &str,
    current: &str,
    width: f32,
) -> Option<String> {
    hinted_field(ui, id, label, current, "", width)
}

/// A [`text_field`] that shows `hint` while it is empty.
pub fn hinted_field(
    ui: &mut Ui,
    id: impl std::hash::Hash + std::fmt::Debug,
    label: &str,
    current: &str,
    hint: &str,
    width: f32,
) -> Option<String> {
    let id = ui.scope_id().with(("text field", id));
    let typing = ui.data(|d| d.get_temp::<Typing>(id));
    let mut typing = typing.unwrap_or_else(|| Typing { text: current.to_owned(), sent: None });
    let edit = line_edit(&mut typing.text).id(id).desired_width(width).hint_text(hint);
    let response = ui.add(edit.min_size(egui::vec2(width, theme::ROW)));
    name(&response, label);
    let trimmed = typing.text.trim().to_owned();
    // What was refused is not sent once more when the field is left.
    let new = trimmed != current && typing.sent.as_ref() != Some(&trimmed);
    if response.has_focus() {
        let sent = (entered(ui, &response) && new).then(|| trimmed.clone());
        if sent.is_some() {
            typing.sent.clone_from(&sent);
        }
        ui.data_mut(|d| d.insert_temp(id, typing));
        return sent;
    }
    ui.data_mut(|d| d.remove_temp::<Typing>(id));
    let escaped = ui.input(|i| i.key_pressed(egui::Key::Escape));
    (response.lost_focus() && !escaped && new).then_some(trimmed)
}

/// Whether Enter was pressed in a [`line_edit`], which keeps the keyboard.
pub fn entered(ui: &Ui, field: &Response) -> bool {
    field.has_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter))
}

/// A field for one line of text, its text in the middle. Enter leaves the keyboard in it; see [`entered`].
pub fn line_edit(text: &mut String) -> egui::TextEdit<'_> {
    egui::TextEdit::singleline(text)
        .return_key(None)
        .min_size(egui::vec2(0.0, theme::ROW))
        .align(egui::Align2::LEFT_CENTER)
}

/// Gives a control that shows no text of its own a name for assistive technology.
pub fn name(response: &Response, label: &str) {
    response.ctx.accesskit_node_builder(response.id, |node| node.set_label(label.to_owned()));
}

/// A labelled row of a form: the label at the left in weak text, the control after it.
pub fn field<R>(ui: &mut Ui, label: &str, label_width: f32, control: impl FnOnce(&mut Ui) -> R) -> R {
    ui.horizontal(|ui| {
        let c = colors(ui);
        let text = egui::Label::new(RichText::new(label).color(c.weak));
        let layout = Layout::left_to_right(Align::Center);
        let shown = ui.allocate_ui_with_layout(egui::vec2(label_width, theme::ROW), layout, |ui| {
            ui.set_min_width(label_width);
            ui.add(text)
        });
        ui.label_inputs_by(shown.inner.id, control)
    })
    .inner
}

/// "12,345".
pub fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.max(0.0));
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(thousands(0.0), "0");
        assert_eq!(thousands(999.0), "999");
        assert_eq!(thousands(1_234_567.0), "1,234,567");
    }
}
