//! What is known of the gene shown, and what can be done with it.

use eframe::egui::{self, Align, Button, Color32, FontId, Layout, RichText, Ui, Vec2};

use super::explore;
use crate::app::command::{Command, GenesCommand};
use crate::app::explore::facts::q_text;
use crate::app::explore::text::correlation_text;
use crate::app::explore::{ExploreCommand, ExploreInput, ExploreState, PredictionStatus};
use crate::app::terms::Term;
use crate::evaluate::judgement::Judgement;
use crate::ui::theme::{self, colors};
use crate::ui::widgets;

/// Height of a line.
const FACT: f32 = 20.0;
/// Size of the text.
const SIZE: f32 = 12.5;
/// Least distance between a name and its value.
const APART: f32 = 14.0;

/// One fact: a name, its value on the same line where both fit and else below it, and an explanation for the pointer.
fn fact(ui: &mut Ui, name: &str, value: Option<(String, Color32)>, help: &str) {
    let c = colors(ui);
    let (text, color) = value.unwrap_or_else(|| ("\u{2013}".to_owned(), c.weak));
    let font = || FontId::proportional(SIZE);
    let width = |text: &str| ui.painter().layout_no_wrap(text.to_owned(), font(), c.text).size().x;
    let fits = width(name) + width(&text) + APART <= ui.available_width();
    let label = |ui: &mut Ui| ui.label(RichText::new(name).size(SIZE).color(c.weak));
    let size = Vec2::new(ui.available_width(), FACT);
    let line = |ui: &mut Ui, before: &dyn Fn(&mut Ui), end: &str| {
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            ui.spacing_mut().interact_size.y = FACT;
            before(ui);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.add(egui::Label::new(RichText::new(end).size(SIZE).color(color)).truncate());
            });
        })
        .response
    };
    let response = if fits {
        line(ui, &|ui| drop(label(ui)), &text)
    } else {
        let first = line(ui, &|ui| drop(label(ui)), "");
        first.union(line(ui, &|_| (), &text))
    };
    response.on_hover_text(help);
}

/// Draws the facts.
pub fn show(ui: &mut Ui, state: &ExploreState, input: &ExploreInput) {
    let c = colors(ui);
    widgets::caption(ui, "This gene");
    let f = &state.map().facts;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        in_groups(ui, state);
        let plain = |v: Option<f64>| v.map(|v| (correlation_text(v), c.text));
        let pcc = plain(f.pcc).map(|(p, color)| match f.q {
            Some(q) => (format!("{p}  ({})", q_text(q)), color),
            None => (p, color),
        });
        let has_values = state.map().values.maps.predicted().is_some();
        let judgement = has_values.then(|| {
            let mut text = f.judgement.word().to_owned();
            if f.trained_on_section {
                text.push_str(", seen in training");
            } else if let Some(share) = f.share_text().filter(|_| f.judgement != Judgement::NotTested) {
                text.push_str(&format!(", {share}"));
            }
            (text, theme::judgement_color(f.judgement, c))
        });
        fact(ui, "Judgement", judgement, Term::Judgement.sentence());
        let own = if f.trained_on_section {
            format!(
                "{} The model was trained on this section, so this is not an independent test.",
                Term::Pcc.sentence()
            )
        } else {
            format!("{} q-value: {}", Term::Pcc.sentence(), Term::QValue.sentence())
        };
        fact(ui, "PCC, this section", pcc, &own);
        let ridge = plain(f.ridge).map(|(text, color)| match f.against_ridge {
            Some(verdict) => (format!("{text}  ({})", verdict.text()), color),
            None => (text, color),
        });
        let help = format!("PCC of the linear baseline on this section. {}", Term::Ridge.sentence());
        fact(ui, "Ridge", ridge, &help);
        fact(ui, "Noise ceiling", plain(f.ceiling), Term::NoiseCeiling.sentence());
        let name = f.trust.map_or_else(|| "Trust".to_owned(), |t| format!("Trust over {}", t.extent_text()));
        let trust = f.trust.map(|t| {
            let text = format!("{} {}", t.value_text(), t.judgement.word());
            (text, theme::judgement_color(t.judgement, c))
        });
        let help = format!("{} Fold: {}", Term::Trust.sentence(), Term::Fold.sentence());
        fact(ui, &name, trust, &help);
        fact(ui, "Mean uncertainty", plain(f.uncertainty), Term::Uncertainty.sentence());
    });
    if f.trust.is_none() && !state.is_evaluated() {
        let way = match input.outlook {
            PredictionStatus::First(what) => what,
            PredictionStatus::Train | PredictionStatus::Training(_) => state.way_to_trust(),
        };
        widgets::remark(ui, format!("Not evaluated yet. {way}"));
    }
}

/// The mean of the gene shown in the two groups that are compared.
fn in_groups(ui: &mut Ui, state: &ExploreState) {
    let (Some(gene), Some(Ok(compared))) = (state.gene(), state.comparing().found()) else { return };
    let Some(g) = state.comparing().gene(gene) else { return };
    let c = colors(ui);
    let name = format!("In {} / {}", compared.a, compared.b);
    let value = format!("{:.2} / {:.2}", g.found.mean_a, g.found.mean_b);
    let help = format!(
        "Mean of {} values in the two groups that are compared, {}.",
        state.comparing().form().origin.word(),
        compared.comparison.scale.unit()
    );
    fact(ui, &name, Some((value, c.text)), &help);
}

/// What can be done with the gene shown.
pub fn actions(ui: &mut Ui, state: &ExploreState, input: &ExploreInput, commands: &mut Vec<Command>) {
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
        let training = matches!(input.outlook, PredictionStatus::Training(_));
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
    let any = values.maps.measured().is_some() || values.maps.predicted().is_some();
    let (Some(section), Some(gene)) = (state.section_name(), state.gene()) else { return };
    ui.spacing_mut().item_spacing.y = 6.0;
    ui.vertical_centered_justified(|ui| {
        let add = widgets::primary(ui, any, "Add to figure");
        if add.on_hover_text("Add these maps to the figure on the Export page").clicked() {
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
        if plain(
            left,
            "Find similar genes",
            "Genes whose measured and predicted maps correlate with this one",
        ) {
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
