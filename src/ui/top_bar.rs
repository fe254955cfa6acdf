//! The bar at the top: what is open, the five steps, the device.

use eframe::egui::{self, Align, Frame, Layout, Margin, RichText, Stroke, TextStyle, Ui, vec2};

use super::theme::{self, colors};
use crate::app::command::{Command, Overlay, Step};
use crate::app::palette::{COMMANDS, project_items, step_shortcut};
use crate::app::settings::Theme;
use crate::app::state::App;

const STEP_WIDTH: f32 = 108.0;
/// Height of the bar.
pub const HEIGHT: f32 = 48.0;

/// Draws the bar.
pub fn show(ui: &mut Ui, app: &App, out: &mut Vec<Command>) {
    let c = colors(ui);
    let frame = Frame::new().fill(c.panel).inner_margin(Margin::symmetric(14, 0));
    egui::Panel::top("top bar").exact_size(HEIGHT).frame(frame).show(ui, |ui| {
        let whole = ui.max_rect();
        let gap = ui.spacing().item_spacing.x;
        let steps = Step::ALL.len() as f32;
        let middle = STEP_WIDTH * steps + gap * (steps - 1.0) + 76.0;
        let side = ((whole.width() - middle) / 2.0 - gap).max(120.0);
        ui.horizontal_centered(|ui| {
            ui.allocate_ui_with_layout(vec2(side, HEIGHT), Layout::left_to_right(Align::Center), |ui| {
                ui.set_min_width(side);
                project(ui, app, out);
            });
            for step in Step::ALL {
                step_button(ui, app, step, out);
            }
            next_button(ui, app, out);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| corner(ui, app, out));
        });
    });
}

fn project(ui: &mut Ui, app: &App, out: &mut Vec<Command>) {
    let c = colors(ui);
    ui.label(theme::strong("HisCMCL").size(16.0).color(c.text));
    if let Some(open) = &app.open {
        let file = open.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut text = RichText::new(file).color(c.weak);
        if open.save.failed.is_some() {
            text = text.color(c.bad);
        }
        let button = egui::Button::new(text).frame_when_inactive(false).truncate();
        let menu = egui::containers::menu::MenuButton::from_button(button);
        let (response, _) = menu.ui(ui, |ui| project_menu(ui, app, out));
        let state = match &open.save.failed {
            Some(why) => format!("Not saved: {why}"),
            None if open.is_unsaved() => "Changes are saved in a moment".to_owned(),
            None => "Saved".to_owned(),
        };
        response.on_hover_text(format!("{}\n{state}", open.path.display()));
    }
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

fn step_button(ui: &mut Ui, app: &App, step: Step, out: &mut Vec<Command>) {
    let c = colors(ui);
    let state = app.step_state(step);
    let current = app.open.is_some() && app.step == step;
    let text = format!("{} {}", step.number(), step.name());
    let text =
        if current { theme::strong(text).color(c.on_accent) } else { RichText::new(text).color(c.text) };
    let mut button = egui::Button::new(text).min_size(vec2(STEP_WIDTH, 32.0)).selected(current);
    if current {
        button = button.fill(c.accent).stroke(Stroke::new(1.0, c.accent));
    }
    let response = ui.add_enabled(state.blocked.is_none(), button);
    if state.done && !current {
        // A small tick: this step has what the later ones need.
        let at = response.rect.right_top() + vec2(-10.0, 10.0);
        ui.painter().circle_filled(at, 3.0, c.good);
    }
    if response.clicked() {
        out.push(Command::GoTo(step));
    }
    match &state.blocked {
        Some(why) => response.on_disabled_hover_text(why),
        None => response.on_hover_text(hover(step)),
    };
}

fn describe(step: Step) -> &'static str {
    match step {
        Step::Data => "Sections, genes and image features",
        Step::Train => "Train a model on your sections",
        Step::Explore => "Measured and predicted maps beside each other",
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
    let text = RichText::new("Next \u{203A}").color(if state.blocked.is_none() { c.accent } else { c.weak });
    let button = egui::Button::new(text).frame_when_inactive(false).min_size(vec2(60.0, 32.0));
    let response = ui.add_enabled(state.blocked.is_none(), button);
    if response.clicked() {
        out.push(Command::GoTo(next));
    }
    match state.blocked {
        Some(why) => response.on_disabled_hover_text(format!("Next step: {}. {why}", next.name())),
        None => response.on_hover_text(format!("Next step: {}", next.name())),
    };
}

fn corner(ui: &mut Ui, app: &App, out: &mut Vec<Command>) {
    let c = colors(ui);
    let small = |text: &str| RichText::new(text).text_style(TextStyle::Small).color(c.weak);
    let list =
        ui.add(egui::Button::new(small(&format!("{} commands", COMMANDS.text()))).frame_when_inactive(false));
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
    let device = super::device_text(app);
    let label = egui::Label::new(small(&device)).truncate();
    ui.add(label).on_hover_text("The device that training uses; choose another one on the Train page");
}
