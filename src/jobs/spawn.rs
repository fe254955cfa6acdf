//! Running a job on a thread of its own: progress in a watch slot, events in a bounded queue, panics as
//! errors, cancelled when its handle is dropped.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::context::{JobContext, JobPhase, Observer};
use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::fault;
use crate::core::progress::{Progress, Stage, TimeLeft};
use crate::train::EpochMetrics;

/// The most events kept for a listener that does not look; the oldest go first.
const MAX_EVENTS: usize = 10_000;

/// Why a job gave no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// Its user cancelled it.
    #[error("cancelled")]
    Cancelled,
    /// It failed.
    #[error("{headline}")]
    Failed {
        /// One sentence.
        headline: String,
        /// What it came from, outermost first; often empty.
        causes: Vec<String>,
    },
}

impl JobError {
    /// What `error` says.
    pub fn from_error(error: &anyhow::Error) -> Self {
        if error.chain().any(|cause| cause.is::<Cancelled>()) {
            return Self::Cancelled;
        }
        let mut causes: Vec<String> = error.chain().map(ToString::to_string).collect();
        let headline = causes.remove(0);
        // A cause whose text its effect already repeats says nothing new.
        causes.retain(|cause| !headline.contains(cause.as_str()));
        Self::Failed { headline, causes }
    }
}

impl From<anyhow::Error> for JobError {
    fn from(error: anyhow::Error) -> Self {
        Self::from_error(&error)
    }
}

/// The latest progress of a job.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Status {
    /// What it is doing, once it has reported anything.
    pub stage: Option<Stage>,
    /// Steps finished.
    pub done: u64,
    /// Steps in all; 0 where unknown.
    pub total: u64,
    /// Estimated time left of this stage.
    pub left: Option<Duration>,
    /// Steps a second.
    pub pace: Option<f64>,
    /// Which phase of the whole job it is in, where the job has several.
    pub phase: Option<JobPhase>,
    /// How far the job is, 0 to 1: the whole job where it has several phases, and then it never goes back; else the stage it
    /// is in.
    pub share: f32,
}

impl Status {
    /// How far the job is by what was reported of its stage.
    fn share_of(phase: Option<JobPhase>, stage: Option<&Stage>, done: u64, total: u64) -> f32 {
        let counts = phase.is_none_or(|p| stage.is_some_and(|s| p.kind.counts(&s.task)));
        let within = if total > 0 && counts { done as f32 / total as f32 } else { 0.0 };
        match phase {
            Some(phase) => (phase.number.saturating_sub(1) as f32 + within) / phase.count.max(1) as f32,
            None => within,
        }
    }
}

/// Something that happened in a job and should be shown once.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A remark.
    Note(String),
    /// An epoch of training ended.
    Epoch {
        /// Name of the fold, usually its test section.
        fold: String,
        /// Its numbers.
        metrics: EpochMetrics,
    },
}

#[derive(Default)]
struct Board {
    status: Status,
    clock: Option<TimeLeft>,
    events: VecDeque<Event>,
}

/// The side that the worker writes to.
struct Reporter {
    board: Arc<Mutex<Board>>,
    wake: Box<dyn Fn() + Send + Sync>,
}

fn lock(board: &Mutex<Board>) -> MutexGuard<'_, Board> {
    // Every write leaves the board whole, so a poisoned lock is as good as a clean one.
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Reporter {
    fn push(&self, event: Event) {
        let mut board = lock(&self.board);
        if board.events.len() == MAX_EVENTS {
            board.events.pop_front();
        }
        board.events.push_back(event);
        drop(board);
        (self.wake)();
    }
}

impl Progress for Reporter {
    fn report(&self, stage: &Stage, done: u64, total: u64) {
        let mut board = lock(&self.board);
        // The same task on the next section keeps its pace.
        let same_task = board.status.stage.as_ref().is_some_and(|s| s.task == stage.task);
        let goes_on = same_task && done >= board.status.done;
        if !goes_on || board.clock.is_none() {
            board.clock = Some(TimeLeft::starting_at(done));
        }
        let left = board.clock.as_ref().and_then(|clock| clock.estimate(done, total));
        let pace = board.clock.as_ref().and_then(|clock| clock.pace(done));
        let phase = board.status.phase;
        let mut share = Status::share_of(phase, Some(stage), done, total);
        if phase.is_some() {
            share = share.max(board.status.share);
        }
        board.status = Status { stage: Some(stage.clone()), done, total, left, pace, phase, share };
        drop(board);
        (self.wake)();
    }

    fn note(&self, text: &str) {
        self.push(Event::Note(text.to_owned()));
    }
}

impl Observer for Reporter {
    fn epoch(&self, fold: &str, metrics: &EpochMetrics) {
        self.push(Event::Epoch { fold: fold.to_owned(), metrics: *metrics });
    }

    fn phase(&self, phase: JobPhase) {
        let mut board = lock(&self.board);
        board.clock = None;
        // What was reported before the first phase (reading the sections) is not part of the whole.
        let so_far = board.status.phase.map_or(0.0, |_| board.status.share);
        board.status = Status {
            phase: Some(phase),
            share: Status::share_of(Some(phase), None, 0, 0).max(so_far),
            ..Status::default()
        };
        drop(board);
        (self.wake)();
    }
}

/// A running job that will give a `T`. Dropping it cancels the work.
pub struct Job<T> {
    name: String,
    cancel: CancelToken,
    board: Arc<Mutex<Board>>,
    result: Receiver<Result<T, JobError>>,
}

impl<T> std::fmt::Debug for Job<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<T> Job<T> {
    /// What the user asked for: "Cross-validation".
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The latest progress.
    pub fn status(&self) -> Status {
        lock(&self.board).status.clone()
    }

    /// The events since the last call.
    pub fn take_events(&self) -> Vec<Event> {
        lock(&self.board).events.drain(..).collect()
    }

    /// Stops, pauses or resumes the work.
    pub fn token(&self) -> &CancelToken {
        &self.cancel
    }

    /// The result, once, when the work has ended.
    pub fn poll(&self) -> Option<Result<T, JobError>> {
        match self.result.try_recv() {
            Ok(result) => Some(result),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(JobError::Failed {
                headline: format!("{} ended without a result", self.name),
                causes: Vec::new(),
            })),
        }
    }
}

impl<T> Drop for Job<T> {
    fn drop(&mut self) {
        self.cancel.abandon();
    }
}

/// Starts `work` on its own thread. `wake` is called from that thread whenever there is something new to
/// see, the result included.
///
/// # Errors
/// [`JobError::Failed`] when the operating system gives no thread.
pub fn spawn<T: Send + 'static>(
    name: &str,
    wake: impl Fn() + Send + Sync + 'static,
    work: impl FnOnce(&JobContext) -> anyhow::Result<T> + Send + 'static,
) -> Result<Job<T>, JobError> {
    let cancel = CancelToken::new();
    let board = Arc::new(Mutex::new(Board::default()));
    let (tell, result) = sync_channel(1);
    let reporter = Reporter { board: Arc::clone(&board), wake: Box::new(wake) };
    let job = Job { name: name.to_owned(), cancel: cancel.clone(), board, result };
    let title = name.to_owned();
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            let ctx = JobContext { observer: &reporter, cancel: &cancel };
            tracing::info!("{title}: began");
            let outcome = match catch_unwind(AssertUnwindSafe(|| work(&ctx))) {
                // Whatever work says when it stops because it was told to, it was cancelled.
                Ok(Err(_)) if cancel.is_cancelled() => Err(JobError::Cancelled),
                Ok(outcome) => outcome.map_err(JobError::from),
                Err(panic) => Err(panicked(&title, panic.as_ref())),
            };
            match &outcome {
                Ok(_) => tracing::info!("{title}: done"),
                Err(JobError::Cancelled) => tracing::info!("{title}: cancelled"),
                Err(JobError::Failed { headline, causes }) => {
                    tracing::error!(
                        "{title}: {}",
                        [std::slice::from_ref(headline), causes].concat().join(": ")
                    );
                }
            }
            // A send error means that the handle was dropped, and the result is not needed.
            let _ = tell.send(outcome);
            (reporter.wake)();
        })
        .map_err(|e| JobError::Failed {
            headline: format!("{name} could not be started"),
            causes: vec![e.to_string()],
        })?;
    Ok(job)
}

fn panicked(title: &str, panic: &(dyn std::any::Any + Send)) -> JobError {
    let mut causes = vec![format!("Job: {title}."), fault::message(panic)];
    causes.extend(fault::take_report().map(|path| format!("A report is in {}.", path.display())));
    JobError::Failed { headline: fault::INTERNAL.to_owned(), causes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::progress::Task;
    use crate::jobs::context::PhaseKind;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Instant;

    fn wait<T>(job: &Job<T>) -> Result<T, JobError> {
        let start = Instant::now();
        loop {
            if let Some(result) = job.poll() {
                return result;
            }
            assert!(start.elapsed() < Duration::from_secs(10), "the job did not end");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    #[test]
    fn a_job_reports_and_returns() {
        let woken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&woken);
        let wake = move || {
            count.fetch_add(1, Ordering::SeqCst);
        };
        let job = spawn("Sum", wake, |ctx| {
            ctx.observer.report(&Task::CopyingRuns.into(), 1, 2);
            ctx.observer.note("one left out");
            Ok(3)
        })
        .unwrap();
        assert_eq!(wait(&job), Ok(3));
        assert_eq!(job.status().stage, Some(Task::CopyingRuns.into()));
        assert_eq!(job.take_events(), [Event::Note("one left out".into())]);
        assert!(woken.load(Ordering::SeqCst) >= 2);
    }

    #[test]
    fn the_bar_of_a_job_with_phases_never_goes_back() {
        let reporter = Reporter { board: Arc::default(), wake: Box::new(|| ()) };
        let share = |task: Task, done, total| {
            reporter.report(&Stage::new(task, "C2"), done, total);
            lock(&reporter.board).status.share
        };
        assert_eq!(share(Task::ReadingSections, 4, 4), 1.0);
        reporter.phase(JobPhase { number: 1, count: 2, kind: PhaseKind::ImageFeatures });
        assert_eq!(share(Task::ReadingSections, 4, 4), 0.0, "the phase is about something else");
        assert_eq!(share(Task::ImageFeatures, 5, 10), 0.25);
        reporter.phase(JobPhase { number: 2, count: 2, kind: PhaseKind::Training });
        assert_eq!(share(Task::Training(1), 0, 10), 0.5);
        assert_eq!(share(Task::Training(1), 5, 10), 0.75);
        assert_eq!(share(Task::CollectingTrainingSpots, 0, 0), 0.75);
        assert_eq!(lock(&reporter.board).status.phase.map(|p| p.number), Some(2));
    }

    #[test]
    fn a_panic_becomes_an_error() {
        let job = spawn("Break", || (), |_| -> anyhow::Result<()> { panic!("the cat sat on it") }).unwrap();
        let Err(JobError::Failed { headline, causes }) = wait(&job) else { panic!("no error") };
        assert_eq!(headline, fault::INTERNAL);
        assert_eq!(causes[..2], ["Job: Break.", "the cat sat on it"]);
    }

    #[test]
    fn cancelling_is_told_apart_from_failing() {
        let work = |ctx: &JobContext| -> anyhow::Result<()> {
            loop {
                ctx.check()?;
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        let job = spawn("Wait", || (), work).unwrap();
        job.token().cancel();
        assert_eq!(wait(&job), Err(JobError::Cancelled));
    }

    #[test]
    fn dropping_the_handle_cancels() {
        let (ended, end) = sync_channel(1);
        let work = move |ctx: &JobContext| -> anyhow::Result<()> {
            while ctx.check().is_ok() {
                std::thread::sleep(Duration::from_millis(1));
            }
            ended.send(())?;
            Ok(())
        };
        drop(spawn("Drop", || (), work).unwrap());
        assert!(end.recv_timeout(Duration::from_secs(5)).is_ok());
    }
}
