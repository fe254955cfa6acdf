//! The window: brings the state up to date, draws it, and hands what the user asked for to the state.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::{self, Rect, Ui, UiBuilder};

use super::commands::{CommandList, shortcut_commands};
use super::dialogs::Dialogs;
use super::explore::ExplorePage;
use super::export::PreviewTexture;
use super::fault::Fault;
use super::milestones::Milestones;
use super::notices::{self, NoticeStrip};
use super::pages::data_tissue::TissueCard;
use super::shield::Shield;
use super::{pages, status, theme, top_bar};
use crate::app::command::{Command, ProjectCommand, Step};
use crate::app::explore::images::Images as _;
use crate::app::queue::{Engine, Wake};
use crate::app::slides::SlideImages;
use crate::app::state::{App, Effect};
use crate::core::fault;
use crate::jobs::journal;
use crate::jobs::settings::{Settings, Theme};

/// Parts of slides are drawn this soon after they came, several together.
const SLIDES_AFTER: Duration = Duration::from_millis(25);
/// Progress is drawn at most this often.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);
const FIRST_SIZE: [f32; 2] = [1440.0, 900.0];
const MIN_SIZE: [f32; 2] = [900.0, 600.0];

/// What the window keeps that is not the application's state: what is being typed, textures.
pub struct Window {
    app: App,
    images: SlideImages,
    dialogs: Dialogs,
    list: CommandList,
    notices: NoticeStrip,
    shield: Shield,
    explore: ExplorePage,
    tissue: TissueCard,
    preview: PreviewTexture,
    title: String,
    theme: Option<Theme>,
    closing: bool,
    quitting: bool,
    /// Whether the user was told that closing again discards what could not be saved.
    warned: bool,
    drawn: bool,
    milestones: Option<Milestones>,
    project: Option<PathBuf>,
    fault: Option<Fault>,
    next_frame: Option<Box<dyn FnOnce()>>,
}

impl std::fmt::Debug for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Window").field("app", &self.app).finish_non_exhaustive()
    }
}

/// What the window begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartupAction {
    /// The choice of what to open.
    Welcome,
    /// A project or a folder.
    Path(PathBuf),
    /// The synthetic demo.
    Demo,
}

/// Opens the window and stays until it is closed. With `times_since`, the moment the program began, tells on
/// stderr when the window was drawn and when tissue was first seen.
///
/// # Errors
/// When the system gives no window.
pub fn start(begin: StartupAction, times_since: Option<Instant>) -> eframe::Result {
    let folder = Settings::folder();
    if let Some(folder) = &folder {
        fault::install(Settings::reports_folder(folder));
        journal::start(&Settings::logs_folder(folder));
    }
    let size = folder
        .as_deref()
        .and_then(|f| Settings::load(f).ok())
        .and_then(|s| s.window)
        .filter(|s| s.iter().all(|v| v.is_finite() && *v >= 200.0))
        .unwrap_or(FIRST_SIZE);
    let viewport = egui::ViewportBuilder::default()
        .with_app_id("hiscmcl")
        .with_title("HisCMCL")
        .with_inner_size(size)
        .with_min_inner_size(MIN_SIZE)
        .with_drag_and_drop(true);
    let options = eframe::NativeOptions {
        viewport,
        renderer: eframe::Renderer::Wgpu,
        system_font_fallback: false,
        ..eframe::NativeOptions::default()
    };
    eframe::run_native(
        "HisCMCL",
        options,
        Box::new(move |cc| {
            let mut window = Window::new(&cc.egui_ctx, folder, Engine::default(), true, begin);
            window.milestones = times_since.map(Milestones::since);
            Ok(Box::new(window))
        }),
    )
}

impl Window {
    /// The window's content. `native_dialogs` says whether the system's file dialogs may be shown.
    pub fn new(
        ctx: &egui::Context,
        settings: Option<PathBuf>,
        engine: Engine,
        native_dialogs: bool,
        begin: StartupAction,
    ) -> Self {
        theme::install_fonts(ctx);
        let waker = ctx.clone();
        let wake: Wake = Arc::new(move || waker.request_repaint_after(PROGRESS_EVERY));
        let waker = ctx.clone();
        let soon: Wake = Arc::new(move || waker.request_repaint_after(SLIDES_AFTER));
        let images = SlideImages::new(engine.slides, soon);
        let mut app = App::new(settings, engine.runner, wake);
        match begin {
            StartupAction::Welcome => {}
            StartupAction::Path(path) => app.apply(Command::Dropped(vec![path])),
            StartupAction::Demo => app.apply(Command::Project(ProjectCommand::OpenDemo)),
        }
        Self {
            app,
            images,
            dialogs: Dialogs::new(native_dialogs),
            list: CommandList::default(),
            notices: NoticeStrip::default(),
            shield: Shield::default(),
            explore: ExplorePage::default(),
            tissue: TissueCard::default(),
            preview: PreviewTexture::default(),
            title: String::new(),
            theme: None,
            closing: false,
            quitting: false,
            warned: false,
            drawn: false,
            milestones: None,
            project: None,
            fault: None,
            next_frame: None,
        }
    }

    /// Calls `this` while the next frame is drawn. A panic in it is one of the drawing code, for tests.
    pub fn while_drawing(&mut self, this: impl FnOnce() + 'static) {
        self.next_frame = Some(Box::new(this));
    }

    /// The application's state.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The application's state, to change it in tests.
    pub fn app_mut(&mut self) -> &mut App {
        &mut self.app
    }

    fn carry_out_effects(&mut self, ctx: &egui::Context) {
        for effect in self.app.take_effects() {
            match effect {
                Effect::Copy(text) => ctx.copy_text(text),
                Effect::OpenLink(url) => ctx.open_url(egui::OpenUrl::new_tab(url)),
                Effect::ReadImagesAgain => self.images.forget_failures(),
                Effect::Quit => {
                    self.quitting = true;
                    ctx.send_viewport_cmd(egui::ViewportCommand::Close);
                }
            }
        }
        let title = self.app.title();
        if title != self.title {
            ctx.send_viewport_cmd(egui::ViewportCommand::Title(title.clone()));
            self.title = title;
        }
        if self.theme != Some(self.app.settings.theme) {
            self.theme = Some(self.app.settings.theme);
            theme::apply(ctx, self.app.settings.theme);
        }
    }

    /// Tells once what is damaged in slides that are looked at.
    fn tell_damage(&mut self) {
        for problem in self.images.take_problems() {
            let headline = "A part of the slide cannot be read; it is crossed out where it is shown.";
            self.app.notices.error(headline, vec![problem]);
        }
    }

    /// Begins to decode the slide that the Explore page will show first, so that it is there when asked for.
    fn look_ahead(&self) {
        let Some(open) = &self.app.open else { return };
        let chosen = self.app.explore.section_name().and_then(|name| open.section(name)?.ready());
        if let Some(section) = chosen.or_else(|| open.viewable().next()) {
            // Asking starts it; the page asks again.
            let _ = self.images.tiles(&section.slide);
        }
    }

    /// Closing waits for the project to be saved; when that fails the window stays and says why.
    fn close_if_asked(&mut self, ctx: &egui::Context) {
        if !self.app.open.as_ref().is_some_and(|open| open.is_unsaved()) {
            self.warned = false;
        }
        if !ctx.input(|i| i.viewport().close_requested()) || self.closing {
            return;
        }
        // The page of a fault draws no question.
        if self.app.must_ask_to_quit() && !self.quitting && self.fault.is_none() {
            ctx.send_viewport_cmd(egui::ViewportCommand::CancelClose);
            self.app.apply(Command::AskToQuit);
            return;
        }
        match self.app.save_all_now() {
            Ok(()) => self.closing = true,
            Err(_) if self.warned => self.closing = true,
            Err(why) => {
                self.warned = true;
                self.quitting = false;
                ctx.send_viewport_cmd(egui::ViewportCommand::CancelClose);
                self.app.notices.error(
                    "The project could not be saved. Close the window again to discard your changes.",
                    vec![why],
                );
            }
        }
    }

    fn dropped(&self, ctx: &egui::Context, out: &mut Vec<Command>) {
        let paths: Vec<PathBuf> =
            ctx.input(|i| i.raw.dropped_files.iter().map(|f| f.path().to_path_buf()).collect());
        if !paths.is_empty() {
            out.push(Command::Dropped(paths));
        }
    }
}

/// The parts of the window, from top to bottom.
struct Parts {
    top: Rect,
    page: Rect,
    notices: Rect,
    status: Rect,
}

impl Parts {
    fn new(whole: Rect) -> Self {
        let (top, rest) = whole.split_top_bottom_at_y(whole.top() + top_bar::HEIGHT);
        let (rest, status) = rest.split_top_bottom_at_y(rest.bottom() - status::HEIGHT);
        let (page, notices) = rest.split_top_bottom_at_y(rest.bottom() - notices::HEIGHT);
        Self { top, page, notices, status }
    }
}

impl Window {
    /// Draws everything. The page comes before the bars, so that the tab key begins with it.
    fn draw(&mut self, ui: &mut Ui, out: &mut Vec<Command>) {
        if let Some(this) = self.next_frame.take() {
            this();
        }
        self.drawn = true;
        let ctx = ui.ctx().clone();
        if let Some(rect) = ctx.input(|i| i.viewport().inner_rect)
            && !ctx.input(|i| {
                i.viewport().maximized.unwrap_or(false) || i.viewport().fullscreen.unwrap_or(false)
            })
        {
            self.app.set_window_size([rect.width(), rect.height()]);
        }
        self.forget_searches(&ctx);
        self.dropped(&ctx, out);
        shortcut_commands(&ctx, &self.app, out);

        let parts = Parts::new(ui.max_rect());
        part(ui, "page", parts.page, |ui| self.page(ui, out));
        let held = self.notices.show(ui, parts.notices, &self.app, out);
        self.app.notices.hold(held);
        part(ui, "status", parts.status, |ui| status::show(ui, &self.app, out));
        part(ui, "top", parts.top, |ui| top_bar::show(ui, &self.app, out));
        let free = Rect::from_min_max(parts.top.min, parts.page.max);
        self.dialogs.show(&ctx, free, &self.app, &self.images, out);
        self.list.show(&ctx, &self.app, out);
        self.shield.show(&ctx, self.app.overlay.is_some());

        let missing = super::fonts::take_missing(&ctx);
        if !missing.is_empty() {
            self.app.tell_missing_characters(&missing);
            ctx.request_repaint();
        }

        if self.milestones.as_ref().is_some_and(|m| m.waits(self.explore.shows_tissue())) {
            ctx.request_repaint();
        }
    }

    /// What was searched for in one project would make the lists of another one look empty.
    fn forget_searches(&mut self, ctx: &egui::Context) {
        let project = self.app.open.as_ref().map(|o| o.path.as_path());
        if project != self.project.as_deref() {
            self.project = project.map(Path::to_path_buf);
            ctx.data_mut(|d| d.remove_by_type::<String>());
        }
    }

    fn page(&mut self, ui: &mut Ui, out: &mut Vec<Command>) {
        // The maps have their own distance to the edges.
        let margin = if self.app.step == Step::Explore && self.app.open.is_some() { 0.0 } else { theme::GAP };
        egui::CentralPanel::default()
            .frame(egui::Frame::new().fill(theme::colors(ui).backdrop).inner_margin(margin))
            .show(ui, |ui| match (&self.app.open, self.app.step) {
                (None, _) => pages::welcome::show(ui, &self.app, out),
                (Some(_), Step::Data) => {
                    pages::data::show(ui, &self.app, &mut self.tissue, &self.images, out)
                }
                (Some(_), Step::Train) => pages::train::show(ui, &self.app, out),
                (Some(_), Step::Explore) => {
                    pages::explore::show(ui, &mut self.app, &mut self.explore, &self.images, out)
                }
                (Some(_), Step::Evaluate) => pages::evaluate::show(ui, &self.app, out),
                (Some(_), Step::Export) => pages::export::show(ui, &self.app, &mut self.preview, out),
            });
    }
}

fn part(ui: &mut Ui, name: &str, rect: Rect, contents: impl FnOnce(&mut Ui)) {
    let mut child = ui.new_child(UiBuilder::new().id_salt(name).max_rect(rect));
    child.set_clip_rect(rect);
    contents(&mut child);
}

impl eframe::App for Window {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        if let Some(milestones) = &mut self.milestones {
            milestones.frame_begins(self.drawn, self.explore.shows_tissue());
        }
        if let Some(wait) = self.app.tick(Instant::now()) {
            ctx.request_repaint_after(wait);
        }
        self.look_ahead();
        self.tell_damage();
        self.close_if_asked(ctx);
        self.carry_out_effects(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let mut out = Vec::new();
        if let Some(fault) = &self.fault {
            if fault.show(ui, &self.app, &mut out) {
                self.fault = None;
            }
        } else {
            match catch_unwind(AssertUnwindSafe(|| self.draw(ui, &mut out))) {
                Ok(()) => self.app.drawn_well(),
                Err(panic) => {
                    let left_out = self.app.drawing_failed();
                    self.fault = Some(Fault::met(panic.as_ref(), left_out));
                    // What was asked for may be what broke.
                    out.clear();
                    ui.ctx().request_repaint();
                }
            }
        }
        if !out.is_empty() {
            for command in out {
                self.app.apply(command);
            }
            self.app.tick(Instant::now());
            self.carry_out_effects(ui.ctx());
            // What was asked for is drawn at once, not when the mouse moves next.
            ui.ctx().request_repaint();
        }
    }

    fn on_exit(&mut self) {
        // Closing has saved already; this is for ends that could not be held up.
        let _ = self.app.save_all_now();
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}
