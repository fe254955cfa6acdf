//! What came of jobs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::app::command::{Command, Overlay, Step, TrainCommand};
use crate::app::explore::ExploreCommand;
use crate::app::import::{ImportForm, ImportRow};
use crate::app::notices::{Severity, Topic};
use crate::app::predictions::predicted_places;
use crate::app::project::SectionState;
use crate::app::queue::{JobId, JobUpdate};
use crate::app::scores::ShownReport;
use crate::app::state::App;
use crate::core::fonts;
use crate::core::note::Note;
use crate::core::text::counted;
use crate::data::candidates::Candidate;
use crate::data::project::GeneOrigin;
use crate::data::st::MissingFile;
use crate::data::st::pairing::Suggestion;
use crate::evaluate::report::EvalReport;
use crate::jobs::labels::Labelled;
use crate::jobs::outcome::Outcome;
use crate::jobs::request::Request;
use crate::jobs::run_store::{CopiedRuns, RunDetails, RunState};
use crate::jobs::spawn::{Event, JobError};
use crate::jobs::workspace::Unreadable;
use crate::predict::Predictions;
use crate::preprocess::hvg::Combine;

impl App {
    /// Applies everything that jobs have reported since the last call.
    pub(in crate::app) fn collect(&mut self) {
        for happened in self.work.poll() {
            match happened {
                JobUpdate::Event { id, request, event } => self.event(id, &request, event),
                JobUpdate::Ended { id, request, result } => {
                    self.ended(id, &request, result.as_ref().map(|_| ()));
                    match result {
                        Ok(outcome) => self.succeeded(&request, outcome),
                        Err(JobError::Cancelled) => self.cancelled(&request),
                        Err(JobError::Failed { headline, causes }) => self.failed(&request, headline, causes),
                    }
                }
                JobUpdate::Withdrawn { id, request } => self.withdrawn(id, &request),
            }
        }
    }

    fn event(&mut self, id: JobId, request: &Request, event: Event) {
        if let (Request::OpenSection { key, .. }, Event::Note(text), Some(open)) =
            (request, &event, &mut self.open)
        {
            // Shown beside the section for as long as it is open, not only for some seconds.
            open.note(key, text.clone());
            return;
        }
        let live = self.open.as_mut().and_then(|o| o.runs.live.as_mut()).filter(|l| l.job == id);
        match event {
            Event::Epoch { fold, metrics } => {
                let Some(live) = live else { return };
                let is_first = live.curves.folds.is_empty();
                live.curves.push(&fold, metrics);
                // All image features are there now.
                if is_first {
                    self.check_features();
                }
            }
            // The page says beside the maps what a prediction is worth.
            Event::Note(_)
                if matches!(
                    request,
                    Request::Predict { .. } | Request::Preview { .. } | Request::Compare { .. }
                ) => {}
            Event::Note(text) => match live {
                Some(live) => {
                    let note = Note::General(text);
                    if !live.notes.contains(&note) {
                        live.notes.push(note);
                    }
                }
                None => self.notices.info(text),
            },
        }
    }

    fn ended(&mut self, id: JobId, request: &Request, result: Result<(), &JobError>) {
        if let Some(live) = self.open.as_mut().and_then(|o| o.runs.live.as_mut())
            && live.job == id
            && request.trains()
        {
            live.state = match result {
                Ok(()) => RunState::Complete,
                Err(JobError::Cancelled) => RunState::Stopped,
                Err(JobError::Failed { headline, causes }) => {
                    RunState::Failed { headline: headline.clone(), causes: causes.clone() }
                }
            };
            live.took = result.is_ok().then(|| live.began.elapsed());
        }
    }

    /// A run is complete, or gone: what was told of its failure is over.
    fn run_settled(&mut self, run: &str) {
        self.notices.settled(&Topic::Run(run.to_owned()));
    }

    /// Offers to resume the newest run that was interrupted, once for each time its project is opened.
    fn offer_to_resume(&mut self) {
        let Some(open) = &self.open else { return };
        if std::mem::replace(&mut self.offered_to_resume, true) || self.is_training() {
            return;
        }
        let ids: Vec<String> = open.runs.interrupted().map(|r| r.id.clone()).collect();
        let Some((newest, others)) = ids.split_first() else { return };
        let mut text = format!("{newest} was interrupted. It can be resumed from its last checkpoint.");
        if !others.is_empty() {
            text.push_str(&format!(" Also interrupted: {}; see the Train page.", others.join(", ")));
        }
        let resume = ("Resume".to_owned(), Command::Train(TrainCommand::Resume(newest.clone())));
        self.notices.offer(Some(Topic::Run(newest.clone())), text, Vec::new(), resume);
    }

    /// Looks whose features are cached, among the sections read so far.
    pub(super) fn check_features(&mut self) {
        if let Some(open) = &self.open
            && !open.is_loading()
        {
            let form = &self.forms.train;
            let (encoder, device, views) = (form.encoder.clone(), form.device, self.views());
            let sections = open.ready().map(Arc::clone).collect();
            self.work.start(Request::CheckFeatures { sections, encoder, device, views });
        }
    }

    /// Whose features are cached, if that is still asked for.
    fn features(
        &mut self,
        request: &Request,
        cached: Vec<String>,
        patches: BTreeMap<String, u64>,
        missing_views: BTreeMap<String, u64>,
    ) {
        let of_current_views =
            matches!(request, Request::CheckFeatures { views, .. } if *views == self.views());
        let of = match request {
            Request::CheckFeatures { encoder, device, .. }
            | Request::ComputeFeatures { encoder, device, .. } => (encoder, *device),
            _ => return,
        };
        let ready = cached.len();
        let current = of == (&self.forms.train.encoder, self.forms.train.device);
        if let Some(open) = &mut self.open {
            open.patches.extend(patches);
            if current {
                open.cached = cached.into_iter().collect();
                open.features_known = true;
                if of_current_views {
                    open.missing_views = missing_views;
                }
            }
        }
        if let Request::ComputeFeatures { snapshot, .. } = request {
            let all = snapshot.project.sections.len();
            if ready < all {
                let text = format!("Image features are ready for {ready} of {}.", counted(all, "section"));
                self.notices.warn(text);
            } else {
                self.notices.done("The image features of all sections are ready.");
            }
        }
    }

    pub(super) fn list_runs(&mut self) {
        if let Some(open) = &self.open {
            self.work.start(Request::ListRuns(open.path.clone()));
        }
    }

    pub(super) fn succeeded(&mut self, request: &Request, outcome: Outcome) {
        match outcome {
            Outcome::Devices(devices) => self.devices = devices,
            Outcome::Project(opened) => {
                self.opened(*opened);
                let pending = std::mem::take(&mut self.pending_import);
                if !pending.is_empty() {
                    self.import_files(pending);
                }
            }
            Outcome::Scanned { found, suggestions, notes } => self.scanned(found, suggestions, notes),
            Outcome::Section(section) => {
                if let (Request::OpenSection { key, .. }, Some(open)) = (request, &mut self.open) {
                    open.set_state(key.clone(), SectionState::Ready(section));
                    self.notices.settled(&Topic::Section(key.clone()));
                }
                self.check_features();
            }
            Outcome::Labels(labelled) => self.labels_fit(request, &labelled),
            Outcome::Regions(read) => self.regions_arrived(request, &read),
            Outcome::MissingFile(missing) => self.missing(request, missing),
            Outcome::Features { cached, bytes, patches, missing_views } => {
                self.features(request, cached, patches, missing_views);
                if let Some(open) = &mut self.open {
                    open.cache_bytes = Some(bytes);
                }
                self.ask_rates_if_needed();
            }
            Outcome::Encoders { list, folder } => {
                self.encoders.list = list;
                self.encoders.folder = folder;
            }
            Outcome::OpenSlide { version } => self.openslide_loaded(request, &version),
            Outcome::Rates { device, rates } => self.rates_arrived(device, rates),
            Outcome::Speed { device, per_second } => {
                if let Request::MeasureSpeed { encoder, .. } = request {
                    self.speed_arrived(&encoder.name, device, per_second);
                }
            }
            Outcome::Genes(genes) => self.genes_arrived(request, genes),
            Outcome::Names { names, otherwise } => self.names_arrived(request, names, otherwise),
            Outcome::Runs(list) => {
                if let (Request::ListRuns(path), Some(open)) = (request, &mut self.open)
                    && open.path == *path
                {
                    open.runs.list = list.runs;
                    open.runs.unreadable = list.unreadable;
                    self.show_latest_report();
                    self.train_demo();
                    self.offer_to_resume();
                }
            }
            Outcome::Trained { run, predictions, notes } => self.trained(&run, predictions, notes),
            Outcome::Evaluated { run, report } => self.evaluated(run, report),
            Outcome::Run(details) => self.run_read(*details),
            Outcome::Predicted { run, predictions, reach } => {
                if let Some(open) = &mut self.open {
                    let places = predicted_places(request).unwrap_or_default();
                    open.runs.predictions.keep(&run, &places, predictions, reach);
                }
            }
            Outcome::Tissue(found) => {
                if let Request::FindTissue(asked) = request {
                    self.explore.tissue.found(asked.clone(), found);
                }
            }
            Outcome::Compared(found) => {
                if let Request::Compare { compare, .. } = request {
                    self.compared(compare, Ok(found));
                }
            }
            Outcome::Clustered(found) => {
                if let Request::Cluster { cluster, .. } = request {
                    self.clustered(cluster, found);
                }
            }
            Outcome::Preview(image) => self.preview.image = Some(Ok(image)),
            Outcome::Saved(path) => self.saved(request, &path),
            Outcome::SavedFigure { path, missing } => {
                self.saved(request, &path);
                self.tell_missing_characters(&missing);
            }
            Outcome::CopiedRuns(done) => self.runs_copied(&done),
            Outcome::PredictedSlides { folder, count, failed } => {
                self.slides_predicted(&folder, count, &failed)
            }
            Outcome::SavedMany { folder, count, missing } => {
                self.notices.done(format!("Saved {} in {}.", counted(count, "figure"), folder.display()));
                self.tell_missing_characters(&missing);
            }
            Outcome::Done => self.done(request),
        }
    }

    fn runs_copied(&mut self, done: &CopiedRuns) {
        self.list_runs();
        let text = match (done.copied.as_slice(), done.known.as_slice()) {
            ([], known) => format!("This project has {} already.", known.join(", ")),
            (copied, []) => format!("Copied {}.", copied.join(", ")),
            (copied, known) => {
                format!("Copied {}; this project has {} already.", copied.join(", "), known.join(", "))
            }
        };
        self.notices.done(text);
    }

    fn slides_predicted(&mut self, folder: &Path, count: usize, failed: &[Unreadable]) {
        let there = folder.display();
        if failed.is_empty() {
            self.notices.done(format!("Predicted {} into {there}.", counted(count, "slide")));
        } else {
            let text =
                format!("Predicted {count} of {} into {there}.", counted(count + failed.len(), "slide"));
            self.notices.error(text, failed.iter().map(Unreadable::sentence).collect());
        }
    }

    fn trained(&mut self, run: &str, predictions: Vec<Arc<Predictions>>, notes: Vec<Note>) {
        // The maps begin with what the model has not seen, unless the user is looking at a section.
        let looking = self.step == Step::Explore && self.explore.section_name().is_some();
        if let Some(first) = predictions.first().filter(|_| !looking) {
            self.explore.apply(ExploreCommand::SelectSection(first.section.clone()));
        }
        if let Some(open) = &mut self.open {
            open.runs.maps = None;
            if let Some(live) = open.runs.live.as_mut().filter(|l| l.run == run) {
                let new = |note: &Note| !live.notes.contains(note);
                let new: Vec<Note> = notes.into_iter().filter(new).collect();
                live.notes.extend(new);
            }
            for p in predictions {
                open.runs.predictions.keep(run, "", p, None);
            }
        }
        self.run_settled(run);
        self.list_runs();
        self.check_features();
        let show = ("Show the maps".to_owned(), Command::GoTo(Step::Explore));
        self.notices.push(Severity::Done, format!("{run} is trained."), Vec::new(), Some(show));
    }

    fn evaluated(&mut self, run: String, report: Arc<EvalReport>) {
        self.run_settled(&run);
        if let Some(open) = &mut self.open {
            // The maps show what the newest run predicts of each section.
            open.runs.maps = None;
            open.runs.report = Some(ShownReport::new(run, report, None));
        }
        self.list_runs();
        self.check_features();
        let show = ("Show the result".to_owned(), Command::GoTo(Step::Evaluate));
        let text = "The cross-validation is finished.";
        self.notices.push(Severity::Done, text, Vec::new(), Some(show));
    }

    fn run_read(&mut self, details: RunDetails) {
        let Some(open) = &mut self.open else { return };
        // A run that is only looked at does not take the place of the report that is shown.
        let missing = open.runs.report.is_none() && details.cross_validation;
        if let Some(report) = details.report.as_ref().filter(|_| missing) {
            open.runs.report = Some(ShownReport::new(details.id.clone(), Arc::clone(report), None));
        }
        open.runs.details.insert(details.id.clone(), details);
        open.follow_names();
    }

    /// Tells which characters no font can draw.
    pub fn tell_missing_characters(&mut self, missing: &[char]) {
        if !missing.is_empty() {
            self.notices.warn(fonts::missing_text(missing));
        }
    }

    fn missing(&mut self, request: &Request, missing: MissingFile) {
        if let (Request::OpenSection { key, .. }, Some(open)) = (request, &mut self.open) {
            if self.step != Step::Data {
                self.notices.warn(format!("{missing}."));
            }
            open.set_state(key.clone(), SectionState::Missing(vec![missing]));
        }
    }

    fn scanned(&mut self, found: Vec<Candidate>, suggestions: Vec<Suggestion>, notes: Vec<String>) {
        if found.is_empty() {
            for note in notes {
                self.notices.info(note);
            }
            let found = ImportForm::new(suggestions).rows;
            if self.overlay == Some(Overlay::Import) {
                // What was typed or chosen already stays.
                self.forms.import.rows.retain(ImportRow::is_filled);
                self.forms.import.rows.extend(found);
            } else {
                self.forms.import = ImportForm { rows: found };
            }
            self.present(Overlay::Import, "Files were found that may belong to sections.");
        } else {
            self.show_samples(found, notes);
        }
    }

    /// A file without samples was dropped: a gene list, if most of its names are genes of the project.
    fn names_arrived(&mut self, request: &Request, names: Vec<String>, otherwise: String) {
        let Some(open) = &self.open else {
            self.notices.error(otherwise, Vec::new());
            return;
        };
        let known = names.iter().filter(|n| open.measured_genes().meant(n).is_some()).count();
        if let Request::FindSamples { paths, .. } = request
            && let [path] = paths.as_slice()
            && 2 * known >= names.len()
        {
            let request = Request::LoadGenes { snapshot: open.snapshot(), path: path.clone() };
            self.genes_arrived(&request, names);
        } else {
            self.notices.error(otherwise, Vec::new());
        }
    }

    /// A file labels spots of a section, which takes its labels from it unless it is gone.
    fn labels_fit(&mut self, request: &Request, found: &Labelled) {
        let Request::ReadLabels { section, path, .. } = request else { return };
        if self.open.as_ref().is_some_and(|open| open.doc().section(section).is_some())
            && self.set_labels(section, Some(path))
        {
            let Labelled { labelled, spots, .. } = found;
            self.notices.done(format!("{section}: {labelled} of {spots} spots have a label."));
        }
    }

    fn genes_arrived(&mut self, request: &Request, genes: Vec<String>) {
        let genes = self.open.as_ref().map_or(genes.clone(), |open| open.measured_genes().understood(&genes));
        let count = genes.len();
        let how = match request {
            Request::LoadGenes { path, .. } => {
                let file = path.file_name().unwrap_or_default().to_string_lossy();
                GeneOrigin::from_list(format!("from {file}"))
            }
            Request::SelectGenes { snapshot, count, combine, .. } => {
                let names: Vec<&str> = snapshot.project.sections.iter().map(|s| s.name.as_str()).collect();
                let combine = match combine {
                    Combine::Union => "union",
                    Combine::Intersection => "intersection",
                };
                GeneOrigin::from_list(format!("{count} HVGs, {combine} of {}", names.join(", ")))
            }
            _ => GeneOrigin::Unknown,
        };
        let selected = matches!(request, Request::SelectGenes { .. });
        self.set_genes("Gene list", genes, how);
        self.tell_list(count);
        if selected {
            self.go_on_after_selection(true);
        }
    }

    fn saved(&mut self, request: &Request, path: &Path) {
        match request {
            Request::SaveProject { path, .. } => {
                if let Some(open) = self.open.as_mut().filter(|o| o.path == *path) {
                    open.save_ended(None);
                    self.notices.settled(&Topic::Saving);
                }
            }
            Request::SaveProjectAs { from, to, .. } => {
                if let Some(open) = self.open.as_mut().filter(|o| o.path == *from) {
                    open.path.clone_from(to);
                    open.demo = false;
                    open.save_ended(None);
                    self.settings.remember(to);
                    self.settings_touched();
                    self.list_runs();
                }
                self.notices.done(format!("Saved as {}.", to.display()));
            }
            Request::SaveSettings { .. } => {}
            _ => self.notices.done(format!("Saved {}.", path.display())),
        }
    }

    fn done(&mut self, request: &Request) {
        match request {
            Request::DeleteRun { id, .. } => {
                if let Some(open) = &mut self.open {
                    open.runs.forget(id);
                }
                self.run_settled(id);
                self.notices.done(format!("{id} was deleted."));
            }
            Request::ClearCache => {
                if let Some(open) = &mut self.open {
                    open.cached.clear();
                    open.cache_bytes = Some(0);
                }
                self.notices
                    .done("The cached image features were deleted; they are computed again when needed.");
            }
            Request::CheckWeights { encoder, path } => self.weights_fit(encoder, path),
            _ => {}
        }
    }

    /// The newest report is what the Explore page's trust and the Evaluate page begin with.
    fn show_latest_report(&mut self) {
        let Some(open) = &mut self.open else { return };
        // A run that was made again under its old name may succeed where the old one failed.
        open.runs.failed.clear();
        if open.runs.report.is_none()
            && let Some(run) = open.runs.cross_validations().next()
        {
            self.work.start(Request::LoadRun(run.clone()));
        } else if let Some(run) = open.runs.models().next().filter(|r| !open.runs.details.contains_key(&r.id))
        {
            self.work.start(Request::LoadRun(run.clone()));
        }
    }
}
