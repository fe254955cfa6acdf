//! Asking for a path: by the system's dialog where there is one, by a text field otherwise.

use std::path::PathBuf;

use eframe::egui::text::{CCursor, CCursorRange};
use eframe::egui::{Context, Response, TextEdit};

use super::Closing;
use super::system::{Answer, SystemDialog};
use crate::app::command::Command;
use crate::app::paths::{PathKind, PathRequest};
use crate::app::state::App;
use crate::ui::widgets::{Tone, banner, entered, line_edit, name, primary, remark};

#[derive(Debug)]
enum Asking {
    System(SystemDialog),
    Typed(Typed),
}

/// Why a path is typed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Reason {
    /// The system has no file dialog.
    #[default]
    NoDialog,
    /// The user prefers it, or an earlier dialog of the system is still open.
    Chosen,
}

/// What is being typed.
#[derive(Debug, Default)]
struct Typed {
    text: String,
    /// What the field began with.
    start: String,
    reason: Reason,
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
    /// A dialog of the system whose answer is not needed any more but which is still on the screen.
    left: Option<SystemDialog>,
}

impl PathDialog {
    /// No question is open.
    pub fn new(native: bool) -> Self {
        Self { native, open: None, left: None }
    }

    /// Forgets the question.
    pub fn closed(&mut self) {
        if let Some((_, Asking::System(dialog))) = self.open.take() {
            self.left = Some(dialog);
        }
    }

    fn typed(app: &App, request: &PathRequest, reason: Reason) -> Asking {
        let folder = request.folder.as_ref().or(app.settings.last_folder.as_ref());
        let start = match (folder, &request.file_name) {
            (Some(folder), Some(name)) => folder.join(name).display().to_string(),
            (Some(folder), None) => folder.display().to_string(),
            (None, name) => name.clone().unwrap_or_default(),
        };
        Asking::Typed(Typed { text: start.clone(), start, reason, ..Typed::default() })
    }

    /// By which way `request` is asked: never by a second dialog of the system beside one that is still open.
    fn ask(&mut self, ctx: &Context, app: &App, request: &PathRequest) -> Asking {
        if self.left.as_ref().is_some_and(|dialog| dialog.poll() != Answer::Waiting) {
            self.left = None;
        }
        if self.left.is_some() {
            return Self::typed(app, request, Reason::Chosen);
        }
        let system =
            self.native.then(|| SystemDialog::ask(ctx, request, request.folder.as_deref())).flatten();
        system.map_or_else(|| Self::typed(app, request, Reason::NoDialog), Asking::System)
    }

    /// Asks `request`, or looks what came of it.
    pub fn show(&mut self, ctx: &Context, app: &App, request: &PathRequest, out: &mut Vec<Command>) {
        if self.open.as_ref().is_none_or(|(r, _)| r != request) {
            self.closed();
            let asking = self.ask(ctx, app, request);
            self.open = Some((request.clone(), asking));
        }
        let Some((request, asking)) = &mut self.open else { return };
        if let Asking::System(dialog) = asking {
            match dialog.poll() {
                Answer::Waiting => {
                    if waiting(ctx, request, out) {
                        let typed = Self::typed(app, request, Reason::Chosen);
                        if let Asking::System(dialog) = std::mem::replace(asking, typed) {
                            self.left = Some(dialog);
                        }
                        ctx.request_repaint();
                    }
                }
                Answer::Paths(paths) if request.kind() == PathKind::Files => {
                    out.push(Command::ChosenSeveral(request.clone(), paths));
                }
                Answer::Paths(paths) => {
                    out.extend(paths.into_iter().next().map(|path| Command::Chosen(request.clone(), path)));
                }
                Answer::Cancelled => out.push(Command::CloseOverlay),
                Answer::Unavailable => {
                    // From now on the text field comes at once.
                    self.native = false;
                    *asking = Self::typed(app, request, Reason::NoDialog);
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

/// Selects what a field begins with, so that typing replaces it.
fn select_all(ctx: &Context, field: &Response, text: &str) {
    let mut state = TextEdit::load_state(ctx, field.id).unwrap_or_default();
    let all = CCursorRange::two(CCursor::new(0), CCursor::new(text.chars().count()));
    state.cursor.set_char_range(Some(all));
    state.store(ctx, field.id);
}

/// Draws what lies over the window while the system asks. Gives whether the path shall be typed instead.
fn waiting(ctx: &Context, request: &PathRequest, out: &mut Vec<Command>) -> bool {
    let mut types = false;
    super::dialog(ctx, &request.title(), 420.0, Closing::ByButton, out, |ui, out| {
        remark(ui, "The system's file dialog is open. Choose there, or close it.");
        ui.horizontal(|ui| {
            if ui.button("Cancel").clicked() {
                out.push(Command::CloseOverlay);
            }
            types = ui.button("Type the path instead").clicked();
        });
    });
    types
}

fn field(ctx: &Context, request: &PathRequest, typed: &mut Typed, out: &mut Vec<Command>) {
    let (what, button) = match request.kind() {
        PathKind::File => ("Path of the file", "Open"),
        PathKind::Files => ("Path of a file or a folder", "Open"),
        PathKind::Folder => ("Path of the folder", "Open"),
        PathKind::Save => ("Path of the file to write", "Save"),
    };
    let closing = Closing::with_typing(typed.text != typed.start);
    super::dialog(ctx, &request.title(), 620.0, closing, out, |ui, out| {
        let mut text = match typed.reason {
            Reason::NoDialog => "This system offers no file dialog, so type or paste the path.".to_owned(),
            Reason::Chosen => "Type or paste the path.".to_owned(),
        };
        if request.kind() != PathKind::Save {
            text.push_str(" Files can also be dropped on the window.");
        }
        remark(ui, text);
        let field = ui.add(line_edit(&mut typed.text).desired_width(f32::INFINITY));
        name(&field, what);
        let enter = entered(ui, &field);
        if !std::mem::replace(&mut typed.shown, true) {
            field.request_focus();
            select_all(ctx, &field, &typed.text);
        }
        if field.changed() {
            typed.error = None;
            typed.replaces = None;
        }
        if let Some(error) = &typed.error {
            banner(ui, Tone::Error, error.as_str());
        }
        if let Some(file) = &typed.replaces {
            banner(ui, Tone::Warning, format!("{} exists. Choose Replace to overwrite it.", file.display()));
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
