//! What a training or a cross-validation will do, as a table.

use eframe::egui::{self, Grid, RichText, ScrollArea, TextStyle, Ui};

use crate::app::plan::Plan;
use crate::app::state::App;
use crate::core::text::counted;
use crate::ui::theme::colors;
use crate::ui::widgets::{remark, thousands};

/// Draws the plan.
pub fn show(ui: &mut Ui, app: &App, plan: &Plan) {
    let c = colors(ui);
    let recipe = app.recipe().unwrap_or_default();
    ScrollArea::horizontal().id_salt("plan").auto_shrink([false, true]).show(ui, |ui| {
        Grid::new("plan").num_columns(5).spacing([24.0, 6.0]).show(ui, |ui| {
            for (head, hover) in [
                ("Tested on", "Sections that the model never sees"),
                ("Spots", "Spots in them"),
                ("Trained on", "Sections that the model learns from"),
                ("Spots", "Spots in them"),
                ("Validated on", "The training section that decides when to stop and how to blend, or a fixed number of epochs"),
            ] {
                let text = RichText::new(head).text_style(TextStyle::Small).color(c.weak);
                ui.label(text).on_hover_text(hover);
            }
            ui.end_row();
            for fold in &plan.folds {
                list(ui, &fold.test);
                ui.label(thousands(fold.test_spots as f64));
                list(ui, &fold.train);
                ui.label(thousands(fold.train_spots as f64));
                match recipe.fixed_epochs() {
                    Some(epochs) => ui.label(format!("{epochs} epochs")),
                    None => ui.label(&fold.validation),
                };
                ui.end_row();
            }
        });
        ui.add_space(4.0);
    });
    let networks = match recipe.networks() {
        1 => "one network".to_owned(),
        n => format!("{n} networks, averaged"),
    };
    let features = app.ahead_of_training().map_or_else(String::new, |ahead| ahead.sentence());
    remark(ui, format!("{}; each model is {networks}. {features}", counted(plan.genes, "gene")));
    if let Some(text) = app.encoder_training(&recipe, plan.training_spots()) {
        remark(ui, text);
    }
}

/// Names of sections, those that do not fit counted.
fn list(ui: &mut Ui, names: &[String]) {
    const SHOWN: usize = 6;
    let text = match names {
        [] => "nothing".to_owned(),
        few if few.len() <= SHOWN => few.join(", "),
        many => format!("{} and {} more", many[..SHOWN].join(", "), many.len() - SHOWN),
    };
    ui.add(egui::Label::new(text)).on_hover_text(names.join(", "));
}
