use super::saving::{AUTOSAVE_AFTER, RETRY_AFTER};
use super::*;
use crate::app::forms::TrainForm;
use crate::app::held_out;
use crate::data::project::{GeneOrigin, GeneSelection};
use crate::data::testing::section;

/// A project of sections with these names.
pub fn open(names: &[&str]) -> OpenProject {
    let sections = names
        .iter()
        .map(|n| SectionEntry {
            patient: n.get(..1).map(Into::into),
            ..SectionEntry::legacy(
                *n,
                format!("{n}.tsv").into(),
                format!("{n}_selection.tsv").into(),
                format!("{n}.jpg").into(),
            )
        })
        .collect();
    let mut doc = Project::new();
    doc.sections = sections;
    OpenProject::new("p.hiscmcl".into(), doc, Vec::new(), false)
}

/// The same, with sections of 20 or 19 spots that were read.
pub fn ready(names: &[&str]) -> OpenProject {
    let mut open = open(names);
    for (at, entry) in open.take_pending_sections().iter().enumerate() {
        let mut read = section(&entry.name, &["A"], &[&[1.0_f32][..]; 20]);
        read.spots.truncate(20 - at % 2);
        read.patient.clone_from(&entry.patient);
        let read = ReadSection { section: Arc::new(read), umis: 3.0 };
        open.set_state(key(entry), SectionState::Ready(read));
    }
    open
}

#[test]
fn a_section_with_values_of_another_kind_takes_no_part() {
    let mut open = ready(&["A1", "B1", "C1"]);
    let entry = open.doc().sections[2].clone();
    let other = Section { values: ValueKind::Normalised, ..section("C1", &["Z"], &[&[1.5_f32][..]; 20]) };
    let read = ReadSection { section: Arc::new(other), umis: 0.0 };
    open.set_state(key(&entry), SectionState::Ready(read));
    let names: Vec<&str> = open.taking_part().map(|s| s.name.as_str()).collect();
    assert_eq!((names, open.ready().count()), (vec!["A1", "B1"], 3));
    assert_eq!(open.of_other_kind(), Some((vec!["C1"], ValueKind::Normalised)));
    assert_eq!(held_out(&TrainForm::default(), &open), ["B1"], "the last that takes part");
}

#[test]
fn the_patient_of_a_slide_without_measurements_need_not_be_known() {
    let mut open = open(&["A1", "B1"]);
    open.edit("Add", None, |p| p.sections.push(SectionEntry::slide("s", "s.svs".into(), None)));
    assert_eq!(open.patients(), Some(vec!["A", "B"]));
}

#[test]
fn edits_are_undone_and_wait_to_be_saved() {
    let mut open = open(&["C2", "C3"]);
    assert!(!open.is_unsaved());
    assert!(open.edit("Rename C2", None, |p| p.sections[0].name = "A".into()));
    assert!(open.is_unsaved());
    assert!(matches!(open.wants_save(Instant::now()), Err(Some(_))));
    assert_eq!(open.wants_save(Instant::now() + AUTOSAVE_AFTER), Ok(()));
    open.save_begins();
    open.save_ended(None);
    assert!(!open.is_unsaved());
    assert_eq!(open.undo().as_deref(), Some("Rename C2"));
    assert_eq!(open.doc().sections[0].name, "C2");
    assert!(open.is_unsaved(), "taking back is a change of the file");
    assert!(!open.edit("Nothing", None, |_| ()));
}

#[test]
fn a_failed_save_is_tried_again_later() {
    let mut open = open(&["C2"]);
    open.edit("x", None, |p| {
        p.selection = Some(GeneSelection { genes: vec!["GNAS".into()], how: GeneOrigin::Unknown })
    });
    open.save_begins();
    open.save_ended(Some("the disk is full".into()));
    assert!(open.is_unsaved());
    assert!(matches!(open.wants_save(Instant::now() + AUTOSAVE_AFTER), Err(Some(_))));
    assert_eq!(open.wants_save(Instant::now() + RETRY_AFTER * 2), Ok(()));
}

#[test]
fn missing_files_wait_for_the_user() {
    let mut doc = Project::new();
    doc.sections.push(SectionEntry { name: "C2".into(), image: "gone.jpg".into(), ..Default::default() });
    let missing = MissingFile { section: "C2".into(), role: FileRole::Image, path: "gone.jpg".into() };
    let mut open = OpenProject::new("p.hiscmcl".into(), doc, vec![missing], false);
    assert!(open.take_pending_sections().is_empty());
    open.edit("Relocate", None, |p| p.sections[0].image = "there.jpg".into());
    assert_eq!(open.take_pending_sections().len(), 1);
    assert!(open.is_loading());
}
