//! How genes come into the list and into a model, and what becomes of those that a section did not measure.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::{Key, accesskit::Role};
use egui_kittest::kittest::Queryable as _;
use hiscmcl::app::command::{Command, GenesCommand, PanelForm};
use hiscmcl::app::explore::ExploreCommand;
use hiscmcl::core::matrix::Matrix;
use hiscmcl::core::target::Target;
use hiscmcl::data::project::{GeneOrigin, GeneSelection};
use hiscmcl::evaluate::judgement::Verdict;
use hiscmcl::evaluate::report::Split;
use hiscmcl::jobs::fit::recipe::Recipe;
use hiscmcl::jobs::outcome::Outcome;
use hiscmcl::jobs::request::Request;
use hiscmcl::jobs::run_store::{RunConfig, RunInfo, RunKind, RunState};
use hiscmcl::predict::{BankSpot, Predictions};
use hiscmcl::train::TrainConfig;

use super::{Test, opened, project, section};

/// The genes of the run that was made by the command line.
const OF_RUN: [&str; 2] = ["GNAS", "FASN"];

pub fn run(kind: RunKind) -> RunInfo {
    let config = RunConfig {
        version: 1,
        program: "0.1.0".into(),
        started: "2026-01-01T00:00:00Z".into(),
        kind,
        sections: ["A1", "A2", "B1"].map(Into::into).to_vec(),
        genes: OF_RUN.map(Into::into).to_vec(),
        target: Target::Lognorm,
        normalised: Vec::new(),
        encoder: "texture-2".into(),
        weights: None,
        device: "CPU".into(),
        recipe: Recipe::Fused(TrainConfig { seed: 7, ..TrainConfig::default() }),
    };
    let (folder, verdict) = (PathBuf::from("/nowhere").into(), Verdict::default());
    RunInfo {
        id: "cli".into(),
        folder,
        config,
        complete: true,
        state: RunState::Complete,
        scores: None,
        verdict,
    }
}

fn predictions(name: &str) -> Predictions {
    let spots: Vec<String> = section(name).spots.into_iter().map(|s| s.id).collect();
    Predictions {
        section: name.into(),
        mean: Matrix::from_fn(spots.len(), OF_RUN.len(), |r, c| (r + c) as f32),
        uncertainty: Matrix::from_fn(spots.len(), OF_RUN.len(), |_, _| 0.5),
        retrieved: vec![Vec::new(); spots.len()],
        genes: OF_RUN.map(Into::into).to_vec(),
        bank_spots: vec![BankSpot { section: "A1".into(), spot: spots[0].clone() }],
        spots,
    }
}

/// What the double says of the projects of these tests.
pub fn answer(request: &Request) -> Option<anyhow::Result<Outcome>> {
    let is = |path: &Path, name: &str| path.file_stem().is_some_and(|stem| stem == name);
    Some(Ok(match request {
        Request::OpenProject(path) if is(path, "panel") => {
            let mut project = project(true);
            let genes = ["GNAS", "FASN", "ERBB2", "PGR", "NOSUCH"].map(Into::into).to_vec();
            project.selection = Some(GeneSelection { genes, how: GeneOrigin::ByHand });
            opened("/nowhere/test.hiscmcl".into(), project, true)
        }
        Request::OpenProject(path) if is(path, "cli") => {
            opened("/nowhere/test.hiscmcl".into(), project(false), true)
        }
        Request::FindSamples { paths, .. }
            if paths.iter().any(|p| p.extension().is_some_and(|e| e == "genes")) =>
        {
            Outcome::Names { names: vec!["erbb2".into()], otherwise: "There is no sample in it".into() }
        }
        Request::Predict { section, .. } => {
            Outcome::Predicted { run: "cli".into(), predictions: Arc::new(predictions(section)), reach: None }
        }
        _ => return None,
    }))
}

/// A project without a gene list, which has a run.
fn with_run(kind: RunKind) -> Test {
    let mut test = Test::open("cli.hiscmcl");
    test.until(|w| !w.app().work.any(|r| matches!(r, Request::ListRuns(_))));
    test.harness.state_mut().app_mut().open.as_mut().unwrap().runs.list = vec![run(kind)];
    test.settle();
    test
}

fn list(test: &Test) -> Vec<String> {
    test.harness.state().app().open.as_ref().unwrap().genes().to_vec()
}

fn says(test: &Test, text: &str) -> bool {
    test.harness.state().app().notices.history().any(|n| n.headline.contains(text))
}

/// What was asked to be trained, once it was.
fn trained(test: &mut Test) -> Request {
    let asked = Arc::clone(&test.asked);
    test.until(|_| asked.lock().unwrap().iter().any(Request::trains));
    let found = test.asked.lock().unwrap().iter().find(|r| r.trains()).cloned();
    found.unwrap()
}

#[test]
fn a_panel_does_not_block_training() {
    let mut test = Test::open("panel.hiscmcl");
    test.click("2 Train");
    assert!(test.shows("2 of the 5 genes were not measured in every section."));
    for text in ["Not measured in B1:", "PGR", "Not measured in any section:", "NOSUCH", "3 genes"] {
        assert!(test.shows(text), "{text}");
    }
    test.harness.get_by_role_and_label(Role::Button, "Copy the names of the genes that are left out");
    assert!(test.harness.query_by_role_and_label(Role::Button, "Train").is_none());
    test.click("Train without them");
    let Request::Train { fit, .. } = trained(&mut test) else { panic!("no training") };
    assert_eq!(fit.genes.len(), 5, "the job itself leaves out and says so");
}

#[test]
fn the_cross_validation_goes_on_without_genes_that_a_section_lacks() {
    let mut test = Test::open("panel.hiscmcl");
    test.click("4 Evaluate");
    assert!(test.shows("Not measured in B1:"));
    test.click("Cross-validate without them");
    assert!(matches!(trained(&mut test), Request::Evaluate { .. }));
}

#[test]
fn what_is_left_out_can_be_taken_off_the_list() {
    let mut test = Test::open("panel.hiscmcl");
    assert!(test.shows("Not measured in B1:"));
    test.click("Remove them from the list");
    assert_eq!(list(&test), ["GNAS", "FASN", "ERBB2"]);
    test.click("2 Train");
    test.harness.get_by_role_and_label(Role::Button, "Train");
    // A section that is added later may lack a gene, too; here one goes, and nothing is lacking any more.
    test.send(Command::Genes(GenesCommand::Add(vec!["PGR".into()])));
    assert!(says(&test, "Training leaves it out, as it was not measured in every section."));
    test.harness.get_by_role_and_label(Role::Button, "Train without them");
    test.send(Command::Section(hiscmcl::app::command::SectionCommand::Remove("B1".into())));
    test.harness.get_by_role_and_label(Role::Button, "Train");
}

#[test]
fn with_no_gene_left_training_says_why() {
    let mut test = Test::open("nogenes.hiscmcl");
    test.send(Command::Genes(GenesCommand::Set(vec!["NOSUCH".into(), "PGR".into()])));
    test.click("2 Train");
    assert!(test.shows("There is nothing to train on"));
    use egui_kittest::kittest::NodeT as _;
    let train = test.harness.get_by_role_and_label(Role::Button, "Train");
    assert!(train.accesskit_node().is_disabled());
}

#[test]
fn several_genes_are_pasted_into_the_list() {
    for separator in [", ", "; ", "\t", " ", "\n"] {
        let mut test = Test::open("nogenes.hiscmcl");
        test.harness.get_by_label("Add genes").click();
        test.settle();
        let names = ["HER2", "gnas", "NOSUCH", "PGR"].join(separator);
        test.harness.get_by_label("Add genes").type_text(&names);
        test.settle();
        assert!(test.shows("Understood HER2 as ERBB2, gnas as GNAS."), "{separator:?}");
        assert!(test.shows("No match in any section: NOSUCH."));
        test.harness.key_press(Key::Enter);
        test.settle();
        assert_eq!(list(&test), ["ERBB2", "GNAS", "PGR"], "{separator:?}");
        assert!(says(&test, "No match for NOSUCH in any section."));
    }
}

#[test]
fn the_list_is_searched_and_goes_on_to_all_measured_genes() {
    let mut test = Test::open("test.hiscmcl");
    test.harness.get_by_label("Show the list").click();
    test.settle();
    test.harness.get_by_label("Search the gene list").click();
    test.settle();
    test.harness.get_by_label("Search the gene list").type_text("pgr");
    test.settle();
    assert!(test.shows("No match for \"pgr\" in the gene list."));
    test.click("Search all measured genes");
    test.click("Add PGR to gene list");
    assert_eq!(list(&test), ["GNAS", "FASN", "ERBB2", "PGR"]);
}

#[test]
fn panels_understand_names_of_proteins() {
    let mut test = Test::open("nogenes.hiscmcl");
    let form = PanelForm { name: "Mine".into(), genes: "HER2; erbb2\tNOSUCH".into(), ..PanelForm::default() };
    test.send(Command::Show(hiscmcl::app::command::Overlay::Panel(form)));
    assert!(test.shows("Understood HER2 as ERBB2, erbb2 as ERBB2."));
    assert!(test.shows("No match in any section: NOSUCH."));
    test.click("Save the panel");
    let open = test.harness.state().app().open.as_ref().unwrap();
    assert_eq!(open.doc().panels[0].genes, ["ERBB2", "NOSUCH"]);
}

#[test]
fn highly_variable_genes_come_with_those_to_keep() {
    let mut test = Test::open("nogenes.hiscmcl");
    test.send(Command::Genes(GenesCommand::AddTyped("ERBB2".into())));
    test.harness.get_by_label("Genes to keep always").click();
    test.settle();
    test.harness.get_by_label("Genes to keep always").type_text("PR, NOSUCH");
    test.settle();
    test.click("Select genes");
    let asked = Arc::clone(&test.asked);
    let kept =
        |r: &Request| matches!(r, Request::SelectGenes { keep, .. } if keep == &["ERBB2", "PR", "NOSUCH"]);
    test.until(|_| asked.lock().unwrap().iter().any(kept));
}

#[test]
fn the_genes_of_a_run_made_elsewhere_are_offered() {
    let mut test = with_run(RunKind::Model { test: vec!["B1".into()] });
    assert!(test.shows("Cli was trained on 2 genes, and the project has no gene list yet."));
    test.click("Use the genes of this run");
    assert_eq!(list(&test), OF_RUN);
    assert!(!test.shows("Cli was trained"));
    test.send(Command::Genes(GenesCommand::Add(vec!["ERBB2".into()])));
    assert!(test.shows("Cli was trained on 2 genes, which are not those of the list."));
}

#[test]
fn a_gene_is_added_from_the_search_of_the_maps() {
    let mut test = with_run(RunKind::Model { test: vec!["B1".into()] });
    test.click("Use the genes of this run");
    test.click("3 Explore");
    test.until(|w| w.app().explore.prediction().is_some());
    test.harness.get_by_label("Search genes").click();
    test.settle();
    test.harness.get_by_label("Search genes").type_text("her2");
    test.settle();
    assert!(test.shows("No match for “her2” among the genes of the model."));
    test.click("Search all measured genes");
    test.click("Add to gene list: ERBB2");
    assert_eq!(list(&test), ["GNAS", "FASN", "ERBB2"]);
    assert!(test.harness.query_by_label("Add to gene list: ERBB2").is_none());
}

#[test]
fn add_and_retrain_trains_as_the_run_shown_was_trained() {
    let mut test = with_run(RunKind::Model { test: vec!["B1".into()] });
    test.click("3 Explore");
    test.until(|w| w.app().explore.prediction().is_some());
    test.send(Command::Explore(ExploreCommand::SelectGene("ERBB2".into())));
    assert!(test.shows("ERBB2 is not among the genes of the model"));
    test.harness.get_all_by_label("Add and retrain").next().unwrap().click();
    test.settle();
    let Request::Train { fit, test: held_out, .. } = trained(&mut test) else { panic!("no training") };
    assert_eq!(fit.genes, ["GNAS", "FASN", "ERBB2"]);
    assert_eq!((fit.target, fit.recipe.seed(), held_out), (Target::Lognorm, 7, vec!["B1".to_owned()]));
    assert_eq!(list(&test), ["GNAS", "FASN", "ERBB2"]);
}

#[test]
fn a_cross_validation_is_made_again_with_the_gene() {
    let mut test = with_run(RunKind::CrossValidation { split: Split::Patient });
    test.click("3 Explore");
    test.until(|w| w.app().explore.prediction().is_some());
    test.send(Command::Genes(GenesCommand::AddAndRetrain(vec!["HER2".into()])));
    let Request::Evaluate { fit, split, .. } = trained(&mut test) else { panic!("no cross-validation") };
    assert_eq!((fit.genes.last().map(String::as_str), split), (Some("ERBB2"), Split::Patient));
}

#[test]
fn a_gene_that_a_section_lacks_is_not_promised() {
    let mut test = with_run(RunKind::Model { test: vec!["B1".into()] });
    test.click("3 Explore");
    test.until(|w| w.app().explore.prediction().is_some());
    test.send(Command::Genes(GenesCommand::AddAndRetrain(vec!["PGR".into()])));
    assert!(says(&test, "PGR was not measured in B1, so a model of these sections cannot learn it."));
    assert!(!test.asked(Request::trains));
}

#[test]
fn from_nothing_to_a_model_with_the_gene_in_one_step() {
    let mut test = Test::open("nogenes.hiscmcl");
    test.click("3 Explore");
    test.send(Command::Explore(ExploreCommand::SelectGene("ERBB2".into())));
    test.click("Add and train");
    let asked = Arc::clone(&test.asked);
    let kept = |r: &Request| matches!(r, Request::SelectGenes { keep, .. } if keep == &["ERBB2"]);
    test.until(|_| asked.lock().unwrap().iter().any(kept));
    assert!(matches!(trained(&mut test), Request::Train { .. }), "once the genes are selected");
}

#[test]
fn a_gene_list_is_dropped_on_the_window() {
    let mut test = Test::open("nogenes.hiscmcl");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("names.genes");
    std::fs::write(&file, "erbb2\n").unwrap();
    test.send(Command::Dropped(vec![file]));
    test.until(|w| !w.app().open.as_ref().unwrap().genes().is_empty());
    assert_eq!(list(&test), ["ERBB2"]);
}

#[test]
fn the_figure_takes_several_genes_and_those_that_no_run_predicts() {
    let mut test = with_run(RunKind::Model { test: vec!["B1".into()] });
    test.click("5 Export");
    let genes = |test: &Test| test.harness.state().app().forms.export.genes.clone();
    test.harness.get_by_label("Add a gene to the figure").click();
    test.settle();
    test.harness.get_by_label("Add a gene to the figure").type_text("HER2");
    test.settle();
    assert!(test.shows("No match for HER2 among the genes of the model."));
    test.click("Search all measured genes");
    test.click("ERBB2");
    assert_eq!(genes(&test), ["ERBB2"]);
    test.harness.get_by_label("Add a gene to the figure").click();
    test.settle();
    test.harness.get_by_label("Add a gene to the figure").type_text("GNAS; fasn, NOSUCH");
    test.settle();
    assert!(test.shows("No match for NOSUCH"));
    test.click("Add 2 genes");
    assert_eq!(genes(&test), ["ERBB2", "GNAS", "FASN"]);
}
