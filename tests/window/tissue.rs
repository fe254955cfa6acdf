//! The tissue and the grid of a slide without measurements: real pixels, made-up predictions.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use eframe::egui::{Key, Modifiers, Vec2, accesskit::Role};
use egui_kittest::kittest::Queryable as _;
use hiscmcl::app::command::{Command, ProjectCommand, Step};
use hiscmcl::app::explore::ExploreCommand;
use hiscmcl::app::queue::Engine;
use hiscmcl::core::display::{MarkShape, PaneKind};
use hiscmcl::core::matrix::Matrix;
use hiscmcl::core::places::GridLattice;
use hiscmcl::data::project::{Project, SectionEntry};
use hiscmcl::data::section::Section;
use hiscmcl::jobs::context::JobContext;
use hiscmcl::jobs::outcome::Outcome;
use hiscmcl::jobs::request::Request;
use hiscmcl::jobs::run_store::RunKind;
use hiscmcl::jobs::tissue::FoundTissue;
use hiscmcl::predict::Predictions;

use super::{Test, enter, genes};

/// Side of the slide in pixels, at 4 micrometres each.
const SIDE: u32 = 1000;

/// Does what is asked of slides without measurements as the application does it; what is predicted at each place is how
/// many places there are.
pub fn answer(request: &Request, ctx: &JobContext) -> Option<anyhow::Result<Outcome>> {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    let real = |request: Request| (ENGINE.get_or_init(Engine::default).runner)(request, ctx);
    match request {
        Request::OpenSection { entry, .. } if is_ours(entry) => Some(real(request.clone())),
        Request::FindTissue(_) => Some(real(request.clone())),
        Request::Predict { snapshot, section, run } => {
            let entry = snapshot.project.section(section).filter(|entry| is_ours(entry))?.clone();
            let read = real(Request::OpenSection { key: String::new(), entry });
            let predicted = read.map(|outcome| match outcome {
                Outcome::Section(read) => {
                    let predictions = Arc::new(predictions(&read.section, &run.config.genes));
                    Outcome::Predicted { run: run.id.clone(), predictions, reach: None }
                }
                other => other,
            });
            Some(predicted)
        }
        _ => None,
    }
}

/// Whether it is the slide of these tests.
fn is_ours(entry: &SectionEntry) -> bool {
    entry.image.ends_with("plain.png") && entry.image.is_file()
}

fn predictions(section: &Section, genes: &[String]) -> Predictions {
    let n = section.spots.len();
    Predictions {
        section: section.name.clone(),
        spots: section.spots.iter().map(|s| s.id.clone()).collect(),
        genes: genes.to_vec(),
        mean: Matrix::from_fn(n, genes.len(), |_, _| n as f32),
        uncertainty: Matrix::from_fn(n, genes.len(), |_, _| 0.5),
        retrieved: vec![Vec::new(); n],
        bank_spots: Vec::new(),
    }
}

/// A project of one slide with 2 x 2 mm of tissue in its middle, on the Explore page, with a run that predicts it.
fn slide(folder: &Path) -> Test {
    slide_in(folder, 1440.0, 900.0)
}

fn slide_in(folder: &Path, width: f32, height: f32) -> Test {
    let image = folder.join("plain.png");
    let inside = |v: u32| (SIDE / 4..3 * SIDE / 4).contains(&v);
    let pixel = |x, y| image::Rgb(if inside(x) && inside(y) { [190, 130, 185] } else { [240, 236, 241] });
    image::RgbImage::from_fn(SIDE, SIDE, pixel).save(&image).unwrap();
    let mut project = Project::new();
    project.add(SectionEntry { mpp: Some(4.0), ..SectionEntry::slide("plain", image, None) }).unwrap();
    let path = folder.join("slide.hiscmcl");
    project.save(&path).unwrap();
    let mut test = Test::sized(width, height);
    test.send(Command::Project(ProjectCommand::Open(path)));
    test.until(|w| w.app().open.as_ref().is_some_and(|o| o.viewable().count() == 1));
    test.rest();
    let open = test.harness.state_mut().app_mut().open.as_mut().unwrap();
    open.runs.list = vec![genes::run(RunKind::Model { test: Vec::new() })];
    test.send(Command::GoTo(Step::Explore));
    test.until(|w| found(w.app()).is_some() && is_predicted(w.app()));
    test
}

fn found(app: &hiscmcl::app::state::App) -> Option<&FoundTissue> {
    app.explore.tissue.latest(&app.explore.index()?.section().slide)?.ok()
}

/// Whether the maps show a prediction of the very places that are shown, and the tissue is known as it is set.
fn is_predicted(app: &hiscmcl::app::state::App) -> bool {
    let (Some(index), Some(prediction)) = (app.explore.index(), app.explore.prediction()) else {
        return false;
    };
    let n = index.section().spots.len();
    let values = app.explore.map().values.maps.predicted();
    prediction.predictions().spots.len() == n
        && values.is_some_and(|values| values.iter().all(|v| *v == n as f32))
        && app.explore.wanted_tissue().is_none()
}

fn places(test: &Test) -> usize {
    test.app().explore.index().unwrap().section().spots.len()
}

fn area(test: &Test) -> f64 {
    found(test.app()).unwrap().area_mm2
}

/// Waits until the places of a change are laid and predicted, and gives how many there are.
fn after_change(test: &mut Test, before: usize) -> usize {
    test.until(|w| {
        w.app().explore.index().is_some_and(|i| i.section().spots.len() != before) && is_predicted(w.app())
    });
    places(test)
}

fn undo(test: &mut Test) {
    test.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    test.settle();
}

#[test]
fn pitch_and_lattice_change_the_places_and_undo_restores_them() {
    let dir = tempfile::tempdir().unwrap();
    let mut test = slide(dir.path());
    let first = places(&test);
    assert!(test.shows(&format!("{first} places on 4.0 mm\u{00B2} of tissue")));
    let camera = test.app().explore.camera.pose();
    enter(&mut test, "Pitch in \u{00B5}m", "50");
    let fine = after_change(&mut test, first);
    assert!((3.5..4.5).contains(&(fine as f64 / first as f64)), "{first} and {fine}");
    assert_eq!(test.app().explore.camera.pose(), camera, "the view stays where it is");
    assert!(
        test.asked(|r| matches!(r, Request::SaveProject { .. }))
            || test.app().open.as_ref().unwrap().is_unsaved()
    );

    test.harness.get_by_role_and_label(Role::ComboBox, "Lattice").click();
    test.settle();
    test.harness.get_by_label("square").click();
    let square = after_change(&mut test, fine);
    let grid = test.app().open.as_ref().unwrap().doc().sections[0].grid.unwrap();
    assert_eq!((grid.pitch_um, grid.lattice), (50.0, GridLattice::Square));
    assert!(square < fine, "a square lattice has fewer places");

    test.key(Key::Escape);
    undo(&mut test);
    assert!(test.shows("Undone: Lattice of plain"));
    assert_eq!(after_change(&mut test, square), fine);
    undo(&mut test);
    assert_eq!(after_change(&mut test, fine), first);
    assert_eq!(test.app().open.as_ref().unwrap().doc().sections[0].grid, None);
}

#[test]
fn a_pitch_that_is_not_possible_is_answered_in_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let mut test = slide(dir.path());
    for (typed, said) in [
        (
            "5",
            "The grid of plain was not changed. A grid of 5 \u{00B5}m is not possible: choose 20 to 10000 \u{00B5}m",
        ),
        ("wide", "The grid of plain was not changed: \"wide\" is not a length"),
    ] {
        enter(&mut test, "Pitch in \u{00B5}m", typed);
        assert!(test.shows(said), "{typed}");
        assert_eq!(test.app().open.as_ref().unwrap().doc().sections[0].grid, None);
        test.key(Key::Escape);
    }
    enter(&mut test, "Pitch in \u{00B5}m", "80 \u{00B5}m");
    let grid = test.app().open.as_ref().unwrap().doc().sections[0].grid.unwrap();
    assert_eq!(grid.pitch_um, 80.0);
    assert!(!test.shows("is not possible") && !test.shows("is not a length"));
}

#[test]
fn the_brush_adds_and_removes_tissue_and_never_chooses_a_spot() {
    let dir = tempfile::tempdir().unwrap();
    let mut test = slide(dir.path());
    let (first, area_before) = (places(&test), area(&test));
    let camera = test.app().explore.camera.pose();
    test.click("Remove tissue");
    let pane = "Predicted map";
    let (from, to) = (test.on_screen(pane, 400.0, 500.0), test.on_screen(pane, 600.0, 500.0));
    test.drag(from, to);
    let fewer = after_change(&mut test, first);
    assert!(fewer < first);
    // A band of 0.4 mm width and 0.8 mm length, round at its ends.
    assert!((area_before - area(&test) - 0.45).abs() < 0.05, "{}", area(&test));
    assert!(found(test.app()).unwrap().outlines.iter().any(|o| o.is_hole));
    assert_eq!((test.app().explore.spot(), test.app().explore.camera.pose()), (None, camera));
    let strokes = |test: &Test| test.app().open.as_ref().unwrap().doc().sections[0].tissue.strokes.len();
    assert!((4..12).contains(&strokes(&test)), "{} circles", strokes(&test));

    // With Space held the pointer pans.
    test.harness.key_down(Key::Space);
    test.settle();
    test.drag(from, to);
    test.harness.key_up(Key::Space);
    test.settle();
    assert_ne!(test.app().explore.camera.pose(), camera);
    test.send(Command::Explore(ExploreCommand::Fit));

    // A click is one circle.
    test.click("Add tissue");
    test.key(Key::CloseBracket);
    assert_eq!(test.app().explore.tissue.diameter_um(), 500.0);
    let before = strokes(&test);
    let corner = test.on_screen(pane, 240.0, 240.0);
    test.press_at(corner);
    test.settle();
    assert_eq!(strokes(&test), before + 1);
    after_change(&mut test, fewer);

    test.key(Key::Escape);
    assert_eq!(test.app().explore.tissue.brush(), None);
    let chosen = test.on_screen(pane, 300.0, 300.0);
    test.press_at(chosen);
    test.settle();
    assert!(test.app().explore.spot().is_some(), "without the brush a click chooses a spot again");

    test.click("Clear strokes");
    test.until(|w| is_predicted(w.app()) && w.app().explore.index().unwrap().section().spots.len() == first);
    assert_eq!(strokes(&test), 0);
    for (what, left) in [
        ("Clear the strokes of plain", before + 1),
        ("Add tissue to plain", before),
        ("Remove tissue from plain", 0),
    ] {
        undo(&mut test);
        assert!(test.shows(&format!("Undone: {what}")), "{what}");
        assert_eq!(strokes(&test), left);
    }
    assert_eq!(places(&test), first);
}

#[test]
fn the_threshold_changes_the_tissue_and_is_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut test = slide(dir.path());
    let first = places(&test);
    let slider = test.harness.get_by_role_and_label(Role::Slider, "Tissue threshold").rect();
    // To the far end, at which nothing is tissue.
    test.drag(slider.center(), slider.right_center() - Vec2::new(2.0, 0.0));
    test.until(|w| found(w.app()).is_some_and(|f| f.area_mm2 == 0.0));
    assert!(test.shows("No tissue was found"));
    test.until(|w| w.app().explore.index().unwrap().section().spots.is_empty());
    let threshold = |test: &Test| test.app().open.as_ref().unwrap().doc().sections[0].tissue.threshold;
    assert!(threshold(&test).unwrap() > 0.25);
    test.click("Automatic");
    assert_eq!(threshold(&test), None);
    assert_eq!(after_change(&mut test, 0), first);
    undo(&mut test);
    undo(&mut test);
    assert_eq!(threshold(&test), None, "a drag is one step");
}

#[test]
fn a_slide_is_drawn_as_cells_and_so_is_its_figure() {
    let dir = tempfile::tempdir().unwrap();
    let mut test = slide(dir.path());
    assert!(test.app().explore.draws_cells());
    assert!(test.harness.query_by_role_and_label(Role::Slider, "Spot size").is_none());
    test.harness.get_by_label("Tissue outline").click();
    test.settle();
    assert!(!test.app().explore.display().tissue_outline);
    let ask = |test: &mut Test, shape: &str| {
        test.harness.get_by_role_and_label(Role::ComboBox, "Draw as").click();
        test.settle();
        test.harness.get_by_label(shape).click();
        test.settle();
    };
    ask(&mut test, "spots");
    assert!(!test.app().explore.draws_cells());
    test.harness.get_by_role_and_label(Role::Slider, "Spot size");
    ask(&mut test, "cells");
    test.click("Add to figure");
    test.send(Command::GoTo(Step::Export));
    let asked = Arc::clone(&test.asked);
    test.until(|_| asked.lock().unwrap().iter().any(|r| matches!(r, Request::Preview { .. })));
    assert!(
        test.asked(
            |r| matches!(r, Request::Preview { figure: f, .. } if f.display.shape == MarkShape::Cells)
        )
    );
    // The figure has the panes that a slide without measurements can fill.
    let file = dir.path().join("plain.png.figure.png");
    test.click("Save the figure…");
    enter(&mut test, "Path of the file to write", &file.display().to_string());
    test.rest();
    let saves = |r: &Request| match r {
        Request::SaveFigure { figure, path, .. } => {
            assert_eq!((path, figure.sections.as_slice()), (&file, ["plain".to_owned()].as_slice()));
            assert!(figure.run.is_some() && figure.genes.len() == 1, "{figure:?}");
            assert!(figure.display.panes.contains(&PaneKind::Predicted), "{:?}", figure.display.panes);
            assert!(!figure.display.panes.contains(&PaneKind::Measured), "{:?}", figure.display.panes);
            figure.display.shape == MarkShape::Cells
        }
        _ => false,
    };
    let asked = Arc::clone(&test.asked);
    test.until(|_| asked.lock().unwrap().iter().any(saves));
}

#[test]
fn the_buttons_stay_in_view_in_a_small_window() {
    let dir = tempfile::tempdir().unwrap();
    let test = slide_in(dir.path(), 900.0, 600.0);
    for label in ["Add to figure", "Copy values"] {
        let rect = test.place(label);
        assert!(rect.bottom() <= 600.0 && rect.right() <= 900.0, "{label} is at {rect:?}");
    }
    let (left, right) = (test.place("Add tissue"), test.place("Remove tissue"));
    assert!(left.right() <= right.left() && right.right() <= 900.0);
}
