//! Choosing the recipe to train by, and comparing what came of it.

use std::path::PathBuf;
use std::sync::Arc;

use eframe::egui::{Key, accesskit::Role};
use egui_kittest::kittest::Queryable as _;
use hiscmcl::app::command::{Command, Step};
use hiscmcl::app::scores::ShownReport;
use hiscmcl::core::target::Target;
use hiscmcl::evaluate::judgement::Verdict;
use hiscmcl::evaluate::report::{EvalReport, MeanReport, Scores, Split};
use hiscmcl::jobs::fit::published::PublishedChoice;
use hiscmcl::jobs::fit::recipe::Recipe;
use hiscmcl::jobs::request::Request;
use hiscmcl::jobs::run_store::{RunConfig, RunInfo, RunKind, RunState};

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
    // 32 spots, 100 epochs, 60e9 / 2.83e9 / 9.5 images a second.
    assert!(test.shows("Training the encoder for 100 epochs: about 25 min, "));
    test.harness.key_press(Key::Escape);
    test.click("Train");
    test.until(|w| w.app().notices.open().any(|n| n.headline == "run 1 failed: The GPU is gone"));
    let asked = |r: &Request| match r {
        Request::Train { fit, .. } => {
            matches!(&fit.recipe, Recipe::Published(PublishedChoice { trained: Some(_), .. }))
        }
        _ => false,
    };
    assert!(test.asked(asked));
    // The cross-validation goes by the same form.
    test.send(Command::GoTo(Step::Evaluate));
    assert!(test.shows("DenseNet-121 is trained together with the rest") && test.shows("100 epochs"));
}

pub fn cross_validation(id: &str, genes: &[&str], published: bool, pcc_all: f64) -> RunInfo {
    let config = RunConfig {
        version: 1,
        program: "0.1.0".into(),
        started: "2026-01-01T00:00:00Z".into(),
        kind: RunKind::CrossValidation { split: Split::Section },
        sections: ["A1", "A2", "B1"].map(Into::into).to_vec(),
        genes: genes.iter().map(ToString::to_string).collect(),
        target: Target::Published,
        normalised: Vec::new(),
        encoder: "texture-2".into(),
        weights: None,
        device: "CPU".into(),
        recipe: match published {
            true => Recipe::Published(PublishedChoice::default()),
            false => Recipe::default(),
        },
    };
    let scores = Some(Scores { pcc_all: Some(pcc_all), pcc_heg50: Some(0.4), mse: 0.2, mae: 0.3 });
    RunInfo {
        id: id.into(),
        folder: PathBuf::from("/nowhere").into(),
        config,
        complete: true,
        state: RunState::Complete,
        scores,
        verdict: Verdict::default(),
    }
}

#[test]
fn cross_validations_lie_beside_each_other() {
    let mut test = Test::open("test.hiscmcl");
    // The list that comes with the project, which is empty, must not come after the one below.
    test.until(|w| !w.app().work.any(|r| matches!(r, Request::ListRuns(_))));
    let report = EvalReport {
        split: Split::Section,
        target: Target::Published,
        gene_count: 2,
        device: "CPU".into(),
        seed: 1,
        folds: Vec::new(),
        mean: MeanReport::default(),
        warnings: Vec::new(),
        seconds: 1.0,
        peak_rss_mb: 1.0,
    };
    let runs = &mut test.harness.state_mut().app_mut().open.as_mut().unwrap().runs;
    runs.report = Some(ShownReport::new("ours".into(), Arc::new(report), None));
    runs.list = vec![cross_validation("ours", &["A", "B"], false, 0.258)];
    test.send(Command::GoTo(Step::Evaluate));
    assert!(!test.shows("Scores are comparable only if"), "one has nothing beside it");

    let runs = &mut test.harness.state_mut().app_mut().open.as_mut().unwrap().runs;
    runs.list.push(cross_validation("theirs", &["B", "A"], true, 0.208));
    runs.list.push(cross_validation("older", &["A"], false, 0.311));
    test.settle();
    for text in [
        "Texture, published recipe",
        "0.258",
        "0.208",
        "0.311",
        "other genes",
        "Scores are comparable only if",
    ] {
        assert!(test.shows(text), "{text}");
    }
    test.click("theirs");
    // The double answers on a thread of its own.
    let asked = Arc::clone(&test.asked);
    let is_theirs = |r: &Request| matches!(r, Request::LoadRun(run) if run.id == "theirs");
    test.until(|_| asked.lock().unwrap().iter().any(is_theirs));
}
