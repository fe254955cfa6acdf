//! How far maps can be trusted, in words; and finding the way around them.

use eframe::egui::{Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use hiscmcl::app::explore::ExploreCommand;
use hiscmcl::core::geometry::SlidePoint;
use hiscmcl::evaluate::judgement::Judgement;

use super::fixture::{App, open};
use super::{click_at, spot_place};

fn description(harness: &Harness<'_, App>, label: &str) -> String {
    harness.get_by_label(label).accesskit_node().description().unwrap_or_default()
}

fn choose(harness: &mut Harness<'_, App>, gene: &str) {
    harness.state_mut().state.apply(ExploreCommand::SelectGene(gene.into()));
    harness.run();
}

#[test]
fn every_gene_is_judged_in_words() {
    let harness = open(App::new());
    // Of at most .93: .75 and .52 are more than half of it, .44 is less, .13 is less than a quarter.
    for (gene, expected) in [
        (
            "SCD",
            "Good: cross-validated PCC 0.75 \u{00B1} 0.00 over 2 sections in 2 folds, noise ceiling 0.93",
        ),
        ("ERBB2", "Good: cross-validated PCC 0.52"),
        ("FN1", "Fair: cross-validated PCC 0.44"),
        ("SPARC", "Poor: cross-validated PCC 0.13"),
    ] {
        let text = description(&harness, gene);
        assert!(text.starts_with(expected), "{gene}: {text}");
    }
}

#[test]
fn the_heading_and_the_facts_say_what_a_map_is_worth() {
    let mut harness = open(App::new());
    for (gene, word, judgement) in [
        ("SCD", "good", Judgement::Good),
        ("FN1", "fair", Judgement::Fair),
        ("SPARC", "poor", Judgement::Poor),
    ] {
        choose(&mut harness, gene);
        let heading = description(&harness, "Predicted map");
        assert!(heading.contains("PCC ") && heading.contains(&format!("\u{00B7} {word}")), "{heading}");
        assert_eq!(harness.state().state.map().facts.judgement, judgement);
        assert!(harness.query_by_label_contains(&format!("{word}, ")).is_some(), "the facts say {word}");
    }
    assert!(harness.query_by_label("Trust over 2 sections in 2 folds").is_some());
}

#[test]
fn a_map_that_was_seen_in_training_is_not_tested() {
    let mut app = App::new();
    app.sections[2].seen_in_training = true;
    let harness = open(app);
    let heading = description(&harness, "Predicted map");
    assert!(heading.ends_with("not tested: the model was trained on this section"), "{heading}");
    assert!(harness.query_by_label("not tested, seen in training").is_some());
}

#[test]
fn advice_can_be_followed() {
    let mut app = App::new();
    app.report = None;
    app.sections[2].tested = None;
    let harness = open(app);
    assert!(harness.query_by_label_contains("Run the cross-validation on the Evaluate page").is_some());
    let mut app = App::new();
    app.report = None;
    app.sections.remove(0);
    app.sections.remove(0);
    app.sections[0].tested = None;
    let harness = open(app);
    assert!(harness.query_by_label_contains("Run the cross-validation").is_none());
    assert!(harness.query_by_label_contains("add a second section with counts").is_some());
}

#[test]
fn a_click_between_spots_takes_the_nearest() {
    let mut harness = open(App::new());
    let (here, next) = (spot_place(&harness, "Measured map", 30), spot_place(&harness, "Measured map", 31));
    let pitch = next.x - here.x;
    click_at(&mut harness, here + vec2(0.45 * pitch, 0.0));
    assert_eq!(harness.state().state.spot(), Some(30));
    click_at(&mut harness, here + vec2(0.55 * pitch, 0.1 * pitch));
    assert_eq!(harness.state().state.spot(), Some(31));
    // Outside of the lattice, more than half a distance away from any spot.
    let first = spot_place(&harness, "Measured map", 0);
    click_at(&mut harness, first - Vec2::splat(0.6 * pitch));
    assert_eq!(harness.state().state.spot(), None);
}

#[test]
fn fit_shows_all_of_the_tissue_and_no_size_loses_it() {
    let mut harness = open(App::new());
    let first = harness.state().state.camera.pose();
    harness.state_mut().state.camera.zoom(9.0);
    harness.state_mut().state.camera.jump_to(SlidePoint::new(350.0, 350.0));
    harness.run();
    for size in [vec2(900.0, 600.0), vec2(2000.0, 500.0), vec2(860.0, 1200.0), vec2(1440.0, 860.0)] {
        harness.set_size(size);
        harness.run();
        let seen = harness.state().state.camera.visible();
        let spots = harness.state().state.index().unwrap().grid().bounds().unwrap();
        let both = seen.intersect(spots);
        assert!(both.width() > 0.0 && both.height() > 0.0, "{size}: {seen:?}");
    }
    harness.get_by_label("Fit").click();
    harness.run();
    let now = harness.state().state.camera.pose();
    assert!((now.scale / first.scale - 1.0).abs() < 1e-6 && now.center.distance(first.center) < 1e-6);
}

#[test]
fn similar_genes_come_with_a_caution() {
    let mut harness = open(App::new());
    harness.get_by_label("Find similar genes").click();
    for _ in 0..200 {
        harness.step();
        if harness.state().state.similar().is_some_and(|s| s.found.is_some()) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    harness.run();
    let similar = harness.state().state.similar().unwrap();
    let caution = similar.found.as_ref().unwrap().caution().unwrap();
    assert!(caution.contains(" measured, ") && caution.contains(" predicted"), "{caution}");
    assert!(harness.query_by_label(&caution).is_some());
}

#[test]
fn names_in_other_scripts_are_drawn_or_named() {
    let mut app = App::new();
    app.sections[2].name = "\u{7ec4}\u{7ec7} \u{5207}\u{7247} A&B <x>".into();
    let Some(font) = hiscmcl::core::fonts::find('\u{7ec4}') else {
        eprintln!("skipped: no font with Chinese characters");
        return;
    };
    assert!(font.has('\u{7ec4}'));
    let harness = open(app);
    assert!(harness.query_by_label("\u{7ec4}\u{7ec7} \u{5207}\u{7247} A&B <x>").is_some());
}
