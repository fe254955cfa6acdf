//! What is done and told when a job did not come to its end: it was withdrawn or stopped, or it failed.

use crate::app::command::{Command, ProjectCommand, Step};
use crate::app::notices::{Severity, Topic};
use crate::app::predictions::{places_key, predicted_places};
use crate::app::project::SectionState;
use crate::app::queue::JobId;
use crate::app::state::App;
use crate::jobs::request::Request;
use crate::jobs::run_store::RunInfo;

impl App {
    /// A job was taken out of the queue before it began, so nothing of it is left.
    pub(super) fn withdrawn(&mut self, id: JobId, request: &Request) {
        if !request.trains() {
            self.cancelled(request);
            return;
        }
        if let Some(open) = &mut self.open {
            open.runs.live.take_if(|live| live.job == id);
        }
        self.notices.info(format!("{} was removed from the queue.", request.name()));
    }

    pub(super) fn cancelled(&mut self, request: &Request) {
        match request {
            Request::Train { run, .. } | Request::Evaluate { run, .. } => {
                self.list_runs();
                self.check_features();
                self.notices.info(format!("{run} was stopped; it can be resumed on the Train page."));
            }
            Request::Resume { run, .. } => {
                self.list_runs();
                self.notices.info(format!("{} was stopped; it can be resumed on the Train page.", run.id));
            }
            Request::Predict { .. } => self.prediction_failed(request),
            Request::Compare { compare, .. } => {
                self.compared(compare, Err("The comparison was stopped".to_owned()));
            }
            // A newer preview has taken its place.
            Request::Preview { .. }
            | Request::FindTissue(_)
            | Request::LoadRun(_)
            | Request::CheckFeatures { .. }
            | Request::ListEncoders { .. }
            | Request::ListRuns(_) => {}
            Request::OpenSection { key, entry } => {
                if let Some(open) = &mut self.open
                    && open.doc().sections.contains(entry)
                {
                    let state = SectionState::Failed("Reading was stopped".to_owned(), Vec::new());
                    open.set_state(key.clone(), state);
                } else if let Some(open) = &mut self.open {
                    // Undo may ask for it again.
                    open.not_read(key);
                }
            }
            Request::SelectGenes { .. } => {
                self.go_on_after_selection(false);
                self.notices.info(format!("{} was stopped.", request.name()));
            }
            Request::ComputeFeatures { .. } => {
                // What was finished is kept.
                self.check_features();
                self.notices.info(format!("{} was stopped.", request.name()));
            }
            Request::PredictSlides { .. } => {
                let text = format!(
                    "{} was stopped. The image features of finished slides are kept, so starting it again takes up from \
                     there.",
                    request.name()
                );
                self.notices.info(text);
            }
            other => self.notices.info(format!("{} was stopped.", other.name())),
        }
    }

    /// A prediction was stopped or failed; it is not asked for again, unless the places were changed meanwhile.
    fn prediction_failed(&mut self, request: &Request) {
        let (Request::Predict { run, section, .. }, Some(open)) = (request, &mut self.open) else { return };
        let now = open.section(section).map(|s| places_key(s.entry));
        if let Some(places) = predicted_places(request).filter(|places| Some(places) == now.as_ref()) {
            open.runs.failed.insert((run.id.clone(), section.clone(), places));
        }
    }

    pub(super) fn failed(&mut self, request: &Request, headline: String, causes: Vec<String>) {
        match request {
            Request::OpenSection { key, entry } => {
                if let Some(open) = &mut self.open {
                    open.set_state(key.clone(), SectionState::Failed(headline.clone(), causes.clone()));
                }
                // The Data page shows it beside the section.
                if self.step != Step::Data {
                    let text = format!("{} could not be opened: {headline}", entry.name);
                    self.notices.error_about(Topic::Section(key.clone()), text, causes);
                }
            }
            Request::Preview { .. } => self.preview.image = Some(Err((headline, causes))),
            Request::CheckWeights { encoder, .. } => self.weights_refused(encoder, headline, &causes),
            Request::Predict { .. } => {
                self.prediction_failed(request);
                self.notices.error(headline, causes);
            }
            Request::FindTissue(asked) => self.explore.tissue.not_found(asked.clone(), headline),
            Request::Compare { compare, .. } => self.compared(compare, Err(headline)),
            Request::SaveProject { path, .. } => {
                if let Some(open) = self.open.as_mut().filter(|o| o.path == *path) {
                    open.save_ended(Some(headline.clone()));
                }
                self.notices.error_about(Topic::Saving, headline, causes);
            }
            Request::OpenProject(path) => {
                let forget = Command::Project(ProjectCommand::ForgetRecent(path.clone()));
                let action = (!path.exists()).then(|| ("Remove it from the list".to_owned(), forget));
                self.notices.push(Severity::Error, headline, causes, action);
            }
            Request::Train { run, .. }
            | Request::Resume { run: RunInfo { id: run, .. }, .. }
            | Request::Evaluate { run, .. } => {
                self.list_runs();
                let text = format!("{run} failed: {headline}");
                self.notices.error_about(Topic::Run(run.clone()), text, causes);
            }
            Request::SelectGenes { .. } => {
                self.go_on_after_selection(false);
                self.notices.error(headline, causes);
            }
            _ => self.notices.error(headline, causes),
        }
    }
}
