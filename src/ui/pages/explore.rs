//! The Explore page.

use eframe::egui::Ui;

use crate::app::command::Command;
use crate::app::slides::SlideImages;
use crate::app::state::App;

/// Draws the page.
pub fn show(ui: &mut Ui, app: &mut App, images: &SlideImages, out: &mut Vec<Command>) {
    let _ = (ui, app, images, out);
}
