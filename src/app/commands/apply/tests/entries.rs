//! What is entered for a section, and what is shown when a training ends.

use std::sync::Arc;

use super::{names, opened};
use crate::app::command::{Command, SectionCommand, Step};
use crate::app::explore::ExploreCommand;
use crate::app::notices::Severity;
use crate::app::state::App;
use crate::core::matrix::Matrix;
use crate::jobs::outcome::Outcome;
use crate::jobs::request::Request;
use crate::predict::Predictions;

#[test]
fn what_was_said_of_an_entry_goes_with_the_next_one() {
    let (mut app, _) = opened("/nowhere/p.hiscmcl");
    let errors = |app: &App| app.notices.open().filter(|n| n.severity == Severity::Error).count();
    let rename =
        |name: &str| Command::Section(SectionCommand::Rename { section: "C1".into(), name: name.into() });
    let resolution =
        |text: &str| Command::Section(SectionCommand::EnterMpp { section: "C2".into(), text: text.into() });
    app.apply(rename("/7"));
    app.apply(resolution("abc"));
    assert_eq!(errors(&app), 2);
    app.apply(resolution("0"));
    assert_eq!(errors(&app), 3, "both say what is wrong");
    app.apply(resolution("0.5"));
    assert_eq!(errors(&app), 1);
    app.apply(rename("C2"));
    assert_eq!(errors(&app), 1, "the newest says what is wrong now");
    app.apply(rename("first"));
    assert_eq!(errors(&app), 0);
    assert_eq!(names(&app), ["first", "C2", "D1"]);
}

#[test]
fn the_section_that_is_looked_at_stays_when_training_ends() {
    let (mut app, _) = opened("/nowhere/p.hiscmcl");
    let shown = |app: &App| app.explore.section_name().map(str::to_owned);
    let trained = || {
        let predictions = Arc::new(Predictions {
            section: "D1".into(),
            spots: Vec::new(),
            genes: Vec::new(),
            mean: Matrix::from_fn(0, 0, |_, _| 0.0),
            uncertainty: Matrix::from_fn(0, 0, |_, _| 0.0),
            retrieved: Vec::new(),
            bank_spots: Vec::new(),
        });
        Outcome::Trained { run: "run 1".into(), predictions: vec![predictions], notes: Vec::new() }
    };
    let request = Request::ListDevices;
    app.apply(Command::Explore(ExploreCommand::SelectSection("C2".into())));
    app.apply(Command::GoTo(Step::Explore));
    app.succeeded(&request, trained());
    assert_eq!(shown(&app).as_deref(), Some("C2"));
    // From another page the maps begin with what the model has not seen.
    app.apply(Command::GoTo(Step::Train));
    app.succeeded(&request, trained());
    assert_eq!(shown(&app).as_deref(), Some("D1"));
}
