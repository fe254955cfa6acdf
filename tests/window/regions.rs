//! Annotated regions on the Explore page.

use std::sync::OnceLock;

use eframe::egui::{Event, Key, Modifiers, PointerButton, accesskit::Role};
use egui_kittest::kittest::Queryable as _;
use hiscmcl::app::command::{Command, SectionCommand, Step};
use hiscmcl::app::explore::ExploreCommand;
use hiscmcl::app::queue::Engine;
use hiscmcl::core::display::RegionStyle;
use hiscmcl::jobs::context::JobContext;
use hiscmcl::jobs::outcome::Outcome;
use hiscmcl::jobs::request::Request;

use super::Test;

/// Reads and writes regions as the application does it.
pub fn answer(request: &Request, ctx: &JobContext) -> Option<anyhow::Result<Outcome>> {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    match request {
        Request::ReadRegions { .. } | Request::ExportRegions { .. } => {
            Some((ENGINE.get_or_init(Engine::default).runner)(request.clone(), ctx))
        }
        _ => None,
    }
}

#[test]
fn regions_are_imported_hidden_exported_and_taken_back() {
    let mut test = Test::open("test.hiscmcl");
    test.send(Command::GoTo(Step::Explore));
    test.rest();
    let regions = |test: &Test| test.app().open.as_ref().unwrap().doc().sections[0].regions.len();
    let section = test.app().explore.section_name().unwrap().to_owned();
    assert_eq!(section, test.app().open.as_ref().unwrap().doc().sections[0].name);
    assert!(test.harness.query_by_role_and_label(Role::Button, "Export\u{2026}").is_none());
    test.click("Import\u{2026}");
    assert!(test.overlay().is_some(), "a path is asked for");
    test.key(Key::Escape);

    // Around the first spot, and a hole-less triangle without a class.
    let at = test.app().explore.index().unwrap().section().spots[0].center;
    let (x, y) = (at.x - 10.0, at.y - 10.0);
    let ring =
        format!("[[{x},{y}],[{},{y}],[{},{}],[{x},{}],[{x},{y}]]", x + 20.0, x + 20.0, y + 20.0, y + 20.0);
    let text = format!(
        r#"{{"type":"FeatureCollection","features":[
        {{"type":"Feature","geometry":{{"type":"Polygon","coordinates":[{ring}]}},
          "properties":{{"objectType":"annotation","classification":{{"name":"Tumor","color":[200,0,0]}}}}}},
        {{"type":"Feature","geometry":{{"type":"Polygon","coordinates":[[[0,0],[9,0],[9,9],[0,0]]]}},
          "properties":{{"objectType":"annotation"}}}}]}}"#
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("regions.geojson");
    std::fs::write(&file, text).unwrap();
    test.send(Command::Section(SectionCommand::ImportRegions { section: section.clone(), path: file }));
    test.until(|w| !w.app().explore.regions().rows().is_empty());
    assert_eq!(regions(&test), 2);
    let row = test.app().explore.regions().rows()[0].clone();
    assert_eq!((row.class.as_deref(), row.regions, row.places), (Some("Tumor"), 1, 1));
    test.harness.get_by_role_and_label(Role::ListBoxOption, "Unclassified");

    test.click("Hide Tumor");
    assert!(test.app().explore.regions().rows()[0].hidden);
    test.command_key(Key::Z);
    assert!(!test.app().explore.regions().rows()[0].hidden);
    assert_eq!(test.app().explore.display().regions, RegionStyle::Outlined);

    let out = folder.path().join("back.geojson");
    test.send(Command::Section(SectionCommand::ExportRegions {
        section: section.clone(),
        path: out.clone(),
    }));
    test.until(|w| !w.app().work.any(|r| matches!(r, Request::ExportRegions { .. })));
    let back = std::fs::read_to_string(&out).unwrap();
    assert!(back.contains("\"Tumor\""), "{back}");

    test.send(Command::Section(SectionCommand::DeleteRegions { section, class: Some("Tumor".into()) }));
    assert_eq!(regions(&test), 1);
    test.command_key(Key::Z);
    test.command_key(Key::Z);
    assert_eq!(regions(&test), 0);
    assert!(test.app().explore.regions().rows().is_empty());
}

/// A project on the Explore page.
fn explored() -> Test {
    let mut test = Test::open("test.hiscmcl");
    test.send(Command::GoTo(Step::Explore));
    test.rest();
    test
}

/// The regions of the first section as they are stored: their class, and their area in pixels.
fn stored(test: &Test) -> Vec<(Option<String>, f64)> {
    let regions = &test.app().open.as_ref().unwrap().doc().sections[0].regions;
    regions
        .iter()
        .map(|r| (r.class.as_ref().map(ToString::to_string), r.shape().area_px2().round()))
        .collect()
}

fn choose_class(test: &mut Test, field: &str, class: &str) {
    test.harness.get_by_role_and_label(Role::ComboBox, field).click();
    test.settle();
    let label = format!("\u{2003} {class}");
    test.harness.get_by_role_and_label(Role::Button, &label).click();
    test.settle();
}

fn type_class(test: &mut Test, class: &str) {
    test.harness.get_by_role_and_label(Role::TextInput, "New class").click();
    test.settle();
    test.harness.get_by_role_and_label(Role::TextInput, "New class").type_text(class);
    test.settle();
    test.key(Key::Enter);
}

/// Whether the areas are these, give or take what a pixel of the screen is.
fn about(areas: &[f64], expected: &[f64]) -> bool {
    areas.len() == expected.len() && areas.iter().zip(expected).all(|(a, e)| (a / e - 1.0).abs() < 0.06)
}

#[test]
fn regions_are_drawn_with_each_tool_and_taken_back() {
    let mut test = explored();
    let areas = |test: &Test| stored(test).into_iter().map(|(_, area)| area).collect::<Vec<_>>();
    let at = |test: &Test, x: f64, y: f64| test.on_screen("Measured map", x, y);
    test.click("Rectangle");
    type_class(&mut test, "Tumour");
    let (from, to) = (at(&test, 150.0, 150.0), at(&test, 450.0, 350.0));
    test.drag(from, to);
    assert_eq!(stored(&test)[0].0.as_deref(), Some("Tumour"));
    assert!(about(&areas(&test), &[60_000.0]), "{:?}", areas(&test));
    let row = test.app().explore.regions().rows()[0].clone();
    assert_eq!((row.class.as_deref(), row.places), (Some("Tumour"), 2));
    assert!(test.shows("Spots inside") && test.shows("0.06 mm"));

    // The others by their keys. The pane has the keyboard after the drag.
    test.key(Key::O);
    let (from, to) = (at(&test, 500.0, 150.0), at(&test, 700.0, 350.0));
    test.drag(from, to);
    test.key(Key::L);
    let way = [(150.0, 500.0), (350.0, 500.0), (350.0, 700.0), (150.0, 700.0)].map(|(x, y)| at(&test, x, y));
    test.drag_along(&way);
    test.key(Key::P);
    for (x, y) in [(500.0, 500.0), (700.0, 500.0), (700.0, 700.0)] {
        let corner = at(&test, x, y);
        test.press_at(corner);
        // Two clicks of their own, not one double click.
        std::thread::sleep(std::time::Duration::from_millis(2));
        test.harness.run_steps(40);
    }
    assert_eq!(stored(&test).len(), 3, "a polygon is closed by Enter");
    test.key(Key::Enter);
    let ellipse = std::f64::consts::PI * 100.0 * 100.0;
    let expected = [60_000.0, ellipse, 40_000.0, 20_000.0];
    assert!(about(&areas(&test), &expected), "{:?}", areas(&test));

    // An edge of the rectangle is erased, of all regions as none is selected.
    test.key(Key::Escape);
    test.key(Key::E);
    test.send(Command::Explore(ExploreCommand::SizeBrush(40.0)));
    let (from, to) = (at(&test, 450.0, 100.0), at(&test, 450.0, 400.0));
    let before = areas(&test);
    test.drag(from, to);
    let after = areas(&test);
    assert!(after[0] < before[0] && after[2..] == before[2..], "{before:?} {after:?}");
    for _ in 0..5 {
        test.command_key(Key::Z);
    }
    assert!(stored(&test).is_empty());
    test.harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    test.settle();
    assert_eq!(stored(&test).len(), 1);
}

#[test]
fn regions_are_selected_moved_merged_and_deleted() {
    let mut test = explored();
    let at = |test: &Test, x: f64, y: f64| test.on_screen("Predicted map", x, y);
    test.click("Rectangle");
    for x in [150.0, 350.0] {
        let (from, to) = (at(&test, x, 150.0), at(&test, x + 150.0, 350.0));
        test.drag(from, to);
    }
    test.click("Select");
    let first = at(&test, 200.0, 200.0);
    test.press_at(first);
    test.harness.run_steps(40);
    assert_eq!(test.app().explore.drawing().selected().len(), 1);
    let id = test.app().explore.drawing().selected()[0];
    let bounds = |test: &Test| {
        let regions = &test.app().open.as_ref().unwrap().doc().sections[0].regions;
        regions.get(id).unwrap().shape().bounds()
    };
    let before = bounds(&test);
    let to = at(&test, 280.0, 200.0);
    test.drag(first, to);
    let after = bounds(&test);
    assert!((after.min.x - before.min.x - 80.0).abs() < 3.0 && (after.min.y - before.min.y).abs() < 1.0);
    choose_class(&mut test, "Class of the selected regions", "No class");
    // The other one with Shift.
    let other = at(&test, 480.0, 200.0);
    test.harness.hover_at(other);
    test.harness.event(Event::ModifiersChanged(Modifiers::SHIFT));
    for pressed in [true, false] {
        let (button, modifiers) = (PointerButton::Primary, Modifiers::SHIFT);
        test.harness.event(Event::PointerButton { pos: other, button, pressed, modifiers });
        test.harness.run_steps(2);
    }
    test.harness.event(Event::ModifiersChanged(Modifiers::NONE));
    test.harness.run_steps(40);
    assert_eq!(test.app().explore.drawing().selected().len(), 2);
    test.click("Merge");
    assert_eq!(stored(&test).len(), 1);
    test.click("Lock");
    test.key(Key::Delete);
    assert_eq!(stored(&test).len(), 1, "what is locked stays");
    test.click("Unlock");
    test.key(Key::Delete);
    assert!(stored(&test).is_empty());
}

#[test]
fn classes_are_made_renamed_locked_and_removed() {
    let mut test = explored();
    test.click("Brush");
    type_class(&mut test, "Stroma");
    type_class(&mut test, "Tumour");
    let classes = |test: &Test| -> Vec<String> {
        test.app().open.as_ref().unwrap().doc().classes.iter().map(|c| c.name.to_string()).collect()
    };
    assert_eq!(classes(&test), ["Stroma", "Tumour"]);
    assert_eq!(test.app().explore.drawing().class().unwrap().as_str(), "Tumour");
    type_class(&mut test, "Stroma");
    assert!(test.shows("There is already a class Stroma."));
    let at = test.on_screen("Measured map", 300.0, 300.0);
    test.press_at(at);
    test.settle();
    assert_eq!(stored(&test)[0].0.as_deref(), Some("Tumour"), "a click with the brush is a dab");
    test.click("Change Tumour");
    test.click("Lock its regions");
    let (from, to) =
        (test.on_screen("Measured map", 600.0, 600.0), test.on_screen("Measured map", 700.0, 600.0));
    test.drag(from, to);
    assert_eq!(stored(&test).len(), 1, "no region is drawn in a class that is locked");
    test.click("Change Tumour");
    test.click("Remove the class");
    assert_eq!(stored(&test)[0].0, None);
    assert_eq!(classes(&test), ["Stroma"]);
}

#[test]
fn a_file_without_regions_says_so() {
    let mut test = Test::open("test.hiscmcl");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.geojson");
    std::fs::write(&path, "[]").unwrap();
    test.send(Command::Section(SectionCommand::ImportRegions { section: "A1".into(), path }));
    test.until(|w| w.app().notices.open().next().is_some());
    let said = test.app().notices.open().next().unwrap().text();
    assert!(said.contains("a.geojson holds no regions"), "{said}");
}
