//! Annotated regions on the Explore page.

use std::sync::OnceLock;

use eframe::egui::{Key, accesskit::Role};
use egui_kittest::kittest::Queryable as _;
use hiscmcl::app::command::{Command, SectionCommand, Step};
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

    test.harness.get_by_role_and_label(Role::ListBoxOption, "Tumor").click();
    test.settle();
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
