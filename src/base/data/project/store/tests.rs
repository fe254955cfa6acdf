use super::super::tests::entry;
use super::*;
use crate::core::geometry::SlidePoint;
use crate::core::places::{GridLattice, GridSettings, Stroke, TissueSettings};
use crate::core::target::Target;
use crate::data::mutate::fuzz_file;
use crate::data::panels::GenePanel;
use crate::data::project::{GeneOrigin, GeneSelection};
use crate::data::regions::{ClassName, Region, rectangle};
use crate::data::st::FileRole;
use proptest::prelude::*;
use serde_json::json;

fn sample(folder: &Path) -> Project {
    let mut project = Project::new();
    let mut c2 = entry("C2", folder);
    c2.mpp = Some(0.69);
    c2.labels = Some(folder.join("lbl/C2.tsv"));
    project.add(c2).unwrap();
    project.add(entry("C3", &folder.join("../elsewhere"))).unwrap();
    project.panels.push(GenePanel {
        name: "Mine".into(),
        genes: vec!["ERBB2".into()],
        ..GenePanel::default()
    });
    project.selection =
        Some(GeneSelection { genes: vec!["GNAS".into()], how: GeneOrigin::from_list("typed") });
    project.target = Target::Lognorm;
    project.train = json!({"epochs": 7});
    project.view = json!({"section": "C2"});
    project
}

#[test]
fn what_another_program_saved_is_not_undone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("p.hiscmcl");
    let mut mine = sample(dir.path());
    mine.save(&path).unwrap();
    mine.view = json!({"section": "C3"});
    mine.save(&path).unwrap();
    // Another program adds a panel.
    let text = fs::read_to_string(&path).unwrap().replace("\"Mine\"", "\"Theirs\"");
    fs::write(&path, &text).unwrap();
    // Where the user was is noted without undoing or hiding it.
    Project::save_view(&path, &json!({"section": "C2"})).unwrap();
    let e = mine.save(&path).unwrap_err().to_string();
    assert!(e.contains("p.hiscmcl was changed by another program since it was opened here"), "{e}");
    let theirs = Project::load(&path).unwrap();
    assert_eq!((theirs.panels[0].name.as_str(), &theirs.view["section"]), ("Theirs", &json!("C2")));
    // Seen now; and whoever chooses the file to save to may replace it.
    theirs.save(&path).unwrap();
    fs::write(&path, &text).unwrap();
    mine.save_over(&path).unwrap();
    assert_eq!(Project::load(&path).unwrap().panels[0].name, "Mine");

    fs::remove_file(&path).unwrap();
    let e = mine.save(&path).unwrap_err().to_string();
    assert!(e.contains("p.hiscmcl is not there any more") && !path.exists(), "{e}");
    mine.save_over(&path).unwrap();
    assert!(path.exists());
}

#[test]
fn what_is_saved_is_loaded_also_after_moving_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let home = fs::canonicalize(dir.path()).unwrap();
    let study = home.join("study");
    let project = sample(&study);
    let path = study.join("p.hiscmcl");
    project.save(&path).unwrap();
    let mut loaded = Project::load(&path).unwrap();
    assert_eq!(loaded.sections[1].source.counts(), home.join("elsewhere/cnt/C3.tsv"));
    loaded.sections[1].source = project.sections[1].source.clone();
    loaded.sections[1].image = project.sections[1].image.clone();
    assert_eq!(loaded, project);

    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("\"version\": 1") && text.contains("\"cnt/C2.tsv\""), "{text}");
    assert!(text.contains("\"../elsewhere/cnt/C3.tsv\""), "{text}");
    fs::rename(&study, home.join("moved")).unwrap();
    let loaded = Project::load(&home.join("moved/p.hiscmcl")).unwrap();
    assert_eq!(loaded.sections[0].source.counts(), home.join("moved/cnt/C2.tsv"));
}

#[cfg(unix)]
#[test]
fn a_project_behind_a_link_is_saved_where_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let home = fs::canonicalize(dir.path()).unwrap();
    let (path, link) = (home.join("study/p.hiscmcl"), home.join("link.hiscmcl"));
    sample(&home.join("study")).save(&path).unwrap();
    let mut project = Project::load(&path).unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert_eq!(Project::load(&link).unwrap(), project);
    project.view = json!({"section": "C3"});
    project.save(&link).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(Project::load(&path).unwrap(), project);
}

/// A section of each kind that version 1 did not know.
fn every_kind(home: &Path) -> Project {
    let visium = SectionEntry {
        name: "V1".into(),
        kind: SampleKind::VisiumHd { bin_um: 8 },
        source: Source::Visium {
            matrix: home.join("outs/m.h5"),
            positions: home.join("outs/p.parquet"),
            scale_factors: Some(home.join("outs/s.json")),
        },
        image: home.join("outs/hires.png"),
        image_scale: Some(0.25),
        ..SectionEntry::default()
    };
    let file = home.join("a.h5ad");
    let anndata = SectionEntry {
        name: "A".into(),
        kind: SampleKind::AnnData,
        image: crate::data::slide::place::in_anndata(&file, "lib", "hires").unwrap(),
        source: Source::AnnData { file, library: Some("lib".into()), layer: None },
        label_column: Some("cluster".into()),
        slide_mpp: Some(0.5),
        ..SectionEntry::default()
    };
    Project { sections: vec![visium, anndata], ..Project::default() }
}

#[test]
fn slides_without_measurements_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let home = fs::canonicalize(dir.path()).unwrap();
    let path = home.join("p.hiscmcl");
    let mut slide = SectionEntry::slide("S", home.join("scans/S.svs"), Some(0.25));
    slide.grid = Some(GridSettings { pitch_um: 50.0, lattice: GridLattice::Square });
    slide.tissue = TissueSettings {
        threshold: Some(0.1),
        strokes: vec![Stroke { center: SlidePoint::new(1.0, 2.0), radius: 3.0, is_tissue: true }],
    };
    let mut project = every_kind(&home);
    project.add(slide).unwrap();
    project.save(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("\"version\": 3") && text.contains("\"scans/S.svs\""), "{text}");
    let mut again = Project::load(&path).unwrap();
    assert_eq!(again, project);
    let missing: Vec<_> = again.section("S").unwrap().missing_files();
    assert_eq!(missing.len(), 1, "the slide is one file: {missing:?}");
    fs::write(home.join("S.svs"), "x").unwrap();
    again.relocate("S", FileRole::Image, &home.join("S.svs")).unwrap();
    let moved = again.section("S").unwrap();
    assert_eq!(moved.source, Source::Slide { file: moved.image.clone() });
    assert!(moved.missing_files().is_empty());
    // Without it older programs read the project.
    again.remove("S");
    again.save(&path).unwrap();
    assert!(fs::read_to_string(&path).unwrap().contains("\"version\": 2"));
}

#[test]
fn regions_come_back_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("p.hiscmcl");
    let mut project = sample(dir.path());
    let tumour = ClassName::new("Tumour").unwrap();
    project.classes.ensure(&ClassName::new("Stroma").unwrap());
    project.classes.ensure(&tumour);
    let square =
        |from: f64, to: f64| rectangle(SlidePoint::new(from, from), SlidePoint::new(to, to)).unwrap();
    let marked = Region::new(square(0.25, 10.5)).with_class(Some(tumour));
    let mut named = Region::new(square(20.0, 1e5));
    named.name = Some("a \"lobule\"".into());
    project.section_mut("C2").unwrap().regions = [marked, named].into_iter().collect();
    project.save(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().filter(|l| l.contains("10.5")).count(), 1, "{text}");
    let read = Project::load(&path).unwrap();
    let regions = |p: &Project| p.section("C2").unwrap().regions.clone();
    assert_eq!((&read.classes, regions(&read)), (&project.classes, regions(&project)));
    read.save(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), text);

    let damaged = text.replace("10.5,", "1e99,");
    fs::write(&path, damaged).unwrap();
    let said = Project::load(&path).unwrap_err().to_string();
    assert!(said.contains("p.hiscmcl") && said.contains("feature 1"), "{said}");
}

#[test]
fn sections_of_every_kind_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let home = fs::canonicalize(dir.path()).unwrap();
    let path = home.join("p.hiscmcl");
    let project = every_kind(&home);
    project.save(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    // A program that knows legacy ST only must not misread it.
    assert!(text.contains("\"version\": 2") && text.contains("\"outs/p.parquet\""), "{text}");
    assert_eq!(Project::load(&path).unwrap(), project);
    let roles: Vec<_> = project.missing_files().iter().map(|m| m.role.noun()).collect();
    let all = ["count matrix", "positions file", "scale factor file", "slide image", "AnnData file"];
    assert_eq!(roles, all, "an image within a file is not missing by itself");
    fs::write(&path, r#"{"version": 2, "sections": [{"name": "X", "image": "c"}]}"#).unwrap();
    let says = Project::load(&path).unwrap_err().to_string();
    assert!(says.ends_with("section X names no count table and spot file"), "{says}");
}

#[test]
fn unknown_fields_survive() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("p.hiscmcl");
    fs::write(
        &path,
        r#"{"version": 1, "annotations": {"a": [1, 2]}, "sections":
        [{"name": "C2", "counts": "a", "spots": "b", "image": "c", "assay": "st"}]}"#,
    )
    .unwrap();
    let mut project = Project::load(&path).unwrap();
    project.rename("C2", "C3").unwrap();
    project.save(&path).unwrap();
    let again: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(again["annotations"], json!({"a": [1, 2]}));
    assert_eq!(again["sections"][0]["name"], "C3");
    assert_eq!(again["sections"][0]["assay"], "st");
}

#[test]
fn newer_projects_are_neither_opened_nor_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("p.hiscmcl");
    let newer = r#"{"version": 4, "sections": "all in the cloud"}"#;
    fs::write(&path, newer).unwrap();
    for error in [Project::load(&path).unwrap_err(), Project::new().save(&path).unwrap_err()] {
        assert!(matches!(error, ProjectError::Newer { found: 4, known: 3, .. }));
        assert!(error.to_string().ends_with(
            "was saved by a newer HisCMCL (format 4, this one knows 3); update HisCMCL to open it, the file was left as it is"
        ));
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), newer);
}

#[test]
fn runs_lie_beside_the_project() {
    assert_eq!(runs_folder(Path::new("/d/p.hiscmcl")), Path::new("/d/p.runs"));
}

proptest! {
    #[test]
    fn a_mutated_project_never_panics(at in 0usize..600, with in any::<u8>(), cut in 0usize..1200) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.hiscmcl");
        sample(dir.path()).save(&path).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        if let Some(b) = bytes.get_mut(at) { *b = with; }
        bytes.truncate(cut);
        fs::write(&path, &bytes).unwrap();
        let _ = Project::load(&path);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = check_version(Path::new("p.hiscmcl"), &bytes);
    }
}
#[test]
#[ignore = "takes HISCMCL_FUZZ_MINUTES"]
fn damaged_projects_never_panic_for_minutes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("p.hiscmcl");
    let written = |project: &Project| {
        project.save(&path).unwrap();
        fs::read(&path).unwrap()
    };
    let sound = vec![written(&sample(dir.path())), written(&every_kind(dir.path()))];
    fuzz_file("project", "p.hiscmcl", sound, |path| {
        let project = Project::load(path);
        if let Ok(project) = &project {
            let _ = project.missing_files();
            let folder = folder_of(path);
            for section in &project.sections {
                let _ = project.stored_section(section, folder);
            }
        }
        project.is_ok()
    });
}
