//! Notices: one at a time, in a strip of its own at the bottom of the window. The strip is always there, so that
//! nothing moves when a notice comes or goes, and nothing that can be clicked lies beneath it.

use eframe::egui::{
    self, Align, Area, Context, Id, Label, Layout, Order, Rect, RichText, Sense, TextStyle, Ui, UiBuilder,
    accesskit::Live, vec2,
};

use super::theme::{self, colors};
use super::widgets::{Tone, mini};
use crate::app::command::{Command, NoticeCommand, Overlay};
use crate::app::notices::{Notice, Severity};
use crate::app::state::App;

/// Height of the strip.
pub const HEIGHT: f32 = 32.0;
/// A notice takes no click so soon after it came: the click was meant for the one before it.
const SETTLES: f64 = 0.5;

/// How a notice looks.
pub fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Info => Tone::Note,
        Severity::Done => Tone::Good,
        Severity::Warning => Tone::Warning,
        Severity::Error => Tone::Error,
    }
}

/// Which notice is shown, and since when.
#[derive(Debug, Default)]
pub struct NoticeStrip {
    shown: Option<u64>,
    since: f64,
}

impl NoticeStrip {
    /// Draws the strip. Gives whether the user is at it, so that the notice must stay as it is.
    pub fn show(&mut self, ui: &mut Ui, rect: Rect, app: &App, out: &mut Vec<Command>) -> bool {
        let c = colors(ui);
        ui.painter().rect_filled(rect, 0.0, c.panel);
        let at_it = ui.input(|i| i.pointer.latest_pos()).is_some_and(|at| rect.contains(at));
        let now = ui.input(|i| i.time);
        let notice = self.choose(app, at_it, now);
        let settled = now - self.since >= SETTLES;
        if app.overlay.is_some() && notice.is_some() {
            // A dialog dims the window; what is told meanwhile is read and answered all the same.
            over_dialogs(ui.ctx(), rect, |ui| draw(ui, app, notice, settled, out));
        } else {
            let mut child = ui.new_child(UiBuilder::new().id_salt("notice").max_rect(rect));
            draw(&mut child, app, notice, settled, out);
        }
        ui.painter().hline(rect.x_range(), rect.top(), egui::Stroke::new(1.0, c.border));
        at_it && notice.is_some()
    }

    /// The newest notice; the one that is shown as long as the pointer is on it.
    fn choose<'a>(&mut self, app: &'a App, at_it: bool, now: f64) -> Option<&'a Notice> {
        let shown = app.notices.open().find(|n| Some(n.id) == self.shown);
        let next = shown.filter(|_| at_it).or_else(|| app.notices.open().next_back());
        let id = next.map(|n| n.id);
        if id != self.shown {
            self.shown = id;
            self.since = now;
        }
        next
    }
}

fn over_dialogs(ctx: &Context, rect: Rect, contents: impl FnOnce(&mut Ui)) {
    Area::new(Id::unique("notice over dialogs"))
        .order(Order::Tooltip)
        .fixed_pos(rect.min)
        .constrain(false)
        .show(ctx, |ui| {
            ui.set_min_size(rect.size());
            let mut child = ui.new_child(UiBuilder::new().id_salt("notice").max_rect(rect));
            contents(&mut child);
        });
}

fn draw(ui: &mut Ui, app: &App, notice: Option<&Notice>, settled: bool, out: &mut Vec<Command>) {
    let rect = ui.max_rect();
    // The strip takes every click on it: none reaches what might lie beneath.
    ui.interact(rect, ui.scope_id().with("strip"), Sense::CLICK);
    let c = colors(ui);
    let (ink, paper) = notice.map_or((c.weak, c.panel), |n| tone(n.severity).colors(c));
    ui.painter().rect_filled(rect, 0.0, paper);
    if notice.is_some() {
        ui.painter().rect_filled(rect.with_max_x(rect.left() + 4.0), 0.0, ink);
    }
    let inner = rect.shrink2(vec2(14.0, 2.0));
    let layout = Layout::right_to_left(Align::Center);
    let mut bar = ui.new_child(UiBuilder::new().max_rect(inner).layout(layout));
    match notice {
        Some(notice) => {
            buttons(&mut bar, app, notice, settled, out);
            text(&mut bar, notice);
        }
        None => {
            if app.notices.history().next().is_some() {
                let all = egui::Button::new(small("All notices", c.weak)).frame_when_inactive(false);
                if bar.add(all).on_hover_text("All notices since HisCMCL was started").clicked() {
                    out.push(Command::Show(Overlay::Notices));
                }
            }
            bar.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.label(small("No new notices", c.weak))
            });
        }
    }
}

fn small(text: &str, color: egui::Color32) -> RichText {
    RichText::new(text).text_style(TextStyle::Small).color(color)
}

/// The buttons, from the right: the way to close it is always at the same place.
fn buttons(ui: &mut Ui, app: &App, notice: &Notice, settled: bool, out: &mut Vec<Command>) {
    let dismiss = Command::Notice(NoticeCommand::Dismiss(notice.id));
    if mini(ui, "Dismiss").clicked() && settled {
        out.push(dismiss.clone());
    }
    let others: Vec<&Notice> = app.notices.open().filter(|n| n.id != notice.id).collect();
    if !others.is_empty() {
        let worst = others.iter().any(|n| n.severity == Severity::Error);
        let c = colors(ui);
        let text = small(&format!("{} more", others.len()), if worst { c.bad } else { c.text });
        let more = ui.add(egui::Button::new(text).small().min_size(vec2(0.0, 22.0)));
        if more.on_hover_text("Show all notices").clicked() && settled {
            out.push(Command::Show(Overlay::Notices));
        }
    }
    if (!notice.causes.is_empty() || is_cut(ui, notice))
        && mini(ui, "Details").on_hover_text("Show the whole notice").clicked()
        && settled
    {
        out.push(Command::Show(Overlay::Notices));
    }
    let copies = match notice.severity {
        Severity::Error => true,
        Severity::Warning => notice.action.is_none(),
        Severity::Info | Severity::Done => false,
    };
    if copies && mini(ui, "Copy").on_hover_text("Copy the notice with its causes").clicked() && settled {
        out.push(Command::Copy(notice.text()));
    }
    if let Some((text, command)) = &notice.action
        && mini(ui, text).clicked()
        && settled
    {
        out.push(dismiss);
        out.push(command.clone());
    }
}

/// Room that the buttons of a notice take at most.
const BUTTONS: f32 = 300.0;

/// Whether a notice is too long for the strip.
fn is_cut(ui: &Ui, notice: &Notice) -> bool {
    let font = egui::FontId::new(TextStyle::Body.resolve(ui.style()).size, theme::semibold());
    let text = ui.painter().layout_no_wrap(notice.headline.clone(), font, egui::Color32::BLACK);
    text.size().x > ui.max_rect().width() - BUTTONS
}

fn text(ui: &mut Ui, notice: &Notice) {
    let c = colors(ui);
    let (ink, _) = tone(notice.severity).colors(c);
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        let headline = RichText::new(&notice.headline).family(theme::semibold()).color(ink);
        let shown = ui.add(Label::new(headline).truncate());
        let live = if notice.severity == Severity::Error { Live::Assertive } else { Live::Polite };
        shown.ctx.accesskit_node_builder(shown.id, |node| node.set_live(live));
        shown.on_hover_text(notice.text());
        if let Some(cause) = notice.causes.first() {
            let cause = Label::new(RichText::new(cause).color(c.text)).truncate();
            ui.add(cause).on_hover_text(notice.text());
        }
    });
}

/// The text of a notice: the headline, and beneath it what it came from.
pub fn contents(ui: &mut Ui, notice: &Notice) {
    let c = colors(ui);
    let (ink, _) = tone(notice.severity).colors(c);
    let headline = RichText::new(&notice.headline).family(theme::semibold()).color(ink);
    ui.add(Label::new(headline).wrap().selectable(true));
    for cause in &notice.causes {
        let text = RichText::new(cause).color(c.text);
        ui.add(Label::new(text).wrap().selectable(true));
    }
}
