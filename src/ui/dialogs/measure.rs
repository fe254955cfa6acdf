//! Measuring the resolution of a slide: two points are placed on it, and their distance is typed.

use eframe::egui::{
    self, Align2, Color32, Context, CursorIcon, FontId, Painter, PointerButton, Pos2, Rect, Response, Sense,
    Stroke, Ui, Vec2,
};

use super::Closing;
use crate::app::command::{Command, Overlay, SectionCommand};
use crate::app::explore::camera::Camera;
use crate::app::explore::images::{Images, Later};
use crate::app::measure::{MeasureError, MeasureRequest, MeasuredOn, measure};
use crate::core::geometry::{Mpp, SlidePoint};
use crate::core::text::thousands;
use crate::data::project::SectionEntry;
use crate::ui::slide_view::TileCache;
use crate::ui::theme::colors;
use crate::ui::widgets::{Tone, banner, entered, line_edit, mini_button, name, primary, remark};

/// Height that the rest of the dialog takes.
const REST: f32 = 250.0;
/// Width of the dialog.
const WIDTH: f32 = 1000.0;
/// A point is taken hold of within this distance, in points of the screen.
const REACH: f32 = 14.0;
/// How much one point of scrolling zooms, as an exponent.
const WHEEL: f32 = 0.0045;

/// The way to a resolution that neither the file of a slide nor its user knows.
pub fn button(ui: &mut Ui, of: MeasuredOn, entry: &SectionEntry, label: &str, out: &mut Vec<Command>) {
    let button = ui.add(mini_button("Measure…"));
    name(&button, label);
    let hover = "Measure \u{00B5}m per pixel by two points on the slide whose distance you know, such as the ends of a scale \
                 bar";
    if button.on_hover_text(hover).clicked() {
        let request = MeasureRequest { of, name: entry.name.clone(), slide: entry.image.clone() };
        out.push(Command::Show(Overlay::Measure(request)));
    }
}

/// What is being measured.
#[derive(Default)]
pub struct MeasureDialog {
    /// What it was opened for.
    request: Option<MeasureRequest>,
    tiles: TileCache,
    camera: Camera,
    /// Whether the camera has been shown the slide.
    placed: bool,
    points: Vec<SlidePoint>,
    /// The point that is dragged.
    held: Option<usize>,
    typed: String,
}

impl std::fmt::Debug for MeasureDialog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MeasureDialog").field("points", &self.points).field("typed", &self.typed).finish()
    }
}

impl MeasureDialog {
    /// Forgets what was placed and typed.
    pub fn closed(&mut self) {
        if self.request.is_some() {
            *self = Self::default();
        }
    }

    /// Draws the dialog.
    pub fn show(
        &mut self,
        ctx: &Context,
        request: &MeasureRequest,
        images: &dyn Images,
        out: &mut Vec<Command>,
    ) {
        if self.request.as_ref() != Some(request) {
            *self = Self { request: Some(request.clone()), ..Self::default() };
        }
        let closing = Closing::with_typing(!self.typed.is_empty() || !self.points.is_empty());
        let title = format!("Measure the resolution of {}", request.name);
        super::form(ctx, &title, WIDTH, closing, out, |ui, out| {
            remark(
                ui,
                "Click the two ends of a distance that you know, such as a scale bar or the diameter of a core. Scroll to \
                 zoom, drag to move the slide or a point.",
            );
            let height = (super::free(ctx).height() - REST).clamp(140.0, 640.0);
            let (map, response) =
                ui.allocate_exact_size(Vec2::new(ui.available_width(), height), Sense::click_and_drag());
            response.widget_info(|| {
                egui::WidgetInfo::labeled(egui::accesskit::Role::Canvas, true, "Slide to measure on")
            });
            self.slide(ui, map, &response, images);
            ui.add_space(4.0);
            self.form(ui, request, out);
        });
    }

    fn slide(&mut self, ui: &mut Ui, map: Rect, response: &Response, images: &dyn Images) {
        let c = colors(ui);
        let painter = ui.painter_at(map);
        painter.rect_filled(map, 0.0, c.canvas);
        let path = self.request.as_ref().map(|r| r.slide.clone()).unwrap_or_default();
        let said = match images.tiles(&path) {
            Later::Ready(source) => {
                if let (false, Some(whole)) = (self.placed, source.levels().first()) {
                    self.camera.show_slide((whole.width, whole.height), None);
                    self.placed = true;
                }
                self.tiles.show_slide(Some((&path, source)));
                None
            }
            Later::Loading => Some("Reading the slide image".to_owned()),
            Later::Failed(why) => Some(why),
        };
        if let Some(said) = said {
            let font = FontId::proportional(13.0);
            painter.text(map.center(), Align2::CENTER_CENTER, said, font, c.text);
            return;
        }
        self.camera.resize(f64::from(map.width()), f64::from(map.height()));
        self.handle_pointer(ui, map, response);
        self.camera.arrive();
        self.tiles.prepare(ui.ctx(), &self.camera);
        self.tiles.paint(&painter, map, &self.camera, c.bad);
        self.paint_points(&painter, map, c.accent);
    }

    fn on_screen(&self, map: Rect, point: SlidePoint) -> Pos2 {
        let [x, y] = self.camera.view_from_slide(point);
        map.min + Vec2::new(x as f32, y as f32)
    }

    fn on_slide(&self, map: Rect, at: Pos2) -> SlidePoint {
        let at = self.camera.slide_from_view(in_map(map, at));
        let slide = self.camera.slide();
        SlidePoint::new(at.x.clamp(slide.min.x, slide.max.x), at.y.clamp(slide.min.y, slide.max.y))
    }

    /// The point near `at`.
    fn near(&self, map: Rect, at: Pos2) -> Option<usize> {
        let far = |&i: &usize| self.points.get(i).map_or(f32::MAX, |p| self.on_screen(map, *p).distance(at));
        let nearest = (0..self.points.len()).min_by(|a, b| far(a).total_cmp(&far(b)))?;
        (far(&nearest) <= REACH).then_some(nearest)
    }

    /// Moves the slide and the points by what the pointer does.
    fn handle_pointer(&mut self, ui: &Ui, map: Rect, response: &Response) {
        if response.drag_started_by(PointerButton::Primary) {
            // Where the button went down, not where the pointer was when it became a drag.
            let pressed = ui.input(|i| i.pointer.press_origin()).or(response.interact_pointer_pos());
            self.held = pressed.and_then(|at| self.near(map, at));
        }
        if response.drag_stopped() {
            self.held = None;
        }
        if response.dragged() {
            let moved =
                response.interact_pointer_pos().zip(self.held).map(|(at, i)| (self.on_slide(map, at), i));
            match moved.and_then(|(at, i)| Some((at, self.points.get_mut(i)?))) {
                Some((at, point)) => *point = at,
                None => {
                    let by = response.drag_delta();
                    self.camera.drag([f64::from(by.x), f64::from(by.y)]);
                    ui.ctx().set_cursor_icon(CursorIcon::Grabbing);
                }
            }
        } else if let Some(at) = response.hover_pos() {
            let near = self.near(map, at).is_some();
            ui.ctx().set_cursor_icon(if near { CursorIcon::Move } else { CursorIcon::Crosshair });
            let factor = ui.input_mut(|i| {
                let scrolled = i.smooth_scroll_delta.y;
                i.smooth_scroll_delta = Vec2::ZERO;
                (scrolled * WHEEL).exp() * i.zoom_delta()
            });
            if (factor - 1.0).abs() > 1e-4 {
                self.camera.zoom_at(in_map(map, at), f64::from(factor));
                ui.ctx().request_repaint();
            }
        }
        if response.clicked()
            && let Some(at) = response.interact_pointer_pos()
        {
            let at = self.on_slide(map, at);
            let far = |p: &SlidePoint| p.distance(at);
            // A third click moves the nearer end.
            match self.points.as_mut_slice() {
                [a, b] if far(a) <= far(b) => *a = at,
                [_, b] => *b = at,
                _ => self.points.push(at),
            }
        }
    }

    fn paint_points(&self, painter: &Painter, map: Rect, accent: Color32) {
        let ends: Vec<Pos2> = self.points.iter().map(|p| self.on_screen(map, *p)).collect();
        let white = Color32::from_white_alpha(220);
        for stroke in [Stroke::new(4.0, white), Stroke::new(1.5, accent)] {
            if let [from, to] = ends.as_slice() {
                painter.line_segment([*from, *to], stroke);
            }
            for end in &ends {
                painter.circle_stroke(*end, 6.0, stroke);
            }
        }
    }

    fn form(&mut self, ui: &mut Ui, request: &MeasureRequest, out: &mut Vec<Command>) {
        let found = measure(&self.points, &self.typed);
        let mut enter = false;
        ui.horizontal(|ui| {
            let label = ui.label("Distance");
            let field =
                ui.add(line_edit(&mut self.typed).hint_text("500 \u{00B5}m, 1 mm").desired_width(140.0));
            name(&field, "Distance between the points");
            enter = entered(ui, &field);
            drop(label.labelled_by(field.id));
            if let [from, to] = self.points.as_slice() {
                ui.label(format!("is {} pixels long", thousands(from.distance(*to).round() as usize)));
                if ui.button("Clear points").clicked() {
                    self.points.clear();
                }
            }
        });
        match &found {
            Ok(Mpp(mpp)) => remark(ui, format!("{mpp:.4} \u{00B5}m per pixel")),
            Err(why @ (MeasureError::NoPoints | MeasureError::NoDistance)) => remark(ui, why.to_string()),
            Err(why) => {
                banner(ui, Tone::Warning, why.to_string());
                ui.label("")
            }
        };
        ui.horizontal(|ui| {
            let text = match &found {
                Ok(Mpp(mpp)) => format!("Use {mpp:.3} \u{00B5}m per pixel"),
                Err(_) => "Use this resolution".to_owned(),
            };
            let clicked = primary(ui, found.is_ok(), &text).clicked();
            if let (true, Ok(mpp)) = (clicked || enter, &found) {
                let (of, mpp) = (request.of.clone(), *mpp);
                out.push(Command::Section(SectionCommand::TakeMeasured { of, mpp }));
            }
            if ui.button("Cancel").clicked() {
                out.push(Command::CloseOverlay);
            }
        });
    }
}

fn in_map(map: Rect, at: Pos2) -> [f64; 2] {
    [f64::from(at.x - map.left()), f64::from(at.y - map.top())]
}
