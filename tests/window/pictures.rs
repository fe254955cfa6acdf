//! Pictures of whole pages in both themes, so that a change of their look is seen and approved.

use hiscmcl::app::command::{Command, Step};
use hiscmcl::jobs::settings::Theme;

use super::{Test, evaluate};

const THEMES: [(Theme, &str); 2] = [(Theme::Light, "light"), (Theme::Dark, "dark")];

fn compare(mut test: Test, page: &str) {
    test.rest();
    for (theme, name) in THEMES {
        test.send(Command::SetTheme(theme));
        test.harness.run_steps(30);
        crate::picture::compare(&mut test.harness, &format!("{page}-{name}"));
    }
}

#[test]
fn the_data_page_looks_as_approved() {
    compare(Test::open("test.hiscmcl"), "data");
}

#[test]
fn the_evaluate_page_looks_as_approved() {
    compare(evaluate::evaluated(), "evaluate");
}

#[test]
fn the_export_page_looks_as_approved() {
    let mut test = Test::open("test.hiscmcl");
    test.send(Command::GoTo(Step::Export));
    compare(test, "export");
}
