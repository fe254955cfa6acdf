//! The slides of all sections with their spots, to see at a glance that they lie on the tissue.

use std::collections::HashMap;
use std::sync::Arc;

use eframe::egui::{
    self, Align2, Color32, ColorImage, CornerRadius, FontId, Rect, Sense, Stroke, StrokeKind, TextureHandle,
    TextureOptions, Ui, Vec2, pos2,
};

use crate::app::command::{Command, Step};
use crate::app::explore::ExploreCommand;
use crate::app::explore::images::Later;
use crate::app::project::OpenProject;
use crate::app::slides::SlideImages;
use crate::data::section::Section;
use crate::data::slide::RgbImage;
use crate::ui::theme::{SPOT_OUTLINE, colors};
use crate::ui::widgets::{card, remark};

/// Side of a picture in points.
const SIDE: f32 = 190.0;
/// Textures kept; they are small, and made again when they are needed.
const KEPT: usize = 128;
/// The most spots drawn on a picture this small; of more, every second or third is enough.
const MAX_SPOTS: usize = 3000;

/// The pictures on the graphics card, each with the image it was made of.
#[derive(Default)]
pub struct TissueCard {
    textures: HashMap<usize, (Arc<RgbImage>, TextureHandle)>,
}

impl TissueCard {
    /// Draws the card.
    pub fn show(&mut self, ui: &mut Ui, open: &OpenProject, images: &SlideImages, out: &mut Vec<Command>) {
        if open.viewable().next().is_none() {
            return;
        }
        card(ui, "Tissue", |ui| {
            remark(ui, "Spots should lie on the tissue. Click a section to look at its maps.");
            ui.add_space(4.0);
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = Vec2::splat(10.0);
                for section in open.viewable() {
                    if self.picture(ui, section, images).clicked() {
                        let name = section.name.clone();
                        out.push(Command::Explore(ExploreCommand::SelectSection(name)));
                        out.push(Command::GoTo(Step::Explore));
                    }
                }
            });
        });
    }

    fn picture(&mut self, ui: &mut Ui, section: &Section, images: &SlideImages) -> egui::Response {
        let line = 20.0;
        let (rect, response) = ui.allocate_exact_size(Vec2::new(SIDE, SIDE + line), Sense::click());
        let label = format!("Maps of {}", section.name);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
        // What is scrolled out of view is not read.
        if !ui.is_rect_visible(rect) {
            return response;
        }
        let c = colors(ui);
        let frame = Rect::from_min_size(rect.min, Vec2::splat(SIDE));
        ui.painter().rect_filled(frame, CornerRadius::same(4), c.canvas);
        let text = |text: &str| {
            let font = FontId::proportional(12.0);
            ui.painter().text(frame.center(), Align2::CENTER_CENTER, text, font, c.weak);
        };
        match images.thumbnail(&section.slide) {
            Later::Ready(image) => {
                let place = fitted(frame.shrink(3.0), section.slide_size);
                let texture = self.texture(ui.ctx(), &image);
                let all = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
                ui.painter().image(texture.id(), place, all, Color32::WHITE);
                draw_spots(ui, place, section);
            }
            Later::Loading => text("Reading the slide"),
            Later::Failed(_) => text("The slide cannot be read"),
        }
        let lit = response.hovered() || response.has_focus();
        let stroke = if lit { Stroke::new(2.0, c.accent) } else { Stroke::new(1.0, c.border) };
        ui.painter().rect_stroke(frame, CornerRadius::same(4), stroke, StrokeKind::Inside);
        let under = pos2(frame.center().x, rect.bottom() - line / 2.0);
        let font = FontId::proportional(13.0);
        ui.painter().text(under, Align2::CENTER_CENTER, &section.name, font, c.text);
        response.on_hover_cursor(egui::CursorIcon::PointingHand).on_hover_text(label)
    }

    fn texture(&mut self, ctx: &egui::Context, image: &Arc<RgbImage>) -> TextureHandle {
        let key = Arc::as_ptr(image) as usize;
        if let Some((_, texture)) = self.textures.get(&key) {
            return texture.clone();
        }
        if self.textures.len() >= KEPT {
            self.textures.clear();
        }
        let size = [image.width as usize, image.height as usize];
        let pixels = ColorImage::from_rgb(size, &image.rgb);
        let texture = ctx.load_texture("thumbnail", pixels, TextureOptions::LINEAR);
        // The image is kept with it, so that its address stays its own.
        self.textures.insert(key, (Arc::clone(image), texture.clone()));
        texture
    }
}

/// The largest rectangle of the slide's shape in the middle of `room`.
fn fitted(room: Rect, (width, height): (u32, u32)) -> Rect {
    let size = Vec2::new(width.max(1) as f32, height.max(1) as f32);
    let scale = (room.width() / size.x).min(room.height() / size.y);
    Rect::from_center_size(room.center(), size * scale)
}

fn draw_spots(ui: &Ui, place: Rect, section: &Section) {
    let (width, height) = section.slide_size;
    let scale = place.width() / width.max(1) as f32;
    let radius = (section.spot_radius_px() as f32 * scale).max(0.8);
    let step = section.spots.len().div_ceil(MAX_SPOTS).max(1);
    let painter = ui.painter_at(place);
    for center in section.centers().step_by(step) {
        let x = place.left() + center.x as f32 * scale;
        let y = place.top() + (center.y as f32 / height.max(1) as f32) * place.height();
        painter.circle_stroke(pos2(x, y), radius, Stroke::new(0.8, SPOT_OUTLINE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_keep_the_shape_of_the_slide() {
        let room = Rect::from_min_size(pos2(10.0, 10.0), Vec2::splat(100.0));
        assert_eq!(fitted(room, (200, 100)).size(), Vec2::new(100.0, 50.0));
        assert_eq!(fitted(room, (100, 400)).center(), room.center());
        assert!(fitted(room, (0, 0)).is_finite());
    }
}
