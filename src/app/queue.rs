//! Long work that the window asked for: what may run beside what, what waits, and what came of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::core::progress::{Task, format_duration};
use crate::core::text::pace_text;
use crate::data::slide::SlideStore;
use crate::jobs::context::JobContext;
use crate::jobs::outcome::Outcome;
use crate::jobs::request::Request;
use crate::jobs::resources::Resources;
use crate::jobs::run::run;
use crate::jobs::spawn::{Event, Job, JobError, Status, spawn};
use crate::jobs::traits::{Lane, Loss};

/// The most light jobs at a time.
const LIGHT_AT_ONCE: usize = 3;

/// Does what a request asks for. Tests put a double in its place.
pub type Runner = Arc<dyn Fn(Request, &JobContext) -> anyhow::Result<Outcome> + Send + Sync>;
/// What does the work: the jobs, and the slides that they share with the maps.
#[derive(Clone)]
pub struct Engine {
    /// Does what a request asks for.
    pub runner: Runner,
    /// Decoded slides.
    pub slides: Arc<SlideStore>,
}

impl Default for Engine {
    /// The real jobs, features cached in the user's cache folder.
    fn default() -> Self {
        let resources = Resources::new();
        let slides = Arc::clone(&resources.slides);
        Self { slides, runner: Arc::new(move |request, ctx| run(&resources, request, ctx)) }
    }
}

/// Called from a job's thread when there is something new to see.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// A job by number, as long as the application runs.
pub type JobId = u64;

struct Running {
    id: JobId,
    request: Arc<Request>,
    job: Job<Outcome>,
    cancelling: bool,
}

/// A job as the status bar shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct JobView {
    /// Its number.
    pub id: JobId,
    /// "Training run 1".
    pub name: String,
    /// What it is doing; empty while it waits.
    pub status: Status,
    /// Whether it waits for others to end.
    pub queued: bool,
    /// Whether the user paused it.
    pub paused: bool,
    /// Whether it was told to stop and has not yet.
    pub cancelling: bool,
    /// Whether pausing makes sense.
    pub can_pause: bool,
    /// How long what follows its first stage will take, where that can be foreseen.
    pub later: Option<Duration>,
}

impl JobView {
    /// "12 patches/s", while image features are computed.
    pub fn pace(&self) -> Option<String> {
        let task = self.status.stage.as_ref().map(|s| &s.task);
        let encodes = task == Some(&Task::ImageFeatures) && !self.paused;
        self.status.pace.filter(|_| encodes).map(pace_text)
    }

    /// What it is doing and how far it is, in a line: "1 of 2: image features · 12 patches/s · 3 min 05 s left".
    pub fn line(&self) -> String {
        if self.queued {
            return "waiting for other jobs".to_owned();
        }
        if self.cancelling {
            return "stopping".to_owned();
        }
        if self.paused {
            return "paused".to_owned();
        }
        let mut text = match self.status.phase {
            Some(phase) => format!("{} of {}: {}", phase.number, phase.count, phase.kind.name()),
            None => self.stage(),
        };
        if let Some(pace) = self.pace() {
            text.push_str(&format!(" \u{00B7} {pace}"));
        }
        if let Some(left) = self.left() {
            text.push_str(&format!(" \u{00B7} {left}"));
        }
        text
    }

    /// The stage it is in; empty before the first.
    pub fn stage(&self) -> String {
        self.status.stage.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    /// What it is doing within its phase: "Fold 1 of 4 · Without C2: training"; `None` where the line says it.
    pub fn detail(&self) -> Option<String> {
        let shown = self.status.phase.is_some() && !self.queued && !self.cancelling;
        self.status.stage.as_ref().filter(|_| shown).map(ToString::to_string)
    }

    /// The time left: of all stages where that is known, else of this one.
    fn left(&self) -> Option<String> {
        let left = self.status.left?;
        let (last, later) = match self.status.phase {
            Some(part) if part.number < part.count => (false, self.later.filter(|_| part.number == 1)),
            _ => (true, None),
        };
        Some(match later {
            Some(later) => format!("{} left", format_duration(left + later)),
            None if last => format!("{} left", format_duration(left)),
            None => format!("{} left in this stage", format_duration(left)),
        })
    }
}

/// Something that happened to a job.
#[derive(Debug)]
pub enum JobUpdate {
    /// It reported something.
    Event {
        /// Its number.
        id: JobId,
        /// What was asked for.
        request: Arc<Request>,
        /// What it reported.
        event: Event,
    },
    /// It ended.
    Ended {
        /// Its number.
        id: JobId,
        /// What was asked for.
        request: Arc<Request>,
        /// What came of it.
        result: Result<Outcome, JobError>,
    },
    /// It was taken out of the queue before it began.
    Withdrawn {
        /// Its number.
        id: JobId,
        /// What was asked for.
        request: Arc<Request>,
    },
}

impl Running {
    /// Whether it waits for other jobs, so that quick ones need not wait for it.
    fn waits(&self) -> bool {
        self.job.status().stage.is_some_and(|s| s.task == Task::WaitingForOthers)
    }
}

/// All running and waiting jobs.
pub struct JobQueue {
    runner: Runner,
    wake: Wake,
    running: Vec<Running>,
    waiting: VecDeque<(JobId, Request)>,
    later: BTreeMap<JobId, Duration>,
    next: JobId,
    /// What happened to jobs that do not run, for the next [`JobQueue::poll`].
    happened: Vec<JobUpdate>,
}

impl std::fmt::Debug for JobQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let running: Vec<_> = self.running.iter().map(|r| r.request.name()).collect();
        f.debug_struct("JobQueue").field("running", &running).field("waiting", &self.waiting.len()).finish()
    }
}

impl JobQueue {
    /// Nothing running. `wake` is called whenever [`JobQueue::poll`] has something new.
    pub fn new(runner: Runner, wake: Wake) -> Self {
        Self {
            runner,
            wake,
            running: Vec::new(),
            waiting: VecDeque::new(),
            later: BTreeMap::new(),
            next: 0,
            happened: Vec::new(),
        }
    }

    /// Starts `request`, or lets it wait for its turn. A request that replaces earlier ones (the latest
    /// preview) cancels those; one that asks for what is being done already, such as the second half of a double
    /// click, starts nothing.
    pub fn start(&mut self, request: Request) -> JobId {
        if let Some(id) = self.same(&request) {
            return id;
        }
        self.waiting.retain(|(_, waiting)| !request.replaces(waiting));
        // A file that is being written is written to its end; the newer content follows.
        if request.lane() != Lane::Files {
            for running in self.running.iter_mut().filter(|r| request.replaces(&r.request)) {
                running.job.token().cancel();
                running.cancelling = true;
            }
        }
        self.next += 1;
        self.waiting.push_back((self.next, request));
        self.fill();
        self.next
    }

    /// The job that does just what `request` asks for, unless the request is to take its place.
    pub fn same(&self, request: &Request) -> Option<JobId> {
        let same = |other: &Request| {
            request.lane() != Lane::Files && !request.replaces(other) && request.same_as(other)
        };
        let running = self.running.iter().find(|r| !r.cancelling && same(&r.request)).map(|r| r.id);
        running.or_else(|| self.waiting.iter().find(|(_, r)| same(r)).map(|(id, _)| *id))
    }

    /// Foresees how long a job will take after its first stage.
    pub fn foresee(&mut self, id: JobId, later: Duration) {
        self.later.insert(id, later);
    }

    /// Starts what may start now.
    fn fill(&mut self) {
        let mut at = 0;
        while let Some((_, request)) = self.waiting.get(at) {
            let lane = request.lane();
            // A quick job that waits for its turn to compute must not keep other quick ones from starting.
            let counts = |r: &&Running| r.request.lane() == lane && (lane != Lane::Light || !r.waits());
            let busy = self.running.iter().filter(counts).count();
            let earlier = self.waiting.iter().take(at).any(|(_, r)| r.lane() == lane);
            let free = match lane {
                Lane::Light => busy < LIGHT_AT_ONCE,
                Lane::Compute | Lane::Files => busy == 0 && !earlier,
            };
            if !free {
                at += 1;
                continue;
            }
            let Some((id, request)) = self.waiting.remove(at) else { break };
            let (runner, asked, wake) = (Arc::clone(&self.runner), request.clone(), Arc::clone(&self.wake));
            let request = Arc::new(request);
            match spawn(&request.name(), move || wake(), move |ctx| runner(asked, ctx)) {
                Ok(job) => self.running.push(Running { id, request, job, cancelling: false }),
                Err(error) => self.happened.push(JobUpdate::Ended { id, request, result: Err(error) }),
            }
        }
    }

    /// What happened since the last call, in order.
    pub fn poll(&mut self) -> Vec<JobUpdate> {
        let mut happened = std::mem::take(&mut self.happened);
        let mut i = 0;
        while let Some(running) = self.running.get(i) {
            // The result first: what was reported before it is then certainly there.
            let result = running.job.poll();
            let events = running.job.take_events().into_iter();
            happened.extend(events.map(|event| JobUpdate::Event {
                id: running.id,
                request: Arc::clone(&running.request),
                event,
            }));
            match result {
                Some(result) => {
                    let ended = self.running.remove(i);
                    self.later.remove(&ended.id);
                    happened.push(JobUpdate::Ended { id: ended.id, request: ended.request, result });
                }
                None => i += 1,
            }
        }
        self.fill();
        happened
    }

    /// Whether any running or waiting request fulfils `test`.
    pub fn any(&self, test: impl Fn(&Request) -> bool) -> bool {
        self.running.iter().map(|r| &*r.request).chain(self.waiting.iter().map(|(_, r)| r)).any(test)
    }

    /// Whether a request that fulfils `test` waits for other jobs before it goes on.
    pub fn waits(&self, test: impl Fn(&Request) -> bool) -> bool {
        self.running.iter().any(|r| test(&r.request) && r.waits())
            || self.waiting.iter().any(|(_, r)| test(r))
    }

    /// The running and waiting jobs that the user should see.
    pub fn views(&self) -> Vec<JobView> {
        let running = self.running.iter().filter(|r| r.request.is_shown()).map(|r| JobView {
            id: r.id,
            name: r.request.name(),
            status: r.job.status(),
            queued: false,
            paused: r.job.token().is_paused(),
            cancelling: r.cancelling,
            can_pause: r.request.can_pause(),
            later: self.later.get(&r.id).copied(),
        });
        let waiting = self.waiting.iter().filter(|(_, r)| r.is_shown()).map(|(id, r)| JobView {
            id: *id,
            name: r.name(),
            status: Status::default(),
            queued: true,
            paused: false,
            cancelling: false,
            can_pause: false,
            later: None,
        });
        running.chain(waiting).collect()
    }

    /// The running job for which `test` holds, as the status bar shows it.
    pub fn view(&self, test: impl Fn(&Request) -> bool) -> Option<JobView> {
        let id = self
            .running
            .iter()
            .map(|r| (r.id, &*r.request))
            .chain(self.waiting.iter().map(|(id, r)| (*id, r)))
            .find(|(_, r)| test(r))
            .map(|(id, _)| id)?;
        self.views().into_iter().find(|v| v.id == id)
    }

    /// Stops a job, or takes it out of the queue.
    pub fn cancel(&mut self, id: JobId) {
        let place = self.waiting.iter().position(|(waiting, _)| *waiting == id);
        if let Some((id, request)) = place.and_then(|place| self.waiting.remove(place)) {
            self.later.remove(&id);
            self.happened.push(JobUpdate::Withdrawn { id, request: Arc::new(request) });
        }
        if let Some(running) = self.running.iter_mut().find(|r| r.id == id) {
            running.job.token().cancel();
            running.cancelling = true;
        }
    }

    /// What runs or waits and would be missed, with what is lost of it.
    pub fn at_stake(&self) -> impl Iterator<Item = (&Request, Loss)> {
        let running = self.running.iter().filter(|r| !r.cancelling).map(|r| &*r.request);
        let all = running.chain(self.waiting.iter().map(|(_, r)| r));
        all.filter_map(|r| Some((r, r.loss()?)))
    }

    /// Stops everything for which `test` holds, because it is not needed any more.
    pub fn abandon_where(&mut self, test: impl Fn(&Request) -> bool) {
        self.waiting.retain(|(_, r)| !test(r));
        for running in self.running.iter_mut().filter(|r| test(&r.request)) {
            running.job.token().abandon();
            running.cancelling = true;
        }
    }

    /// Lets a job wait, or go on.
    pub fn pause(&mut self, id: JobId, pause: bool) {
        if let Some(running) = self.running.iter().find(|r| r.id == id) {
            if pause { running.job.token().pause() } else { running.job.token().resume() }
        }
    }
}
