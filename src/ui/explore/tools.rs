//! The tools for regions, above the panes.

use eframe::egui::{
    self, Button, Color32, ComboBox, CornerRadius, Pos2, Rect, Response, RichText, Sense, Shape, Stroke,
    StrokeKind, Ui, Vec2,
};

use super::display::slider_beside;
use super::explore;
use crate::app::command::Command;
use crate::app::explore::drawing::{Drawing, Tool};
use crate::app::explore::{ExploreCommand, ExploreState};
use crate::app::keys::{ExploreKey, shortcuts_of};
use crate::core::display::{DisplaySettings, RegionStyle};
use crate::data::regions::{ClassName, Classes, palette};
use crate::ui::theme::{self, colors};
use crate::ui::widgets;

/// Side of a button.
const SIDE: f32 = 26.0;
/// Distance between buttons.
const BETWEEN: f32 = 3.0;
/// Width of the choice of a class, and of the size of the brush.
const CLASS: f32 = 116.0;
const SIZE: f32 = 150.0;
/// Distance of the settings from the buttons.
const APART: f32 = 8.0;
/// A line from this width on has room for the size of the brush.
const WIDE: f32 = 1080.0;
/// Side of the square in the colour of a class.
const SWATCH: f32 = 11.0;

/// What the tools take of a line that is so wide: the same whichever is in use, so that none moves under the pointer.
pub fn width(line: f32) -> f32 {
    let buttons = Tool::ALL.len() as f32 * (SIDE + BETWEEN);
    let size = if has_slider(line) { SIZE + BETWEEN } else { 0.0 };
    buttons + APART + CLASS + size
}

/// In a narrow window the keys alone change the size of the brush.
fn has_slider(line: f32) -> bool {
    line >= WIDE
}

/// Draws the tools and their settings into a line that is so wide.
pub fn show(ui: &mut Ui, line: f32, state: &ExploreState, commands: &mut Vec<Command>) {
    if state.index().is_none() {
        return;
    }
    let drawing = state.drawing();
    ui.spacing_mut().item_spacing.x = BETWEEN;
    for tool in Tool::ALL {
        if button(ui, tool, drawing.tool() == tool).clicked() {
            use_tool(state, tool, commands);
        }
    }
    ui.add_space(APART - BETWEEN);
    if drawing.tool().draws() {
        let chosen = class_choice(ui, "drawing class", "Class of new regions", drawing.class(), state);
        if let Some(class) = chosen {
            commands.push(explore(ExploreCommand::DrawClass(class)));
        }
    }
    if drawing.tool().has_size() && has_slider(line) {
        size(ui, drawing, commands);
    }
}

/// Takes up a tool. Regions that are hidden come into view: what is drawn should be seen.
pub fn use_tool(state: &ExploreState, tool: Tool, commands: &mut Vec<Command>) {
    if tool != Tool::Look && state.display().regions == RegionStyle::Hidden {
        let settings = DisplaySettings { regions: RegionStyle::Outlined, ..state.display().clone() };
        commands.push(explore(ExploreCommand::Display { what: "Regions", settings }));
    }
    commands.push(explore(ExploreCommand::UseTool(tool)));
}

fn button(ui: &mut Ui, tool: Tool, used: bool) -> Response {
    let c = colors(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(SIDE), Sense::click());
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::accesskit::Role::Button, ui.is_enabled(), used, tool.name())
    });
    let (fill, ink) = match used {
        true => (c.selected, c.on_selected),
        false if response.hovered() => (c.quiet, c.text),
        false => (c.panel, c.text),
    };
    let edge = if used || response.has_focus() { c.accent } else { c.border };
    ui.painter().rect(
        rect,
        CornerRadius::same(theme::ROUND),
        fill,
        Stroke::new(1.0, edge),
        StrokeKind::Inside,
    );
    icon(ui, tool, rect.shrink(6.0), Stroke::new(1.5, ink), fill);
    let key = shortcuts_of(ExploreKey::Tool(tool)).next().map(|s| format!(" ({})", s.text()));
    response.on_hover_text(format!("{}{}. {}", tool.name(), key.unwrap_or_default(), tool.hint()))
}

/// Draws what a tool makes. `paper` is what it is drawn on.
fn icon(ui: &Ui, tool: Tool, at: Rect, ink: Stroke, paper: Color32) {
    let painter = ui.painter();
    let p = |x: f32, y: f32| Pos2::new(at.left() + x * at.width(), at.top() + y * at.height());
    let line = |points: &[(f32, f32)]| {
        painter.add(Shape::line(points.iter().map(|&(x, y)| p(x, y)).collect(), ink));
    };
    let dot = |x: f32, y: f32| painter.circle_filled(p(x, y), 1.9, ink.color);
    match tool {
        // A magnifying glass.
        Tool::Look => {
            painter.circle_stroke(p(0.4, 0.4), at.width() * 0.36, ink);
            line(&[(0.66, 0.66), (1.0, 1.0)]);
        }
        Tool::Select => {
            let arrow = [(0.2, 0.0), (0.2, 0.92), (0.43, 0.7), (0.88, 0.66)];
            let arrow = arrow.iter().map(|&(x, y)| p(x, y)).collect();
            painter.add(Shape::convex_polygon(arrow, ink.color, Stroke::NONE));
        }
        Tool::Rectangle => {
            let rect = Rect::from_min_max(p(0.0, 0.14), p(1.0, 0.86));
            painter.rect_stroke(rect, 0.0, ink, StrokeKind::Middle);
        }
        Tool::Ellipse => {
            let radius = Vec2::new(at.width() * 0.5, at.height() * 0.38);
            painter.add(egui::epaint::EllipseShape::stroke(at.center(), radius, ink));
        }
        Tool::Polygon => {
            let corners = [(0.5, 0.0), (1.0, 0.42), (0.8, 1.0), (0.15, 0.9), (0.0, 0.35)];
            line(&[corners[0], corners[1], corners[2], corners[3], corners[4], corners[0]]);
            for (x, y) in corners {
                dot(x, y);
            }
        }
        Tool::Lasso => {
            let free = [
                (0.3, 1.0),
                (0.32, 0.74),
                (0.08, 0.56),
                (0.02, 0.3),
                (0.22, 0.08),
                (0.55, 0.0),
                (0.86, 0.1),
                (1.0, 0.34),
                (0.9, 0.58),
                (0.62, 0.72),
                (0.32, 0.74),
            ];
            line(&free);
        }
        Tool::Brush => {
            painter.circle_filled(at.center(), at.width() * 0.42, ink.color);
        }
        Tool::Eraser => {
            painter.circle_filled(at.center(), at.width() * 0.42, ink.color);
            painter.line_segment([p(0.28, 0.5), p(0.72, 0.5)], Stroke::new(2.4, paper));
        }
        // Scissors.
        Tool::Cut => {
            painter.circle_stroke(p(0.2, 0.84), at.width() * 0.16, ink);
            painter.circle_stroke(p(0.8, 0.84), at.width() * 0.16, ink);
            line(&[(0.28, 0.7), (0.78, 0.0)]);
            line(&[(0.72, 0.7), (0.22, 0.0)]);
        }
    }
}

/// Diameter of the brush, on a logarithmic slider.
fn size(ui: &mut Ui, drawing: &Drawing, commands: &mut Vec<Command>) {
    let range = Drawing::DIAMETERS_UM;
    let (least, most) = (range.start().log2() as f32, range.end().log2() as f32);
    let um = drawing.diameter_um();
    let mut value = (um.log2() as f32).clamp(least, most);
    let text = format!("{um:.0} \u{00B5}m");
    let slider = slider_beside(ui, 62.0, &mut value, least..=most, text, "Brush size");
    if slider.changed() {
        // Two digits are enough for a brush.
        let um = f64::from(value).exp2();
        let unit = 10f64.powf(um.log10().floor() - 1.0);
        commands.push(explore(ExploreCommand::SizeBrush((um / unit).round() * unit)));
    }
    slider.on_hover_text("Diameter on the slide. The keys [ and ] change it.");
}

/// A square in a colour.
pub fn swatch(ui: &Ui, left: Pos2, color: [u8; 3]) {
    let [r, g, b] = color;
    let at = Rect::from_min_size(left - Vec2::new(0.0, SWATCH / 2.0), Vec2::splat(SWATCH));
    ui.painter().rect_filled(at, 2.0, Color32::from_rgb(r, g, b));
}

/// The colour and the name of a class, or what stands for none.
fn look(class: Option<&ClassName>, classes: &Classes) -> ([u8; 3], String) {
    match class {
        Some(name) => {
            let color = classes.get(name.as_str()).map_or(palette::UNCLASSIFIED, |c| c.color);
            (color, name.to_string())
        }
        None => (palette::UNCLASSIFIED, "No class".to_owned()),
    }
}

/// A choice among the classes of the project. Gives the one that was chosen.
pub fn class_choice(
    ui: &mut Ui,
    id: &str,
    name: &str,
    now: Option<&ClassName>,
    state: &ExploreState,
) -> Option<Option<ClassName>> {
    let classes = state.regions().classes();
    let (color, text) = look(now, classes);
    let mut chosen = None;
    ui.scope(|ui| {
        ui.spacing_mut().button_padding = Vec2::new(8.0, 2.0);
        // Room for the square before the text.
        let text = RichText::new(format!("\u{2003} {text}")).size(12.5);
        let combo = ComboBox::from_id_salt(id).selected_text(text).width(CLASS).truncate();
        let shown = combo.show_ui(ui, |ui| {
            for class in classes.iter().map(|c| Some(c.name.clone())).chain([None]) {
                let (color, text) = look(class.as_ref(), classes);
                let button = Button::selectable(now == class.as_ref(), format!("\u{2003} {text}"));
                let response = ui.add(button);
                swatch(ui, response.rect.left_center() + Vec2::new(6.0, 0.0), color);
                if response.clicked() {
                    chosen = Some(class);
                    ui.close();
                }
            }
        });
        widgets::name(&shown.response, name);
        swatch(ui, shown.response.rect.left_center() + Vec2::new(8.0, 0.0), color);
    });
    chosen
}
