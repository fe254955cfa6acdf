//! The networks of a model, trained side by side. Each goes its own way through both phases and tells the
//! calling thread, which alone speaks to the outside and writes checkpoints.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::files::FileError;
use crate::core::progress::{Progress, Task};
use crate::train::checkpoint::{self, Checkpoint, Member};
use crate::train::fit::TrainError;
use crate::train::stage::{Best, EpochMetrics, Phase, StageState, TrainCallbacks};
use crate::train::work::FusedTrainer;

/// Messages that may wait to be heard.
const QUEUE: usize = 64;

/// What a network says on its way.
enum WorkerMessage {
    Epoch(EpochMetrics),
    /// The state to store; it includes all epochs said before.
    State(usize, StageState),
    /// A phase is finished.
    Done(usize, Phase, Best),
}

/// Trains all networks of `work` from `standing` to the end. `store` is where checkpoints go, and what they
/// are recognised by.
///
/// # Errors
/// [`TrainError`] of the first network that fails.
pub fn train(
    work: &FusedTrainer<'_>,
    mut standing: Checkpoint,
    store: Option<(&Path, &str)>,
    events: &mut dyn FnMut(&EpochMetrics),
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Checkpoint, TrainError> {
    let config = work.config();
    standing.members.resize_with(config.members, Member::default);
    standing.members.iter().flat_map(|m| &m.history).for_each(&mut *events);
    let start = standing.clone();
    let next = AtomicUsize::new(0);
    let (say, hear) = sync_channel(QUEUE);
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for worker in 0..work.workers() {
            let (say, start, next) = (say.clone(), &start, &next);
            let run = move || -> Result<(), TrainError> {
                loop {
                    let member = next.fetch_add(1, Ordering::Relaxed);
                    let Some(state) = start.members.get(member) else { return Ok(()) };
                    through_phases(work, member, state.clone(), &say, cancel)?;
                }
            };
            let name = format!("train-{worker}");
            let thread = thread::Builder::new().name(name).spawn_scoped(scope, run);
            threads.push(thread.map_err(|reason| TrainError::Thread { reason })?);
        }
        drop(say);
        let listened = listen(&hear, &mut standing, store, events, progress, work);
        // Dropping the receiver makes the sends of the remaining workers fail, which stops them.
        drop(hear);
        let mut first = Ok(());
        for thread in threads {
            let result = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            // One that failed makes the others stop as cancelled: its reason is the one that counts.
            if matches!(first, Ok(()) | Err(TrainError::Cancelled(_))) && result.is_err() {
                first = result;
            }
        }
        listened?;
        first?;
        Ok(standing)
    })
}

/// Takes one network from where it stands to the end.
fn through_phases(
    work: &FusedTrainer<'_>,
    member: usize,
    state: Member,
    say: &SyncSender<WorkerMessage>,
    cancel: &CancelToken,
) -> Result<(), TrainError> {
    let tell = |said| say.send(said).map_err(|_| TrainError::Cancelled(Cancelled));
    let Member { mut chosen, refitted, mut stage, .. } = state;
    loop {
        let phase = match (&chosen, &refitted) {
            (None, _) => Phase::Choosing,
            (Some(_), None) if work.config().refit => Phase::Refitting,
            _ => return Ok(()),
        };
        let mut listeners = TrainCallbacks {
            epoch: &mut |metrics| tell(WorkerMessage::Epoch(metrics)),
            checkpoint: &mut |state| tell(WorkerMessage::State(member, state)),
            cancel,
        };
        let best = work.run(member, chosen.as_ref(), stage.take(), &mut listeners)?;
        tell(WorkerMessage::Done(member, phase, best.clone()))?;
        match phase {
            Phase::Choosing => chosen = Some(best),
            Phase::Refitting => return Ok(()),
        }
    }
}

/// Hears the networks until the last has stopped, keeps `standing` and stores it.
fn listen(
    hear: &Receiver<WorkerMessage>,
    standing: &mut Checkpoint,
    store: Option<(&Path, &str)>,
    events: &mut dyn FnMut(&EpochMetrics),
    progress: &dyn Progress,
    work: &FusedTrainer<'_>,
) -> Result<(), FileError> {
    // Epochs since the last stored state of each network: after a kill they are trained again.
    let mut unsaved: Vec<Vec<EpochMetrics>> = vec![Vec::new(); standing.members.len()];
    report(standing, &unsaved, progress, work);
    while let Ok(said) = hear.recv() {
        let member = match said {
            WorkerMessage::Epoch(metrics) => {
                events(&metrics);
                unsaved[metrics.member].push(metrics);
                report(standing, &unsaved, progress, work);
                continue;
            }
            WorkerMessage::State(member, state) => {
                standing.members[member].stage = Some(state);
                member
            }
            WorkerMessage::Done(member, phase, best) => {
                let m = &mut standing.members[member];
                m.stage = None;
                match phase {
                    Phase::Choosing => m.chosen = Some(best),
                    Phase::Refitting => m.refitted = Some(best),
                }
                member
            }
        };
        standing.members[member].history.append(&mut unsaved[member]);
        if let Some((path, fingerprint)) = store {
            checkpoint::save(path, fingerprint, standing)?;
        }
    }
    Ok(())
}

/// How far all networks are. How long a network will train is known only when its epochs are chosen; until
/// then it counts as going to the end, and being trained again for half as long.
fn report(
    standing: &Checkpoint,
    unsaved: &[Vec<EpochMetrics>],
    progress: &dyn Progress,
    work: &FusedTrainer<'_>,
) {
    let config = work.config();
    let (mut done, mut total) = (0, 0);
    for (m, unsaved) in standing.members.iter().zip(unsaved) {
        let so_far = m.history.len() + unsaved.len();
        let choosing = m.history.iter().chain(unsaved).filter(|e| e.phase == Phase::Choosing).count();
        let again = |epochs: usize| if config.refit { epochs } else { 0 };
        done += so_far;
        total += match &m.chosen {
            Some(best) => choosing + again(best.epochs),
            None => config.epochs + again(config.epochs / 2),
        };
    }
    progress.report(&Task::Training(config.members).into(), done as u64, total as u64);
}
