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
    /// Its result is not needed any more.
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
/// whatever may stop or pause it. Clones refer to the same work.
#[derive(Debug, Clone, Default)]
pub struct CancelToken {
    shared: Arc<Shared>,
    ignores_pause: bool,
}

impl CancelToken {
    /// A token of work that is running.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A state cannot be left half-changed, so a poisoned lock is as good as a clean one.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, state: State) {
        let mut now = self.state();
        if !now.is_over() {
            *now = state;
        }
        self.shared.changed.notify_all();
    }

    /// Asks the work to stop; it cannot be taken back.
    pub fn cancel(&self) {
        self.set(State::Cancelled);
    }

    /// Asks the work to stop because its result is not needed any more, although the user did not decide against it:
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

    /// The token of the same work for a stretch that must not wait in the middle, because it holds a lock that other work
    /// needs: its [`CancelToken::check`] does not block.
    #[must_use]
    pub fn without_pausing(&self) -> Self {
        Self { ignores_pause: true, ..self.clone() }
    }

    /// Returns at once while running, blocks while paused. It never blocks a thread of rayon's pool, which all work and the
    /// window share: work that runs there waits at its next check outside.
    ///
    /// # Errors
    /// [`Cancelled`] once the work is cancelled.
    pub fn check(&self) -> Result<(), Cancelled> {
        let blocks = !self.ignores_pause && rayon::current_thread_index().is_none();
        let mut state = self.state();
        while blocks && *state == State::Paused {
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
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
    fn a_pause_never_blocks_the_shared_pool() {
        use rayon::prelude::*;
        let token = CancelToken::new();
        token.pause();
        // With the pool blocked this would never end.
        assert!((0..64).into_par_iter().all(|_| token.check().is_ok()));
        assert_eq!(token.without_pausing().check(), Ok(()));
        token.cancel();
        assert!((0..64).into_par_iter().all(|_| token.check().is_err()));
        assert_eq!(token.without_pausing().check(), Err(Cancelled));
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
