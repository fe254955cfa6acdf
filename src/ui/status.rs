//! The bar at the bottom: what runs, how far it is, and what was told last.

use eframe::egui::{self, Align, Frame, Layout, Margin, RichText, TextStyle, Ui};

use super::theme::colors;
use super::widgets::{mini, progress};
use crate::app::command::{Command, JobCommand, Overlay, Step};
use crate::app::state::App;
use crate::app::work::JobView;
use crate::core::progress::format_duration;

/// Jobs shown one by one; further ones are counted.
const SHOWN: usize = 2;

/// Draws the bar.
pub fn show(ui: &mut Ui, app: &App, out: &mut Vec<Command>) {
    let c = colors(ui);
    let frame = Frame::new().fill(c.panel).inner_margin(Margin::symmetric(14, 2));
    egui::Panel::bottom("status bar").exact_size(34.0).frame(frame).show(ui, |ui| {
        ui.horizontal_centered(|ui| {
            let jobs = app.work.views();
            let read = (app.step == Step::Explore).then(|| app.explore.status_line()).flatten();
            if let Some(text) = &read {
                ui.label(RichText::new(text).text_style(TextStyle::Small).color(c.text));
                if !jobs.is_empty() {
                    ui.separator();
                }
            }
            if jobs.is_empty() && read.is_none() {
                ui.label(small(ui, "No jobs running"));
            }
            for job in jobs.iter().take(SHOWN) {
                show_job(ui, job, out);
                ui.separator();
            }
            if jobs.len() > SHOWN {
                let rest: Vec<&str> = jobs.iter().skip(SHOWN).map(|j| j.name.as_str()).collect();
                ui.label(small(ui, &format!("and {} more", rest.len()))).on_hover_text(rest.join("\n"));
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| last_notice(ui, app, out));
        });
    });
}

fn small(ui: &Ui, text: &str) -> RichText {
    RichText::new(text).text_style(TextStyle::Small).color(colors(ui).weak)
}

fn show_job(ui: &mut Ui, job: &JobView, out: &mut Vec<Command>) {
    let c = colors(ui);
    ui.label(RichText::new(&job.name).text_style(TextStyle::Small).color(c.text));
    if job.queued {
        ui.label(small(ui, "waiting"));
    } else {
        let share = match job.status.total {
            0 => None,
            total => Some(job.status.done as f32 / total as f32),
        };
        progress(ui, share.unwrap_or(0.0), 110.0, &format!("Progress of {}", job.name));
        let mut text = job.status.stage.clone();
        if let Some(pace) = job.pace() {
            text = format!("{text} \u{00B7} {pace}");
        }
        if let Some(left) = job.status.left.filter(|_| !job.paused) {
            text = format!("{text} \u{00B7} {} left", format_duration(left));
        }
        if job.paused {
            text = "paused".to_owned();
        }
        if job.cancelling {
            text = "stopping".to_owned();
        }
        ui.add(egui::Label::new(small(ui, &text)).truncate()).on_hover_text(text);
    }
    if job.can_pause && !job.cancelling {
        let (text, command) = if job.paused {
            ("Go on", JobCommand::Resume(job.id))
        } else {
            ("Pause", JobCommand::Pause(job.id))
        };
        if mini(ui, text).on_hover_text(format!("{text}: {}", job.name)).clicked() {
            out.push(Command::Job(command));
        }
    }
    if !job.cancelling && mini(ui, "Cancel").on_hover_text(format!("Stop: {}", job.name)).clicked() {
        out.push(Command::Job(JobCommand::Cancel(job.id)));
    }
}

fn last_notice(ui: &mut Ui, app: &App, out: &mut Vec<Command>) {
    let help = egui::Button::new(small(ui, "F1 help")).frame_when_inactive(false);
    if ui.add(help).on_hover_text("How to work with this window").clicked() {
        out.push(Command::Show(Overlay::Help));
    }
    if let Some(notice) = app.notices.history().next_back() {
        let text = egui::Button::new(small(ui, &notice.headline)).frame_when_inactive(false).truncate();
        if ui.add(text).on_hover_text("All notices").clicked() {
            out.push(Command::Show(Overlay::Notices));
        }
    } else if app.open.is_some() && app.step == Step::Data {
        ui.label(small(ui, "Drop a folder or files on the window to add sections"));
    }
}
