//! How long the window took to be of use, told on request: drawn for the first time, tissue seen for the
//! first time. For measuring on the machine where it matters, and for reports of a slow start.

use std::time::Instant;

/// Tells each moment once, on stderr.
#[derive(Debug)]
pub struct Milestones {
    start: Instant,
    drawn: bool,
    tissue: bool,
}

impl Milestones {
    /// Counts from `start`, when the program began.
    pub fn since(start: Instant) -> Self {
        Self { start, drawn: false, tissue: false }
    }

    /// A frame begins; `tissue` says whether the one before showed pixels of a slide. What was drawn in a
    /// frame is on the screen when the next one begins.
    pub fn frame_begins(&mut self, drawn_before: bool, tissue: bool) {
        let seconds = self.start.elapsed().as_secs_f64();
        if drawn_before && !std::mem::replace(&mut self.drawn, true) {
            eprintln!("window drawn after {seconds:.2} s");
        }
        if tissue && !std::mem::replace(&mut self.tissue, true) {
            eprintln!("tissue shown after {seconds:.2} s");
        }
    }

    /// Whether another frame is needed to know that what was just drawn is on the screen.
    pub fn waits(&self, tissue: bool) -> bool {
        !self.drawn || (tissue && !self.tissue)
    }
}
