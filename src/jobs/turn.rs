//! Whose turn it is to keep all processors busy: one job at a time, whether it is in the queue for such jobs or a
//! quick one that turned out to need image features.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::context::JobContext;
use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::progress::Task;

/// How often a job that waits looks whether it was cancelled, or the other was paused.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The jobs whose turn it is. More than one only where one of them is paused.
#[derive(Debug, Default)]
pub struct Turns {
    holders: Mutex<Vec<(u64, CancelToken)>>,
    changed: Condvar,
    next: AtomicU64,
}

/// A turn, which ends when this is dropped.
#[derive(Debug)]
pub struct Turn {
    id: u64,
    of: Arc<Turns>,
}

impl Turns {
    fn holders(&self) -> MutexGuard<'_, Vec<(u64, CancelToken)>> {
        // The list is whole after every change.
        self.holders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no other job computes. A paused one does not count: it was paused to make room.
    ///
    /// # Errors
    /// [`Cancelled`] while it waits.
    pub fn take(self: &Arc<Self>, ctx: &JobContext) -> Result<Turn, Cancelled> {
        let mut holders = self.holders();
        let mut reported = false;
        while holders.iter().any(|(_, token)| !token.is_paused()) {
            if !std::mem::replace(&mut reported, true) {
                ctx.observer.report(&Task::WaitingForOthers.into(), 0, 0);
            }
            let (back, _) =
                self.changed.wait_timeout(holders, LOOK_EVERY).unwrap_or_else(PoisonError::into_inner);
            drop(back);
            // Blocks while this job is paused itself, so the list is not held meanwhile.
            ctx.check()?;
            holders = self.holders();
        }
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        holders.push((id, ctx.cancel.clone()));
        Ok(Turn { id, of: Arc::clone(self) })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.of.holders().retain(|(id, _)| *id != self.id);
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
        assert!(turns.holders().is_empty());
    }
}
