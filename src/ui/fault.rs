//! What the window shows after a fault in its own code, in place of everything else.

use std::path::PathBuf;

use eframe::egui::{self, Ui};

use super::theme::{self, colors, strong};
use super::widgets::{Tone, banner, primary, remark};
use crate::app::command::{Command, ProjectCommand};
use crate::app::state::App;
use crate::core::fault;

/// A fault that was met.
#[derive(Debug)]
pub struct Fault {
    message: String,
    report: Option<PathBuf>,
    saved: Option<Result<(), String>>,
    /// Whether a change made just before was not saved, as it may be at fault.
    left_out: bool,
}

impl Fault {
    /// The fault that `panic` tells of. Saves the project as it last was drawn well.
    pub fn met(panic: &(dyn std::any::Any + Send), left_out: bool) -> Self {
        let message = fault::message(panic);
        Self { message, report: fault::take_report(), saved: fault::rescue(), left_out }
    }

    /// Draws the page. Gives whether the window shall go on.
    pub fn show(&self, ui: &mut Ui, app: &App, out: &mut Vec<Command>) -> bool {
        let mut go_on = false;
        let c = colors(ui);
        let frame = egui::Frame::new().fill(c.backdrop).inner_margin(40);
        egui::CentralPanel::default().frame(frame).show(ui, |ui| {
            theme::card(c).show(ui, |ui| {
                ui.set_max_width(720.0);
                ui.label(strong("An internal error occurred, and this page cannot be drawn").size(17.0));
                ui.add_space(6.0);
                match &self.saved {
                    Some(Err(why)) => {
                        banner(ui, Tone::Error, format!("The project could not be saved: {why}"));
                    }
                    Some(Ok(())) => {
                        remark(ui, "The project was saved as it was just before.");
                    }
                    None => match &app.open {
                        Some(open) if open.is_unsaved() => {
                            remark(ui, "The last change to the project is not saved yet.");
                        }
                        Some(_) => {
                            remark(ui, "Everything in the project was saved already.");
                        }
                        None => {}
                    },
                }
                if self.left_out {
                    remark(ui, "Your last change was not saved, because it may be what broke the page.");
                }
                match &self.report {
                    Some(path) => remark(ui, format!("A report is in {}.", path.display())),
                    None => remark(ui, "No report could be written."),
                };
                if let Some(why) = app.open.as_ref().and_then(|o| o.save.failed.as_ref()) {
                    banner(
                        ui,
                        Tone::Error,
                        format!("The project could not be saved: {why} Close the window again to discard your changes."),
                    );
                }
                remark(ui, format!("What happened: {}", self.message));
                if app.must_ask_to_quit() {
                    remark(ui, "Reopening the project or quitting stops the jobs that are running. Training can be resumed later.");
                }
                ui.add_space(8.0);
                ui.horizontal(|ui| {
                    let project = app.open.as_ref().map(|o| o.path.clone());
                    let text = if project.is_some() { "Reopen the project" } else { "Continue" };
                    if primary(ui, true, text).clicked() {
                        go_on = true;
                        out.extend(project.map(|path| Command::Leave(ProjectCommand::Open(path))));
                    }
                    if let Some(path) = &self.report
                        && ui.button("Copy the path of the report").clicked()
                    {
                        out.push(Command::Copy(path.display().to_string()));
                    }
                    if ui.button("Quit").clicked() {
                        out.push(Command::Quit);
                    }
                });
            });
        });
        go_on
    }
}
