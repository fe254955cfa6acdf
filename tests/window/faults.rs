//! Faults in the program's own drawing code.

use std::path::{Path, PathBuf};

use hiscmcl::app::command::{Command, ProjectCommand, SectionCommand};
use hiscmcl::data::project::Project;

use super::{Test, project};

/// A project of three sections that was saved in `folder`, and its file.
fn saved_in(folder: &Path) -> (Test, PathBuf) {
    let file = folder.join("p.hiscmcl");
    project(true).save(&file).unwrap();
    let mut test = Test::new();
    test.send(Command::Project(ProjectCommand::Open(file.clone())));
    test.until(|w| w.app().open.as_ref().is_some_and(|o| o.ready().count() == 3));
    (test, file)
}

#[test]
fn a_fault_while_drawing_saves_the_project_and_lets_it_be_reopened() {
    let dir = tempfile::tempdir().unwrap();
    let (mut test, file) = saved_in(dir.path());
    let rename = SectionCommand::Rename { section: "A1".into(), name: "Tumour".into() };
    test.harness.state_mut().app_mut().apply(Command::Section(rename));
    test.harness.run_steps(1);
    test.harness.state_mut().while_drawing(|| panic!("a made-up fault"));
    test.settle();
    assert!(test.shows("An internal error occurred"));
    assert!(test.shows("a made-up fault"));
    assert!(test.shows("The project was saved"));
    assert_eq!(Project::load(&file).unwrap().sections[0].name, "Tumour");
    test.click("Reopen the project");
    test.until(|w| w.app().open.as_ref().is_some_and(|o| o.ready().count() == 3));
    assert_eq!(test.app().open.as_ref().unwrap().doc().sections[0].name, "Tumour");
    assert!(!test.shows("An internal error occurred"));
}

#[test]
fn a_change_that_breaks_drawing_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let (mut test, file) = saved_in(dir.path());
    let rename =
        |name: &str| Command::Section(SectionCommand::Rename { section: "A1".into(), name: name.into() });
    test.harness.state_mut().app_mut().apply(rename("Tumour"));
    test.harness.run_steps(1);
    let window = test.harness.state_mut();
    window.app_mut().apply(Command::Section(SectionCommand::Remove("A2".into())));
    window.while_drawing(|| panic!("a made-up fault"));
    test.settle();
    assert!(test.shows("Your last change was not saved"));
    test.click("Reopen the project");
    test.until(|w| w.app().open.as_ref().is_some_and(|o| o.ready().count() == 3));
    let names: Vec<_> = Project::load(&file).unwrap().sections.into_iter().map(|s| s.name).collect();
    assert!(names.len() == 3 && names[0] == "Tumour", "{names:?}");
}

#[test]
fn the_next_start_says_once_where_the_report_is() {
    let dir = tempfile::tempdir().unwrap();
    let reports = dir.path().join("reports");
    std::fs::create_dir(&reports).unwrap();
    let report = reports.join("report-2026-11-28-101010-000.txt");
    std::fs::write(&report, "It broke.").unwrap();
    let start = || {
        let mut test = Test::with_settings(1440.0, 900.0, Some(dir.path().to_path_buf()));
        test.settle();
        test
    };
    let mut test = start();
    assert!(test.shows(&report.display().to_string()));
    let told = test.app().settings.last_report.clone();
    assert_eq!(told.as_ref(), Some(&report));
    test.harness.state_mut().app_mut().save_all_now().unwrap();
    assert!(!start().shows("A report is in"));
}
