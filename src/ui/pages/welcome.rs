//! The first page: three ways to begin, and what was open lately.

use eframe::egui::{
    self, Align, AtomExt as _, Layout, RichText, Sense, Stroke, StrokeKind, TextStyle, Ui, UiBuilder, vec2,
};

use super::scrolling;
use crate::app::command::{Command, ProjectCommand};
use crate::app::paths::{PathPurpose, PathRequest};
use crate::app::state::App;
use crate::jobs::request::Request;
use crate::ui::theme::{self, colors, strong};
use crate::ui::widgets::{self, caption, mini, mini_button, remark};

/// Where the data of the published work is.
const HER2ST: &str = "https://zenodo.org/records/18030446";
const WIDTH: f32 = 980.0;
const CARD_HEIGHT: f32 = 176.0;

/// Draws the page.
pub fn show(ui: &mut Ui, app: &App, out: &mut Vec<Command>) {
    scrolling(ui, "welcome", |ui| {
        let width = WIDTH.min(ui.available_width());
        let margin = ((ui.available_width() - width) / 2.0).max(0.0);
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            ui.add_space(margin);
            ui.vertical(|ui| {
                ui.set_width(width);
                ui.spacing_mut().item_spacing.x = 8.0;
                contents(ui, app, out);
            });
        });
    });
}

fn contents(ui: &mut Ui, app: &App, out: &mut Vec<Command>) {
    let c = colors(ui);
    ui.add_space(36.0);
    ui.label(strong("See gene expression on your H&E slides").size(26.0).color(c.text));
    ui.add_space(2.0);
    let intro = "Train a model on sections with spatial transcriptomics, look at measured and predicted maps side \
                 by side, learn how far to trust each gene, and save figures for print. Everything stays on this \
                 computer.";
    ui.add(egui::Label::new(RichText::new(intro).size(14.0).color(c.weak)).wrap());
    ui.add_space(18.0);
    choices(ui, out);
    ui.add_space(10.0);
    if app.work.any(Request::opens_project) {
        ui.horizontal(|ui| {
            ui.spinner();
            ui.label("Opening. See the status bar for progress.");
        });
    }
    ui.add_space(8.0);
    recent(ui, app, out);
    ui.add_space(14.0);
    hints(ui, out);
}

fn choices(ui: &mut Ui, out: &mut Vec<Command>) {
    let gap = 12.0;
    let width = (ui.available_width() - 2.0 * gap) / 3.0;
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = gap;
        let demo = "Synthetic sections of three invented patients, made in seconds. Nothing to download: the \
                    quickest way to see what the application does.";
        if choice(ui, width, "Open the demo", "Synthetic data", demo, true) {
            out.push(Command::Project(ProjectCommand::OpenDemo));
        }
        let folder = "Visium and Visium HD as Space Ranger writes them, AnnData, HEST, and legacy ST as of the \
                      her2st study. Files of other names are paired in a form.";
        if choice(ui, width, "Open a folder with sections", "Your data", folder, false) {
            out.push(Command::Ask(PathRequest::new(PathPurpose::NewFromFolder)));
        }
        let project = "A project file (.hiscmcl) remembers sections, genes, settings and trained models.";
        if choice(ui, width, "Open a project", "Go on", project, false) {
            out.push(Command::Ask(PathRequest::new(PathPurpose::OpenProject)));
        }
    });
}

/// A large button with a title, a tag and a description.
fn choice(ui: &mut Ui, width: f32, title: &str, tag: &str, text: &str, main: bool) -> bool {
    let c = colors(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(width, CARD_HEIGHT), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, title));
    let lit = response.hovered() || response.has_focus();
    let (fill, line) = if main || lit { (c.selected, c.accent) } else { (c.panel, c.border) };
    let stroke = Stroke::new(if lit { 2.0 } else { 1.0 }, line);
    ui.painter().rect(rect, 8.0, fill, stroke, StrokeKind::Inside);
    let builder =
        UiBuilder::new().max_rect(rect.shrink2(vec2(18.0, 16.0))).layout(Layout::top_down(Align::Min));
    let mut inside = ui.new_child(builder);
    inside.label(RichText::new(tag).text_style(TextStyle::Small).color(c.weak));
    inside.add_space(2.0);
    inside.add(egui::Label::new(strong(title).size(17.0).color(c.text)).wrap());
    inside.add_space(4.0);
    inside.add(egui::Label::new(RichText::new(text).color(c.text)).wrap());
    response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}

fn recent(ui: &mut Ui, app: &App, out: &mut Vec<Command>) {
    let c = colors(ui);
    if app.settings.recent.is_empty() {
        return;
    }
    theme::card(c).show(ui, |ui| {
        ui.take_available_width();
        caption(ui, "Recent projects");
        for path in &app.settings.recent {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let right_to_left = Layout::right_to_left(Align::Center);
            let row = vec2(ui.available_width(), theme::ROW);
            ui.allocate_ui_with_layout(row, right_to_left, |ui| {
                let forget = mini_button("Forget").frame_when_inactive(false);
                let hover = format!("Remove {name} from this list (its file is kept)");
                if ui.add(forget).on_hover_text(hover).clicked() {
                    out.push(Command::Project(ProjectCommand::ForgetRecent(path.clone())));
                }
                // All that is left of the row opens the project.
                let folder = path.parent().unwrap_or(path).display().to_string();
                let width = ui.available_width();
                let open = egui::Button::new(strong(&name))
                    .right_text(RichText::new(folder).color(c.weak).atom_shrink(true))
                    .frame_when_inactive(false)
                    .truncate()
                    .min_size(vec2(width, theme::ROW));
                let open = ui.add(open);
                widgets::name(&open, &name);
                if open.on_hover_text(path.display().to_string()).clicked() {
                    out.push(Command::Project(ProjectCommand::Open(path.clone())));
                }
            });
        }
    });
}

fn hints(ui: &mut Ui, out: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        remark(
            ui,
            "No data yet? The her2st breast cancer sections of the published work are Zenodo record 18030446:",
        );
        if ui.link("zenodo.org/records/18030446").on_hover_text("Open in the web browser").clicked() {
            out.push(Command::OpenLink(HER2ST.to_owned()));
        }
        if mini(ui, "Copy the address").clicked() {
            out.push(Command::Copy(HER2ST.to_owned()));
        }
    });
    remark(
        ui,
        "You can also drop a project, a folder, tables with their images, or H&E slides on this window.",
    );
    ui.horizontal(|ui| {
        remark(ui, "Or start with an empty project and import files one at a time:");
        if mini(ui, "New empty project").clicked() {
            out.push(Command::Project(ProjectCommand::NewEmpty));
        }
    });
}
