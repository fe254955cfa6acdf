//! The Train page: what to train, its curves, and the runs there are.

use eframe::egui::{ComboBox, Ui};

use super::{Side, fit_form, fit_recipe, left_out, scrolling_to_news, train_live, train_runs, two_columns};
use crate::app::command::{Command, TrainCommand};
use crate::app::forms::{HoldOut, TrainForm};
use crate::app::project::OpenProject;
use crate::app::state::App;
use crate::app::{FEW_GENES, held_out};
use crate::core::progress::format_duration;
use crate::core::target::Target;
use crate::core::text::counted;
use crate::jobs::request::Request;
use crate::ui::widgets::{Tone, banner, card, field, line_edit, name, primary, remark, thousands};

const RIGHT: f32 = 420.0;

/// Draws the page.
pub fn show(ui: &mut Ui, app: &App, out: &mut Vec<Command>) {
    let Some(open) = &app.open else { return };
    scrolling_to_news(ui, "train page", app.training().map(|job| job.id), |ui| {
        two_columns(ui, RIGHT, |ui, side| match side {
            Side::Left => {
                train_live::show(ui, app, open, out);
                train_runs::show(ui, app, open, out);
            }
            Side::Right => form(ui, app, open, out),
        });
    });
}

fn form(ui: &mut Ui, app: &App, open: &OpenProject, out: &mut Vec<Command>) {
    card(ui, "New run", |ui| {
        let form = &app.forms.train;
        let mut next = form.clone();
        field(ui, "Name", fit_form::LABEL, |ui| {
            let free = open.runs.free_name("run");
            let typed = line_edit(&mut next.name).hint_text(free).desired_width(fit_form::CONTROL);
            let typed = ui.add(typed);
            name(&typed, "Name of the run");
        });
        hold_out(ui, open, &mut next);
        fit_form::encoder(ui, app, out);
        fit_form::target(ui, &mut next);
        fit_form::device(ui, app, &mut next);
        fit_form::seed(ui, &mut next);
        fit_recipe::recipe(ui, app, &mut next);
        fit_recipe::settings(ui, app, &mut next);
        if next != *form {
            out.push(Command::Train(TrainCommand::Edit(next)));
        }
        ui.add_space(4.0);
        start(ui, app, open, out);
    });
}

fn hold_out(ui: &mut Ui, open: &OpenProject, form: &mut TrainForm) {
    let held = held_out(form, open);
    let text = held
        .first()
        .map_or_else(|| "None (train on all sections)".to_owned(), |s| format!("{s} (used for testing)"));
    field(ui, "Hold out", fit_form::LABEL, |ui| {
        ComboBox::from_id_salt("hold out").selected_text(text).width(fit_form::CONTROL).truncate().show_ui(
            ui,
            |ui| {
                if ui.selectable_label(held.is_empty(), "None (train on all sections)").clicked() {
                    form.hold_out = HoldOut::None;
                }
                // With a single section there would be nothing left to train on.
                for section in open.taking_part().filter(|_| open.taking_part().count() > 1) {
                    let label = format!("{} (used for testing)", section.name);
                    if ui.selectable_label(held.contains(&section.name), label).clicked() {
                        form.hold_out = HoldOut::Section(section.name.clone());
                    }
                }
            },
        );
    });
    match held.first() {
        None if open.taking_part().count() == 1 => remark(
            ui,
            "The model is trained on the only section, so nothing is left to test it on. Add a second section to hold one out.",
        ),
        None => remark(
            ui,
            "The model is trained on all sections. Use it on slides outside this project; within it, no unseen section is left to test on.",
        ),
        Some(test) => {
            let patient = open.section(test).and_then(|s| s.entry.patient.clone());
            let same = patient.filter(|p| {
                open.doc()
                    .sections
                    .iter()
                    .any(|s| s.name != *test && s.is_measured() && s.patient.as_deref() == Some(p))
            });
            match same {
                Some(patient) => banner(
                    ui,
                    Tone::Warning,
                    format!(
                        "Other sections of patient {patient} stay in training, so the test on {test} will look better than on a new patient."
                    ),
                ),
                None => remark(
                    ui,
                    format!("{test} is never used for training, so the result on it is an unbiased test."),
                ),
            }
        }
    };
}

fn start(ui: &mut Ui, app: &App, open: &OpenProject, out: &mut Vec<Command>) {
    left_out::show(ui, open, out);
    left_out::renamed(ui, open);
    left_out::other_kind(ui, open);
    unfit_target(ui, app, open, out);
    let missing = app.cannot_train();
    let label = left_out::start_label(open, "Train", "Train without them");
    let button = primary(ui, missing.is_none(), label).on_disabled_hover_text(missing.unwrap_or_default());
    if button.clicked() {
        out.push(Command::Train(TrainCommand::Start));
    }
    let genes = open.gene_choice().used.len();
    let spots: usize = open
        .taking_part()
        .filter(|s| !held_out(&app.forms.train, open).contains(&s.name))
        .map(|s| s.spots.len())
        .sum();
    let genes = counted(genes, "gene");
    // Why it cannot be trained stands there, not only where the pointer rests.
    let why = missing.map(|why| format!("{why} ")).unwrap_or_default();
    let mut text = format!("{why}{genes}, {} training spots.", thousands(spots as f64));
    let last = open.runs.live.as_ref().filter(|l| !l.cross_validation);
    if let Some(time) = last.and_then(|l| l.took) {
        text.push_str(&format!(" The last run took {}.", format_duration(time)));
    }
    remark(ui, text);
    let out_of_use: Vec<&str> =
        open.sections().filter(|s| s.ready().is_none()).map(|s| s.entry.name.as_str()).collect();
    if !out_of_use.is_empty() && !open.is_loading() {
        let text = format!("Skipped because they could not be read: {}.", out_of_use.join(", "));
        banner(ui, Tone::Warning, text);
    }
    if app.work.any(|r| matches!(r, Request::ComputeFeatures { .. })) {
        remark(ui, "Image features are being computed; training waits for them.");
    }
}

/// With few genes, or one that outweighs the others, the published target says little; the other one does not depend on
/// the list.
fn unfit_target(ui: &mut Ui, app: &App, open: &OpenProject, out: &mut Vec<Command>) {
    let genes = open.gene_choice().used.len();
    let form = &app.forms.train;
    if form.target != Target::Published || genes == 0 {
        return;
    }
    let why = if genes < FEW_GENES {
        let there_are = match genes {
            1 => "There is only 1 gene".to_owned(),
            n => format!("There are only {n} genes"),
        };
        format!(
            "{there_are} in the list: the published target divides by the sum over the chosen genes, so with so few it \
             shows them relative to each other."
        )
    } else if let Some((gene, share)) = app.explore.heaviest_gene(&open.gene_choice().used) {
        format!(
            "{gene} alone makes up {:.0} % of the counts of the listed genes. The published target divides by their sum, \
             which hides how {gene} varies.",
            100.0 * share
        )
    } else {
        return;
    };
    let advice = "Use the log-normalised target, or add highly variable genes on the Data page.";
    banner(ui, Tone::Warning, format!("{why} {advice}"));
    if ui.button("Use the log-normalised target").clicked() {
        let next = TrainForm { target: Target::Lognorm, ..form.clone() };
        out.push(Command::Train(TrainCommand::Edit(next)));
    }
}
