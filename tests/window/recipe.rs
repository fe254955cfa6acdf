//! Choosing the recipe to train by.

use eframe::egui::{Key, accesskit::Role};
use egui_kittest::kittest::Queryable as _;
use hiscmcl::app::command::{Command, Step};
use hiscmcl::app::work::Request;

use super::Test;

/// Chooses an entry of a list by clicking.
fn choose(test: &mut Test, list: &str, entry: &str) {
    test.harness.get_by_role_and_label(Role::ComboBox, list).click();
    test.settle();
    test.harness.get_by_role_and_label(Role::Button, entry).click();
    test.settle();
}

#[test]
fn the_published_recipe_is_chosen_and_what_it_takes_is_told() {
    let mut test = Test::open("test.hiscmcl");
    test.send(Command::GoTo(Step::Train));
    assert!(test.shows("3 networks, averaged"));
    choose(&mut test, "Recipe", "published");
    assert!(test.shows("one network") && test.shows("100 epochs") && test.shows("the spot alone"));
    choose(&mut test, "Its image encoder", "trained from scratch");
    test.until(|w| !w.app().settings.encoders.rates.is_empty());
    // 32 spots, 100 epochs, 60e9 / 2.83e9 / 5 images a second.
    assert!(test.shows("Training the encoder for 100 epochs: about 13 min, "));
    test.harness.key_press(Key::Escape);
    test.click("Train");
    test.until(|w| w.app().notices.open().any(|n| n.headline == "The GPU is gone"));
    let asked = |r: &Request| match r {
        Request::Train { fit, .. } => fit.published.as_ref().is_some_and(|p| p.trained.is_some()),
        _ => false,
    };
    assert!(test.asked(asked));
    // The cross-validation goes by the same form.
    test.send(Command::GoTo(Step::Evaluate));
    assert!(test.shows("DenseNet-121 learns with the rest") && test.shows("100 epochs"));
}
