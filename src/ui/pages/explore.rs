//! The Explore page: whose predictions are shown, and the maps.

use eframe::egui::{Align, ComboBox, Label, Layout, Rect, RichText, Sense, TextStyle, Ui, UiBuilder, Vec2};

use super::train_runs;
use crate::app::command::{Command, Step, TrainCommand};
use crate::app::explore::{ExploreInput, PredictionStatus};
use crate::app::project::OpenProject;
use crate::app::queue::JobView;
use crate::app::slides::SlideImages;
use crate::app::standing::Standing;
use crate::app::state::App;
use crate::data::project::SectionEntry;
use crate::jobs::request::Request;
use crate::ui::explore::{ExplorePage, tools};
use crate::ui::theme::{GAP, colors};
use crate::ui::widgets::mini_button;

/// Height of the line above the maps.
const LINE: f32 = 28.0;

/// Draws the page.
pub fn show(
    ui: &mut Ui,
    app: &mut App,
    page: &mut ExplorePage,
    images: &SlideImages,
    out: &mut Vec<Command>,
) {
    let training = app.training().map(|job| how_far(&job));
    let blocked = app.step_state(Step::Train).blocked.map(|b| b.why);
    let outlook = match (&training, &blocked) {
        (Some(how_far), _) => PredictionStatus::Training(how_far),
        (None, Some(what)) => PredictionStatus::First(what),
        (None, None) => PredictionStatus::Train,
    };
    predictions(ui, app, outlook, out);
    let sections = app.explore_sections();
    let panels: Vec<_> = app.panels().into_iter().cloned().collect();
    let App { open: Some(open), explore, .. } = app else { return };
    let report = open.runs.trust();
    let input = ExploreInput {
        sections: &sections,
        genes: open.genes(),
        measured: open.measured_genes(),
        panels: &panels,
        report,
        target: open.doc().target,
        outlook,
        images,
    };
    out.extend(page.show(ui, explore, &input));
}

/// How far a training is: "31 % · 2 of 2: training · 25 s left".
fn how_far(job: &JobView) -> String {
    if job.queued {
        return "Waiting for another job to finish.".to_owned();
    }
    if job.paused {
        return "Paused. Resume it from the status bar.".to_owned();
    }
    let share = (100.0 * job.status.share).floor();
    if share > 0.0 { format!("{share:.0} % \u{00B7} {}", job.line()) } else { job.line() }
}

/// The line above the maps: which run predicts, or how to get one, and the tools for regions.
fn predictions(ui: &mut Ui, app: &App, outlook: PredictionStatus, out: &mut Vec<Command>) {
    let Some(open) = &app.open else { return };
    ui.add_space(GAP / 2.0);
    ui.spacing_mut().item_spacing.y = 0.0;
    let width = ui.available_width();
    let (line, _) = ui.allocate_exact_size(Vec2::new(width, LINE), Sense::hover());
    let line = line.shrink2(Vec2::new(GAP, 0.0));
    let from = line.right() - tools::width(width);
    let part = |ui: &mut Ui, name: &str, rect: Rect| {
        let layout = Layout::left_to_right(Align::Center);
        ui.new_child(UiBuilder::new().id_salt(name).max_rect(rect).layout(layout))
    };
    let mut left = part(ui, "predicted by", line.with_max_x(from - GAP));
    left.shrink_clip_rect(line.with_max_x(from));
    predicted_by(&mut left, app, open, outlook, out);
    tools::show(&mut part(ui, "tools", line.with_min_x(from)), width, &app.explore, out);
}

/// Which run predicts the section shown, or how to get one.
fn predicted_by(
    ui: &mut Ui,
    app: &App,
    open: &OpenProject,
    outlook: PredictionStatus,
    out: &mut Vec<Command>,
) {
    let c = colors(ui);
    let small = |text: &str| RichText::new(text).text_style(TextStyle::Small).color(c.weak);
    let shown = app.explore.section_name().and_then(|s| open.section(s)).map(|s| s.entry);
    let complete = || open.runs.list.iter().filter(|r| r.complete);
    if complete().next().is_none() {
        no_model(ui, outlook, out);
        return;
    }
    let label = ui.label(small("Predicted by"));
    let automatic = automatic(open, shown);
    let text = open.runs.maps.clone().unwrap_or_else(|| automatic.clone());
    let combo =
        ComboBox::from_id_salt("maps run").selected_text(text).width(250.0).truncate().show_ui(ui, |ui| {
            let mut choice = |id: Option<String>, text: &str| {
                if ui.selectable_label(open.runs.maps == id, text).clicked() {
                    out.push(Command::Train(TrainCommand::UseForMaps(id)));
                }
            };
            choice(None, &automatic);
            for run in complete() {
                choice(Some(run.id.clone()), &run.id);
            }
        });
    combo.response.labelled_by(label.id).on_hover_text(AUTOMATIC);
    if let Some((section, run)) = shown.and_then(|s| Some((s, open.runs.for_maps(s)?))) {
        if app.work.any(|r| matches!(r, Request::Predict { section: s, .. } if *s == section.name)) {
            ui.spinner();
            ui.label(small("predicting"));
        } else {
            let standing = Standing::new(&run.config, section, &open.doc().sections);
            ui.add(Label::new(small(&standing.text(section))).truncate());
        }
    }
}

/// There is no model: how to get one.
fn no_model(ui: &mut Ui, outlook: PredictionStatus, out: &mut Vec<Command>) {
    let c = colors(ui);
    let small = |text: &str| RichText::new(text).text_style(TextStyle::Small).color(c.weak);
    let (text, step, button) = match outlook {
        PredictionStatus::Training(how_far) => {
            ui.add(Label::new(small(&format!("The first model is being trained: {how_far}"))).truncate());
            return;
        }
        PredictionStatus::Train => {
            ("No model is trained yet, so only measured maps can be shown.", Step::Train, "Train a model")
        }
        PredictionStatus::First(what) => (what, Step::Data, "Go to data"),
    };
    ui.label(small(text));
    if ui.add(mini_button(button)).clicked() {
        out.push(Command::GoTo(step));
    }
    train_runs::copy_button(ui, out);
}

/// What "automatic" means.
const AUTOMATIC: &str = "Automatic takes the newest run that held the section out from training, and the newest model \
                         where no run did.";

/// "Automatic", and the run that this is for the section shown.
fn automatic(open: &OpenProject, section: Option<&SectionEntry>) -> String {
    match section.and_then(|s| open.runs.best_for(s)) {
        Some(run) => format!("Automatic: {}", run.id),
        None => "Automatic".to_owned(),
    }
}
