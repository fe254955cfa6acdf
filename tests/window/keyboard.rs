//! The keyboard: focus, shortcuts, Escape, and dialogs that keep what was typed.

use std::path::Path;

use eframe::egui::{Key, Modifiers, accesskit::Role, pos2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use hiscmcl::app::command::{Command, Overlay, PanelForm, Step};
use hiscmcl::app::keys::EXPLORE_KEYS;
use hiscmcl::app::palette::all_items;
use hiscmcl::app::paths::{PathPurpose, PathRequest};

use super::Test;

fn name_of_first(test: &Test) -> &str {
    &test.app().open.as_ref().unwrap().doc().sections[0].name
}

#[test]
fn digits_alone_show_no_other_page() {
    let mut test = Test::open("test.hiscmcl");
    for key in [Key::Num2, Key::Num3, Key::Num4, Key::Num5] {
        test.key(key);
        assert_eq!(test.app().step, Step::Data);
    }
    test.command_key(Key::Num2);
    assert_eq!(test.app().step, Step::Train);
}

#[test]
fn a_field_keeps_the_keyboard_after_enter_and_undoes_its_own_typing() {
    let mut test = Test::open("test.hiscmcl");
    test.harness.get_by_label("Name of A1").click();
    test.settle();
    test.command_key(Key::A);
    test.harness.get_by_label("Name of A1").type_text("Tumour");
    test.settle();
    test.key(Key::Enter);
    assert_eq!(name_of_first(&test), "Tumour");
    assert!(test.harness.get_by_label("Name of Tumour").is_focused());
    test.command_key(Key::Z);
    assert_eq!(name_of_first(&test), "Tumour", "the text is undone, not the project");
    test.key(Key::Escape);
    test.command_key(Key::Z);
    assert_eq!(name_of_first(&test), "A1");
}

#[test]
fn genes_are_added_to_the_figure_one_after_the_other_without_the_mouse() {
    let mut test = Test::open("test.hiscmcl");
    test.send(Command::GoTo(Step::Export));
    test.harness.get_by_label("Add a gene to the figure").click();
    test.settle();
    for gene in ["FASN", "ERBB2"] {
        test.harness.get_by_label("Add a gene to the figure").type_text(gene);
        test.settle();
        test.key(Key::Enter);
        assert!(test.harness.get_by_label("Add a gene to the figure").is_focused());
    }
    assert_eq!(test.app().forms.export.genes, ["FASN", "ERBB2"]);
}

#[test]
fn tab_begins_with_the_page() {
    for step in [Step::Data, Step::Train, Step::Evaluate, Step::Export] {
        let mut test = Test::open("test.hiscmcl");
        test.send(Command::GoTo(step));
        test.key(Key::Tab);
        let focused: Vec<_> = test.harness.get_all_by(|node| node.is_focused()).collect();
        let top = focused.iter().map(|n| n.rect().top()).fold(f32::MAX, f32::min);
        let label = focused.first().and_then(|n| n.accesskit_node().label());
        assert!(top >= 48.0, "{label:?} of {step:?} is in the top bar");
    }
}

#[test]
fn escape_closes_menus_lists_and_dialogs() {
    let mut test = Test::open("test.hiscmcl");
    test.click("Project menu: test.hiscmcl");
    assert!(test.shows("Close the project"));
    test.key(Key::Escape);
    assert!(!test.shows("Close the project"));
    test.send(Command::GoTo(Step::Train));
    test.harness.get_by_role_and_label(Role::ComboBox, "Recipe").click();
    test.settle();
    assert!(test.harness.query_by_role_and_label(Role::Button, "published").is_some());
    test.key(Key::Escape);
    assert!(test.harness.query_by_role_and_label(Role::Button, "published").is_none());
    for overlay in [
        Overlay::Help,
        Overlay::Notices,
        Overlay::Commands,
        Overlay::Encoders,
        Overlay::Path(PathRequest::new(PathPurpose::OpenProject)),
        Overlay::Panel(PanelForm::default()),
        Overlay::Confirm { question: "?".into(), button: "Go".into(), command: Box::new(Command::Undo) },
    ] {
        test.send(Command::Show(overlay.clone()));
        test.key(Key::Escape);
        assert_eq!(test.overlay(), None, "{overlay:?}");
    }
}

#[test]
fn a_click_beside_a_dialog_asks_before_it_discards_what_was_typed() {
    let mut test = Test::open("test.hiscmcl");
    let beside = pos2(20.0, 400.0);
    test.send(Command::Show(Overlay::Panel(PanelForm::default())));
    test.press_at(beside);
    test.settle();
    assert_eq!(test.overlay(), None, "nothing was typed yet");
    test.send(Command::Show(Overlay::Panel(PanelForm::default())));
    test.harness.get_by_label("Genes of the panel").click();
    test.settle();
    test.harness.get_by_label("Genes of the panel").type_text("GNAS, FASN");
    test.settle();
    test.press_at(beside);
    test.settle();
    assert!(test.shows("Discard what you have typed?"));
    test.click("Keep editing");
    assert!(test.shows("2 genes"));
    test.press_at(beside);
    test.settle();
    test.click("Discard");
    assert_eq!(test.overlay(), None);
}

#[test]
fn nothing_takes_the_place_of_a_question_for_a_file() {
    let mut test = Test::open("test.hiscmcl");
    test.send(Command::Ask(PathRequest::new(PathPurpose::LoadGenes)));
    let asked = test.overlay().cloned();
    assert!(matches!(&asked, Some(Overlay::Path(r)) if r.purpose == PathPurpose::LoadGenes));
    for key in [Key::O, Key::L, Key::S, Key::Q, Key::Num2] {
        test.command_key(key);
        assert_eq!(test.overlay().cloned(), asked, "{key:?}");
    }
    test.harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::S);
    test.key(Key::F1);
    test.send(Command::Ask(PathRequest::new(PathPurpose::OpenProject)));
    assert_eq!(test.overlay().cloned(), asked);
    assert_eq!(test.app().step, Step::Data);
}

#[test]
fn a_second_click_on_a_button_of_a_dialog_does_nothing_beneath_it() {
    let mut test = Test::open("test.hiscmcl");
    // Whatever lies beneath the middle of the window is not pressed.
    test.send(Command::Show(Overlay::Confirm {
        question: "?".into(),
        button: "Go".into(),
        command: Box::new(Command::GoTo(Step::Export)),
    }));
    let at = test.place("Go").center();
    test.press_at(at);
    let before = test.app().forms.export.clone();
    test.press_at(at);
    test.settle();
    assert_eq!(test.app().step, Step::Export);
    assert_eq!(test.app().forms.export, before);
    assert_eq!(test.overlay(), None);
}

#[test]
fn a_new_panel_takes_what_is_typed_at_once() {
    let mut test = Test::open("test.hiscmcl");
    test.send(Command::Show(Overlay::Panel(hiscmcl::app::command::PanelForm::default())));
    let field = test.harness.get_by_role_and_label(Role::TextInput, "Name of the panel");
    assert!(field.is_focused());
    test.harness.get_by_role_and_label(Role::MultilineTextInput, "Genes of the panel").click();
    test.settle();
    let genes = test.harness.get_by_role_and_label(Role::MultilineTextInput, "Genes of the panel");
    genes.type_text("GNAS FASN NOTGENE");
    test.settle();
    assert!(test.shows("2 of 3 genes measured in this project"));
}

#[test]
fn enter_carries_out_the_command_that_the_pointer_chose_last() {
    let mut test = Test::open("test.hiscmcl");
    test.command_key(Key::L);
    let rows: Vec<_> = ["Go to Explore", "Go to Export"]
        .into_iter()
        .filter_map(|label| test.harness.query_all_by_label_contains(label).next().map(|n| n.rect()))
        .collect();
    let Some(row) = rows.first() else { panic!("no such command") };
    test.harness.hover_at(row.center());
    test.settle();
    test.key(Key::Enter);
    assert_eq!(test.app().step, Step::Explore);
}

/// README's table of keys, from the tables that the window uses. `INSTA_UPDATE=always` writes it.
#[test]
fn readme_shows_the_keys_of_today() {
    let test = Test::open("test.hiscmcl");
    let row = |keys: &str, does: &str| format!("| {} | {does} |\n", keys.replace("Cmd+", "Ctrl+"));
    let mut table = String::from("| keys | |\n|---|---|\n");
    for item in all_items(test.app()) {
        if let Some(shortcut) = item.shortcut {
            table.push_str(&row(&shortcut.text(), item.plain_name()));
        }
    }
    for group in EXPLORE_KEYS {
        table.push_str(&row(&group.text(), &format!("Explore: {}", group.does)));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- keys -->\n", "<!-- end of keys -->");
    let (before, rest) = readme.split_once(begin).unwrap();
    let (shown, after) = rest.split_once(end).unwrap();
    if shown != table && std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
        std::fs::write(&path, format!("{before}{begin}{table}{end}{after}")).unwrap();
        return;
    }
    assert_eq!(shown, table, "run this test with INSTA_UPDATE=always to write it");
}
