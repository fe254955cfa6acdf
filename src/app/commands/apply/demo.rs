//! What the demo does by itself.

use crate::app::command::{Command, EvaluateCommand, Step};
use crate::app::forms::{HoldOut, TrainForm};
use crate::app::runs::ActiveRun;
use crate::app::state::App;

impl App {
    /// The demo trains by itself the first time it is opened: a cross-validation, so that there are predicted maps to look
    /// at, and then a model, which predicts its slide without measurements.
    pub(super) fn train_demo(&mut self) {
        let Some(runs) = self.open.as_ref().filter(|o| o.demo).map(|o| &o.runs) else { return };
        let is_training = runs.live.as_ref().is_some_and(ActiveRun::is_training);
        let only_cross_validated = runs.list.len() == 1 && runs.cross_validations().next().is_some();
        if runs.list.is_empty() && runs.live.is_none() {
            // One network a fold instead of three: a first look should come soon.
            self.forms.train.settings.extend([one_network()]);
            self.apply(Command::Evaluate(EvaluateCommand::Start));
            self.notices.info("Training the demo model (about a minute). Predicted maps will appear here.");
            self.apply(Command::GoTo(Step::Explore));
        } else if only_cross_validated && !is_training {
            let filled_in = self.forms.train.clone();
            self.forms.train =
                TrainForm { name: String::new(), hold_out: HoldOut::None, ..filled_in.clone() };
            self.forms.train.settings.extend([one_network()]);
            self.train();
            // What the user may have begun to fill in stays.
            self.forms.train = filled_in;
        }
    }
}

fn one_network() -> (String, String) {
    ("members".to_owned(), "1".to_owned())
}
