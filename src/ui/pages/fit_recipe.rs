//! By which recipe training and cross-validation go, and its settings.

use eframe::egui::{self, ComboBox, RichText, TextStyle, Ui};

use super::fit_form::{CONTROL, LABEL};
use crate::app::forms::{ImageSide, RecipeKind, TrainForm};
use crate::app::state::App;
use crate::core::text::counted;
use crate::train::published::PublishedConfig;
use crate::train::{Help, Level, TrainConfig};
use crate::ui::theme::colors;
use crate::ui::widgets::{Tone, banner, field, remark, text_field};

/// Settings of the published recipe that only an encoder in training has.
const OF_TRAINED: [&str; 2] = ["encoder_chunk", "jitter"];

/// The recipe, and what the published one does with its image encoder.
pub fn recipe(ui: &mut Ui, app: &App, form: &mut TrainForm) {
    field(ui, "Recipe", LABEL, |ui| {
        ComboBox::from_id_salt("recipe").selected_text(recipe_name(form.recipe)).width(CONTROL).show_ui(
            ui,
            |ui| {
                for option in [RecipeKind::Fused, RecipeKind::Published] {
                    ui.selectable_value(&mut form.recipe, option, recipe_name(option));
                }
            },
        );
    });
    match form.recipe {
        RecipeKind::Fused => {
            remark(ui, "Spot, neighbourhood and whole section; contrast and regression together.");
        }
        RecipeKind::Published => {
            remark(
                ui,
                "As in the published work, to compare with: the spot alone, contrast alone, prediction by the most \
                 similar training spots. Ridge regression is run alongside for comparison.",
            );
            image_side(ui, app, form);
        }
    }
}

fn recipe_name(recipe: RecipeKind) -> &'static str {
    match recipe {
        RecipeKind::Fused => "fused, three levels",
        RecipeKind::Published => "published",
    }
}

fn image_side(ui: &mut Ui, app: &App, form: &mut TrainForm) {
    let ready = app.trainable().is_some_and(|e| e.is_ready());
    field(ui, "Its image encoder", LABEL, |ui| {
        ComboBox::from_id_salt("image side")
            .selected_text(side_name(form.image_side))
            .width(CONTROL)
            .truncate()
            .show_ui(ui, |ui| {
                for option in [ImageSide::Frozen, ImageSide::FromRandom, ImageSide::FromWeights] {
                    let possible = option != ImageSide::FromWeights || ready;
                    ui.add_enabled_ui(possible, |ui| {
                        ui.selectable_value(&mut form.image_side, option, side_name(option))
                            .on_disabled_hover_text(
                                "Choose the weights of DenseNet-121 among the image encoders first.",
                            );
                    });
                }
            });
    });
    if form.trains_encoder() {
        remark(
            ui,
            "DenseNet-121 is trained together with the rest of the model (hours on a CPU). The encoder above is then \
             used only for ridge regression.",
        );
    }
}

fn side_name(side: ImageSide) -> &'static str {
    match side {
        ImageSide::Frozen => "the one above, as it is",
        ImageSide::FromRandom => "trained from scratch",
        ImageSide::FromWeights => "trained from ImageNet weights",
    }
}

/// What there is to set in the recipe of a form.
fn help(form: &TrainForm) -> impl Iterator<Item = &'static Help> + use<> {
    let help = match form.recipe {
        RecipeKind::Fused => TrainConfig::help(),
        RecipeKind::Published => PublishedConfig::help(),
    };
    let applies = form.recipe == RecipeKind::Fused || form.trains_encoder();
    help.iter().filter(move |h| h.field != "seed" && (applies || !OF_TRAINED.contains(&h.field)))
}

fn default_of(recipe: RecipeKind, field: &str) -> String {
    match recipe {
        RecipeKind::Fused => TrainConfig::default().get(field),
        RecipeKind::Published => PublishedConfig::default().get(field),
    }
    .unwrap_or_default()
}

/// The settings of training: the basic ones, and the others under a heading.
pub fn settings(ui: &mut Ui, app: &App, form: &mut TrainForm) {
    let open = egui::CollapsingHeader::new("Settings").id_salt("settings").show(ui, |ui| {
        for help in help(form).filter(|h| h.level == Level::Basic) {
            setting(ui, help, form);
        }
        let mut advanced = form.advanced;
        ui.checkbox(&mut advanced, "Show advanced settings");
        form.advanced = advanced;
        if advanced {
            for help in help(form).filter(|h| h.level == Level::Advanced) {
                setting(ui, help, form);
            }
        }
        let changed = !form.changed().is_empty();
        if ui.add_enabled(changed, egui::Button::new("Reset to defaults")).clicked() {
            form.changed_mut().clear();
        }
    });
    let changed = form.changed().len();
    if open.body_response.is_none() && changed > 0 {
        let differ = if changed == 1 { "differs from its default" } else { "differ from their defaults" };
        remark(ui, format!("{} {differ}.", counted(changed, "setting")));
    }
    if let Err(why) = app.recipe() {
        banner(ui, Tone::Error, why);
    }
}

fn setting(ui: &mut Ui, help: &Help, form: &mut TrainForm) {
    let c = colors(ui);
    let default = default_of(form.recipe, help.field);
    let current = form.changed().get(help.field).unwrap_or(&default).clone();
    let label = readable(help.field);
    field(ui, &label, LABEL + 20.0, |ui| {
        if default == "true" || default == "false" {
            let mut on = matches!(current.as_str(), "true" | "yes" | "on" | "1");
            let text = if on { "yes" } else { "no" };
            if ui.checkbox(&mut on, text).changed() {
                set(form, help.field, on.to_string(), &default);
            }
        } else if let Some(text) = text_field(ui, help.field, &label, &current, 80.0) {
            set(form, help.field, text, &default);
        }
        if form.changed().contains_key(help.field) {
            ui.label(RichText::new(format!("default {default}")).text_style(TextStyle::Small).color(c.weak));
        }
    });
    let text = format!("{} ({})", help.sentence, help.allowed);
    ui.add(egui::Label::new(RichText::new(text).text_style(TextStyle::Small).color(c.weak)).wrap());
}

fn set(form: &mut TrainForm, name: &str, value: String, default: &str) {
    if value == default || value.is_empty() {
        form.changed_mut().remove(name);
    } else {
        form.changed_mut().insert(name.to_owned(), value);
    }
}

/// "Contrastive weight" for "contrastive_weight".
fn readable(name: &str) -> String {
    let mut text = name.replace('_', " ");
    if let Some(first) = text.get(..1) {
        let first = first.to_uppercase();
        text.replace_range(..1, &first);
    }
    text
}
