//! The runs of the open project: the list, the curves of the one that is training, and what was read from
//! those that are stored.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::predictions::PredictionStore;
use crate::app::project::Renamed;
use crate::app::queue::JobId;
use crate::app::scores::ShownReport;
use crate::core::note::Note;
use crate::data::project::{Project, SectionEntry};
use crate::evaluate::report::EvalReport;
use crate::jobs::run_store::{RunDetails, RunFolder, RunInfo, RunKind, RunState, UnreadableRun};
use crate::train::EpochMetrics;

/// The curves of training: the epochs of each fold, folds in the order they began.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curves {
    /// Name of the fold and its epochs.
    pub folds: Vec<(String, Vec<EpochMetrics>)>,
}

impl Curves {
    /// Adds an epoch. A resumed run tells its earlier epochs again; each is kept once.
    pub fn push(&mut self, fold: &str, metrics: EpochMetrics) {
        let at = match self.folds.iter().position(|(name, _)| name == fold) {
            Some(at) => at,
            None => {
                self.folds.push((fold.to_owned(), Vec::new()));
                self.folds.len() - 1
            }
        };
        if let Some((_, epochs)) = self.folds.get_mut(at) {
            let same = |e: &EpochMetrics| {
                (e.member, e.phase, e.epoch) == (metrics.member, metrics.phase, metrics.epoch)
            };
            match epochs.iter_mut().find(|e| same(e)) {
                Some(old) => *old = metrics,
                None => epochs.push(metrics),
            }
        }
    }
}

/// A run that is training now, or was the last to.
#[derive(Debug, Clone, PartialEq)]
pub struct ActiveRun {
    /// Its job.
    pub job: JobId,
    /// Its name.
    pub run: String,
    /// Whether it is a cross-validation.
    pub cross_validation: bool,
    /// Whether it follows the published recipe.
    pub published: bool,
    /// Its curves so far.
    pub curves: Curves,
    /// Remarks it made.
    pub notes: Vec<Note>,
    /// How far it came.
    pub state: RunState,
    /// When it was asked for.
    pub began: Instant,
    /// How long it took, when it ran to its end.
    pub took: Option<Duration>,
}

impl ActiveRun {
    /// Whether it is being trained, or waits for it.
    pub fn is_training(&self) -> bool {
        self.state == RunState::Training
    }
}

/// Everything about runs.
#[derive(Debug, Default)]
pub struct Runs {
    /// All that can be read, newest first.
    pub list: Vec<RunInfo>,
    /// Those that cannot be read.
    pub unreadable: Vec<UnreadableRun>,
    /// The one that is training.
    pub live: Option<ActiveRun>,
    /// The one whose curves are shown, by name; the live one when there is none.
    pub selected: Option<String>,
    /// What was read from stored runs, by name.
    pub details: BTreeMap<String, RunDetails>,
    /// The report that the Evaluate page shows.
    pub report: Option<ShownReport>,
    /// The run whose predictions the maps show; for each section the one that says most when there is none.
    pub maps: Option<String>,
    /// What runs predict.
    pub predictions: PredictionStore,
    /// Predictions that failed, by run, section and places, so that they are not asked for again and again.
    pub(in crate::app) failed: BTreeSet<(String, String, String)>,
    /// Runs whose scores were asked for because their maps are shown; each is asked for once.
    pub(in crate::app) asked_for: BTreeSet<String>,
}

impl Runs {
    /// Whether nothing was trained, nor is being trained.
    pub fn are_none(&self) -> bool {
        self.list.is_empty() && self.live.as_ref().is_none_or(|l| !l.is_training())
    }

    /// The run of this name.
    pub fn find(&self, id: &str) -> Option<&RunInfo> {
        self.list.iter().find(|r| r.id == id)
    }

    /// The folder of the run of this name, also of one that cannot be read.
    pub fn folder_of(&self, id: &str) -> Option<&RunFolder> {
        let unreadable = || self.unreadable.iter().find(|r| r.id == id).map(|r| &r.folder);
        self.find(id).map(|r| &r.folder).or_else(unreadable)
    }

    /// How far a run came: what is known here of the one that was trained last, else what its folder says.
    pub fn state<'a>(&'a self, run: &'a RunInfo) -> &'a RunState {
        match &self.live {
            Some(live) if live.run == run.id && !run.complete => &live.state,
            _ => &run.state,
        }
    }

    /// Runs that broke off with the program or the computer, newest first.
    pub fn interrupted(&self) -> impl Iterator<Item = &RunInfo> {
        self.list.iter().filter(|r| !r.complete && *self.state(r) == RunState::Interrupted)
    }

    /// Complete runs of one model, newest first.
    pub fn models(&self) -> impl Iterator<Item = &RunInfo> {
        self.list.iter().filter(|r| r.complete && matches!(r.config.kind, RunKind::Model { .. }))
    }

    /// Complete cross-validations, newest first.
    pub fn cross_validations(&self) -> impl Iterator<Item = &RunInfo> {
        self.list.iter().filter(|r| r.complete && matches!(r.config.kind, RunKind::CrossValidation { .. }))
    }

    /// The run whose prediction of `section` says most: one that did not see it in training (a model held
    /// it out, or a cross-validation), the newest first; else the newest model.
    pub fn best_for(&self, section: &SectionEntry) -> Option<&RunInfo> {
        let complete = || self.list.iter().filter(|r| r.complete);
        complete().find(|r| r.config.held_out(section)).or_else(|| self.models().next())
    }

    /// The run whose prediction of `section` the maps show.
    pub fn for_maps(&self, section: &SectionEntry) -> Option<&RunInfo> {
        match self.maps.as_deref() {
            Some(id) => self.find(id).filter(|r| r.complete),
            None => self.best_for(section),
        }
    }

    /// The newest complete run, where its genes are none of these `lists`. The project may have no list, or another one,
    /// when its runs were made by the command line.
    pub fn with_other_genes(&self, lists: &[&[String]]) -> Option<&RunInfo> {
        let newest = self.list.iter().find(|r| r.complete)?;
        let genes = &newest.config.genes;
        let same = |list: &&[String]| {
            *list == genes.as_slice()
                || (list.len() == genes.len() && {
                    let own: BTreeSet<&String> = genes.iter().collect();
                    list.iter().all(|g| own.contains(g))
                })
        };
        (!lists.iter().any(same)).then_some(newest)
    }

    /// A name for a new run that is not taken: "run 3", "cross-validation 2".
    pub fn free_name(&self, stem: &str) -> String {
        let taken = |name: &str| {
            self.list.iter().any(|r| r.id.eq_ignore_ascii_case(name))
                || self.unreadable.iter().any(|r| r.id.eq_ignore_ascii_case(name))
                || self.live.as_ref().is_some_and(|l| l.is_training() && l.run == name)
        };
        (1..).map(|i| format!("{stem} {i}")).find(|n| !taken(n)).unwrap_or_else(|| stem.to_owned())
    }

    /// What tells how far to trust each gene: the report shown on the Evaluate page, or else how the newest
    /// model did on what it was tested on.
    pub fn trust(&self) -> Option<&Arc<EvalReport>> {
        let tested = || self.models().find_map(|r| self.details.get(&r.id)?.report.as_ref());
        self.report.as_ref().map(|r| &r.report).or_else(tested)
    }

    /// How the run of this name did on what it was tested on, as far as that was read.
    pub fn report_of(&self, id: &str) -> Option<&Arc<EvalReport>> {
        let shown = self.report.as_ref().filter(|shown| shown.run == id).map(|shown| &shown.report);
        shown.or_else(|| self.details.get(id)?.report.as_ref())
    }

    /// Calls the test sections of all reports what `project` calls them now.
    pub fn follow_names(&mut self, project: &Project) {
        let reports = self.details.values_mut().filter_map(|d| d.report.as_mut());
        for report in reports.chain(self.report.as_mut().map(|shown| &mut shown.report)) {
            if report.folds.iter().any(|f| project.current_name(&f.test) != f.test) {
                for fold in &mut Arc::make_mut(report).folds {
                    fold.test = project.current_name(&fold.test).to_owned();
                }
            }
        }
    }

    /// Calls sections by other names in everything that was read from runs.
    pub(in crate::app) fn rename(&mut self, renamed: &Renamed) {
        let is_in = |name: &String| renamed.contains_key(name);
        let rename = |name: &mut String| {
            if let Some(now) = renamed.get(name.as_str()) {
                name.clone_from(now);
            }
        };
        let mut report_follows = |report: &mut Arc<EvalReport>| {
            if report.folds.iter().any(|f| is_in(&f.test) || f.train.iter().any(is_in)) {
                for fold in &mut Arc::make_mut(report).folds {
                    rename(&mut fold.test);
                    fold.train.iter_mut().for_each(rename);
                }
            }
        };
        self.details.values_mut().filter_map(|d| d.report.as_mut()).for_each(&mut report_follows);
        if let Some(shown) = &mut self.report {
            report_follows(&mut shown.report);
            shown.fold.iter_mut().for_each(rename);
        }
        self.predictions.rename(renamed);
        for (run, mut section, places) in std::mem::take(&mut self.failed) {
            rename(&mut section);
            self.failed.insert((run, section, places));
        }
    }

    /// Forgets everything about a run that was deleted.
    pub fn forget(&mut self, id: &str) {
        self.list.retain(|r| r.id != id);
        self.unreadable.retain(|r| r.id != id);
        self.details.remove(id);
        self.asked_for.remove(id);
        self.predictions.forget_run(id);
        if self.selected.as_deref() == Some(id) {
            self.selected = None;
        }
        if self.maps.as_deref() == Some(id) {
            self.maps = None;
        }
        if self.report.as_ref().is_some_and(|r| r.run == id) {
            self.report = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Phase;

    fn epoch(phase: Phase, epoch: usize) -> EpochMetrics {
        EpochMetrics {
            phase,
            member: 0,
            epoch,
            epochs: 9,
            train_loss: 1.0,
            contrastive: 1.0,
            regression: 1.0,
            validation_loss: None,
            validation_pcc: None,
            seconds: 0.5,
            chance: None,
        }
    }

    #[test]
    fn epochs_told_again_are_kept_once() {
        let mut curves = Curves::default();
        for (phase, n) in
            [(Phase::Choosing, 1), (Phase::Choosing, 2), (Phase::Choosing, 1), (Phase::Refitting, 1)]
        {
            curves.push("C2", epoch(phase, n));
        }
        curves.push("C3", epoch(Phase::Choosing, 1));
        assert_eq!(curves.folds.len(), 2);
        assert_eq!(curves.folds[0].1.len(), 3);
    }
}
