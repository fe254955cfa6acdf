//! What is drawn over the maps: rings around spots, the scale bar, the minimap.

use eframe::egui::{
    self, Align, Align2, Color32, CornerRadius, FontId, Layout, Painter, Pos2, Rect, Response, Sense, Stroke,
    StrokeKind, Ui, UiBuilder, Vec2,
};

use super::tiles::TileCache;
use crate::app::explore::camera::{Camera, length_text, round_length};
use crate::core::geometry::{Mpp, SlidePoint};
use crate::ui::theme::colors;
use crate::ui::widgets;

/// Longest scale bar as a share of the pane's width.
const BAR_SHARE: f32 = 0.3;
/// Longer side of the minimap in points.
const MINIMAP: f32 = 92.0;
/// Distance of overlays from the pane's edges.
const EDGE: f32 = 10.0;
/// The share of a pane's height that a remark at its top may take.
const MAX_COVERED: f32 = 0.25;
/// Room for the button that shows all of the tissue.
const FIT: Vec2 = Vec2::new(60.0, 24.0);
/// Behind overlays, so that they can be read on any tissue.
const PAPER: Color32 = Color32::from_rgba_premultiplied(225, 225, 225, 225);
const INK: Color32 = Color32::from_rgb(0x14, 0x16, 0x1a);

/// A ring around a spot: `color` between two thin lines that set it off from the map.
pub fn ring(painter: &Painter, at: Pos2, radius: f32, color: Color32) {
    let radius = radius.max(5.0) + 1.5;
    painter.circle_stroke(at, radius, Stroke::new(4.5, Color32::from_white_alpha(200)));
    painter.circle_stroke(at, radius, Stroke::new(2.5, color));
}

/// A value beside a spot, on paper.
pub fn value_tag(painter: &Painter, pane: Rect, at: Pos2, radius: f32, text: &str) {
    let galley = painter.layout_no_wrap(text.to_owned(), FontId::proportional(12.0), INK);
    let size = galley.size() + Vec2::new(10.0, 4.0);
    let gap = radius.max(5.0) + 6.0;
    let mut rect = Rect::from_min_size(at + Vec2::new(gap, -gap - size.y), size);
    // Inside the pane, on whichever side there is room.
    if rect.right() > pane.right() - 4.0 {
        rect = rect.translate(Vec2::new(-2.0 * gap - size.x, 0.0));
    }
    if rect.top() < pane.top() + 4.0 {
        rect = rect.translate(Vec2::new(0.0, 2.0 * gap + size.y));
    }
    painter.rect_filled(rect, CornerRadius::same(3), PAPER);
    painter.galley(rect.min + Vec2::new(5.0, 2.0), galley, INK);
}

/// A line around the slide, so that its end is not taken for glass.
pub fn slide_edge(painter: &Painter, pane: Rect, camera: &Camera, color: Color32) {
    let place = |p: SlidePoint| {
        let [x, y] = camera.view_from_slide(p);
        pane.min + Vec2::new(x as f32, y as f32)
    };
    let slide = camera.slide();
    let rect = Rect::from_min_max(place(slide.min), place(slide.max));
    painter.rect_stroke(rect, CornerRadius::ZERO, Stroke::new(1.0, color), StrokeKind::Outside);
}

/// The scale bar in the lower right corner.
pub fn scale_bar(painter: &Painter, pane: Rect, camera: &Camera, mpp: Mpp) {
    let points_per_um = camera.scale() / mpp.0;
    let room = f64::from((pane.width() * BAR_SHARE).min(180.0));
    let Some(um) = round_length(room, points_per_um) else { return };
    let length = (um * points_per_um) as f32;
    let galley = painter.layout_no_wrap(length_text(um), FontId::proportional(12.0), INK);
    let width = length.max(galley.size().x) + 16.0;
    let paper = Rect::from_min_max(
        pane.max - Vec2::new(EDGE + width, EDGE + galley.size().y + 14.0),
        pane.max - Vec2::splat(EDGE),
    );
    painter.rect_filled(paper, CornerRadius::same(3), PAPER);
    let text_at = Pos2::new(paper.center().x - galley.size().x / 2.0, paper.top() + 3.0);
    painter.galley(text_at, galley, INK);
    let bar =
        Rect::from_center_size(Pos2::new(paper.center().x, paper.bottom() - 6.0), Vec2::new(length, 3.0));
    painter.rect_filled(bar, CornerRadius::ZERO, INK);
}

/// The minimap in the lower left corner: the whole slide, the part in view, and a jump to where it is
/// clicked. Gives its place, so that the pane below leaves the pointer to it.
pub fn minimap(ui: &mut Ui, pane: Rect, camera: &mut Camera, tiles: &TileCache) -> Option<Response> {
    let slide = camera.slide();
    let longer = slide.width().max(slide.height());
    let size =
        Vec2::new((slide.width() / longer) as f32 * MINIMAP, (slide.height() / longer) as f32 * MINIMAP);
    if size.min_elem() < 8.0 || pane.width() < 2.5 * size.x || pane.height() < 2.5 * size.y {
        return None;
    }
    let rect = Rect::from_min_size(Pos2::new(pane.left() + EDGE, pane.bottom() - EDGE - size.y), size);
    let response = ui.interact(rect, ui.scope_id().with("minimap"), Sense::click_and_drag());
    widgets::name(&response, "Minimap: click to move the view there");
    let c = colors(ui);
    let painter = ui.painter_at(pane);
    painter.rect_filled(rect.expand(2.0), CornerRadius::same(2), PAPER);
    if !tiles.paint_overview(&painter, rect) {
        painter.rect_filled(rect, CornerRadius::ZERO, c.canvas);
    }
    let place = |p: SlidePoint| {
        Pos2::new(
            rect.left() + (p.x / slide.width()) as f32 * rect.width(),
            rect.top() + (p.y / slide.height()) as f32 * rect.height(),
        )
    };
    let seen = camera.visible().intersect(slide);
    let frame = Rect::from_min_max(place(seen.min), place(seen.max)).intersect(rect);
    painter.rect_stroke(frame, CornerRadius::ZERO, Stroke::new(1.5, c.accent), StrokeKind::Inside);
    painter.rect_stroke(rect.expand(2.0), CornerRadius::same(2), Stroke::new(1.0, INK), StrokeKind::Inside);
    if (response.clicked() || response.dragged())
        && let Some(at) = response.interact_pointer_pos()
    {
        let share = (at - rect.min) / rect.size();
        camera.jump_to(SlidePoint::new(
            f64::from(share.x) * slide.width(),
            f64::from(share.y) * slide.height(),
        ));
    }
    Some(response)
}

/// The button that shows all of the tissue, in the upper right corner. Whether it was clicked.
pub fn fit_button(ui: &mut Ui, pane: Rect) -> bool {
    if pane.width() < 2.0 * FIT.x || pane.height() < 2.0 * FIT.y {
        return false;
    }
    let at = Rect::from_min_size(Pos2::new(pane.right() - EDGE - FIT.x, pane.top() + EDGE), FIT);
    let layout = Layout::right_to_left(Align::Min);
    let mut child = ui.new_child(UiBuilder::new().max_rect(at).id_salt("fit").layout(layout));
    child.spacing_mut().button_padding = Vec2::new(9.0, 3.0);
    let text = egui::RichText::new("Fit").size(12.0).color(INK);
    let button = egui::Button::new(text).small().fill(PAPER).corner_radius(CornerRadius::same(3));
    let hover = "Show all of the tissue; again, the whole slide (press 0)";
    child.add(button).on_hover_text(hover).clicked()
}

/// A remark in the middle of a pane, on paper.
pub fn remark(ui: &Ui, pane: Rect, text: &str) -> Rect {
    let wrap = (pane.width() - 48.0).clamp(40.0, 340.0);
    let painter = ui.painter_at(pane);
    let galley = painter.layout(text.to_owned(), FontId::proportional(13.0), INK, wrap);
    let paper = Align2::CENTER_CENTER.anchor_size(pane.center(), galley.size() + Vec2::new(24.0, 16.0));
    painter.rect_filled(paper, CornerRadius::same(4), Color32::from_rgba_premultiplied(240, 240, 240, 240));
    painter.galley(paper.min + Vec2::new(12.0, 8.0), galley, INK);
    let response = ui.interact(
        paper,
        ui.scope_id().with(("remark", pane.min.x as i64, pane.min.y as i64)),
        Sense::hover(),
    );
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, text));
    paper
}

/// A short remark on a map at its top, where it covers little of the tissue.
pub fn footnote(ui: &Ui, pane: Rect, text: &str) {
    let painter = ui.painter_at(pane);
    let wrap = (pane.width() - FIT.x - 3.0 * EDGE - 16.0).max(40.0);
    let galley = painter.layout(text.to_owned(), FontId::proportional(12.0), INK, wrap);
    // In a small pane it would cover the map, and the heading says it in short.
    if galley.size().y > MAX_COVERED * pane.height() {
        return;
    }
    // To the left, where it leaves the button in view.
    let at = pane.left_top() + Vec2::splat(EDGE);
    let paper = Align2::LEFT_TOP.anchor_size(at, galley.size() + Vec2::new(16.0, 8.0));
    painter.rect_filled(paper, CornerRadius::same(3), PAPER);
    painter.galley(paper.min + Vec2::new(8.0, 4.0), galley, INK);
    let id = ui.scope_id().with(("footnote", pane.min.x as i64, pane.min.y as i64));
    let response = ui.interact(paper, id, Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, text));
}

/// A cross in the middle of nothing: where the cursor of another pane is.
pub fn cross(painter: &Painter, at: Pos2) {
    for (width, color) in [(3.0, Color32::from_white_alpha(180)), (1.0, INK)] {
        let stroke = Stroke::new(width, color);
        painter.line_segment([at - egui::vec2(7.0, 0.0), at + egui::vec2(7.0, 0.0)], stroke);
        painter.line_segment([at - egui::vec2(0.0, 7.0), at + egui::vec2(0.0, 7.0)], stroke);
    }
}
