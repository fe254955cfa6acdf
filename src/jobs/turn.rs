//! Whose turn it is to keep all processors busy: one job at a time, whether it is in the queue for such jobs or a
//! quick one that turned out to need image features.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::context::JobContext;
use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::progress::Task;

/// How often a job that waits looks whether it was cancelled, or the other was paused.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Jobs by the numbers they drew.
#[derive(Debug, Default)]
struct State {
    next: u64,
    /// Those that wait, in order.
    waiting: Vec<u64>,
    /// Those whose turn it is: more than one only where another was paused when a turn began.
    holders: Vec<(u64, CancelToken)>,
}

/// The jobs whose turn it is, and those that wait for theirs.
#[derive(Debug, Default)]
pub struct Turns {
    state: Mutex<State>,
    changed: Condvar,
}

/// A turn, or the wait for one; either ends when this is dropped.
#[derive(Debug)]
pub struct Turn {
    id: u64,
    of: Arc<Turns>,
}

impl Turns {
    fn state(&self) -> MutexGuard<'_, State> {
        // The lists are whole after every change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no other job computes and none came earlier. A job that is paused makes room: it does not count, and
    /// once it is resumed it goes on beside the one that took its turn meanwhile.
    ///
    /// # Errors
    /// [`Cancelled`] while it waits.
    pub fn take(self: &Arc<Self>, ctx: &JobContext) -> Result<Turn, Cancelled> {
        let mut state = self.state();
        let id = state.next;
        state.next += 1;
        state.waiting.push(id);
        drop(state);
        // Leaves the line when it is cancelled.
        let turn = Turn { id, of: Arc::clone(self) };
        let mut reported = false;
        loop {
            let mut state = self.state();
            let is_first = state.waiting.first() == Some(&id);
            if is_first && state.holders.iter().all(|(_, token)| token.is_paused()) {
                state.waiting.remove(0);
                state.holders.push((id, ctx.cancel.clone()));
                return Ok(turn);
            }
            if reported {
                drop(self.changed.wait_timeout(state, LOOK_EVERY).unwrap_or_else(PoisonError::into_inner));
            } else {
                drop(state);
                ctx.observer.report(&Task::WaitingForOthers.into(), 0, 0);
                reported = true;
            }
            // May block, while this job is paused itself.
            ctx.check()?;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.of.state();
        state.waiting.retain(|id| *id != self.id);
        state.holders.retain(|(id, _)| *id != self.id);
        drop(state);
        self.of.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::progress::Silent;
    use std::sync::mpsc::sync_channel;

    #[test]
    fn one_job_computes_at_a_time_unless_it_is_paused() {
        let turns = Arc::new(Turns::default());
        let (first, second) = (CancelToken::new(), CancelToken::new());
        let turn = turns.take(&JobContext { observer: &Silent, cancel: &first }).unwrap();
        std::thread::scope(|scope| {
            let (tell, told) = sync_channel(1);
            let (turns, second) = (&turns, &second);
            scope.spawn(move || {
                let turn = turns.take(&JobContext { observer: &Silent, cancel: second });
                tell.send(turn.is_ok()).unwrap();
            });
            let soon = Duration::from_millis(300);
            assert!(told.recv_timeout(soon).is_err(), "it waits for the first");
            first.pause();
            assert_eq!(told.recv_timeout(Duration::from_secs(10)), Ok(true), "a paused job makes room");
        });
        first.resume();
        std::thread::scope(|scope| {
            let (turns, second) = (&turns, &second);
            let waits = scope.spawn(move || turns.take(&JobContext { observer: &Silent, cancel: second }));
            second.cancel();
            assert!(waits.join().unwrap().is_err(), "waiting ends when it is cancelled");
        });
        drop(turn);
        let state = turns.state();
        assert!(state.holders.is_empty() && state.waiting.is_empty());
    }
}
