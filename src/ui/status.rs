//! The bar at the bottom: what runs, and how far it is.

use eframe::egui::{self, Align, Frame, Layout, Margin, RichText, TextStyle, Ui, vec2};

use super::theme::colors;
use super::widgets::{mini, progress};
use crate::app::command::{Command, JobCommand, Overlay, Step};
use crate::app::queue::JobView;
use crate::app::state::App;

/// Jobs shown one by one where there is room; further ones are counted.
const SHOWN: usize = 2;
/// Room that two jobs need beside each other.
const WIDE: f32 = 1100.0;
/// Most room of the values under the cursor beside jobs, and their most share of the bar.
const READ: (f32, f32) = (420.0, 0.4);
/// A window narrower than this shows no hint beside jobs.
const HINT: f32 = 1200.0;

/// Height of the bar.
pub const HEIGHT: f32 = 30.0;

/// Draws the bar.
pub fn show(ui: &mut Ui, app: &App, out: &mut Vec<Command>) {
    let c = colors(ui);
    let frame = Frame::new().fill(c.panel).inner_margin(Margin::symmetric(14, 0));
    egui::Panel::bottom("status bar").exact_size(HEIGHT).frame(frame).show(ui, |ui| {
        // The right end comes first, so that what is left of the bar is known to the rest.
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            help(ui, app, out);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| jobs(ui, app, out));
        });
    });
}

fn jobs(ui: &mut Ui, app: &App, out: &mut Vec<Command>) {
    let c = colors(ui);
    let jobs = app.work.views();
    let read = (app.step == Step::Explore).then(|| app.explore.status_line()).flatten();
    if jobs.is_empty() && read.is_none() {
        ui.label(small(ui, "No jobs running"));
    }
    let room = ui.available_width();
    let shown = if room < WIDE { 1 } else { SHOWN }.min(jobs.len());
    let more = if jobs.len() > shown { 80.0 } else { 0.0 };
    let read_room = if read.is_some() { READ.0.min(room * READ.1) } else { 0.0 };
    let each = (room - read_room - more) / shown.max(1) as f32;
    let left = ui.cursor().left();
    for (at, job) in jobs.iter().take(shown).enumerate() {
        show_job(ui, job, left + each * (at + 1) as f32, out);
    }
    if jobs.len() > shown {
        let rest: Vec<&str> = jobs.iter().skip(shown).map(|j| j.name.as_str()).collect();
        ui.label(small(ui, &format!("and {} more", rest.len()))).on_hover_text(rest.join("\n"));
    }
    if let Some(text) = read {
        let text = RichText::new(text).text_style(TextStyle::Small).color(c.text);
        ui.add(egui::Label::new(text).truncate());
    }
}

fn small(ui: &Ui, text: &str) -> RichText {
    RichText::new(text).text_style(TextStyle::Small).color(colors(ui).weak)
}

/// A job, as far as to `right`.
fn show_job(ui: &mut Ui, job: &JobView, right: f32, out: &mut Vec<Command>) {
    let c = colors(ui);
    ui.label(RichText::new(&job.name).text_style(TextStyle::Small).color(c.text));
    if !job.queued {
        progress(ui, job.status.share, 110.0, &format!("Progress of {}", job.name));
    }
    // What can be pressed comes first: it stays where it is while the text grows and shrinks.
    if !job.cancelling && mini(ui, "Stop").on_hover_text(format!("Stop: {}", job.name)).clicked() {
        out.push(Command::Job(JobCommand::Cancel(job.id)));
    }
    if job.can_pause && !job.cancelling {
        let (text, command) = pause_button(job);
        if mini(ui, text).on_hover_text(format!("{text}: {}", job.name)).clicked() {
            out.push(Command::Job(command));
        }
    }
    let line = job.line();
    let hover = job.detail().map_or_else(|| line.clone(), |detail| format!("{line}\n{detail}"));
    let room = (right - ui.cursor().left() - 2.0 * ui.spacing().item_spacing.x).max(0.0);
    ui.allocate_ui_with_layout(vec2(room, HEIGHT), Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_width(room);
        ui.add(egui::Label::new(small(ui, &line)).truncate()).on_hover_text(hover);
    });
}

/// The button that lets a job wait or go on: its text, and what it sends.
pub fn pause_button(job: &JobView) -> (&'static str, JobCommand) {
    if job.paused { ("Resume", JobCommand::Resume(job.id)) } else { ("Pause", JobCommand::Pause(job.id)) }
}

fn help(ui: &mut Ui, app: &App, out: &mut Vec<Command>) {
    let help = egui::Button::new(small(ui, "F1 help")).frame_when_inactive(false);
    if ui.add(help).on_hover_text("How to work with this window").clicked() {
        out.push(Command::Show(Overlay::Help));
    }
    let room = ui.available_width() >= HINT || app.work.views().is_empty();
    if app.open.is_some() && app.step == Step::Data && room {
        ui.label(small(ui, "Drop a folder or files on the window to add sections"));
    }
}
