//! A row of a list that can be chosen.

use eframe::egui::{
    self, Color32, FontFamily, FontId, Pos2, Rect, Response, Sense, Stroke, StrokeKind, Ui, Vec2,
    text::{LayoutJob, TextFormat, TextWrapping},
};

use crate::ui::theme::{self, colors};

/// Free space at both ends of a row.
pub const PAD: f32 = 10.0;

/// Makes room for a row as wide as there is, draws its background, and names it for assistive technology.
pub fn begin(ui: &mut Ui, selected: bool, name: &str) -> (Rect, Response) {
    let (rect, response) =
        ui.allocate_exact_size(Vec2::new(ui.available_width(), theme::ROW - 2.0), Sense::click());
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::accesskit::Role::ListBoxOption, ui.is_enabled(), selected, name)
    });
    if ui.is_rect_visible(rect) {
        let c = colors(ui);
        let fill = if selected {
            c.selected
        } else if response.hovered() || response.has_focus() {
            c.quiet
        } else {
            Color32::TRANSPARENT
        };
        ui.painter().rect_filled(rect, theme::ROUND, fill);
        if selected || response.has_focus() {
            ui.painter().rect_stroke(rect, theme::ROUND, Stroke::new(1.0, c.accent), StrokeKind::Inside);
        }
    }
    (rect, response)
}

/// Where a text stands in a row.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    /// It begins here.
    From(f32),
    /// It ends here.
    To(f32),
}

/// Draws one line of text, cut off with an ellipsis at `room` points. Whether all of it fitted.
pub fn text(
    ui: &Ui,
    row: Rect,
    place: Place,
    room: f32,
    text: &str,
    (size, family): (f32, FontFamily),
    color: Color32,
) -> bool {
    let format = TextFormat { font_id: FontId::new(size, family), color, ..Default::default() };
    let mut job = LayoutJob::single_section(text.to_owned(), format);
    job.wrap = TextWrapping { max_width: room, max_rows: 1, break_anywhere: true, ..Default::default() };
    let galley = ui.fonts_mut(|f| f.layout_job(job));
    let left = match place {
        Place::From(x) => x,
        Place::To(x) => x - galley.size().x,
    };
    let fitted = !galley.elided;
    ui.painter().galley(Pos2::new(left, row.center().y - galley.size().y / 2.0), galley, color);
    fitted
}
