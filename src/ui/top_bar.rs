//! The bar at the top: what is open, the five steps, the device.

use eframe::egui::{self, Align, Frame, Layout, Margin, RichText, Stroke, TextStyle, Ui, vec2};

use super::theme::{self, colors};
use crate::app::command::{Command, Overlay, Step};
use crate::app::palette::{COMMANDS, project_items, step_shortcut};
use crate::app::state::App;
use crate::app::steps::Blocked;
use crate::jobs::settings::Theme;

/// The widest and the narrowest button of a step.
const STEP_WIDTH: (f32, f32) = (108.0, 84.0);
/// The button that leads to the next step.
const NEXT_WIDTH: f32 = 60.0;
/// The least room for the project name, and for what stands in the right corner.
const SIDE: f32 = 150.0;
/// Height of the bar.
pub const HEIGHT: f32 = 48.0;

/// A window narrower than this has no room for everything in the right corner.
const NARROW: f32 = 1200.0;

/// Draws the bar.
pub fn show(ui: &mut Ui, app: &App, out: &mut Vec<Command>) {
    let c = colors(ui);
    let frame = Frame::new().fill(c.panel).inner_margin(Margin::symmetric(14, 0));
    egui::Panel::top("top bar").exact_size(HEIGHT).frame(frame).show(ui, |ui| {
        let whole = ui.max_rect();
        if whole.width() < NARROW {
            ui.spacing_mut().item_spacing.x = 4.0;
        }
        let gap = ui.spacing().item_spacing.x;
        let steps = Step::ALL.len() as f32;
        let rest = NEXT_WIDTH + gap * (steps + 2.0) + 2.0 * SIDE;
        let step_width = ((whole.width() - rest) / steps).clamp(STEP_WIDTH.1, STEP_WIDTH.0);
        let middle = step_width * steps + gap * steps + NEXT_WIDTH;
        let side = ((whole.width() - middle) / 2.0 - gap).max(SIDE.min(whole.width() * 0.16));
        let narrow = whole.width() < NARROW;
        ui.horizontal_centered(|ui| {
            ui.allocate_ui_with_layout(vec2(side, HEIGHT), Layout::left_to_right(Align::Center), |ui| {
                ui.set_min_width(side);
                project(ui, app, narrow, out);
            });
            for step in Step::ALL {
                step_button(ui, app, step, step_width, out);
            }
            next_button(ui, app, out);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| corner(ui, app, narrow, out));
        });
    });
}

fn project(ui: &mut Ui, app: &App, narrow: bool, out: &mut Vec<Command>) {
    let c = colors(ui);
    // In a narrow window the name of the project is worth more than that of the program.
    if !narrow || app.open.is_none() {
        ui.label(theme::strong("HisCMCL").size(16.0).color(c.text));
    }
    if let Some(open) = &app.open {
        let file = open.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut text = RichText::new(file.as_str()).color(c.weak);
        if open.save.failed.is_some() {
            text = text.color(c.bad);
        }
        let room = ui.available_width();
        let button = egui::Button::new(text.family(theme::semibold())).truncate();
        // Room for the arrow beside the name.
        let button = button.min_size(vec2(0.0, 28.0)).right_text(RichText::new("     "));
        let response = ui
            .scope(|ui| {
                ui.set_max_width(room);
                egui::containers::menu::MenuButton::from_button(button)
                    .ui(ui, |ui| project_menu(ui, app, out))
                    .0
            })
            .inner;
        arrow(ui, &response);
        super::widgets::name(&response, &format!("Project menu: {file}"));
        let state = match &open.save.failed {
            Some(why) => format!("Not saved: {why}"),
            None if open.is_unsaved() => "Unsaved changes; saving shortly".to_owned(),
            None => "Saved".to_owned(),
        };
        response.on_hover_text(format!("{}\n{state}", open.path.display()));
    }
}

/// A small triangle that says that a menu opens below.
fn arrow(ui: &Ui, response: &egui::Response) {
    let at = response.rect.right_center() - vec2(13.0, -0.5);
    let ink = ui.style().interact(response).fg_stroke.color;
    let corners = vec![at + vec2(-4.0, -2.5), at + vec2(4.0, -2.5), at + vec2(0.0, 3.0)];
    ui.painter().add(egui::Shape::convex_polygon(corners, ink, Stroke::NONE));
}

fn project_menu(ui: &mut Ui, app: &App, out: &mut Vec<Command>) {
    ui.set_min_width(240.0);
    for item in project_items(app) {
        let mut button = egui::Button::new(item.name.as_str());
        if let Some(keys) = item.shortcut {
            button = button.shortcut_text(keys.text());
        }
        let response = ui.add_enabled(item.blocked.is_none(), button.frame_when_inactive(false));
        if let Some(why) = &item.blocked {
            response.on_disabled_hover_text(why);
        } else if response.clicked() {
            out.push(item.command.clone());
        }
    }
}

fn step_button(ui: &mut Ui, app: &App, step: Step, width: f32, out: &mut Vec<Command>) {
    let c = colors(ui);
    let state = app.step_state(step);
    let current = app.open.is_some() && app.step == step;
    let text = format!("{} {}", step.number(), step.name());
    let text =
        if current { theme::strong(text).color(c.on_accent) } else { RichText::new(text).color(c.text) };
    let mut button = egui::Button::new(text).min_size(vec2(width, 32.0)).selected(current);
    if current {
        button = button.fill(c.accent).stroke(Stroke::new(1.0, c.accent));
    }
    let response = ui.add_enabled(state.blocked.is_none(), button);
    if state.done && !current {
        // A small tick: this step has what the later ones need.
        let at = response.rect.right_top() + vec2(-10.0, 10.0);
        ui.painter().circle_filled(at, 3.0, c.good);
    }
    match &state.blocked {
        Some(blocked) => lead(ui, &response, step.name(), step, blocked, out),
        None => {
            if response.clicked() {
                out.push(Command::GoTo(step));
            }
            response.on_hover_text(hover(step));
        }
    }
}

/// A greyed button still says why, and a click on it leads to where that can be solved.
fn lead(ui: &Ui, greyed: &egui::Response, what: &str, step: Step, blocked: &Blocked, out: &mut Vec<Command>) {
    let id = greyed.id.with("why");
    let response = ui.interact(greyed.rect, id, egui::Sense::click());
    let name = format!("Why {what} is not available");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, &name));
    let text = match blocked.solved_at {
        Some(at) => format!("{} Click to go to {}.", blocked.why, at.name()),
        None => blocked.why.clone(),
    };
    if response.on_hover_cursor(egui::CursorIcon::Help).on_hover_text(text).clicked() {
        // Tells why, and goes to where it can be solved.
        out.push(Command::GoTo(step));
    }
}

fn describe(step: Step) -> &'static str {
    match step {
        Step::Data => "Sections, genes and image features",
        Step::Train => "Train a model on your sections",
        Step::Explore => "Measured and predicted maps side by side",
        Step::Evaluate => "How good the predictions are",
        Step::Export => "Figures and tables",
    }
}

/// What a step is for, and its keys.
fn hover(step: Step) -> String {
    match step_shortcut(step) {
        Some(keys) => format!("{} ({})", describe(step), keys.text()),
        None => describe(step).to_owned(),
    }
}

fn next_button(ui: &mut Ui, app: &App, out: &mut Vec<Command>) {
    let Some(next) = app.open.as_ref().and_then(|_| app.step.next()) else { return };
    let state = app.step_state(next);
    let c = colors(ui);
    let text =
        RichText::new("Next \u{203A}").color(if state.blocked.is_none() { c.on_selected } else { c.weak });
    let button = egui::Button::new(text).frame_when_inactive(false).min_size(vec2(NEXT_WIDTH, 32.0));
    let response = ui.add_enabled(state.blocked.is_none(), button);
    if response.clicked() {
        out.push(Command::GoTo(next));
    }
    match &state.blocked {
        Some(blocked) => lead(ui, &response, "the next step", next, blocked, out),
        None => drop(response.on_hover_text(format!("Next step: {}", next.name()))),
    }
}

fn corner(ui: &mut Ui, app: &App, narrow: bool, out: &mut Vec<Command>) {
    let c = colors(ui);
    let small = |text: &str| RichText::new(text).text_style(TextStyle::Small).color(c.weak);
    let text = if narrow { COMMANDS.text() } else { format!("{} commands", COMMANDS.text()) };
    let list = ui.add(egui::Button::new(small(&text)).frame_when_inactive(false));
    if list.on_hover_text("The list of everything the application can do").clicked() {
        out.push(Command::Show(Overlay::Commands));
    }
    let (name, other) = match app.settings.theme {
        Theme::Light => ("Dark", Theme::Dark),
        Theme::Dark => ("Light", Theme::Light),
    };
    let theme = ui.add(egui::Button::new(small(name)).frame_when_inactive(false));
    if theme.on_hover_text(format!("Switch to the {} theme", name.to_lowercase())).clicked() {
        out.push(Command::SetTheme(other));
    }
    let (device, word) = super::device_texts(app);
    let label = egui::Label::new(small(if narrow { word } else { &device })).truncate();
    let hover = format!("{device}\nThe device that training uses; choose another one on the Train page");
    ui.add(label).on_hover_text(hover);
}
