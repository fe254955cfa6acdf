//! The Explore page: whose predictions are shown, and the maps.

use eframe::egui::{ComboBox, RichText, TextStyle, Ui};

use crate::app::command::{Command, Step, TrainCommand};
use crate::app::explore::ExploreInput;
use crate::app::project::Open;
use crate::app::slides::SlideImages;
use crate::app::state::App;
use crate::app::work::Request;
use crate::jobs::runs::{RunInfo, RunKind};
use crate::ui::explore::ExplorePage;
use crate::ui::theme::{GAP, colors};
use crate::ui::widgets::mini_button;

/// Draws the page.
pub fn show(
    ui: &mut Ui,
    app: &mut App,
    page: &mut ExplorePage,
    images: &SlideImages,
    out: &mut Vec<Command>,
) {
    predictions(ui, app, out);
    let sections = app.explore_sections();
    let panels: Vec<_> = app.panels().into_iter().cloned().collect();
    let App { open: Some(open), explore, .. } = app else { return };
    let report = open.runs.trust();
    // Measured and predicted values stand on one scale: that of the run.
    let run = explore.section_name().and_then(|s| open.runs.for_maps(s));
    let target = run.map_or(open.doc().target, |r| r.config.target);
    let input =
        ExploreInput { sections: &sections, genes: open.genes(), panels: &panels, report, target, images };
    out.extend(page.show(ui, explore, &input));
}

/// The line above the maps: which run predicts, or how to get one.
fn predictions(ui: &mut Ui, app: &App, out: &mut Vec<Command>) {
    let Some(open) = &app.open else { return };
    let c = colors(ui);
    let small = |text: &str| RichText::new(text).text_style(TextStyle::Small).color(c.weak);
    ui.add_space(GAP / 2.0);
    ui.spacing_mut().item_spacing.y = 0.0;
    ui.horizontal(|ui| {
        ui.add_space(GAP);
        let shown = app.explore.section_name();
        let complete = || open.runs.list.iter().filter(|r| r.complete);
        if complete().next().is_none() {
            ui.label(small("No model is trained yet, so only measured maps can be shown."));
            if ui.add(mini_button("Train a model")).clicked() {
                out.push(Command::GoTo(Step::Train));
            }
            return;
        }
        let label = ui.label(small("Predicted by"));
        let automatic = "the run that did not see the section";
        let text = open.runs.maps.clone().unwrap_or_else(|| automatic.to_owned());
        let combo = ComboBox::from_id_salt("maps run").selected_text(text).width(250.0).truncate().show_ui(
            ui,
            |ui| {
                let mut choice = |id: Option<String>, text: &str| {
                    if ui.selectable_label(open.runs.maps == id, text).clicked() {
                        out.push(Command::Train(TrainCommand::UseForMaps(id)));
                    }
                };
                choice(None, automatic);
                for run in complete() {
                    choice(Some(run.id.clone()), &run.id);
                }
            },
        );
        combo.response.labelled_by(label.id);
        if let Some((section, run)) = shown.and_then(|s| Some((s, open.runs.for_maps(s)?))) {
            if app.work.any(|r| matches!(r, Request::Predict { section: s, .. } if s == section)) {
                ui.spinner();
                ui.label(small("predicting"));
            } else {
                ui.label(small(&standing(open, run, section)));
            }
        }
    });
}

/// What the prediction of `section` by `run` is worth.
fn standing(open: &Open, run: &RunInfo, section: &str) -> String {
    let unseen = match &run.config.kind {
        RunKind::Model { test } => {
            test.iter().any(|t| t == section) || !run.config.sections.iter().any(|s| s == section)
        }
        RunKind::CrossValidation { .. } => true,
    };
    let name = if open.runs.maps.is_none() { format!("{}: ", run.id) } else { String::new() };
    if unseen {
        format!("{name}{section} was not seen in training")
    } else {
        format!("{name}{section} was seen in training, so its prediction looks better than it is")
    }
}
