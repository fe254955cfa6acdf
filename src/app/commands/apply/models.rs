//! Training, cross-validation and prediction.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::command::{Command, EvaluateCommand, TrainCommand};
use crate::app::forms::{HoldOut, TrainForm};
use crate::app::notices::{Severity, Topic};
use crate::app::plan::Plan;
use crate::app::predictions::{places_key, predicted_places};
use crate::app::project::OpenProject;
use crate::app::queue::JobView;
use crate::app::runs::{ActiveRun, Curves};
use crate::app::scores::ShownReport;
use crate::app::state::App;
use crate::evaluate::report::Split;
use crate::jobs::fit::FitRequest;
use crate::jobs::request::Request;
use crate::jobs::run_store::{RunKind, RunState};

/// The sections that a form holds out.
pub fn held_out(form: &TrainForm, open: &OpenProject) -> Vec<String> {
    let sections: Vec<String> = open.taking_part().map(|s| s.name.clone()).collect();
    match &form.hold_out {
        HoldOut::None => Vec::new(),
        HoldOut::Section(name) if open.doc().sections.iter().any(|s| s.name == *name) => {
            sections.into_iter().filter(|s| s == name).collect()
        }
        // With a single section there would be nothing left to train on.
        HoldOut::Last | HoldOut::Section(_) if sections.len() < 2 => Vec::new(),
        // A section that was chosen and removed leaves the choice open again.
        HoldOut::Last | HoldOut::Section(_) => sections.last().cloned().into_iter().collect(),
    }
}

/// How a cross-validation holds sections out, while the user has not chosen: by patient where at least two
/// are known, since sections of one patient resemble each other.
pub fn default_split(open: &OpenProject) -> Split {
    match open.patients() {
        Some(patients) if patients.len() > 1 => Split::Patient,
        _ => Split::Section,
    }
}

impl App {
    pub(super) fn apply_train(&mut self, command: TrainCommand) {
        match command {
            TrainCommand::Edit(form) => {
                if let Some(open) = &mut self.open
                    && open.doc().target != form.target
                {
                    let target = form.target;
                    open.edit("Target", None, |doc| doc.target = target);
                }
                let asks = |form: &TrainForm| (form.device, form.trains_encoder());
                let other_speed = asks(&form) != asks(&self.forms.train);
                // On another device features may have another precision, and those are cached apart.
                let wanted = |app: &Self| (app.views(), app.forms.train.device);
                let before = wanted(self);
                if self.forms.train.hold_out != form.hold_out {
                    self.view_touched();
                }
                self.forms.train = form;
                if before != wanted(self) {
                    if let Some(open) = &mut self.open {
                        open.forget_features();
                    }
                    self.check_features();
                }
                if other_speed {
                    self.ask_rates_if_needed();
                }
            }
            TrainCommand::Start => self.train(),
            TrainCommand::Resume(id) => self.resume(&id),
            TrainCommand::Delete(id) => {
                if let Some(folder) = self.open.as_ref().and_then(|o| o.runs.folder_of(&id)).cloned() {
                    self.work.start(Request::DeleteRun { id, folder });
                }
                self.overlay = None;
            }
            TrainCommand::CopyRuns(from) => {
                if let Some(open) = &self.open {
                    self.work.start(Request::CopyRuns { from, to: open.path.clone() });
                }
            }
            TrainCommand::Select(id) => self.select_run(&id),
            TrainCommand::UseForMaps(id) => {
                if let Some(open) = &mut self.open {
                    open.runs.maps = id;
                }
            }
        }
    }

    fn select_run(&mut self, id: &str) {
        let Some(open) = &mut self.open else { return };
        open.runs.selected = Some(id.to_owned());
        if open.runs.details.contains_key(id) {
            return;
        }
        if let Some(run) = open.runs.find(id) {
            self.work.start(Request::LoadRun(run.clone()));
        }
    }

    fn fit(&self, open: &OpenProject) -> Result<FitRequest, String> {
        if open.genes().is_empty() {
            return Err("There are no genes to train on: choose some on the Data page first.".to_owned());
        }
        if open.gene_choice().used.is_empty() {
            return Err(open.gene_choice().nothing_left());
        }
        let form = &self.forms.train;
        Ok(FitRequest {
            genes: open.genes().to_vec(),
            target: form.target,
            sections: open.ready().map(|s| s.name.clone()).collect(),
            encoder: form.encoder.clone(),
            device: form.device,
            recipe: self.recipe()?,
        })
    }

    /// Whether a model is being trained, alone or in a cross-validation.
    pub fn is_training(&self) -> bool {
        self.work.any(Request::trains)
    }

    /// The training that runs or waits, alone or in a cross-validation.
    pub fn training(&self) -> Option<JobView> {
        self.work.view(Request::trains)
    }

    /// Starts training. Gives whether it does; the same is not trained twice.
    pub(super) fn begin(&mut self, request: Request, run: String, cross_validation: bool) -> bool {
        // A double click starts one run; two with the same settings would give the same twice.
        if self.work.same(&request).is_some() {
            self.notices.info("This run is being trained already.");
            return false;
        }
        let later = self.foreseen(&request);
        let published = match &request {
            Request::Train { fit, .. } | Request::Evaluate { fit, .. } => fit.recipe.is_published(),
            Request::Resume { run, .. } => run.config.recipe.is_published(),
            _ => false,
        };
        let job = self.work.start(request);
        if let Some(later) = later {
            self.work.foresee(job, later);
        }
        self.notices.settled(&Topic::Run(run.clone()));
        if let Some(open) = &mut self.open {
            open.runs.selected = None;
            let (curves, notes) = (Curves::default(), Vec::new());
            let (began, took) = (Instant::now(), None);
            open.runs.live = Some(ActiveRun {
                job,
                run,
                cross_validation,
                published,
                curves,
                notes,
                state: RunState::Training,
                began,
                took,
            });
        }
        true
    }

    /// How long training will take, by what the newest run of the same kind took for its spots and networks.
    fn foreseen(&self, request: &Request) -> Option<Duration> {
        let open = self.open.as_ref()?;
        let spots = |name: &String| open.section(name).and_then(|s| Some(s.ready()?.spots.len()));
        let count = |names: &[String]| names.iter().filter_map(spots).sum::<usize>();
        let learned = |sections: &[String], kind: &RunKind, folds: usize| {
            let all = count(sections);
            match kind {
                RunKind::Model { test } => all.saturating_sub(count(test)),
                // Each section is left out once.
                RunKind::CrossValidation { .. } => all * folds.saturating_sub(1),
            }
        };
        let (work, published) = match request {
            Request::Train { fit, test, .. } => {
                let kind = RunKind::Model { test: test.clone() };
                (learned(&fit.sections, &kind, 1) * fit.recipe.networks(), fit.recipe.is_published())
            }
            Request::Evaluate { fit, split, .. } => {
                let folds = Plan::of_cross_validation(open, *split)?.folds.len();
                let kind = RunKind::CrossValidation { split: *split };
                (learned(&fit.sections, &kind, folds) * fit.recipe.networks(), fit.recipe.is_published())
            }
            // How much of it is done already is not known here.
            _ => return None,
        };
        let known = open.runs.list.iter().filter(|r| r.complete);
        let known = known.filter(|r| r.config.recipe.is_published() == published);
        let (run, details) = known.filter_map(|r| Some((r, open.runs.details.get(&r.id)?))).next()?;
        let took: f64 = details.curves.iter().flat_map(|(_, e)| e).map(|e| f64::from(e.seconds)).sum();
        let did = learned(&run.config.sections, &run.config.kind, details.curves.len());
        let did = did * run.config.recipe.networks();
        (did > 0 && took > 0.0).then(|| Duration::from_secs_f64(took * work as f64 / did as f64))
    }

    pub(super) fn train(&mut self) {
        let Some(open) = &self.open else { return };
        let form = &self.forms.train;
        let run = match form.name.trim() {
            "" => open.runs.free_name("run"),
            name => name.to_owned(),
        };
        match self.fit(open) {
            Ok(fit) => {
                let (snapshot, test) = (open.snapshot(), held_out(form, open));
                self.begin(Request::Train { snapshot, run: run.clone(), fit, test }, run, false);
                self.forms.train.name.clear();
            }
            Err(why) => self.notices.error(why, Vec::new()),
        }
    }

    fn resume(&mut self, id: &str) {
        let Some(open) = &self.open else { return };
        let Some(run) = open.runs.find(id).filter(|r| !r.complete).cloned() else { return };
        if self.is_training() {
            self.notices.info(format!("Another model is being trained; resume {id} when it has finished."));
            return;
        }
        let cross_validation = matches!(run.config.kind, RunKind::CrossValidation { .. });
        let request = Request::Resume { snapshot: open.snapshot(), run, device: self.forms.train.device };
        self.begin(request, id.to_owned(), cross_validation);
    }

    pub(super) fn apply_evaluate(&mut self, command: EvaluateCommand) {
        match command {
            EvaluateCommand::Edit(form) => {
                if let Some(shown) = self.open.as_mut().and_then(|o| o.runs.report.as_mut())
                    && shown.fold != form.fold
                {
                    *shown =
                        ShownReport::new(shown.run.clone(), Arc::clone(&shown.report), form.fold.clone());
                }
                self.forms.evaluate = form;
            }
            EvaluateCommand::Start => self.evaluate(),
            EvaluateCommand::Open(id) => {
                let Some(open) = &mut self.open else { return };
                open.runs.report = None;
                if let Some(run) = open.runs.find(&id) {
                    self.work.start(Request::LoadRun(run.clone()));
                }
            }
            EvaluateCommand::SaveJson(path) | EvaluateCommand::SaveCsv(path) => {
                if let Some(shown) = self.open.as_ref().and_then(|o| o.runs.report.as_ref()) {
                    let report = Arc::clone(&shown.report);
                    self.save_result(&path.clone(), Request::SaveReport { report, path });
                }
            }
            EvaluateCommand::SaveTable(path) => {
                if let Some(shown) = self.open.as_ref().and_then(|o| o.runs.report.as_ref()) {
                    let text = self.forms.evaluate.table.csv(&shown.genes);
                    self.save_result(&path.clone(), Request::SaveTable { text, path });
                }
            }
        }
    }

    fn evaluate(&mut self) {
        let Some(open) = &self.open else { return };
        let split = self.forms.evaluate.split.unwrap_or_else(|| default_split(open));
        let run = open.runs.free_name("cross-validation");
        match self.fit(open) {
            Ok(fit) => {
                let snapshot = open.snapshot();
                self.forms.evaluate.fold = None;
                self.begin(Request::Evaluate { snapshot, run: run.clone(), fit, split }, run, true);
            }
            Err(why) => self.notices.error(why, Vec::new()),
        }
    }

    /// Reads or computes the prediction of a section by a run.
    pub(in crate::app) fn predict(&mut self, run: &str, section: &str) {
        let Some(open) = &self.open else { return };
        let Some(info) = open.runs.find(run).filter(|r| r.complete).cloned() else {
            self.notices.push(
                Severity::Warning,
                format!("There is no finished run called {run}"),
                Vec::new(),
                Some(("Go to training".to_owned(), Command::GoTo(crate::app::command::Step::Train))),
            );
            return;
        };
        let Some(places) = open.section(section).map(|s| places_key(s.entry)) else { return };
        let of_section = |r: &Request| matches!(r, Request::Predict { section: s, .. } if s == section);
        let is_at_places = |r: &Request| predicted_places(r).is_none_or(|predicted| predicted == places);
        let asked = |r: &Request| {
            of_section(r) && is_at_places(r) && matches!(r, Request::Predict { run: r, .. } if r.id == run)
        };
        if open.runs.predictions.get(run, section, &places).is_some() || self.work.any(asked) {
            return;
        }
        let request = Request::Predict { snapshot: open.snapshot(), run: info, section: section.to_owned() };
        // A prediction of places that the slide no longer has is not needed.
        self.work.abandon_where(|r| of_section(r) && !is_at_places(r));
        self.work.start(request);
    }
}
