//! Asking for a path: by the system's dialog where there is one, by a text field otherwise.

use std::path::PathBuf;

use eframe::egui::{Context, Key};

use super::system::{Answer, SystemDialog};
use crate::app::command::Command;
use crate::app::paths::{PathKind, PathRequest};
use crate::app::state::App;
use crate::ui::widgets::{Tone, banner, line_edit, name, primary, remark};

#[derive(Debug)]
enum Asking {
    System(SystemDialog),
    Typed(Typed),
}

/// What is being typed.
#[derive(Debug, Default)]
struct Typed {
    text: String,
    /// What is wrong with it.
    error: Option<String>,
    /// Whether the field was shown yet.
    shown: bool,
    /// A file that exists, which the next press replaces.
    replaces: Option<PathBuf>,
}

/// The question that is open.
#[derive(Debug)]
pub struct PathDialog {
    native: bool,
    open: Option<(PathRequest, Asking)>,
}

impl PathDialog {
    /// No question is open.
    pub fn new(native: bool) -> Self {
        Self { native, open: None }
    }

    /// Forgets the question.
    pub fn closed(&mut self) {
        self.open = None;
    }

    fn typed(app: &App, request: &PathRequest) -> Asking {
        let folder = request.folder.as_ref().or(app.settings.last_folder.as_ref());
        let start = match (folder, &request.file_name) {
            (Some(folder), Some(name)) => folder.join(name).display().to_string(),
            (Some(folder), None) => folder.display().to_string(),
            (None, name) => name.clone().unwrap_or_default(),
        };
        Asking::Typed(Typed { text: start, ..Typed::default() })
    }

    /// Asks `request`, or looks what came of it.
    pub fn show(&mut self, ctx: &Context, app: &App, request: &PathRequest, out: &mut Vec<Command>) {
        if self.open.as_ref().is_none_or(|(r, _)| r != request) {
            let system =
                self.native.then(|| SystemDialog::ask(ctx, request, request.folder.as_deref())).flatten();
            let asking = system.map_or_else(|| Self::typed(app, request), Asking::System);
            self.open = Some((request.clone(), asking));
        }
        let Some((request, asking)) = &mut self.open else { return };
        if let Asking::System(dialog) = asking {
            match dialog.poll() {
                Answer::Waiting => waiting(ctx, request, out),
                Answer::Path(path) => out.push(Command::Chosen(request.clone(), path)),
                Answer::Cancelled => out.push(Command::CloseOverlay),
                Answer::Unavailable => {
                    // From now on the text field comes at once.
                    self.native = false;
                    *asking = Self::typed(app, request);
                    ctx.request_repaint();
                }
            }
            return;
        }
        if let Asking::Typed(typed) = asking {
            field(ctx, request, typed, out);
        }
    }
}

fn waiting(ctx: &Context, request: &PathRequest, out: &mut Vec<Command>) {
    super::dialog(ctx, &request.title(), 420.0, out, |ui, out| {
        remark(ui, "The system's file dialog is open.");
        if ui.button("Cancel").clicked() {
            out.push(Command::CloseOverlay);
        }
    });
}

fn field(ctx: &Context, request: &PathRequest, typed: &mut Typed, out: &mut Vec<Command>) {
    let (what, button) = match request.kind() {
        PathKind::File => ("Path of the file", "Open"),
        PathKind::Folder => ("Path of the folder", "Open"),
        PathKind::Save => ("Path of the file to write", "Save"),
    };
    super::dialog(ctx, &request.title(), 620.0, out, |ui, out| {
        let mut text = "This system offers no file dialog, so type or paste the path.".to_owned();
        if request.kind() != PathKind::Save {
            text.push_str(" Files can also be dropped on the window.");
        }
        remark(ui, text);
        let enter = ui.input(|i| i.key_pressed(Key::Enter));
        let field = ui.add(line_edit(&mut typed.text).desired_width(f32::INFINITY));
        name(&field, what);
        if !std::mem::replace(&mut typed.shown, true) {
            field.request_focus();
        }
        if field.changed() {
            typed.error = None;
            typed.replaces = None;
        }
        if let Some(error) = &typed.error {
            banner(ui, Tone::Error, error.as_str());
        }
        if let Some(file) = &typed.replaces {
            banner(ui, Tone::Warning, format!("{} exists. Press again to replace it.", file.display()));
        }
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            if ui.button("Cancel").clicked() {
                out.push(Command::CloseOverlay);
            }
            let button = if typed.replaces.is_some() { "Replace" } else { button };
            if primary(ui, true, button).clicked() || enter {
                match request.parse(&typed.text) {
                    Ok(path) => {
                        let known = typed.replaces.as_ref() == Some(&path);
                        if request.kind() == PathKind::Save && path.exists() && !known {
                            typed.replaces = Some(path);
                        } else {
                            out.push(Command::Chosen(request.clone(), path));
                        }
                    }
                    Err(why) => typed.error = Some(why),
                }
            }
        });
    });
}
