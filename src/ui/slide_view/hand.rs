//! The pointer while a tool for regions is in use, and what is drawn of what it does.

use eframe::egui::{
    Color32, CursorIcon, Event, Modifiers, Painter, PointerButton, Pos2, Rect, Response, Shape, Stroke, Ui,
    Vec2,
};

use super::interaction::in_pane;
use crate::app::command::{Command, SectionCommand};
use crate::app::explore::drawing::{Held, Tool};
use crate::app::explore::{ExploreState, PointerStep};
use crate::core::geometry::SlidePoint;
use crate::data::regions::palette;
use crate::ui::theme;

/// The line of what is being drawn, and the lighter one beneath it.
const INK: f32 = 1.8;
const HALO: Stroke = Stroke { width: 3.8, color: Color32::from_rgba_premultiplied(210, 210, 210, 210) };
/// Radius of a corner that is set.
const CORNER: f32 = 3.5;

fn held(modifiers: Modifiers) -> Held {
    Held { shift: modifiers.shift, alt: modifiers.alt }
}

/// Whether the pointer draws now, rather than moving the view or painting tissue.
pub fn draws(state: &ExploreState, holds_space: bool) -> bool {
    let drawing = state.drawing();
    drawing.tool() != Tool::Look
        && state.tissue.brush().is_none()
        && (!holds_space || (drawing.is_busy() && !drawing.sets_corners()))
}

/// Does with the tool what the pointer does in one pane.
pub fn handle_pointer(
    ui: &Ui,
    response: &Response,
    map: Rect,
    state: &mut ExploreState,
    commands: &mut Vec<Command>,
) {
    let held = held(ui.input(|i| i.modifiers));
    let mut steps: Vec<(PointerStep, Pos2)> = Vec::new();
    let (press, now) = ui.input(|i| (i.pointer.press_origin(), i.pointer.interact_pos()));
    if response.drag_started_by(PointerButton::Primary)
        && let Some(at) = press.or(now)
    {
        response.request_focus();
        steps.push((PointerStep::Press, at));
    }
    if response.dragged_by(PointerButton::Primary) {
        // A quick hand goes farther than one place in a frame.
        let moved = ui.input(|i| {
            let places = i.events.iter().filter_map(|event| match event {
                Event::PointerMoved(at) => Some((PointerStep::Drag, *at)),
                _ => None,
            });
            places.collect::<Vec<_>>()
        });
        steps.extend(moved);
        ui.ctx().request_repaint();
    }
    if response.drag_stopped_by(PointerButton::Primary)
        && let Some(at) = response.interact_pointer_pos().or(now)
    {
        steps.push((PointerStep::Release, at));
    }
    let clicked = if response.double_clicked() {
        Some(PointerStep::DoubleClick)
    } else {
        response.clicked().then_some(PointerStep::Click)
    };
    if let Some((step, at)) = clicked.zip(response.interact_pointer_pos().or(now)) {
        response.request_focus();
        if state.drawing().tool().has_size() {
            // A dab.
            steps.extend([(PointerStep::Press, at), (PointerStep::Release, at)]);
        } else {
            steps.push((step, at));
        }
    } else if response.contains_pointer()
        && let Some(at) = response.hover_pos()
    {
        steps.push((PointerStep::Hover, at));
    }
    for (step, at) in steps {
        let at = state.camera.slide_from_view(in_pane(map, at));
        if let Some(edit) = state.use_tool(step, at, held)
            && let Some(section) = state.section_name()
        {
            let section = section.to_owned();
            commands.push(Command::Section(SectionCommand::EditRegions { section, edit }));
        }
    }
    if state.drawing().tool() == Tool::Select && !state.drawing().is_busy() {
        // Nothing was taken hold of, so the slide moves.
        if response.dragged_by(PointerButton::Primary) {
            let by = response.drag_delta();
            state.camera.drag([f64::from(by.x), f64::from(by.y)]);
        }
        if response.hovered() {
            ui.ctx().set_cursor_icon(CursorIcon::Default);
        }
    } else if response.hovered() {
        ui.ctx().set_cursor_icon(CursorIcon::Crosshair);
    }
}

/// The colour that new regions get.
fn color(state: &ExploreState) -> Color32 {
    let class = state.drawing().class().and_then(|c| state.regions().classes().get(c.as_str()));
    let [r, g, b] = class.map_or(palette::UNCLASSIFIED, |c| c.color);
    Color32::from_rgb(r, g, b)
}

/// Draws what the hand is drawing, and the size of the brush, in one pane.
pub fn paint(painter: &Painter, map: Rect, state: &ExploreState) {
    let drawing = state.drawing();
    if drawing.tool() == Tool::Look {
        return;
    }
    let held = held(painter.ctx().input(|i| i.modifiers));
    let factor = state.regions().factor();
    let on_screen = |p: SlidePoint| {
        let [x, y] = state.camera.view_from_slide(SlidePoint::new(p.x * factor, p.y * factor));
        map.min + Vec2::new(x as f32, y as f32)
    };
    if let Some((line, closed)) = drawing.sketch(held) {
        let color = color(state);
        let points: Vec<Pos2> = line.into_iter().map(on_screen).collect();
        for stroke in [HALO, Stroke::new(INK, color)] {
            painter.add(match closed {
                true => Shape::closed_line(points.clone(), stroke),
                false => Shape::line(points.clone(), stroke),
            });
        }
        if drawing.sets_corners() {
            for (i, at) in points.iter().take(points.len().saturating_sub(1)).enumerate() {
                // The first one closes the polygon.
                let radius = if i == 0 { CORNER * 1.5 } else { CORNER };
                painter.circle(*at, radius, Color32::WHITE, Stroke::new(1.5, color));
            }
        }
    }
    if drawing.tool().has_size()
        && let Some((at, section)) = state.cursor.zip(state.index().map(|i| i.section()))
    {
        let [x, y] = state.camera.view_from_slide(at);
        let at = map.min + Vec2::new(x as f32, y as f32);
        let radius = section.mpp.px(drawing.diameter_um()) / 2.0 * state.camera.scale();
        let radius = (radius as f32).max(1.5);
        let erases = (drawing.tool() == Tool::Eraser) != held.alt;
        let color = if erases { theme::LIGHT.bad } else { color(state) };
        painter.circle_filled(at, radius, color.gamma_multiply(0.15));
        painter.circle_stroke(at, radius, HALO);
        painter.circle_stroke(at, radius, Stroke::new(1.5, color));
    }
}
