//! Notices: one at a time, in a strip that covers nothing.

use eframe::egui::{Key, accesskit::Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use hiscmcl::app::command::{Command, ExportCommand, GenesCommand, Overlay, Step};
use hiscmcl::app::explore::ExploreCommand;

use super::{GENES, Test};

#[test]
fn three_genes_are_added_to_the_figure_by_three_clicks_at_one_place() {
    let mut test = Test::open("test.hiscmcl");
    test.send(Command::GoTo(Step::Explore));
    let at = test.place("Add to figure");
    for gene in GENES {
        test.harness.state_mut().app_mut().apply(Command::Explore(ExploreCommand::SelectGene(gene.into())));
        test.harness.run_steps(2);
        test.press_at(at.center());
    }
    test.settle();
    assert_eq!(test.app().forms.export.genes, GENES);
    assert_eq!(test.place("Add to figure"), at, "it did not move");
    assert_eq!(test.harness.get_all_by_role_and_label(Role::Button, "Dismiss").count(), 1);
    assert!(test.shows("ERBB2 on A1 was added to the figure."), "the newest is shown");
    test.click("2 more");
    assert_eq!(test.overlay(), Some(&Overlay::Notices));
    assert!(test.shows("GNAS on A1 was added to the figure."));
}

#[test]
fn a_notice_lies_over_nothing_that_can_be_clicked() {
    let mut test = Test::sized(900.0, 600.0);
    test.send(Command::Project(hiscmcl::app::command::ProjectCommand::Open("test.hiscmcl".into())));
    test.until(|w| w.app().open.as_ref().is_some_and(|o| o.ready().count() == 3));
    for step in Step::ALL {
        test.send(Command::GoTo(step));
        test.rest();
        let before: Vec<_> = buttons(&test);
        let notices = &mut test.harness.state_mut().app_mut().notices;
        notices.error(format!("{step:?} failed"), vec!["The disk is full.".into()]);
        test.settle();
        // The page, which scrolls, ends above the strip.
        let strip = test.place("Dismiss");
        assert!(strip.top() >= 600.0 - 62.0 && strip.bottom() <= 600.0 - 30.0, "{strip:?}");
        let after = buttons(&test);
        for button in &before {
            assert!(after.contains(button), "{button:?} of {step:?} has moved");
        }
        test.click("Dismiss");
    }
}

/// Buttons of the page and the bars, with their places.
fn buttons(test: &Test) -> Vec<(String, eframe::egui::Rect)> {
    let all = test.harness.get_all_by(|node| node.role() == Role::Button);
    all.map(|node| (node.accesskit_node().label().unwrap_or_default(), node.rect()))
        .filter(|(label, _)| label != "All notices")
        .collect()
}

#[test]
fn a_double_click_dismisses_one_notice() {
    let mut test = Test::new();
    test.settle();
    for text in ["The first failed.", "The second failed."] {
        test.harness.state_mut().app_mut().notices.error(text, Vec::new());
    }
    test.settle();
    let at = test.place("Dismiss").center();
    test.press_at(at);
    test.press_at(at);
    test.settle();
    let open = |test: &Test| test.app().notices.open().map(|n| n.headline.clone()).collect::<Vec<_>>();
    assert_eq!(open(&test), ["The first failed."]);
    test.press_at(at);
    test.settle();
    assert!(open(&test).is_empty());
}

#[test]
fn an_error_about_a_dialog_is_read_and_dismissed_while_it_is_open() {
    let mut test = Test::open("test.hiscmcl");
    test.send(Command::Show(Overlay::Help));
    test.send(Command::Genes(GenesCommand::SavePanel(Default::default())));
    assert!(test.shows("A panel needs a name"));
    test.click("Dismiss");
    assert_eq!(test.app().notices.open().count(), 0);
    assert_eq!(test.overlay(), Some(&Overlay::Help));
}

#[test]
fn a_notice_can_be_closed_without_a_mouse() {
    let mut test = Test::new();
    test.settle();
    test.harness.state_mut().app_mut().notices.error("It failed.", Vec::new());
    test.settle();
    for _ in 0..60 {
        test.key(Key::Tab);
        let dismiss = test.harness.get_by_role_and_label(Role::Button, "Dismiss");
        if dismiss.is_focused() {
            break;
        }
    }
    test.key(Key::Enter);
    assert_eq!(test.app().notices.open().count(), 0);
}

#[test]
fn an_action_of_a_notice_is_done() {
    let mut test = Test::open("test.hiscmcl");
    let form = test.app().forms.export.clone();
    test.send(Command::Export(ExportCommand::Edit(form)));
    test.send(Command::AddToFigure { section: "A1".into(), gene: "GNAS".into() });
    test.click("Show the figure");
    assert_eq!(test.app().step, Step::Export);
    assert_eq!(test.app().notices.open().count(), 0);
}
