//! Training, cross-validation and prediction.

use std::sync::Arc;
use std::time::Instant;

use crate::app::command::{Command, EvaluateCommand, TrainCommand};
use crate::app::forms::{HoldOut, TrainForm};
use crate::app::notices::Severity;
use crate::app::project::Open;
use crate::app::recipe::ChosenRecipe;
use crate::app::runs::{Curves, Live};
use crate::app::scores::ShownReport;
use crate::app::state::App;
use crate::app::work::{FitRequest, JobView, Request};
use crate::evaluate::report::Split;
use crate::jobs::runs::RunKind;

/// The sections that a form holds out.
pub fn held_out(form: &TrainForm, open: &Open) -> Vec<String> {
    let sections: Vec<String> = open.ready().map(|s| s.name.clone()).collect();
    match &form.hold_out {
        HoldOut::None => Vec::new(),
        // With a single section there would be nothing left to train on.
        _ if sections.len() < 2 => Vec::new(),
        HoldOut::Last => sections.last().cloned().into_iter().collect(),
        HoldOut::Section(name) => sections.into_iter().filter(|s| s == name).collect(),
    }
}

/// How a cross-validation holds sections out, while the user has not chosen: by patient where at least two
/// are known, since sections of one patient resemble each other.
pub fn default_split(open: &Open) -> Split {
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
                if let Some(run) = self.open.as_ref().and_then(|o| o.runs.find(&id)) {
                    self.work.start(Request::DeleteRun(run.clone()));
                }
                self.overlay = None;
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

    fn fit(&self, open: &Open, run: String) -> Result<FitRequest, String> {
        if open.genes().is_empty() {
            return Err("There are no genes to train on: choose some on the Data page first.".to_owned());
        }
        if open.gene_choice().used.is_empty() {
            return Err(open.gene_choice().nothing_left());
        }
        let form = &self.forms.train;
        let ChosenRecipe { config, published } = self.recipe()?;
        Ok(FitRequest {
            snapshot: open.snapshot(),
            genes: open.genes().to_vec(),
            target: form.target,
            sections: open.ready().map(|s| s.name.clone()).collect(),
            encoder: form.encoder.clone(),
            device: form.device,
            config,
            published,
            run,
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

    pub(super) fn begin(&mut self, request: Request, run: String, cross_validation: bool) {
        let published = match &request {
            Request::Train { fit, .. } | Request::Evaluate { fit, .. } => fit.published.is_some(),
            Request::Resume { run, .. } => run.config.published.is_some(),
            _ => false,
        };
        let job = self.work.start(request);
        if let Some(open) = &mut self.open {
            open.runs.selected = None;
            let (curves, notes) = (Curves::default(), Vec::new());
            let (began, took) = (Instant::now(), None);
            open.runs.live = Some(Live {
                job,
                run,
                cross_validation,
                published,
                curves,
                notes,
                ended: false,
                began,
                took,
            });
        }
    }

    pub(super) fn train(&mut self) {
        let Some(open) = &self.open else { return };
        let form = &self.forms.train;
        let run = match form.name.trim() {
            "" => open.runs.free_name("run"),
            name => name.to_owned(),
        };
        match self.fit(open, run.clone()) {
            Ok(fit) => {
                let test = held_out(form, open);
                self.begin(Request::Train { fit, test }, run, false);
                self.forms.train.name.clear();
            }
            Err(why) => self.notices.error(why, Vec::new()),
        }
    }

    fn resume(&mut self, id: &str) {
        let Some(open) = &self.open else { return };
        let Some(run) = open.runs.find(id).filter(|r| !r.complete).cloned() else { return };
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
                    self.work.start(Request::SaveReport { report: Arc::clone(&shown.report), path });
                }
            }
            EvaluateCommand::SaveTable(path) => {
                if let Some(shown) = self.open.as_ref().and_then(|o| o.runs.report.as_ref()) {
                    let text = self.forms.evaluate.table.csv(&shown.genes);
                    self.work.start(Request::SaveTable { text, path });
                }
            }
        }
    }

    fn evaluate(&mut self) {
        let Some(open) = &self.open else { return };
        let split = self.forms.evaluate.split.unwrap_or_else(|| default_split(open));
        let run = open.runs.free_name("cross-validation");
        match self.fit(open, run.clone()) {
            Ok(fit) => {
                self.forms.evaluate.fold = None;
                self.begin(Request::Evaluate { fit, split }, run, true);
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
        let asked = |r: &Request| matches!(r, Request::Predict { run: r, section: s, .. } if r.id == run && s == section);
        if open.runs.predictions(run, section).is_none() && !self.work.any(asked) {
            self.work.start(Request::Predict {
                snapshot: open.snapshot(),
                run: info,
                section: section.to_owned(),
            });
        }
    }
}
