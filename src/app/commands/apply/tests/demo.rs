//! What the demo does by itself.

use std::path::PathBuf;

use super::{names, opened, until};
use crate::app::command::{Command, GenesCommand};
use crate::app::forms::HoldOut;
use crate::evaluate::report::Split;
use crate::jobs::request::Request;
use crate::jobs::run_store::{RUN_VERSION, RunConfig, RunInfo, RunKind, RunState};

/// First what it predicts of its sections, then a model for its slide without measurements, and no more.
#[test]
fn the_demo_trains_a_cross_validation_and_then_a_model_on_everything() {
    let (mut app, asked) = opened("/nowhere/demo.hiscmcl");
    app.apply(Command::Genes(GenesCommand::Set(vec!["A".into(), "B".into()])));
    app.open.as_mut().unwrap().demo = true;
    app.train_demo();
    let asks = |wanted: fn(&Request) -> bool| asked.lock().unwrap().iter().filter(|r| wanted(r)).count();
    until(&mut app, |a| !a.work.any(|_| true));
    assert_eq!(asks(|r| matches!(r, Request::Evaluate { .. })), 1);
    let config = RunConfig {
        version: RUN_VERSION,
        program: String::new(),
        started: String::new(),
        kind: RunKind::CrossValidation { split: Split::Patient },
        sections: names(&app),
        genes: vec!["A".into()],
        target: Default::default(),
        normalised: Vec::new(),
        encoder: String::new(),
        weights: None,
        device: String::new(),
        recipe: Default::default(),
    };
    let run = RunInfo {
        id: "cross-validation 1".into(),
        folder: PathBuf::from("/nowhere").into(),
        config,
        complete: true,
        state: RunState::Complete,
        scores: None,
        verdict: Default::default(),
    };
    let runs = &mut app.open.as_mut().unwrap().runs;
    (runs.live, runs.list) = (None, vec![run]);
    app.train_demo();
    until(&mut app, |a| !a.work.any(|_| true));
    let on_everything = |r: &Request| matches!(r, Request::Train { test, .. } if test.is_empty());
    assert_eq!(asks(on_everything), 1);
    assert!(app.forms.train.hold_out != HoldOut::None, "the form is as it was");
    let runs = &mut app.open.as_mut().unwrap().runs;
    let second = RunInfo { id: "run 1".into(), ..runs.list[0].clone() };
    runs.list.push(second);
    runs.live = None;
    app.train_demo();
    assert_eq!(asks(|r| matches!(r, Request::Train { .. })), 1);
}
