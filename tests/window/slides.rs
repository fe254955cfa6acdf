//! Slides without measurements: added, measured on, and predicted all at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::anyhow;
use eframe::egui::{Key, accesskit::Role, vec2};
use egui_kittest::kittest::Queryable as _;
use hiscmcl::app::command::{Command, Overlay, SectionCommand, Step};
use hiscmcl::app::project::SectionState;
use hiscmcl::core::matrix::Csr;
use hiscmcl::data::candidates::Candidate;
use hiscmcl::data::project::SectionEntry;
use hiscmcl::data::section::Section;
use hiscmcl::evaluate::report::Split;
use hiscmcl::jobs::outcome::{Outcome, ReadSection};
use hiscmcl::jobs::request::Request;
use hiscmcl::jobs::run_store::{RunInfo, RunKind};
use hiscmcl::jobs::workspace::Unreadable;

use super::{Test, genes, section};

/// What the double says of slides.
pub fn answer(request: &Request) -> Option<anyhow::Result<Outcome>> {
    Some(Ok(match request {
        Request::FindSamples { paths, as_slides: true, .. } => {
            let found = paths.iter().map(|file| candidate(file)).collect();
            Outcome::Scanned { found, suggestions: Vec::new(), notes: Vec::new() }
        }
        Request::OpenSection { entry, .. } if entry.image.ends_with("damaged.mrxs") => {
            return Some(Err(anyhow!("{}: MIRAX files cannot be read", entry.image.display())));
        }
        Request::UseOpenSlide { library } => match library.ends_with("libopenslide.so") {
            true => Outcome::OpenSlide { version: "4.0.1".into() },
            false => return Some(Err(anyhow!("{}: this is not the library", library.display()))),
        },
        Request::OpenSection { entry, .. } if !entry.is_measured() => {
            let section = Section {
                genes: Vec::new(),
                counts: Csr::default(),
                slide: entry.image.clone(),
                ..section(&entry.name)
            };
            Outcome::Section(ReadSection { section: Arc::new(section), umis: 0.0 })
        }
        Request::PredictSlides { folder, slides, .. } => {
            let failed: Vec<Unreadable> = slides
                .iter()
                .filter(|s| s.contains("damaged"))
                .map(|s| Unreadable { name: s.clone(), reason: "its file is cut off".into() })
                .collect();
            let count = slides.len() - failed.len();
            Outcome::PredictedSlides { folder: folder.clone(), count, failed }
        }
        _ => return None,
    }))
}

fn candidate(file: &Path) -> Candidate {
    let name = file.file_stem().unwrap().to_string_lossy();
    Candidate {
        entry: SectionEntry::slide(name, file.to_path_buf(), None),
        chosen: true,
        line: "H&E slide".to_owned(),
        warnings: Vec::new(),
        size: None,
        label_columns: Vec::new(),
        refused: Some("the file does not say how many \u{00B5}m a pixel measures".to_owned()),
        copy_of: None,
        label_fit: None,
    }
}

/// A window that shows what was found of slides in `folder`, which have 400 x 200 pixels.
fn found(folder: &tempfile::TempDir, names: &[&str]) -> Test {
    let files: Vec<PathBuf> = names.iter().map(|name| folder.path().join(format!("{name}.png"))).collect();
    for file in &files {
        image::RgbImage::from_pixel(400, 200, image::Rgb([200, 120, 190])).save(file).unwrap();
    }
    let mut test = Test::open("test.hiscmcl");
    test.send(Command::Section(SectionCommand::FindSlides(files)));
    test.until(|w| w.app().overlay == Some(Overlay::Samples));
    test
}

fn mpp_of(test: &Test, row: usize) -> Option<f64> {
    test.app().forms.samples.rows[row].candidate.entry.mpp
}

fn enter(test: &mut Test, label: &str, text: &str) {
    test.harness.get_by_label(label).click();
    test.settle();
    // In place of what the field began with.
    test.command_key(Key::A);
    test.harness.get_by_label(label).type_text(text);
    test.settle();
    test.key(Key::Enter);
}

#[test]
fn slides_are_asked_for_by_a_button() {
    let mut test = Test::open("test.hiscmcl");
    test.click("Add slides…");
    let Some(Overlay::Path(request)) = test.overlay() else { panic!("{:?}", test.overlay()) };
    assert_eq!(request.title(), "Add H&E slides");
    let folder = tempfile::tempdir().unwrap();
    enter(&mut test, "Path of a file or a folder", &folder.path().display().to_string());
    let typed = [folder.path().to_path_buf()];
    let asked = Arc::clone(&test.asked);
    let finds =
        |r: &Request| matches!(r, Request::FindSamples { paths, as_slides: true, .. } if *paths == typed);
    test.until(|_| asked.lock().unwrap().iter().any(finds));
}

#[test]
fn what_could_not_be_opened_is_tried_again_with_openslide() {
    let folder = tempfile::tempdir().unwrap();
    let mut test = Test::open("test.hiscmcl");
    let entry = SectionEntry::slide("m", folder.path().join("damaged.mrxs"), None);
    let open = test.harness.state_mut().app_mut().open.as_mut().unwrap();
    open.edit("Add", None, |p| p.add(entry).unwrap());
    let opened = |test: &Test| {
        let opens = |r: &&Request| matches!(r, Request::OpenSection { entry, .. } if entry.name == "m");
        test.asked.lock().unwrap().iter().filter(opens).count()
    };
    test.until(|w| {
        w.app()
            .open
            .as_ref()
            .unwrap()
            .section("m")
            .is_some_and(|s| matches!(s.state, SectionState::Failed(..)))
    });
    let before = opened(&test);
    let choose = |test: &mut Test, name: &str| {
        let library = folder.path().join(name);
        std::fs::write(&library, "").unwrap();
        test.command_key(Key::L);
        test.harness.get_by_label("Search commands").type_text("mrxs");
        test.settle();
        test.key(Key::Enter);
        enter(test, "Path of the file", &library.display().to_string());
        test.rest();
        library
    };
    choose(&mut test, "other.so");
    assert!(test.shows("other.so: this is not the library"));
    assert_eq!((test.app().settings.openslide.clone(), opened(&test)), (None, before));
    let library = choose(&mut test, "libopenslide.so");
    assert!(test.shows("OpenSlide 4.0.1 now reads"));
    assert_eq!(test.app().settings.openslide, Some(library));
    assert_eq!(opened(&test), before + 1, "what had failed is read again, and nothing else");
}

#[test]
fn a_resolution_that_is_none_is_told_and_a_magnification_taken() {
    let folder = tempfile::tempdir().unwrap();
    let mut test = found(&folder, &["slide"]);
    assert!(!test.app().forms.samples.rows[0].taken);
    test.harness.get_by_label("Add slide").click();
    test.settle();
    assert!(test.shows("does not say how many \u{00B5}m a pixel measures"));
    enter(&mut test, "Micrometres per pixel of sample 1", "many");
    assert!(test.shows("\"many\" is neither a number of \u{00B5}m per pixel"));
    assert_eq!(mpp_of(&test, 0), None);
    test.command_key(Key::A);
    test.harness.get_by_label("Micrometres per pixel of sample 1").type_text("40x");
    test.settle();
    test.key(Key::Enter);
    assert_eq!(mpp_of(&test, 0), Some(0.25));
    assert!(!test.shows("is neither a number"));
}

#[test]
fn a_distance_drawn_on_the_slide_gives_its_resolution() {
    let folder = tempfile::tempdir().unwrap();
    let mut test = found(&folder, &["slide"]);
    test.click("Measure the resolution of sample 1");
    assert!(matches!(test.overlay(), Some(Overlay::Measure(_))));
    let canvas = |test: &Test| test.harness.get_by_label("Slide to measure on").rect();
    let mut waited = 0;
    while test.shows("Reading the slide image") && waited < 400 {
        std::thread::sleep(std::time::Duration::from_millis(5));
        test.harness.run_steps(1);
        waited += 1;
    }
    test.settle();
    // The slide fills the width but for a margin on both sides; the points lie a quarter of the view apart.
    let rect = canvas(&test);
    let by = rect.width() / 4.0;
    for x in [-by / 2.0, by / 2.0] {
        test.press_at(rect.center() + vec2(x, 0.0));
        // Two clicks, not a double click.
        std::thread::sleep(std::time::Duration::from_millis(5));
        test.harness.run_steps(8);
    }
    assert!(test.shows("pixels long"), "both points are placed");
    enter(&mut test, "Distance between the points", "1 inch");
    assert!(test.shows("\"1 inch\" is not a length"));
    test.harness.get_by_label("Distance between the points").click();
    test.command_key(Key::A);
    test.harness.get_by_label("Distance between the points").type_text("0,1 mm");
    test.settle();
    test.key(Key::Enter);
    assert_eq!(test.overlay(), Some(&Overlay::Samples), "back in the summary");
    let mpp = mpp_of(&test, 0).unwrap();
    assert!((0.5..2.0).contains(&mpp), "{mpp}");
    assert!(test.app().forms.samples.rows[0].taken, "only the resolution was missing");
    test.click("Add 1 section");
    test.until(|w| w.app().open.as_ref().unwrap().section("slide").is_some());
    assert_eq!(test.app().open.as_ref().unwrap().section("slide").unwrap().entry.mpp, Some(mpp));
}

#[test]
fn leaving_the_measurement_goes_back_to_the_summary() {
    let folder = tempfile::tempdir().unwrap();
    let mut test = found(&folder, &["slide"]);
    test.click("Measure the resolution of sample 1");
    test.key(Key::Escape);
    assert_eq!(test.overlay(), Some(&Overlay::Samples));
}

#[test]
fn all_slides_are_predicted_into_a_folder_and_what_failed_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut test = found(&folder, &["one", "two", "damaged"]);
    for row in 1..=3 {
        enter(&mut test, &format!("Micrometres per pixel of sample {row}"), "20x");
    }
    test.click("Add 3 sections");
    test.until(|w| w.app().open.as_ref().unwrap().viewable().count() == 6);
    test.send(Command::GoTo(Step::Export));
    assert!(
        test.harness.query_by_role_and_label(Role::Button, "Predict all slides…").is_none(),
        "no model yet"
    );
    // A cross-validation predicts only the sections it was tested on, even where the figure shows it.
    let folds =
        RunInfo { id: "folds".into(), ..genes::run(RunKind::CrossValidation { split: Split::Section }) };
    let app = test.harness.state_mut().app_mut();
    app.open.as_mut().unwrap().runs.list = vec![folds, genes::run(RunKind::Model { test: Vec::new() })];
    app.forms.export.run = Some("folds".into());
    test.settle();
    test.click("Predict all slides…");
    let out = folder.path().join("predicted");
    test.harness.get_by_label("Path of the folder").click();
    test.settle();
    test.command_key(Key::A);
    test.harness.get_by_label("Path of the folder").type_text(&out.display().to_string());
    test.settle();
    test.key(Key::Enter);
    let slides = ["one", "two", "damaged"];
    let asks = |r: &Request| match r {
        Request::PredictSlides { slides: s, folder, run, .. } => {
            *s == slides && *folder == out && run.id == "cli"
        }
        _ => false,
    };
    // Jobs note what they were asked for on threads of their own.
    let asked = Arc::clone(&test.asked);
    test.until(|_| asked.lock().unwrap().iter().any(asks));
    let said = format!("Predicted 2 of 3 slides into {}.", out.display());
    test.until(move |w| w.app().notices.open().any(|n| n.headline == said));
}
