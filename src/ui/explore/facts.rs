//! What is known of the gene shown, and what can be done with it.

use eframe::egui::{Align, Button, Color32, Layout, RichText, Ui, Vec2};

use super::explore;
use super::gene_list::trust_color;
use crate::app::command::{Command, GenesCommand};
use crate::app::explore::facts::q_text;
use crate::app::explore::{ExploreCommand, ExploreInput, ExploreState, Outlook};
use crate::ui::theme::colors;
use crate::ui::widgets;

/// Height of a line.
const FACT: f32 = 20.0;

/// One line: a name, its value, and an explanation for the pointer.
fn fact(ui: &mut Ui, name: &str, value: Option<(String, Color32)>, help: &str) {
    let c = colors(ui);
    let size = Vec2::new(ui.available_width(), FACT);
    let inner = ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
        ui.spacing_mut().interact_size.y = FACT;
        ui.label(RichText::new(name).size(12.5).color(c.weak));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let (text, color) = value.unwrap_or_else(|| ("–".to_owned(), c.weak));
            ui.label(RichText::new(text).size(12.5).color(color));
        });
    });
    inner.response.on_hover_text(help);
}

/// Draws the facts and the buttons.
pub fn show(ui: &mut Ui, state: &ExploreState, input: &ExploreInput, commands: &mut Vec<Command>) {
    let c = colors(ui);
    widgets::caption(ui, "This gene");
    let f = &state.map().facts;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        let plain = |v: Option<f64>| v.map(|v| (format!("{v:.2}"), c.text));
        let pcc = f.pcc.map(|p| match f.q {
            Some(q) => (format!("{p:.2}  ({})", q_text(q)), c.text),
            None => (format!("{p:.2}"), c.text),
        });
        let own = if f.trained_on_section {
            "Pearson correlation of the two maps. The model was trained on this section, so this is no test."
        } else {
            "Pearson correlation of the two maps; q is its false discovery rate among all genes"
        };
        fact(ui, "PCC, this section", pcc, own);
        fact(
            ui,
            "Ridge, same features",
            plain(f.ridge),
            "Pearson correlation of ridge regression, the linear baseline, on this section in the cross-validation",
        );
        fact(
            ui,
            "Noise ceiling",
            plain(f.ceiling),
            "The best correlation that a perfect predictor could reach, because counts are samples",
        );
        let (name, trust) = match f.trust {
            Some(t) => {
                let spread = t.sd.map(|s| format!(" ± {s:.2}")).unwrap_or_default();
                let folds = if t.folds == 1 { "1 fold".to_owned() } else { format!("{} folds", t.folds) };
                (format!("Trust over {folds}"), Some((format!("{:.2}{spread}", t.mean), trust_color(t.mean, c))))
            }
            None => ("Trust over folds".to_owned(), None),
        };
        fact(ui, &name, trust, "Mean Pearson correlation over the held-out sections ± standard deviation");
        fact(
            ui,
            "Mean uncertainty",
            plain(f.uncertainty),
            "Half the width of the 80 % interval of a prediction, mean over the spots",
        );
    });
    if f.trust.is_none() && !state.is_evaluated() {
        widgets::remark(ui, "Not evaluated yet: run the cross-validation in step 4 to see trust and ridge.");
    }
    ui.add_space(6.0);
    into_model(ui, state, input, commands);
    buttons(ui, state, commands);
}

/// How a gene that is measured and not predicted gets into the gene list and the model.
fn into_model(ui: &mut Ui, state: &ExploreState, input: &ExploreInput, commands: &mut Vec<Command>) {
    let Some(gene) = state.gene() else { return };
    let measured = state.index().is_some_and(|i| i.has_gene(gene));
    let predicted = state.prediction().map(|p| p.has_gene(gene));
    let addable = state.can_be_added(gene) && predicted != Some(true);
    if !measured || (!addable && predicted != Some(false)) {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        if addable
            && ui.button("Add to gene list").on_hover_text("The next model is trained on it, too").clicked()
        {
            commands.push(Command::Genes(GenesCommand::Add(vec![gene.to_owned()])));
        }
        let training = matches!(input.outlook, Outlook::Training(_));
        let (label, hover) = if predicted.is_some() {
            ("Add and retrain", "Add it to the gene list, and train again with the settings of the run shown")
        } else {
            ("Add and train", "Add it to the gene list, and train a model")
        };
        let button = ui.add_enabled(!training, Button::new(label)).on_hover_text(hover);
        if button.on_disabled_hover_text("A model is being trained.").clicked() {
            commands.push(Command::Genes(GenesCommand::AddAndRetrain(vec![gene.to_owned()])));
        }
    });
    ui.add_space(4.0);
}

fn buttons(ui: &mut Ui, state: &ExploreState, commands: &mut Vec<Command>) {
    let values = &state.map().values;
    let any = values.measured.is_some() || values.predicted.is_some();
    let (Some(section), Some(gene)) = (state.section_name(), state.gene()) else { return };
    ui.spacing_mut().item_spacing.y = 6.0;
    ui.vertical_centered_justified(|ui| {
        let add = widgets::primary(ui, any, "Add to figure");
        if add.on_hover_text("Put these maps on the figure of step 5").clicked() {
            commands.push(Command::AddToFigure { section: section.to_owned(), gene: gene.to_owned() });
        }
    });
    ui.columns_const(|[left, right]| {
        let plain = |ui: &mut Ui, text: &str, help: &str| {
            ui.spacing_mut().button_padding.x = 4.0;
            let button = Button::new(RichText::new(text).size(12.5)).min_size(Vec2::new(0.0, 30.0));
            let shown = ui.vertical_centered_justified(|ui| ui.add_enabled(any, button)).inner;
            shown.on_hover_text(help).clicked()
        };
        if plain(left, "Find similar genes", "Genes whose maps correlate with this one") {
            commands.push(explore(ExploreCommand::FindSimilar));
        }
        let help = "Measured, predicted and uncertainty of every spot, as a table for a spreadsheet";
        if plain(right, "Copy values", help)
            && let Some(table) = state.values_as_table()
        {
            commands.push(Command::Copy(table));
        }
    });
}
