//! The Explore page as its user meets it: by label and by key.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod fixture;
mod trust;

use std::sync::Arc;

use eframe::egui::{Key, Modifiers, PointerButton, Pos2, Vec2, accesskit::Role};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use fixture::{App, GENES, SIDE, open};
use hiscmcl::app::command::{Command, GenesCommand, Step};
use hiscmcl::app::explore::{ExploreCommand, RunScale};
use hiscmcl::core::colormap::ColorMap;
use hiscmcl::core::display::{DisplaySettings, PaneKind};
use hiscmcl::core::geometry::SlidePoint;
use hiscmcl::core::target::{ExpressionScale, Target};
use hiscmcl::jobs::reach::SlideReach;
use hiscmcl::jobs::settings::Theme;

fn gene<'a>(harness: &'a Harness<'_, App>) -> &'a str {
    harness.state().state.gene().unwrap()
}

/// Where a spot is on the screen, in the pane of this name.
fn spot_place(harness: &Harness<'_, App>, pane: &str, spot: usize) -> Pos2 {
    let map = harness.get_by_label(pane).rect();
    let center = SlidePoint::new(300.0 + 200.0 * (spot % SIDE) as f64, 300.0 + 200.0 * (spot / SIDE) as f64);
    let [x, y] = harness.state().state.camera.view_from_slide(center);
    map.min + Vec2::new(x as f32, y as f32)
}

fn click_at(harness: &mut Harness<'_, App>, at: Pos2) {
    use eframe::egui::Event;
    harness.event(Event::PointerMoved(at));
    for pressed in [true, false] {
        let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
        harness.event(Event::PointerButton { pos: at, button, pressed, modifiers });
    }
    harness.run();
}

fn sent(harness: &Harness<'_, App>, wanted: impl Fn(&Command) -> bool) -> bool {
    harness.state().sent.iter().any(wanted)
}

#[test]
fn opens_on_a_predicted_section_with_its_most_trusted_gene() {
    let harness = open(App::new());
    assert_eq!(harness.state().state.section_name(), Some("C4"));
    assert_eq!(gene(&harness), "SCD");
    for label in ["Measured map", "Predicted map", "C2", "C3", "C4", "Search genes", "GNAS"] {
        assert!(harness.query_by_label(label).is_some(), "{label} is missing");
    }
}

#[test]
fn the_light_page_looks_as_approved() {
    let mut harness = open(App::new());
    harness.run();
    crate::picture::compare(&mut harness, "explore-light");
}

#[test]
fn the_dark_page_looks_as_approved() {
    let mut harness = fixture::open_in(Theme::Dark, App::new());
    harness.run();
    crate::picture::compare(&mut harness, "explore-dark");
}

#[test]
fn a_slide_without_measurements_shows_its_prediction_and_how_far_it_reaches() {
    let mut app = App::new();
    let shown = app.sections.iter_mut().find(|s| s.name == "C4").unwrap();
    let mut section = shown.section.as_deref().unwrap().clone();
    section.genes.clear();
    section.counts = Default::default();
    let unlike = section.spots.len() / 4;
    let distances = (0..section.spots.len()).map(|i| if i < unlike { 1.5 } else { 0.5 }).collect();
    shown.section = Some(Arc::new(section));
    shown.tested = None;
    shown.reach = Some(Arc::new(SlideReach {
        distances,
        unlike_training: 0.25,
        stain_difference: Some(2.5),
        mpp: 1.0,
        trained_mpp: 0.5,
    }));
    let mut harness = open(app);
    harness.run();
    for pane in ["H&E map", "Predicted map", "Uncertainty map"] {
        assert!(harness.query_by_label(pane).is_some(), "{pane} is missing");
    }
    assert!(harness.query_by_label("Measured map").is_none());
    let told = "25 % of the places are unlike the training sections; the stain is different (2.5 sd); the slide has 1.00 \
                \u{00B5}m per pixel, and the model was trained at 0.50. Those places are struck through.";
    assert!(harness.query_by_label(told).is_some());
    // The panes of sections with measurements stay as they were chosen.
    assert_eq!(harness.state().state.display(), &DisplaySettings::default());
    if let Ok(folder) = std::env::var("HISCMCL_PICTURES") {
        harness.render().unwrap().save(std::path::Path::new(&folder).join("slide.png")).unwrap();
    }
}

#[test]
fn search_filters_and_the_arrow_keys_go_through_the_genes() {
    let mut harness = open(App::new());
    harness.key_press_modifiers(Modifiers::COMMAND, Key::F);
    harness.run();
    assert!(harness.get_by_label("Search genes").is_focused());
    harness.get_by_label("Search genes").type_text("s");
    harness.run();
    // By beginning, then by trust: SCD, SPARC; then FASN and GNAS, which contain the letter.
    assert!(harness.query_by_label("ERBB2").is_none());
    assert_eq!(gene(&harness), "SCD");
    for expected in ["SPARC", "FASN", "GNAS", "GNAS"] {
        harness.key_press(Key::ArrowDown);
        harness.run();
        assert_eq!(gene(&harness), expected);
    }
    harness.key_press(Key::ArrowUp);
    harness.run();
    assert_eq!(gene(&harness), "FASN");
    assert_eq!(harness.state().state.search(), "s", "the arrow keys leave the text alone");
    harness.key_press(Key::Escape);
    harness.run();
    assert_eq!(harness.state().state.search(), "");
}

#[test]
fn the_down_key_selects_the_next_gene_without_searching() {
    let mut harness = open(App::new());
    harness.key_press(Key::ArrowDown);
    harness.run();
    assert_eq!(gene(&harness), "FASN");
    harness.get_by_label("ERBB2").click();
    harness.run();
    assert_eq!(gene(&harness), "ERBB2");
}

#[test]
fn enter_takes_the_first_match() {
    let mut harness = open(App::new());
    harness.key_press_modifiers(Modifiers::COMMAND, Key::F);
    harness.run();
    harness.get_by_label("Search genes").type_text("erb");
    harness.run();
    assert_eq!(gene(&harness), "SCD");
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(gene(&harness), "ERBB2");
}

#[test]
fn panels_and_order_narrow_the_list() {
    let mut harness = open(App::new());
    harness.get_by_label("Stroma").click();
    harness.run();
    assert!(harness.query_by_label("GNAS").is_none());
    assert!(harness.query_by_label("MT-CO1").is_some(), "a panel shows measured genes without prediction");
    harness.get_by_label("MT-CO1").click();
    harness.run();
    assert!(harness.query_by_label_contains("MT-CO1 is not among the genes of the model").is_some());
    harness.get_by_label("Model 6").click();
    harness.run();
    harness.get_by_label("Order of genes").click();
    harness.run();
    harness.get_by_label("name").click();
    harness.run();
    let list = harness.state().state.genes();
    assert_eq!(list.get(0).unwrap().name, "ERBB2");
}

#[test]
fn a_search_without_match_offers_all_genes() {
    let mut harness = open(App::new());
    harness.state_mut().state.apply(ExploreCommand::Search("mt-co".into()));
    harness.run();
    harness.get_by_label("Search all measured genes").click();
    harness.run();
    assert!(harness.query_by_label("MT-CO1").is_some());
}

#[test]
fn a_project_that_opens_on_a_gene_shows_it_in_the_list() {
    let mut app = App::new();
    app.state.restore(Some("C4".into()), Some("MT-CO1".into()), None);
    let mut harness = open(app);
    assert_eq!(gene(&harness), "MT-CO1");
    assert!(harness.query_by_label("MT-CO1").is_some(), "the model does not predict it, and it is listed");
    // From then on the list is the user's.
    harness.get_by_label("Model 6").click();
    harness.run();
    assert!(harness.query_by_label("MT-CO1").is_none());
}

#[test]
fn genes_that_are_not_in_the_list_are_added_from_the_search() {
    let mut harness = open(App::new());
    harness.state_mut().state.apply(ExploreCommand::Search("HER2; MT-CO1\tNOSUCH".into()));
    harness.run();
    assert!(harness.query_by_label("ERBB2").is_some() && harness.query_by_label("MT-CO1").is_none());
    assert!(harness.query_by_label("No match for NOSUCH.").is_some());
    harness.get_by_label("Add 1 gene to gene list").click();
    harness.run();
    let add = |c: &Command| matches!(c, Command::Genes(GenesCommand::Add(genes)) if genes == &["MT-CO1"]);
    assert!(sent(&harness, add));
    harness.state_mut().sent.clear();
    harness.get_by_label("Search all measured genes").click();
    harness.run();
    harness.get_by_label("Add to gene list: MT-CO1").click();
    harness.run();
    assert!(sent(&harness, add));
    harness.state_mut().genes.push("MT-CO1".into());
    harness.run();
    assert!(harness.query_by_label("Add to gene list: MT-CO1").is_none());
}

#[test]
fn a_gene_that_the_model_lacks_is_added_and_trained() {
    let mut harness = open(App::new());
    harness.state_mut().state.apply(ExploreCommand::SelectGene("MT-CO1".into()));
    harness.run();
    harness.get_by_label("Add to gene list").click();
    harness.run();
    harness.get_all_by_label("Add and retrain").next().unwrap().click();
    harness.run();
    let both = [
        Command::Genes(GenesCommand::Add(vec!["MT-CO1".into()])),
        Command::Genes(GenesCommand::AddAndRetrain(vec!["MT-CO1".into()])),
    ];
    assert!(both.iter().all(|wanted| sent(&harness, |c| c == wanted)));
}

#[test]
fn a_click_on_a_spot_opens_its_evidence_and_escape_closes_it() {
    let mut harness = open(App::new());
    let at = spot_place(&harness, "Predicted map", 17);
    click_at(&mut harness, at);
    assert_eq!(harness.state().state.spot(), Some(17));
    let sentence = harness.state().state.evidence().unwrap().sentence.clone();
    assert!(sentence.starts_with("Spot 5x1 of C4 · measured "), "{sentence}");
    assert!(sentence.ends_with("retrieved from 10 training spots of 2 sections"), "{sentence}");
    assert!(harness.query_by_label(&sentence).is_some());
    assert_eq!(
        harness
            .get_all_by_role(Role::Button)
            .filter(|b| {
                use egui_kittest::kittest::NodeT;
                b.accesskit_node().label().is_some_and(|l| l.starts_with("Training spot"))
            })
            .count(),
        8
    );
    harness.key_press(Key::Escape);
    harness.run();
    harness.key_press(Key::Escape);
    harness.run();
    assert_eq!(harness.state().state.spot(), None);
    assert!(harness.query_by_label_contains("Click a spot to see").is_some());
}

#[test]
fn remarkable_spots_are_offered_before_one_is_chosen() {
    let mut harness = open(App::new());
    harness.state_mut().state.camera.zoom(12.0);
    harness.run();
    let first = harness.state().state.map().highlights[2].clone();
    assert_eq!(first.reason(), ("highest", "predicted"));
    harness.get_by_label(&format!("Spot {}, highest predicted", first.id)).click();
    harness.run();
    assert_eq!(harness.state().state.spot(), Some(first.spot));
    let center = harness.state().state.index().unwrap().spot_at(first.spot).unwrap().center;
    assert!(harness.state().state.camera.visible().contains(center), "the spot is brought into view");
}

#[test]
fn a_training_spot_is_shown_on_its_section_and_back_returns() {
    let mut harness = open(App::new());
    let at = spot_place(&harness, "Measured map", 30);
    click_at(&mut harness, at);
    // The bank holds C2 first: spot 30's most similar training spot is 6x2 of C2.
    harness.get_by_label("Training spot 6x2 of C2").click();
    harness.run();
    assert_eq!(harness.state().state.section_name(), Some("C2"));
    assert_eq!(harness.state().state.spot(), Some(30));
    harness.key_press_modifiers(Modifiers::ALT, Key::ArrowLeft);
    harness.run();
    assert_eq!(harness.state().state.section_name(), Some("C4"));
    assert_eq!(harness.state().state.spot(), Some(30));
    assert!(harness.query_by_label("Back").is_none());
}

#[test]
fn another_colour_map_is_an_edit_that_can_be_taken_back() {
    let mut harness = open(App::new());
    harness.get_by_role_and_label(Role::ComboBox, "Colour map").click();
    harness.run();
    harness.get_by_label("magma").click();
    harness.run();
    assert!(sent(&harness, |c| matches!(
        c,
        Command::Explore(ExploreCommand::Display { what: "Colour map", settings }) if settings.colormap == ColorMap::Magma
    )));
    assert_eq!(harness.state().state.display().colormap, ColorMap::Magma);
    assert_eq!(harness.state().history.can_undo(), Some("Colour map"));
    harness.state_mut().undo();
    harness.run();
    assert_eq!(harness.state().state.display(), &DisplaySettings::default());
}

#[test]
fn panes_are_chosen_and_reset() {
    let mut harness = open(App::new());
    harness.get_by_role_and_label(Role::ComboBox, "Panes").click();
    harness.run();
    harness.get_by_label("Uncertainty").click();
    harness.run();
    assert_eq!(
        harness.state().state.display().panes,
        [PaneKind::Measured, PaneKind::Predicted, PaneKind::Uncertainty]
    );
    assert!(harness.query_by_label("Uncertainty map").is_some());
    harness.key_press(Key::Escape);
    harness.run();
    harness.get_by_label("Reset").click();
    harness.run();
    assert_eq!(harness.state().state.display(), &DisplaySettings::default());
}

#[test]
fn wheel_keys_and_minimap_move_the_camera() {
    use eframe::egui::{Event, MouseWheelSource, MouseWheelUnit, TouchPhase};
    let mut harness = open(App::new());
    let at = spot_place(&harness, "Measured map", 30);
    let before = harness.state().state.camera.scale();
    harness.hover_at(at);
    harness.run();
    harness.event(Event::MouseWheel {
        source: MouseWheelSource::Wheel,
        unit: MouseWheelUnit::Point,
        delta: Vec2::new(0.0, 200.0),
        phase: TouchPhase::Move,
        modifiers: Modifiers::NONE,
    });
    harness.run_steps(20);
    assert!(harness.state().state.camera.scale() > 1.5 * before);
    let there = spot_place(&harness, "Measured map", 30);
    assert!((there - at).length() < 2.0, "what is under the cursor stays there: {at} {there}");
    let center = harness.state().state.camera.pose().center;
    harness.key_press(Key::ArrowRight);
    harness.run_steps(5);
    assert!(harness.state().state.camera.pose().center.x > center.x);
    harness.key_press(Key::Num0);
    harness.run_steps(5);
    assert!((harness.state().state.camera.scale() / before - 1.0).abs() < 1e-6);
    harness.key_press(Key::Plus);
    harness.run_steps(5);
    let minimap = harness.get_by_label_contains("Minimap").rect();
    click_at(&mut harness, minimap.min + minimap.size() * 0.25);
    let c = harness.state().state.camera.pose().center;
    let slide = harness.state().state.camera.slide();
    assert!((c.x / slide.width() - 0.25).abs() < 0.02 && (c.y / slide.height() - 0.25).abs() < 0.02);
    assert_eq!(harness.state().state.spot(), None, "the minimap keeps its clicks");
}

#[test]
fn dragging_pans_and_chooses_nothing() {
    let mut harness = open(App::new());
    let at = spot_place(&harness, "Predicted map", 40);
    let before = harness.state().state.camera.pose().center;
    harness.drag_at(at);
    harness.run_steps(2);
    harness.hover_at(at + Vec2::new(60.0, 25.0));
    harness.run_steps(2);
    harness.drop_at(at + Vec2::new(60.0, 25.0));
    harness.run_steps(2);
    assert_eq!(harness.state().state.spot(), None);
    let after = harness.state().state.camera.pose().center;
    assert!(after.x < before.x && after.y < before.y, "the slide follows the hand");
}

#[test]
fn the_status_line_reads_the_map() {
    let mut harness = open(App::new());
    let at = spot_place(&harness, "Measured map", 17);
    harness.hover_at(at);
    harness.run();
    let line = harness.state().state.status_line().unwrap();
    assert!(line.contains("spot 5x1") && line.contains("measured ") && line.contains("predicted "), "{line}");
    assert!(line.starts_with("x 1,"), "{line}");
}

#[test]
fn buttons_send_what_they_say() {
    let mut harness = open(App::new());
    harness.get_by_label("Add to figure").click();
    harness.run();
    assert!(sent(&harness, |c| *c == Command::AddToFigure { section: "C4".into(), gene: "SCD".into() }));
    harness.get_by_label("Copy values").click();
    harness.run();
    let copied = harness.state().sent.iter().find_map(|c| match c {
        Command::Copy(text) => Some(text.clone()),
        _ => None,
    });
    let copied = copied.unwrap();
    assert_eq!(copied.lines().count(), SIDE * SIDE + 1);
    let (header, first) = (copied.lines().next().unwrap(), copied.lines().nth(1).unwrap());
    assert_eq!(
        header,
        "section\tspot\tx_um\ty_um\tgene\tmeasured\tpredicted\tuncertainty\tmeasured_scale\tpredicted_scale"
    );
    let scale = "log10(1 + CP10k), selected genes";
    assert!(
        first.starts_with("C4\t0x0\t300.0") && first.ends_with(&format!("\t{scale}\t{scale}")),
        "{first}"
    );
    harness.get_by_label("Find similar genes").click();
    for _ in 0..200 {
        harness.step();
        if harness.state().state.similar().is_some_and(|s| s.found.is_some()) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    harness.run();
    harness.get_by_label("GNAS, similar").click();
    harness.run();
    assert_eq!(gene(&harness), "GNAS");
}

#[test]
fn without_prediction_the_page_leads_to_training() {
    let mut app = App::new();
    app.sections[2].predictions = None;
    app.report = None;
    let mut harness = open(app);
    harness.get_by_label("C4").click();
    harness.run();
    assert!(harness.query_by_label_contains("There is no prediction of C4 yet").is_some());
    harness.get_by_label("Go to training").click();
    harness.run();
    assert!(sent(&harness, |c| *c == Command::GoTo(Step::Train)));
    assert_eq!(harness.state().state.genes().len(), GENES.len());
}

#[test]
fn an_unreadable_slide_is_told_and_the_spots_are_still_drawn() {
    let mut harness = open(App::new());
    harness.get_by_label("C3").click();
    harness.run();
    assert!(harness.query_by_label("C3.png is not an image.").is_some());
    assert!(harness.state().state.map().values.maps.measured().is_some());
}

#[test]
fn what_narrowed_one_gene_list_does_not_make_the_next_look_empty() {
    let mut app = App::new();
    app.sections.iter_mut().for_each(|s| s.predictions = None);
    app.genes = ["GNAS", "SPARC"].map(String::from).to_vec();
    let mut harness = open(app);
    harness.get_by_label("Search genes").click();
    harness.run();
    harness.get_by_label("Search genes").type_text("sparc");
    harness.run();
    assert_eq!(harness.state().state.genes().len(), 1);
    harness.state_mut().genes = ["FASN", "SCD"].map(String::from).to_vec();
    harness.run();
    assert_eq!((harness.state().state.search(), harness.state().state.genes().len()), ("", 2));
    // A search that still finds something stays.
    harness.get_by_label("Search genes").type_text("scd");
    harness.run();
    harness.state_mut().genes = ["SCD", "GNAS"].map(String::from).to_vec();
    harness.run();
    assert_eq!((harness.state().state.search(), harness.state().state.genes().len()), ("scd", 1));
}

#[test]
fn an_empty_project_leads_to_data() {
    let mut harness = open(App::empty());
    harness.get_by_label("Go to data").click();
    harness.run();
    assert!(sent(&harness, |c| *c == Command::GoTo(Step::Data)));
}

#[test]
fn a_measured_gene_outside_the_list_says_its_scale_everywhere() {
    let mut harness = open(App::new());
    assert!(harness.query_by_label_contains("log10(1 + CP10k), selected genes").is_some(), "the colour bar");
    harness.get_by_label("Stroma").click();
    harness.run();
    harness.get_by_label("MT-CO1").click();
    harness.run();
    let bar = harness.query_by_label_contains("log10(1 + CP10k), all genes");
    assert!(bar.is_some(), "the colour bar of the measured values");
    let state = &harness.state().state;
    assert!(
        state.map().values.maps.pane(PaneKind::Difference).is_none()
            && state.map().values.maps.predicted().is_none()
    );
    assert!(
        state.values_as_table().unwrap().lines().nth(1).unwrap().ends_with("\tlog10(1 + CP10k), all genes")
    );
    let index = state.index().unwrap().clone();
    let shown = state.map().values.maps.measured().unwrap().to_vec();
    // Other genes in the list change nothing about it.
    let mut app = App::new();
    app.sections[2].predictions = None;
    app.genes.truncate(2);
    let mut other = open(app);
    other.get_by_label("C4").click();
    other.run();
    other.state_mut().state.apply(ExploreCommand::SelectGene("MT-CO1".into()));
    other.run();
    assert_eq!(other.state().state.map().values.maps.measured(), Some(shown.as_slice()));
    let most = index.scale("MT-CO1").value(1.0, 1.0) as f32;
    assert!(shown.iter().all(|v| (0.0..=most).contains(v)));
}

#[test]
fn a_gene_without_counts_is_flat_with_a_remark() {
    let mut app = App::new();
    let section = app.sections[2].section.as_ref().unwrap();
    let silent = silence(section, "SCD");
    app.sections[2].section = Some(std::sync::Arc::new(silent));
    let mut harness = open(app);
    harness.state_mut().state.apply(ExploreCommand::SelectGene("SCD".into()));
    harness.run();
    assert!(harness.query_by_label("SCD was not counted at any spot of C4.").is_some());
    let map = harness.state().state.map();
    assert!(map.panes[0].colors.iter().all(|c| *c == 0), "the lowest colour");
    assert_eq!(map.panes[0].scale.unwrap().low, 0.0);
    harness.state_mut().state.apply(ExploreCommand::SelectGene("GNAS".into()));
    harness.run();
    assert!(harness.query_by_label_contains("was not counted at any spot").is_none());
}

/// The section with no count of `gene`.
fn silence(section: &hiscmcl::data::section::Section, gene: &str) -> hiscmcl::data::section::Section {
    let silent = section.gene(gene).unwrap();
    let mut counts = hiscmcl::core::matrix::CsrBuilder::new(section.genes.len());
    for row in 0..section.counts.rows() {
        let (columns, values) = section.counts.row(row);
        for (&c, &v) in columns.iter().zip(values).filter(|(c, _)| **c as usize != silent) {
            assert!(counts.push(c as usize, v));
        }
        counts.end_row();
    }
    hiscmcl::data::section::Section { counts: counts.finish(), ..section.clone() }
}

#[test]
fn normalised_values_are_not_subtracted_from_predictions_of_counts() {
    let mut app = App::new();
    let section = app.sections[2].section.as_ref().unwrap();
    let normalised = hiscmcl::data::section::Section {
        values: hiscmcl::data::section::ValueKind::Normalised,
        ..section.as_ref().clone()
    };
    app.sections[2].section = Some(std::sync::Arc::new(normalised));
    let mut harness = open(app);
    let mut settings = harness.state().state.display().clone();
    settings.panes = vec![PaneKind::Measured, PaneKind::Difference];
    harness.state_mut().state.set_display(settings);
    harness.run();
    assert!(harness.query_by_label_contains("on different scales, so there is no difference").is_some());
    assert!(harness.query_by_label_contains("as in the file (normalised)").is_some());
}

#[test]
fn a_map_of_a_run_has_the_genes_and_the_target_of_the_run() {
    let mut app = App::new();
    // The list of the project has changed since, and the prediction is still to come.
    app.genes = vec!["ERBB2".to_owned()];
    app.sections[2].predictions = None;
    let run = |genes: &[&str], target: Target| RunScale {
        genes: std::sync::Arc::new(genes.iter().map(|g| (*g).to_owned()).collect()),
        target,
        predicted: target.scale(true),
    };
    app.sections[2].run = Some(run(&["GNAS", "FASN"], Target::Published));
    let mut harness = open(app);
    harness.get_by_label("C4").click();
    harness.run();
    let scale = |harness: &Harness<'_, App>, gene: &str| harness.state().state.index().unwrap().scale(gene);
    assert_eq!(scale(&harness, "GNAS"), ExpressionScale::Log10Selected);
    assert_eq!(scale(&harness, "ERBB2"), ExpressionScale::Log10All);
    harness.state_mut().sections[2].run = Some(run(&["ERBB2"], Target::Lognorm));
    harness.run();
    assert_eq!(scale(&harness, "GNAS"), ExpressionScale::LnAll);
    // Without a run a map does not depend on the project's list.
    harness.state_mut().sections[2].run = None;
    harness.run();
    assert_eq!(scale(&harness, "GNAS"), ExpressionScale::Log10All);
    assert_eq!(scale(&harness, "ERBB2"), ExpressionScale::Log10All);
}

#[test]
fn similar_genes_follow_the_section_and_are_closed_by_escape() {
    let found = |harness: &mut Harness<'_, App>, section: &str| {
        for _ in 0..200 {
            harness.step();
            let state = &harness.state().state;
            if state.similar().is_some_and(|s| s.section == section && s.found.is_some()) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        panic!("no similar genes of {section}");
    };
    let mut harness = open(App::new());
    harness.get_by_label("Find similar genes").click();
    found(&mut harness, "C4");
    harness.run();
    // It covers none of the headings.
    let list = harness.get_by_label("Close the similar genes").rect();
    let map = harness.get_by_label("Measured map").rect();
    assert!(list.top() > map.top(), "{list:?} {map:?}");
    harness.get_by_label("C2").click();
    found(&mut harness, "C2");
    harness.run();
    harness.key_press(Key::Escape);
    harness.run();
    assert!(harness.state().state.similar().is_none());
}

#[test]
fn a_first_gene_is_added_and_trained_from_its_empty_pane() {
    let mut app = App::new();
    app.sections.iter_mut().for_each(|s| s.predictions = None);
    app.report = None;
    app.genes.clear();
    app.first = Some("Choose genes on the Data page first.");
    let mut harness = open(app);
    harness.get_by_label("C4").click();
    harness.run();
    assert!(harness.query_by_label("Not evaluated yet. Choose genes on the Data page first.").is_some());
    let gene = gene(&harness).to_owned();
    harness.get_by_label(&format!("Add {gene} and train")).click();
    harness.run();
    let wanted =
        |c: &Command| matches!(c, Command::Genes(GenesCommand::AddAndRetrain(g)) if *g == [gene.as_str()]);
    assert!(sent(&harness, wanted));
}
