//! The import summary with thirty samples, clicked through by label.

use eframe::egui::{Event, Key, Modifiers, PointerButton, accesskit::Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use hiscmcl::app::command::{Command, Overlay, SectionCommand};
use hiscmcl::app::samples::SampleRow;
use hiscmcl::data::candidates::Candidate;
use hiscmcl::data::project::SectionEntry;
use hiscmcl::jobs::outcome::Outcome;

use super::Test;

const SMALL: &str = "Only a small image of the slide is used";

/// S1 to S30: S3 lacks an image, every fifth has a small one, S10 to S19 have a column of labels.
pub fn found() -> Outcome {
    let candidate = |i: usize| {
        let file = |ending: &str| format!("/elsewhere/{i}.{ending}").into();
        let image = if i == 3 { "".into() } else { file("jpg") };
        Candidate {
            entry: SectionEntry::legacy(format!("GSM1_S{i}"), file("tsv"), file("txt"), image),
            chosen: true,
            line: format!("Sample {i} as it was recognised"),
            warnings: if i.is_multiple_of(5) { vec![SMALL.to_owned()] } else { Vec::new() },
            size: (i > 15).then_some((1000 + i, 18_000)),
            label_columns: if i / 10 == 1 { vec!["layer".to_owned()] } else { Vec::new() },
            refused: (i == 3).then(|| "it needs the full-resolution slide".to_owned()),
            copy_of: None,
            label_fit: None,
        }
    };
    let found = (1..=30).map(candidate).collect();
    Outcome::Scanned { found, suggestions: Vec::new(), notes: vec!["S31 has no counts".to_owned()] }
}

fn summary() -> Test {
    let mut test = Test::open("test.hiscmcl");
    test.send(Command::Section(SectionCommand::Find(vec!["/elsewhere".into()])));
    test.until(|w| w.app().overlay == Some(Overlay::Samples));
    test
}

fn rows(test: &Test) -> &[SampleRow] {
    &test.harness.state().app().forms.samples.rows
}

fn patients(test: &Test) -> Vec<usize> {
    (1..=30).filter(|i| rows(test)[i - 1].candidate.entry.patient.as_deref() == Some("P7")).collect()
}

fn click_row(test: &mut Test, number: usize, modifiers: Modifiers) {
    let label = format!("Sample {number}");
    let rect = test.harness.get_by_role_and_label(Role::ListBoxOption, &label).rect();
    // In the column of remarks, where there is no control.
    let remarks = test.harness.get_by_label("Notes").rect();
    let at = eframe::egui::pos2(remarks.center().x, rect.center().y);
    // One event is one frame of a quarter of a second, so that nothing may come between press and release.
    test.harness.event(Event::PointerMoved(at));
    test.harness.event(Event::ModifiersChanged(modifiers));
    for pressed in [true, false] {
        let button = PointerButton::Primary;
        test.harness.event(Event::PointerButton { pos: at, button, pressed, modifiers });
    }
    test.harness.event(Event::ModifiersChanged(Modifiers::NONE));
    test.settle();
}

fn type_into(test: &mut Test, label: &str, text: &str) {
    test.harness.get_by_label(label).click();
    test.settle();
    test.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    test.settle();
    test.harness.get_by_label(label).type_text(text);
    test.settle();
    // Enter applies the text and leaves the keyboard in the field; Escape takes it away.
    test.key(Key::Enter);
    test.key(Key::Escape);
}

#[test]
fn many_samples_are_edited_at_once_and_it_is_taken_back() {
    let mut test = summary();
    assert!(test.shows("Add 29 sections") && test.shows("S31 has no counts"));
    click_row(&mut test, 2, Modifiers::NONE);
    click_row(&mut test, 6, Modifiers::SHIFT);
    click_row(&mut test, 8, Modifiers::COMMAND);
    assert!(test.shows("6 selected:"));
    type_into(&mut test, "Patient of several samples", "P7");
    assert_eq!(patients(&test), [2, 3, 4, 5, 6, 8]);
    test.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    test.settle();
    assert_eq!(patients(&test), [0; 0], "taken back within the summary");
    assert_eq!(test.harness.state().app().overlay, Some(Overlay::Samples));
    test.click("Redo");
    assert_eq!(patients(&test).len(), 6);
    // An edit in one of the selected rows is meant for all of them.
    type_into(&mut test, "Patient of sample 4", "P8");
    assert_eq!((patients(&test).len(), rows(&test)[7].candidate.entry.patient.as_deref()), (0, Some("P8")));
    // One in another row is not.
    type_into(&mut test, "Patient of sample 1", "P7");
    assert_eq!(patients(&test), [1]);
    let sections = test.harness.state().app().open.as_ref().unwrap().doc().sections.len();
    assert_eq!(sections, 3, "the project was not touched");
}

#[test]
fn all_are_selected_and_renamed_by_keys() {
    let mut test = summary();
    test.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    test.settle();
    assert!(test.shows("30 selected:"));
    test.harness.get_by_label("Text to replace in names").click();
    test.settle();
    test.harness.get_by_label("Text to replace in names").type_text("GSM1_");
    test.settle();
    test.click("Replace");
    assert_eq!(rows(&test)[29].candidate.entry.name, "S30");
    click_row(&mut test, 4, Modifiers::NONE);
    assert!(test.shows("1 selected:"));
    test.harness.key_press(Key::Space);
    test.settle();
    assert!(!rows(&test)[3].taken && test.shows("Add 28 sections"));
    test.harness.key_press(Key::ArrowDown);
    test.settle();
    assert!(rows(&test)[4].selected && !rows(&test)[3].selected);
    test.harness.key_press(Key::Escape);
    test.settle();
    assert!(test.shows("All 28 ticked:"), "the first Escape takes the selection away");
    test.harness.key_press(Key::Escape);
    test.settle();
    assert_eq!(test.harness.state().app().overlay, None);
    // What was edited is not lost by closing.
    test.click("Show them again");
    assert_eq!(rows(&test)[29].candidate.entry.name, "S30");
}

#[test]
fn names_that_are_taken_are_told_before_anything_is_added() {
    let mut test = summary();
    type_into(&mut test, "Name of sample 2", "GSM1_S1");
    assert!(test.shows("Two samples are called GSM1_S1; give one another name."));
    let add = test.harness.get_by_role_and_label(Role::Button, "Add 29 sections");
    assert!(add.accesskit_node().is_disabled());
    type_into(&mut test, "Name of sample 2", "a1");
    assert!(test.shows("A section of the project is called a1"));
    // Escape takes the typing back and nothing else.
    test.harness.get_by_label("Name of sample 2").click();
    test.settle();
    test.harness.get_by_label("Name of sample 2").type_text("b");
    test.settle();
    test.harness.key_press(Key::Escape);
    test.settle();
    assert_eq!(test.harness.state().app().overlay, Some(Overlay::Samples));
    assert_eq!(rows(&test)[1].candidate.entry.name, "a1");
    type_into(&mut test, "Name of sample 2", "Second");
    test.harness.get_by_label("Labels of several samples").click();
    test.settle();
    test.harness.get_by_label("layer").click();
    test.settle();
    assert_eq!(rows(&test).iter().filter(|r| r.candidate.entry.label_column.is_some()).count(), 10);
    test.click("Add 29 sections");
    let open = test.harness.state().app().open.as_ref().unwrap();
    assert_eq!(open.doc().sections.len(), 32);
    assert_eq!(open.doc().sections[4].name, "Second");
    test.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    test.settle();
    assert_eq!(test.harness.state().app().open.as_ref().unwrap().doc().sections.len(), 3);
}

/// Rows that are out of view are scrolled to, and warnings of many are told once.
#[test]
fn thirty_rows_scroll_in_every_size_of_window() {
    for (width, height) in [(1024.0, 680.0), (1440.0, 900.0)] {
        let mut test = Test::sized(width, height);
        test.send(Command::Project(hiscmcl::app::command::ProjectCommand::Open("test.hiscmcl".into())));
        test.until(|w| w.app().open.as_ref().is_some_and(|o| o.ready().count() == 3));
        test.send(Command::Section(SectionCommand::Find(vec!["/elsewhere".into()])));
        test.until(|w| w.app().overlay == Some(Overlay::Samples));
        for label in ["Add 29 sections", "Cancel", "Set patient", "Tick all"] {
            let rect = test.harness.get_all_by_role_and_label(Role::Button, label).last().unwrap().rect();
            assert!(rect.right() <= width && rect.bottom() <= height, "{label} lies at {rect:?} of {height}");
        }
        assert!(test.shows("GSM1_S5, GSM1_S10, GSM1_S15, GSM1_S20 and 2 more: Only a small image"));
        for _ in 0..30 {
            test.harness.key_press(Key::ArrowDown);
            test.settle();
        }
        assert!(rows(&test)[29].selected);
        let name = test.harness.get_by_label("Name of sample 30").rect();
        assert!(name.bottom() <= height, "{name:?}");
        assert!(test.harness.query_by_label("Name of sample 1").is_none(), "it is scrolled away");
    }
}

#[test]
fn a_sample_that_cannot_be_used_says_why_and_is_not_added() {
    const WHY: &str = "/elsewhere/4.tsv: the file is empty";
    let mut test = summary();
    let mut form = test.harness.state().app().forms.samples.clone();
    form.rows[3].candidate.refused = Some(WHY.to_owned());
    form.rows[3].taken = false;
    test.send(Command::Section(SectionCommand::EditSamples(form)));
    assert!(test.shows(&format!("GSM1_S4 cannot be used: {WHY}.")));
    assert!(test.shows("Add 28 sections"));
    test.harness.get_by_label("Add GSM1_S4").click();
    test.settle();
    assert!(test.shows(&format!("GSM1_S4 cannot be used: {WHY}. Untick it to add the others.")));
    let add = test.harness.get_by_role_and_label(Role::Button, "Add 29 sections");
    assert!(add.accesskit_node().is_disabled());
}

#[test]
fn the_summary_fits_into_a_small_window() {
    let mut test = Test::sized(900.0, 600.0);
    test.send(Command::Project(hiscmcl::app::command::ProjectCommand::Open("test.hiscmcl".into())));
    test.until(|w| w.app().open.as_ref().is_some_and(|o| o.ready().count() == 3));
    test.send(Command::Section(SectionCommand::Find(vec!["/elsewhere".into()])));
    test.until(|w| w.app().overlay == Some(Overlay::Samples));
    let window = eframe::egui::Rect::from_min_size(Default::default(), eframe::egui::vec2(900.0, 600.0));
    let taken = rows(&test).iter().filter(|r| r.taken).count();
    for label in ["What was found", "Notes", &format!("Add {taken} sections"), "Cancel"] {
        let rect = test.harness.get_by_label(label).rect();
        assert!(window.contains_rect(rect), "{label}: {rect:?}");
    }
}
