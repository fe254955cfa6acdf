//! The Evaluate page: cross-validation, and what it says.

use eframe::egui::{self, ComboBox, RichText, Ui};

use super::{
    Side, evaluate_genes, evaluate_runs, evaluate_tables, fit_form, fit_recipe, left_out, plan,
    scrolling_to_news, train_live, train_runs, two_columns,
};
use crate::app::command::{Command, EvaluateCommand, JobCommand, TrainCommand};
use crate::app::default_split;
use crate::app::paths::{PathPurpose, PathRequest};
use crate::app::plan::Plan;
use crate::app::project::OpenProject;
use crate::app::queue::JobView;
use crate::app::scores::ShownReport;
use crate::app::state::App;
use crate::app::terms::Term;
use crate::core::progress::format_duration;
use crate::core::text::counted;
use crate::evaluate::report::Split;
use crate::jobs::request::Request;
use crate::jobs::run_store::RunKind;
use crate::ui::theme::{colors, judgement_color, strong};
use crate::ui::widgets::{Tone, banner, card, field, primary, progress, remark};

const RIGHT: f32 = 420.0;
/// What there will be to see.
const AFTERWARDS: &str = "When finished: how well each gene is predicted, compared with ridge regression and the noise \
                          ceiling; predicted maps of every section by a model that held it out; tables to save.";

/// Draws the page.
pub fn show(ui: &mut Ui, app: &App, out: &mut Vec<Command>) {
    let Some(open) = &app.open else { return };
    scrolling_to_news(ui, "evaluate page", app.training().map(|job| job.id), |ui| {
        two_columns(ui, RIGHT, |ui, side| match side {
            Side::Left => match (&open.runs.report, running(app)) {
                (report, Some(job)) => {
                    in_progress(ui, &job, out);
                    if let Some(shown) = report {
                        result(ui, app, open, shown, out);
                    }
                }
                (Some(shown), None) => result(ui, app, open, shown, out),
                (None, None) => card(ui, "Result", |ui| {
                    let text = format!(
                        "Cross-validation trains the model several times, each time without some of your sections, and \
                         tests it on those. It shows how far to trust each gene on a section the model has not seen. \
                         Press \"{}\" on the right.",
                        start_label(open)
                    );
                    remark(ui, text);
                    ui.add_space(4.0);
                    let split = app.forms.evaluate.split.unwrap_or_else(|| default_split(open));
                    if let Some(plan) = Plan::of_cross_validation(open, split) {
                        plan::show(ui, app, &plan);
                    }
                    remark(ui, AFTERWARDS);
                }),
            },
            Side::Right => {
                form(ui, app, open, out);
                if let Some(shown) = &open.runs.report {
                    about(ui, open, shown, out);
                }
            }
        });
    });
}

fn form(ui: &mut Ui, app: &App, open: &OpenProject, out: &mut Vec<Command>) {
    card(ui, "Cross-validation", |ui| {
        let form = &app.forms.evaluate;
        let chosen = form.split.unwrap_or_else(|| default_split(open));
        let mut split = chosen;
        let patients = hindrance(open, Split::Patient);
        field(ui, "Hold out", fit_form::LABEL, |ui| {
            let width = fit_form::CONTROL;
            ComboBox::from_id_salt("split").selected_text(split_name(split)).width(width).show_ui(ui, |ui| {
                ui.add_enabled_ui(patients.is_none(), |ui| {
                    ui.selectable_value(&mut split, Split::Patient, split_name(Split::Patient))
                        .on_disabled_hover_text(patients.unwrap_or_default());
                });
                ui.selectable_value(&mut split, Split::Section, split_name(Split::Section));
            });
        });
        if split != chosen {
            let next = crate::app::forms::EvaluateForm { split: Some(split), ..form.clone() };
            out.push(Command::Evaluate(EvaluateCommand::Edit(next)));
        }
        explain(ui, open, split);
        let mut train = app.forms.train.clone();
        fit_form::encoder(ui, app, out);
        fit_form::target(ui, &mut train);
        fit_form::device(ui, app, &mut train);
        fit_form::seed(ui, &mut train);
        fit_recipe::recipe(ui, app, &mut train);
        fit_recipe::settings(ui, app, &mut train);
        if train != app.forms.train {
            out.push(Command::Train(TrainCommand::Edit(train)));
        }
        ui.add_space(4.0);
        start(ui, app, open, hindrance(open, split), out);
    });
}

fn split_name(split: Split) -> &'static str {
    match split {
        Split::Patient => "one patient at a time",
        Split::Section => "one section at a time",
    }
}

/// Why a cross-validation that holds sections out like this cannot be run.
fn hindrance(open: &OpenProject, split: Split) -> Option<&'static str> {
    if open.taking_part().count() < 2 {
        return Some(
            "Cross-validation needs at least 2 sections to train on. Add sections on the Data page.",
        );
    }
    match (split, open.patients().map(|p| p.len())) {
        (Split::Section, _) | (Split::Patient, Some(2..)) => None,
        (Split::Patient, Some(_)) => Some(
            "All sections are of one patient, so no whole patient can be held out. Hold out one section at a time, or \
             add sections of another patient.",
        ),
        (Split::Patient, None) => {
            Some("Enter the patient of every section on the Data page to hold out whole patients.")
        }
    }
}

fn explain(ui: &mut Ui, open: &OpenProject, split: Split) {
    if let Some(why) = hindrance(open, split) {
        banner(ui, Tone::Warning, why);
        return;
    }
    match split {
        Split::Patient => {
            let folds = open.patients().map_or(0, |p| p.len());
            let text = format!(
                "{folds} folds: all sections of a patient are tested together. Estimates performance on new patients."
            );
            remark(ui, text).on_hover_text(Term::Fold.sentence());
        }
        Split::Section => {
            let text = format!("{}, as in the published work.", counted(open.taking_part().count(), "fold"));
            remark(ui, text).on_hover_text(Term::Fold.sentence());
            if shares_patients(open) {
                let text = "Sections of one patient are on both sides of each fold, so the scores are better than they \
                            would be on a new patient.";
                banner(ui, Tone::Warning, text);
            }
        }
    }
}

fn shares_patients(open: &OpenProject) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    open.doc()
        .sections
        .iter()
        .filter(|s| s.is_measured())
        .filter_map(|s| s.patient.as_deref())
        .any(|p| !seen.insert(p))
}

fn start_label(open: &OpenProject) -> &'static str {
    left_out::start_label(open, "Run the cross-validation", "Cross-validate without them")
}

/// The cross-validation that is running.
fn running(app: &App) -> Option<JobView> {
    let evaluates = |r: &Request| match r {
        Request::Evaluate { .. } => true,
        Request::Resume { run, .. } => matches!(run.config.kind, RunKind::CrossValidation { .. }),
        _ => false,
    };
    app.work.view(evaluates).filter(|j| !j.cancelling)
}

/// How far the cross-validation is, at the top of the page.
fn in_progress(ui: &mut Ui, job: &JobView, out: &mut Vec<Command>) {
    card(ui, "Cross-validation in progress", |ui| {
        ui.horizontal(|ui| {
            progress(ui, job.status.share, 260.0, "Progress of the cross-validation");
            if ui.button("Stop").on_hover_text("It can be resumed later.").clicked() {
                out.push(Command::Job(JobCommand::Cancel(job.id)));
            }
        });
        remark(ui, job.line());
        remark(ui, job.detail().unwrap_or_else(|| " ".to_owned()));
        remark(ui, AFTERWARDS);
    });
}

fn start(ui: &mut Ui, app: &App, open: &OpenProject, hindrance: Option<&str>, out: &mut Vec<Command>) {
    if running(app).is_some() {
        remark(ui, "The cross-validation is running. Its progress is on the left.");
        return;
    }
    let last = open.runs.live.as_ref().filter(|l| l.cross_validation);
    if let Some(live) = last {
        train_runs::why(ui, &live.state);
    }
    left_out::show(ui, open, out);
    left_out::renamed(ui, open);
    left_out::other_kind(ui, open);
    let missing = app.cannot_train().or(hindrance);
    let button = primary(ui, missing.is_none(), start_label(open));
    if button.on_disabled_hover_text(missing.unwrap_or_default()).clicked() {
        out.push(Command::Evaluate(EvaluateCommand::Start));
    }
}

fn about(ui: &mut Ui, open: &OpenProject, shown: &ShownReport, out: &mut Vec<Command>) {
    card(ui, "This result", |ui| {
        let c = colors(ui);
        let r = &shown.report;
        let encoder =
            open.runs.find(&shown.run).map_or_else(|| "-".to_owned(), |run| run.config.encoder_title());
        let facts = [
            ("Run", shown.run.clone()),
            ("Image encoder", encoder),
            ("Held out", split_name(r.split).to_owned()),
            ("Target", fit_form::target_name(r.target).to_owned()),
            ("Genes", r.gene_count.to_string()),
            ("Device", r.device.clone()),
            ("Seed", r.seed.to_string()),
            ("Time", format_duration(std::time::Duration::from_secs_f64(r.seconds.max(0.0)))),
        ];
        ui.scope(|ui| {
            ui.spacing_mut().interact_size.y = 16.0;
            egui::Grid::new("report facts").num_columns(2).spacing([24.0, 4.0]).show(ui, |ui| {
                for (label, value) in facts {
                    ui.label(RichText::new(label).color(c.weak));
                    ui.add(egui::Label::new(value).truncate());
                    ui.end_row();
                }
            });
        });
        ui.add_space(4.0);
        ui.horizontal_wrapped(|ui| {
            if ui.button("Save as JSON…").clicked() {
                out.push(Command::Ask(PathRequest::new(PathPurpose::SaveReportJson).named("eval.json")));
            }
        });
    });
}

fn result(ui: &mut Ui, app: &App, open: &OpenProject, shown: &ShownReport, out: &mut Vec<Command>) {
    card(ui, "Result", |ui| {
        let c = colors(ui);
        let summary = &shown.summary;
        let ink = judgement_color(summary.verdict.judgement, c);
        let headline = strong(summary.headline()).size(16.0).color(ink);
        ui.add(egui::Label::new(headline).wrap().selectable(true)).on_hover_text(Term::Judgement.sentence());
        ui.add(egui::Label::new(summary.comparison.as_str()).wrap().selectable(true))
            .on_hover_text(Term::Ridge.sentence());
        ui.add(egui::Label::new(summary.details.as_str()).wrap().selectable(true)).on_hover_text(format!(
            "{} {}",
            Term::Pcc.sentence(),
            Term::NoiseCeiling.sentence()
        ));
        for warning in &shown.report.warnings {
            banner(ui, Tone::Warning, warning.as_str());
        }
        for fold in &shown.report.folds {
            for note in &fold.notes {
                banner(ui, train_live::tone(note), format!("{}: {note}", fold.test));
            }
        }
        ui.add_space(4.0);
        evaluate_tables::folds(ui, shown);
    });
    evaluate_runs::show(ui, open, shown, out);
    evaluate_genes::show(ui, app, shown, out);
}
