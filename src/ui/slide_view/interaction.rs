//! Mouse, trackpad and keys on the panes.

use eframe::egui::{self, CursorIcon, EventFilter, Key, PointerButton, Rect, Response, Ui};

use super::{hand, select};
use crate::app::command::Command;
use crate::app::explore::ExploreState;
use crate::app::keys::ExploreKey;
use crate::ui::keys::presses;

/// How much one point of scrolling zooms, as an exponent.
const WHEEL: f32 = 0.0045;
/// How much a key or a double click zooms.
const STEP: f64 = 1.6;
/// Share of the view that an arrow key pans by.
const PAN: f64 = 0.12;

pub(super) fn in_pane(map: Rect, at: egui::Pos2) -> [f64; 2] {
    let offset = at - map.min;
    [f64::from(offset.x), f64::from(offset.y)]
}

/// Moves the camera by what the pointer does in one pane, and chooses the spot that is clicked.
pub fn handle_pointer(
    ui: &Ui,
    response: &Response,
    map: Rect,
    state: &mut ExploreState,
    commands: &mut Vec<Command>,
) {
    let holds_space = !ui.ctx().text_edit_focused() && ui.input(|i| i.key_down(Key::Space));
    let paints = state.tissue.is_painting() || (state.tissue.brush().is_some() && !holds_space);
    let draws = hand::draws(state, holds_space);
    let drags = response.dragged_by(PointerButton::Middle)
        || (response.dragged_by(PointerButton::Primary) && !paints && !draws);
    if drags {
        let by = response.drag_delta();
        state.camera.drag([f64::from(by.x), f64::from(by.y)]);
        ui.ctx().set_cursor_icon(CursorIcon::Grabbing);
    } else if response.hovered() {
        ui.ctx().set_cursor_icon(if holds_space { CursorIcon::Grab } else { CursorIcon::Crosshair });
    }
    if response.contains_pointer()
        && let Some(at) = response.hover_pos()
    {
        let here = in_pane(map, at);
        state.cursor = Some(state.camera.slide_from_view(here));
        let factor = ui.input_mut(|i| {
            let scrolled = i.smooth_scroll_delta.y;
            i.smooth_scroll_delta = egui::Vec2::ZERO;
            (scrolled * WHEEL).exp() * i.zoom_delta()
        });
        if (factor - 1.0).abs() > 1e-4 {
            state.camera.zoom_at(here, f64::from(factor));
            ui.ctx().request_repaint();
        }
    }
    if draws {
        hand::handle_pointer(ui, response, map, state, commands);
    } else if paints {
        super::brush::handle_pointer(ui, response, map, state);
    } else if response.double_clicked()
        && let Some(at) = response.interact_pointer_pos()
    {
        let out = ui.input(|i| i.modifiers.shift);
        state.camera.zoom_at(in_pane(map, at), if out { 1.0 / STEP } else { STEP * STEP });
        ui.ctx().request_repaint();
    } else if response.clicked() && !holds_space {
        response.request_focus();
        if let Some(at) = response.interact_pointer_pos() {
            state.cursor = Some(state.camera.slide_from_view(in_pane(map, at)));
        }
        let spot = state.hovered_spot();
        if spot != state.spot() {
            commands.push(select(spot));
        }
    }
    if response.has_focus() {
        let arrows = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|m| m.set_focus_lock_filter(response.id, arrows));
    }
}

/// Moves the camera by keys, while the panes have the keyboard or the pointer is over them and nothing
/// else has the keyboard.
pub fn keys(ui: &Ui, panes: &[Response], state: &mut ExploreState) {
    let focused = ui.memory(|m| m.focused());
    let ours = match focused {
        Some(id) => panes.iter().any(|p| p.id == id),
        None => panes.iter().any(Response::contains_pointer),
    };
    let free = focused.is_none() || ours;
    if !free {
        return;
    }
    let pressed = |key| presses(ui, key) as f64;
    let camera = &mut state.camera;
    let mut moved = false;
    for (key, factor) in [(ExploreKey::ZoomIn, STEP), (ExploreKey::ZoomOut, 1.0 / STEP)] {
        for _ in 0..presses(ui, key) {
            camera.zoom(factor);
            moved = true;
        }
    }
    if presses(ui, ExploreKey::Fit) > 0 {
        camera.fit();
        moved = true;
    }
    if ours {
        let right = pressed(ExploreKey::PanRight) - pressed(ExploreKey::PanLeft);
        let down = pressed(ExploreKey::PanDown) - pressed(ExploreKey::PanUp);
        if right != 0.0 || down != 0.0 {
            camera.pan(right * PAN, down * PAN);
            moved = true;
        }
    }
    if moved {
        ui.ctx().request_repaint();
    }
}
