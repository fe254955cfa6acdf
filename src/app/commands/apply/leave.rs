//! Closing the window or the project while something runs.

use crate::app::command::{Command, Overlay, ProjectCommand};
use crate::app::state::{App, Effect};
use crate::jobs::request::Request;
use crate::jobs::traits::Loss;

impl App {
    /// Closes the window, once the user has agreed to lose what runs.
    pub(super) fn ask_to_quit(&mut self) {
        match self.what_is_lost(|_| true) {
            Some(lost) => self.apply(Command::Show(Overlay::Confirm {
                question: format!("{lost} Quit anyway?"),
                button: "Quit".to_owned(),
                command: Box::new(Command::Quit),
            })),
            None => self.effects.push(Effect::Quit),
        }
    }

    /// Whether closing the window now has to be asked about.
    pub fn must_ask_to_quit(&self) -> bool {
        self.work.at_stake().next().is_some()
    }

    /// Whether `command`, which closes the open project, may go on; asks the user where jobs of it would be stopped.
    pub(super) fn may_leave_for(&mut self, command: &ProjectCommand) -> bool {
        let Some(lost) = self.what_is_lost(Request::belongs_to_project) else { return true };
        let button = match command {
            ProjectCommand::Close => "Close the project",
            ProjectCommand::NewEmpty | ProjectCommand::NewFromFolder(_) => "Create the project",
            _ => "Open the project",
        };
        self.apply(Command::Show(Overlay::Confirm {
            question: format!("{lost} {button} anyway?"),
            button: button.to_owned(),
            command: Box::new(Command::Leave(command.clone())),
        }));
        false
    }

    /// What runs or waits among the requests for which `test` holds, and what is lost of it: sentences.
    fn what_is_lost(&self, test: impl Fn(&Request) -> bool) -> Option<String> {
        let jobs: Vec<(String, Loss)> =
            self.work.at_stake().filter(|(r, _)| test(r)).map(|(r, loss)| (r.name(), loss)).collect();
        let names: Vec<&str> = jobs.iter().map(|(name, _)| name.as_str()).collect();
        let mut text = match names.as_slice() {
            [] => return None,
            [one] => format!("This job has not finished: {one}."),
            many => format!("{} jobs have not finished: {}.", many.len(), many.join(", ")),
        };
        let has = |wanted: Loss| jobs.iter().any(|(_, loss)| *loss == wanted);
        if has(Loss::UntilResumed) {
            text.push_str(" Training can be resumed later from its last checkpoint.");
        }
        if has(Loss::Unfinished) {
            text.push_str(" Image features that are already computed are kept.");
        }
        if has(Loss::Everything) {
            let lost: Vec<&str> =
                jobs.iter().filter(|(_, l)| *l == Loss::Everything).map(|(n, _)| n.as_str()).collect();
            let whole = lost.len() == jobs.len();
            text.push_str(&match (whole, lost.as_slice()) {
                (true, [_]) => " It would have to be started again.".to_owned(),
                (true, _) => " They would have to be started again.".to_owned(),
                (false, lost) => format!(" To be started again: {}.", lost.join(", ")),
            });
        }
        Some(text)
    }
}
