//! The Data page: sections, genes, image features.

use eframe::egui::Ui;

use super::data_tissue::TissueCard;
use super::{Side, data_features, data_genes, data_sections, scrolling, two_columns};
use crate::app::command::Command;
use crate::app::slides::SlideImages;
use crate::app::state::App;
use crate::ui::widgets::{Tone, banner};

/// Width of the column with genes and features.
const RIGHT: f32 = 400.0;

/// Draws the page.
pub fn show(ui: &mut Ui, app: &App, tissue: &mut TissueCard, images: &SlideImages, out: &mut Vec<Command>) {
    let Some(open) = &app.open else { return };
    scrolling(ui, "data page", |ui| {
        if open.demo {
            let text = "Demo: these sections are synthetic. They show how the application works and say nothing \
                        about tissue.";
            banner(ui, Tone::Note, text);
        }
        two_columns(ui, RIGHT, |ui, side| match side {
            Side::Left => {
                data_sections::show(ui, open, out);
                tissue.show(ui, open, images, out);
                data_features::show(ui, app, open, out);
            }
            Side::Right => data_genes::show(ui, app, open, out),
        });
    });
}
