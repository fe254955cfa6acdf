//! Cancelling and pausing long work from another thread.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// The work was cancelled by its user; nothing half-written is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Running,
    Paused,
    /// The user stopped it.
    Cancelled,
    /// Nobody waits for it any more.
    Abandoned,
}

impl State {
    fn is_over(self) -> bool {
        matches!(self, Self::Cancelled | Self::Abandoned)
    }
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// Shared by the worker, which calls [`CancelToken::check`] often (several times a second), and by
/// whoever may stop or pause it. Clones refer to the same work.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<Shared>);

impl CancelToken {
    /// A token of work that is running.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A state cannot be left half-changed, so a poisoned lock is as good as a clean one.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, state: State) {
        let mut now = self.state();
        if !now.is_over() {
            *now = state;
        }
        self.0.changed.notify_all();
    }

    /// Asks the work to stop; it cannot be taken back.
    pub fn cancel(&self) {
        self.set(State::Cancelled);
    }

    /// Asks the work to stop because nobody waits for it any more, although nobody decided against it either:
    /// the window is closed.
    pub fn abandon(&self) {
        self.set(State::Abandoned);
    }

    /// Asks the work to wait at its next [`CancelToken::check`].
    pub fn pause(&self) {
        self.set(State::Paused);
    }

    /// Lets paused work go on.
    pub fn resume(&self) {
        self.set(State::Running);
    }

    /// Whether the work was asked to stop, by either way.
    pub fn is_cancelled(&self) -> bool {
        self.state().is_over()
    }

    /// Whether it was asked to stop by [`CancelToken::abandon`].
    pub fn is_abandoned(&self) -> bool {
        *self.state() == State::Abandoned
    }

    /// Whether the work is asked to wait.
    pub fn is_paused(&self) -> bool {
        *self.state() == State::Paused
    }

    /// Returns at once while running, blocks while paused.
    ///
    /// # Errors
    /// [`Cancelled`] once the work is cancelled.
    pub fn check(&self) -> Result<(), Cancelled> {
        let mut state = self.state();
        while *state == State::Paused {
            state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        match *state {
            State::Cancelled | State::Abandoned => Err(Cancelled),
            State::Running | State::Paused => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn cancel_is_final() {
        let token = CancelToken::new();
        assert_eq!(token.check(), Ok(()));
        token.cancel();
        token.resume();
        assert_eq!(token.check(), Err(Cancelled));
    }

    #[test]
    fn abandoned_work_stops_and_is_told_apart() {
        let token = CancelToken::new();
        token.abandon();
        token.cancel();
        assert_eq!(token.check(), Err(Cancelled));
        assert!(token.is_cancelled() && token.is_abandoned());
    }

    #[test]
    fn paused_work_waits_until_resumed() {
        let token = CancelToken::new();
        token.pause();
        let (tell, told) = mpsc::sync_channel(1);
        let worker = token.clone();
        let thread = std::thread::Builder::new()
            .name("pause-test".into())
            .spawn(move || tell.send(worker.check()))
            .unwrap();
        assert!(told.recv_timeout(Duration::from_millis(50)).is_err(), "check returned while paused");
        token.resume();
        assert_eq!(told.recv_timeout(Duration::from_secs(5)).unwrap(), Ok(()));
        thread.join().unwrap().unwrap();
    }
}
