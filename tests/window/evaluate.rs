//! The result of a cross-validation: what it is called, and its tables.

use std::sync::Arc;

use eframe::egui::{Event, MouseWheelUnit, TouchPhase, accesskit::Role, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use hiscmcl::app::command::{Command, EvaluateCommand, Step};
use hiscmcl::app::scores::ShownReport;
use hiscmcl::core::target::Target;
use hiscmcl::evaluate::report::{Ceiling, EvalReport, FoldReport, GeneScore, MeanReport, Scores, Split};
use hiscmcl::jobs::request::Request;

use super::Test;

/// 60 genes: G00 is predicted with a PCC of .60, each further one with .01 less, of at most .8. Then one that is constant.
fn genes() -> Vec<GeneScore> {
    let score = |gene: String, pcc: Option<f64>| GeneScore {
        gene,
        mean_expression: 1.0,
        pcc,
        q: pcc.map(|_| 0.001),
        spearman: pcc,
        mse: 0.1,
        mae: 0.2,
        ridge_pcc: pcc.map(|p| p - 0.03),
        ceiling: Some(0.8),
        uncertainty: 0.3,
    };
    let mut genes: Vec<GeneScore> =
        (0..60).map(|i| score(format!("G{i:02}"), Some(f64::from(60 - i) / 100.0))).collect();
    genes.push(score("SILENT".into(), None));
    genes
}

fn report() -> EvalReport {
    let fold = |test: &str, train: &[&str], pcc_all: f64| {
        let scores = |pcc: f64| Scores { pcc_all: Some(pcc), pcc_heg50: Some(pcc + 0.1), mse: 0.2, mae: 0.3 };
        FoldReport {
            test: test.into(),
            patient: Some(test[..1].into()),
            train: train.iter().map(ToString::to_string).collect(),
            validation: None,
            model: scores(pcc_all),
            ridge: scores(pcc_all - 0.05),
            ridge_alpha: 1.0,
            mean: scores(0.0),
            ceiling: Ceiling { pcc_all: Some(0.8), pcc_heg50: Some(0.9) },
            undefined_genes: 1,
            regions: None,
            notes: Vec::new(),
            genes: genes(),
        }
    };
    let folds =
        vec![fold("A1", &["B1"], 0.305), fold("A2", &["B1"], 0.305), fold("B1", &["A1", "A2"], 0.455)];
    EvalReport {
        split: Split::Patient,
        target: Target::Published,
        gene_count: 61,
        device: "CPU".into(),
        seed: 1,
        mean: MeanReport::from_folds(&folds),
        folds,
        warnings: Vec::new(),
        seconds: 1.0,
        peak_rss_mb: 1.0,
    }
}

/// The Evaluate page with the report.
pub fn evaluated() -> Test {
    let mut test = Test::open("test.hiscmcl");
    test.until(|w| !w.app().work.any(|r| matches!(r, Request::ListRuns(_))));
    let runs = &mut test.harness.state_mut().app_mut().open.as_mut().unwrap().runs;
    runs.report = Some(ShownReport::new("run".into(), Arc::new(report()), None));
    test.send(Command::GoTo(Step::Evaluate));
    test
}

/// Genes of the list from top to bottom, as far as they are in view.
fn listed(test: &Test) -> Vec<String> {
    let mut rows: Vec<(f32, String)> = test
        .harness
        .get_all_by_role(Role::Button)
        .filter_map(|n| {
            let label = n.accesskit_node().label()?;
            Some((n.rect().top(), label.strip_prefix("Maps of ")?.to_owned()))
        })
        .collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    rows.into_iter().map(|r| r.1).collect()
}

#[test]
fn the_headline_counts_good_and_fair_genes() {
    let test = evaluated();
    // G00 to G20 reach .4 and half of .8; G21 to G40 reach .2 and a quarter. The mean is .355 of at most .8.
    assert!(test.shows("Fair overall: 21 of 61 genes good, 20 fair, 1 not tested."));
    assert!(test.shows("The model beats ridge regression by 0.050 PCC on average."));
    // Sections are judged, too: .305 and .455 of at most .8.
    assert!(test.harness.query_all_by_label("fair").count() >= 3);
    assert!(test.harness.query_all_by_label("good").count() >= 1);
}

#[test]
fn the_table_of_genes_is_sorted_by_its_headings() {
    let mut test = evaluated();
    assert_eq!(listed(&test)[..2], ["G00", "G01"]);
    test.click("Sort by Model PCC, sorted, largest first");
    assert_eq!(listed(&test)[..2], ["G59", "G58"]);
    test.click("Sort by Gene");
    assert_eq!(listed(&test)[..2], ["G00", "G01"]);
    test.click("Sort by Gene, sorted, smallest first");
    assert_eq!(listed(&test)[..2], ["SILENT", "G59"]);
    // Remembered while the project is open.
    test.send(Command::GoTo(Step::Data));
    test.send(Command::GoTo(Step::Evaluate));
    assert_eq!(listed(&test)[0], "SILENT");
}

#[test]
fn genes_are_filtered_by_judgement_and_saved_as_shown() {
    let mut test = evaluated();
    test.harness.get_by_role_and_label(Role::ComboBox, "Filter by judgement").click();
    test.settle();
    test.harness.get_by_label("20 fair").click();
    test.settle();
    assert_eq!(listed(&test)[..2], ["G21", "G22"]);
    assert!(test.shows("20 of 61 genes listed"));
    test.harness.get_by_label("Search the scored genes").click();
    test.settle();
    test.harness.get_by_label("Search the scored genes").type_text("g4");
    test.settle();
    assert_eq!(listed(&test), ["G40"]);
    test.send(Command::Evaluate(EvaluateCommand::SaveTable("/nowhere/genes.csv".into())));
    let asked = Arc::clone(&test.asked);
    let saved = move || {
        asked.lock().unwrap().iter().find_map(|r| match r {
            Request::SaveTable { text, .. } => Some(text.clone()),
            _ => None,
        })
    };
    test.until(|_| saved().is_some());
    assert_eq!(
        saved().unwrap(),
        "Gene,Judgement,Model PCC,Noise ceiling,Share of ceiling,Ridge PCC,Mean expression,Significant in\n\
         G40,fair,0.200000,0.800000,0.250000,0.170000,1.000000,3 of 3 sections\n"
    );
}

fn wheel(test: &mut Test, by: f32) {
    test.harness.event(Event::MouseWheel {
        source: eframe::egui::MouseWheelSource::Wheel,
        unit: MouseWheelUnit::Point,
        delta: vec2(0.0, by),
        phase: TouchPhase::Move,
        modifiers: eframe::egui::Modifiers::NONE,
    });
    test.harness.run_steps(30);
}

#[test]
fn the_wheel_scrolls_the_table_and_at_its_end_the_page() {
    let mut test = evaluated();
    // Bring the table into view first.
    let somewhere = test.harness.get_by_label_contains("Fair overall").rect().center();
    test.harness.hover_at(somewhere);
    test.settle();
    wheel(&mut test, -2000.0);
    let head = |test: &Test| test.harness.get_by_label("Sort by Gene").rect();
    let before = head(&test);
    let rows = listed(&test);
    test.harness.hover_at(before.center_bottom() + vec2(0.0, 60.0));
    test.settle();
    wheel(&mut test, -200.0);
    assert_eq!(head(&test), before, "the heading and the page stay");
    assert_ne!(listed(&test)[0], rows[0]);
    // What a movement has left at the end of the table does not move the page.
    wheel(&mut test, -5000.0);
    assert_eq!(listed(&test).last().unwrap(), "SILENT");
    assert_eq!(head(&test), before);
    wheel(&mut test, 9000.0);
    assert_eq!(head(&test), before);
    assert_eq!(listed(&test)[0], "G00");
    // The next one does.
    wheel(&mut test, 300.0);
    assert!(head(&test).top() > before.top() + 100.0);
}

#[test]
fn a_table_that_is_cut_off_does_not_stop_the_page() {
    let mut test = evaluated();
    let top = test.harness.get_by_label_contains("Fair overall").rect();
    test.harness.hover_at(top.center());
    test.settle();
    // Until the heading of the table is in view and its end is not.
    let head = |test: &Test| test.harness.get_by_label("Sort by Gene").rect();
    let bottom = 900.0 - 62.0;
    let by = bottom - 120.0 - head(&test).top();
    wheel(&mut test, by);
    let (before, rows) = (head(&test), listed(&test));
    test.harness.hover_at(before.center_bottom() + vec2(0.0, 40.0));
    test.settle();
    wheel(&mut test, -150.0);
    assert!(head(&test).top() < before.top() - 100.0, "the page has moved");
    assert_eq!(listed(&test)[0], rows[0], "and the table has not");
}

#[test]
fn sections_are_sorted_and_their_mean_stays_last() {
    let mut test = evaluated();
    let order = |test: &Test| {
        let top = |label: &str| test.harness.get_by_label(label).rect().top();
        [top("A1 (patient A)"), top("A2 (patient A)"), top("B1 (patient B)"), top("Mean")]
    };
    let [a1, a2, b1, mean] = order(&test);
    assert!(a1 < a2 && a2 < b1 && b1 < mean);
    test.click("Sort by PCC all");
    let [a1, a2, b1, mean] = order(&test);
    assert!(b1 < a1 && a1 < a2 && a2 < mean);
}
