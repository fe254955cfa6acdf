//! Notices as toasts in the corner.

use eframe::egui::{
    self, Align2, Area, Context, Frame, Id, Label, Margin, Order, RichText, Stroke, Ui, vec2,
};

use super::theme::{self, colors};
use super::widgets::Tone;
use crate::app::command::{Command, NoticeCommand};
use crate::app::notices::{Notice, Severity};
use crate::app::state::App;

const WIDTH: f32 = 380.0;
/// Toasts at a time; older ones stay in the history.
const SHOWN: usize = 4;
/// Causes shown on a toast; the copy has all.
const CAUSES: usize = 4;

/// How a notice looks.
pub fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Info => Tone::Note,
        Severity::Done => Tone::Good,
        Severity::Warning => Tone::Warning,
        Severity::Error => Tone::Error,
    }
}

/// Draws what is open.
pub fn show(ctx: &Context, app: &App, out: &mut Vec<Command>) {
    if app.notices.open().next().is_none() {
        return;
    }
    Area::new(Id::unique("toasts"))
        .order(Order::Foreground)
        .anchor(Align2::RIGHT_BOTTOM, vec2(-16.0, -46.0))
        .show(ctx, |ui| {
            ui.set_max_width(WIDTH);
            let mut newest: Vec<&Notice> = app.notices.open().rev().take(SHOWN).collect();
            newest.reverse();
            for notice in newest {
                toast(ui, notice, out);
            }
        });
}

fn toast(ui: &mut Ui, notice: &Notice, out: &mut Vec<Command>) {
    let c = colors(ui);
    let (ink, paper) = tone(notice.severity).colors(c);
    Frame::new()
        .fill(paper)
        .stroke(Stroke::new(1.0, ink.gamma_multiply(0.6)))
        .corner_radius(6)
        .inner_margin(Margin::symmetric(12, 10))
        .shadow(egui::Shadow {
            offset: [0, 3],
            blur: 10,
            spread: 0,
            color: egui::Color32::from_black_alpha(40),
        })
        .show(ui, |ui| {
            ui.set_width(WIDTH - 24.0);
            contents(ui, notice, CAUSES);
            ui.horizontal(|ui| {
                if let Some((text, command)) = &notice.action
                    && ui.button(text).clicked()
                {
                    out.push(command.clone());
                    out.push(Command::Notice(NoticeCommand::Dismiss(notice.id)));
                }
                if matches!(notice.severity, Severity::Error | Severity::Warning)
                    && ui.button("Copy").clicked()
                {
                    out.push(Command::Copy(notice.text()));
                }
                if ui.button("Dismiss").clicked() {
                    out.push(Command::Notice(NoticeCommand::Dismiss(notice.id)));
                }
            });
        });
}

/// The text of a notice: the headline, and beneath it what it came from.
pub fn contents(ui: &mut Ui, notice: &Notice, causes: usize) {
    let c = colors(ui);
    let (ink, _) = tone(notice.severity).colors(c);
    let headline = RichText::new(&notice.headline).family(theme::semibold()).color(ink);
    ui.add(Label::new(headline).wrap().selectable(true));
    for cause in notice.causes.iter().take(causes) {
        let text = RichText::new(cause).color(c.text);
        ui.add(Label::new(text).wrap().selectable(true));
    }
    if notice.causes.len() > causes {
        ui.label(RichText::new(format!("and {} more causes", notice.causes.len() - causes)).color(c.weak));
    }
}
