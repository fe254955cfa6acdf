//! The brush that adds tissue and removes it.

use eframe::egui::{Color32, Painter, Rect, Response, Stroke, Ui, Vec2};

use super::interaction::in_pane;
use crate::app::command::{Command, SectionCommand};
use crate::app::explore::ExploreState;
use crate::app::explore::tissue::Brush;
use crate::ui::theme;

/// Radius of the brush in slide pixels.
fn radius(state: &ExploreState) -> Option<f64> {
    let section = state.index()?.section();
    Some(section.mpp.px(state.tissue.diameter_um()) / 2.0)
}

/// Paints where the pointer is pressed in one pane.
pub fn handle_pointer(ui: &Ui, response: &Response, map: Rect, state: &mut ExploreState) {
    let Some(radius) = radius(state) else { return };
    let pressed = response.is_pointer_button_down_on() && ui.input(|i| i.pointer.primary_down());
    // A click may begin and end within one frame.
    if (pressed || response.clicked())
        && let Some(at) = response.interact_pointer_pos()
    {
        response.request_focus();
        // Where it was pressed, should the pointer be elsewhere by now.
        let begin = ui.input(|i| i.pointer.press_origin()).filter(|_| !state.tissue.is_painting());
        for at in begin.into_iter().chain([at]) {
            let at = state.camera.slide_from_view(in_pane(map, at));
            state.tissue.stroke(at, radius);
        }
        ui.ctx().request_repaint();
    }
}

/// Makes an edit of a stroke that has ended.
pub fn finish(ui: &Ui, state: &ExploreState, commands: &mut Vec<Command>) {
    if !state.tissue.is_painting() || ui.input(|i| i.pointer.primary_down()) {
        return;
    }
    let painted = state.tissue.brush().zip(state.tissue.draft());
    if let Some((section, (brush, tissue))) = state.section_name().zip(painted) {
        commands.push(Command::Section(SectionCommand::SetTissue {
            section: section.to_owned(),
            edit: brush.edit(),
            tissue: tissue.clone(),
        }));
    }
}

/// Shows what the brush would cover, in every pane.
pub fn circle(painter: &Painter, map: Rect, state: &ExploreState) {
    let (Some(at), Some(radius), Some(brush)) = (state.cursor, radius(state), state.tissue.brush()) else {
        return;
    };
    let [x, y] = state.camera.view_from_slide(at);
    let at = map.min + Vec2::new(x as f32, y as f32);
    let radius = ((radius * state.camera.scale()) as f32).max(1.5);
    let color = match brush {
        Brush::Add => theme::LIGHT.good,
        Brush::Remove => theme::LIGHT.bad,
    };
    painter.circle_filled(at, radius, color.gamma_multiply(0.15));
    painter.circle_stroke(at, radius, Stroke::new(3.5, Color32::from_white_alpha(200)));
    painter.circle_stroke(at, radius, Stroke::new(1.5, color));
}
