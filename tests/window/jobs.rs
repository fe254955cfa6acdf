//! Jobs and runs: stages, stopping, failing, resuming, and closing while something runs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use eframe::egui::{Key, accesskit::Role};
use egui_kittest::kittest::Queryable as _;
use hiscmcl::app::command::{Command, Overlay, ProjectCommand, Step, TrainCommand};
use hiscmcl::app::forms::TrainForm;
use hiscmcl::core::progress::{Stage, Task};
use hiscmcl::jobs::context::{JobContext, JobPhase, PhaseKind};
use hiscmcl::jobs::outcome::Outcome;
use hiscmcl::jobs::request::Request;
use hiscmcl::jobs::run_store::{RunInfo, RunKind, RunList, RunState, UnreadableRun};

use super::{GENES, Test, recipe};

/// A training that is in its first stage until it is stopped.
pub fn until_stopped(ctx: &JobContext) -> anyhow::Result<Outcome> {
    ctx.observer.phase(JobPhase { number: 1, count: 2, kind: PhaseKind::ImageFeatures });
    ctx.observer.report(&Stage::new(Task::ImageFeatures, "A1"), 5, 10);
    loop {
        ctx.check()?;
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn run(id: &str, state: RunState) -> RunInfo {
    let mut run = recipe::cross_validation(id, &GENES, false, 0.3);
    run.config.kind = RunKind::Model { test: vec!["B1".into()] };
    RunInfo { complete: state == RunState::Complete, state, scores: None, ..run }
}

/// The runs of a project of this name.
pub fn runs_of(project: &Path) -> RunList {
    let failed = RunState::Failed { headline: "The GPU is gone".into(), causes: vec!["Device lost".into()] };
    match project.file_name().and_then(|n| n.to_str()) {
        Some("runs.hiscmcl") => RunList {
            runs: vec![
                run("good", RunState::Complete),
                run("broken", failed),
                run("halted", RunState::Stopped),
                run("cut", RunState::Interrupted),
            ],
            unreadable: vec![UnreadableRun {
                id: "later".into(),
                folder: PathBuf::from("/nowhere/later").into(),
                problem: "it was written by a newer version of this program".into(),
            }],
        },
        _ => RunList::default(),
    }
}

fn train(test: &mut Test, name: &str) {
    let form = TrainForm { name: name.into(), ..test.app().forms.train.clone() };
    test.send(Command::Train(TrainCommand::Edit(form)));
    test.send(Command::GoTo(Step::Train));
    test.click("Train");
}

fn slow(name: &str) -> Test {
    let mut test = Test::open("test.hiscmcl");
    train(&mut test, name);
    test.until(|w| w.app().training().is_some_and(|j| j.status.done == 5));
    test
}

#[test]
fn a_job_shows_its_stages_and_is_stopped_by_one_word() {
    let mut test = slow("slow");
    assert!(test.shows("1 of 2: image features"));
    let share = test.app().training().unwrap().status.share;
    assert!((share - 0.25).abs() < 1e-6, "half of the first of two stages is {share}");
    assert!(test.harness.query_by_role_and_label(Role::Button, "Cancel").is_none());
    assert_eq!(test.harness.get_all_by_role_and_label(Role::Button, "Stop").count(), 2);
    let first = test.harness.get_all_by_role_and_label(Role::Button, "Stop").next().unwrap();
    first.click();
    test.until(|w| !w.app().is_training());
    assert!(test.shows("slow \u{00B7} stopped"));
    assert!(test.shows("slow was stopped"));
}

#[test]
fn a_failed_run_says_so_and_why() {
    let mut test = Test::open("test.hiscmcl");
    train(&mut test, "");
    test.until(|w| w.app().notices.open().any(|n| n.headline == "run 1 failed: The GPU is gone"));
    assert!(test.shows("run 1 \u{00B7} failed"));
    assert!(test.shows("It failed: The GPU is gone"));
}

#[test]
fn runs_that_are_not_complete_say_how_they_ended() {
    let mut test = Test::open("runs.hiscmcl");
    test.until(|w| w.app().open.as_ref().is_some_and(|o| o.runs.list.len() == 4));
    test.send(Command::GoTo(Step::Train));
    let newer = "The run \"later\" cannot be read: it was written by a newer version of this program";
    for text in ["failed", "The GPU is gone", "stopped", "interrupted", newer] {
        assert!(test.shows(text), "{text}");
    }
    test.send(Command::Train(TrainCommand::Delete("later".into())));
    let deletes = |r: &Request| matches!(r, Request::DeleteRun { id, .. } if id == "later");
    let asked = std::sync::Arc::clone(&test.asked);
    test.until(|_| asked.lock().unwrap().iter().any(deletes));
    assert!(test.harness.query_by_role_and_label(Role::Button, "Delete").is_none(), "it is in a menu");
    test.click("More about broken");
    test.click("Delete…");
    let Some(Overlay::Confirm { question, .. }) = test.overlay() else { panic!("it does not ask") };
    assert!(question.contains("\"broken\""), "{question}");
    test.click("Cancel");
    assert!(!test.asked(|r| matches!(r, Request::DeleteRun { id, .. } if id == "broken")));
}

#[test]
fn an_interrupted_run_is_offered_to_be_resumed() {
    let mut test = Test::open("runs.hiscmcl");
    test.until(|w| w.app().notices.open().next().is_some());
    assert!(test.shows("cut was interrupted. It can be resumed from its last checkpoint."));
    test.click("Resume");
    let resumed = |r: &Request| matches!(r, Request::Resume { run, .. } if run.id == "cut");
    let asked = std::sync::Arc::clone(&test.asked);
    test.until(|_| asked.lock().unwrap().iter().any(resumed));
    assert!(!test.shows("It can go on where it stopped."));
}

#[test]
fn one_run_comes_of_a_double_click() {
    let mut test = Test::open("test.hiscmcl");
    let form = TrainForm { name: "slow".into(), ..test.app().forms.train.clone() };
    test.send(Command::Train(TrainCommand::Edit(form)));
    test.send(Command::GoTo(Step::Train));
    let at = test.place("Train").center();
    test.press_at(at);
    test.press_at(at);
    test.settle();
    // The command list goes another way to the same.
    test.send(Command::Train(TrainCommand::Start));
    test.settle();
    assert_eq!(test.app().work.views().len(), 1);
    let asked = test.asked.lock().unwrap();
    assert_eq!(asked.iter().filter(|r| matches!(r, Request::Train { .. })).count(), 1);
}

#[test]
fn closing_asks_while_something_runs_and_says_what_can_be_resumed() {
    let mut test = slow("slow");
    test.command_key(Key::Q);
    assert!(test.shows("This job has not finished: Training slow."));
    assert!(test.shows("Training can be resumed later from its last checkpoint. Quit anyway?"));
    test.click("Cancel");
    assert_eq!(test.overlay(), None);
    assert!(test.app().is_training());
    for command in [ProjectCommand::Close, ProjectCommand::Open("other.hiscmcl".into())] {
        test.send(Command::Project(command));
        assert!(test.shows("This job has not finished: Training slow."));
        test.click("Cancel");
        assert!(test.app().open.is_some() && test.app().is_training());
    }
    test.send(Command::Project(ProjectCommand::Close));
    test.click("Close the project");
    test.until(|w| w.app().open.is_none() && !w.app().is_training());
}

#[test]
fn a_question_lets_the_dialog_beneath_it_go_on() {
    let mut test = slow("slow");
    test.send(Command::Show(Overlay::Help));
    test.command_key(Key::Q);
    test.click("Cancel");
    assert_eq!(test.overlay(), Some(&Overlay::Help));
}

#[test]
fn a_running_cross_validation_is_told_where_its_result_will_be() {
    let mut test = Test::open("slow.hiscmcl");
    test.send(Command::GoTo(Step::Evaluate));
    assert!(test.shows("Press \"Run the cross-validation\" on the right."));
    test.click("Run the cross-validation");
    test.until(|w| w.app().training().is_some_and(|j| j.status.done == 5));
    assert!(!test.shows("Press \""));
    let told = test.harness.get_by_label("Progress of the cross-validation").rect();
    assert!(told.top() < 200.0 && told.left() < 300.0, "{told:?}");
    test.harness.get_all_by_role_and_label(Role::Button, "Stop").next().unwrap().click();
    test.until(|w| !w.app().is_training());
}

#[test]
fn beside_a_job_the_status_bar_of_a_small_window_is_not_printed_over() {
    let mut test = Test::sized(900.0, 600.0);
    test.send(Command::Project(ProjectCommand::Open("test.hiscmcl".into())));
    test.until(|w| w.app().open.as_ref().is_some_and(|o| o.ready().count() == 3));
    test.send(Command::GoTo(Step::Data));
    test.rest();
    assert!(test.shows("Drop a folder or files on the window"));
    let form = TrainForm { name: "slow".into(), ..test.app().forms.train.clone() };
    test.send(Command::Train(TrainCommand::Edit(form)));
    test.send(Command::Train(TrainCommand::Start));
    test.until(|w| w.app().training().is_some_and(|j| j.status.done == 5));
    test.send(Command::GoTo(Step::Data));
    assert!(!test.shows("Drop a folder or files on the window"));
    let line = test.harness.get_by_label_contains("1 of 2: image features").rect();
    assert!(line.right() < test.place("F1 help").left(), "{line:?}");
}

#[test]
fn notices_let_the_dialog_beneath_them_go_on() {
    let mut test = Test::open("nogenes.hiscmcl");
    test.send(Command::Show(Overlay::Import));
    let form = test.overlay().cloned();
    test.send(Command::Show(Overlay::Notices));
    assert_eq!(test.overlay(), Some(&Overlay::Notices));
    test.send(Command::CloseOverlay);
    assert_eq!(test.overlay().cloned(), form, "what was typed into it is still there");
}
