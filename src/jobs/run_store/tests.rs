use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::names::{check_name, is_reserved};
use super::*;
use crate::core::cancel::CancelToken;
use crate::core::progress::Silent;
use crate::core::target::{ExpressionScale, Target};
use crate::jobs::context::JobContext;
use crate::jobs::fit::recipe::Recipe;
use crate::train::TrainConfig;

fn config(seed: u64) -> RunConfig {
    RunConfig {
        version: RUN_VERSION,
        program: "0.1.0".into(),
        started: "2026-01-01T00:00:00Z".into(),
        kind: RunKind::Model { test: vec!["C4".into()] },
        sections: vec!["C2".into(), "C4".into()],
        genes: vec!["GNAS".into()],
        target: Target::Published,
        normalised: Vec::new(),
        encoder: "texture".into(),
        weights: None,
        device: "CPU".into(),
        recipe: Recipe::Fused(TrainConfig { seed, ..TrainConfig::default() }),
    }
}

#[test]
fn a_run_on_normalised_values_predicts_these() {
    let of = |normalised: &[&str]| {
        RunConfig { normalised: normalised.iter().map(|s| (*s).to_owned()).collect(), ..config(1) }.scale()
    };
    assert_eq!(of(&[]), ExpressionScale::Log10Selected);
    assert_eq!(of(&["C2"]), ExpressionScale::Log10Selected);
    assert_eq!(of(&["C2", "C4"]), ExpressionScale::AsInFile);
    // Runs of earlier versions do not say it.
    let text = serde_json::to_string(&config(1)).unwrap();
    assert!(!text.contains("normalised"));
    assert_eq!(serde_json::from_str::<RunConfig>(&text).unwrap(), config(1));
}

#[test]
fn a_run_is_complete_or_absent() {
    let dir = tempfile::tempdir().unwrap();
    let project = dir.path().join("p.hiscmcl");
    let run = RunInProgress::start(&project, "first", &config(1)).unwrap();
    assert!(matches!(find_run(&project, "first"), Err(RunError::Unknown { .. })));
    let listed = list_runs(&project).unwrap();
    assert_eq!((listed.runs.len(), listed.runs[0].complete, listed.runs[0].id.as_str()), (1, false, "first"));
    run.finish().unwrap();
    assert_eq!(find_run(&project, "first").unwrap().config, config(1));
    assert!(matches!(RunInProgress::start(&project, "first", &config(1)), Err(RunError::Exists(_))));
    delete_run(&find_run(&project, "first").unwrap().folder, "first").unwrap();
    assert_eq!(list_runs(&project).unwrap(), RunList::default());
}

#[test]
fn runs_of_another_project_are_copied_once_and_never_in_place_of_others() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("her2st.hiscmcl"), dir.path().join("scans.hiscmcl"));
    std::fs::write(&from, "").unwrap();
    std::fs::write(&to, "").unwrap();
    let cancel = CancelToken::new();
    let ctx = JobContext { observer: &Silent, cancel: &cancel };
    let copy = |only: &[String]| copy_runs(&from, &to, only, &ctx);
    assert!(copy(&[]).unwrap_err().to_string().ends_with("her2st.hiscmcl has no finished runs"));
    let make = |project: &Path, name: &str, seed| {
        let run = RunInProgress::start(project, name, &config(seed)).unwrap();
        let fold = run.folder.path().join("fold-C4");
        std::fs::create_dir(&fold).unwrap();
        std::fs::write(fold.join("model"), name).unwrap();
        run.finish().unwrap();
    };
    make(&from, "run 1", 1);
    make(&from, "run 2", 2);
    // Interrupted runs stay where they are.
    drop(RunInProgress::start(&from, "run 3", &config(3)).unwrap());
    // Another run of this name.
    make(&to, "Run 1", 9);
    let done = copy(&[]).unwrap();
    assert_eq!(done.copied, ["run 1 (her2st)", "run 2"]);
    let copied = find_run(&to, "run 1 (her2st)").unwrap();
    assert_eq!((copied.complete, copied.config), (true, config(1)));
    assert_eq!(std::fs::read_to_string(copied.folder.path().join("fold-C4").join("model")).unwrap(), "run 1");
    assert_eq!(
        std::fs::read_to_string(find_run(&to, "Run 1").unwrap().folder.path().join("fold-C4/model")).unwrap(),
        "Run 1"
    );
    let again = copy(&[]).unwrap();
    assert_eq!((again.copied.len(), again.known.len()), (0, 2));
    assert_eq!(list_runs(&to).unwrap().runs.len(), 3);
    let said = copy(&["run 7".to_owned()]).unwrap_err().to_string();
    assert!(said.contains("no run named \"run 7\"") && said.contains("run 1, run 2"), "{said}");
    let said = copy_runs(&to, &to, &[], &ctx).unwrap_err().to_string();
    assert!(said.contains("is the project itself"), "{said}");
}

#[test]
fn an_interrupted_run_resumes_only_with_its_settings() {
    let dir = tempfile::tempdir().unwrap();
    let project = dir.path().join("p.hiscmcl");
    let begun = RunInProgress::start(&project, "a", &config(1)).unwrap();
    std::fs::write(begun.folder.path().join("checkpoint"), "").unwrap();
    drop(begun);
    assert!(matches!(RunInProgress::start(&project, "a", &config(2)), Err(RunError::OtherSettings(_))));
    let again = RunInProgress::start(&project, "a", &config(1)).unwrap();
    assert!(again.resumed);
    let second = RunInProgress::start(&project, "a", &config(1));
    assert!(matches!(second, Err(RunError::Busy(_))), "one program at a time");
    let listed = list_runs(&project).unwrap().runs.remove(0);
    assert!(matches!(delete_run(&listed.folder, "a"), Err(RunError::Busy(_))));
    let folder = again.finish().unwrap();
    assert!(!folder.lock_file().exists());
}

#[test]
fn an_interrupted_run_with_genes_that_are_gone_begins_anew() {
    let dir = tempfile::tempdir().unwrap();
    let project = dir.path().join("p.hiscmcl");
    let with = |genes: &[&str], seed| RunConfig {
        genes: genes.iter().map(|g| (*g).to_owned()).collect(),
        ..config(seed)
    };
    let gone = ["PGR".to_owned()];
    drop(RunInProgress::start(&project, "a", &with(&["GNAS", "PGR"], 1)).unwrap());
    assert!(!discard_if_outdated(&project, "a", &with(&["GNAS"], 1), &[]).unwrap());
    assert!(!discard_if_outdated(&project, "a", &with(&["GNAS"], 2), &gone).unwrap(), "other settings");
    assert!(discard_if_outdated(&project, "a", &with(&["GNAS"], 1), &gone).unwrap());
    assert!(!RunInProgress::start(&project, "a", &with(&["GNAS"], 1)).unwrap().resumed);
    assert!(!discard_if_outdated(&project, "a", &with(&["GNAS"], 1), &gone).unwrap());
}

#[test]
fn how_a_run_ended_stays_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let project = dir.path().join("p.hiscmcl");
    let state = || list_runs(&project).unwrap().runs.remove(0).state;
    let begin = || RunInProgress::start(&project, "a", &config(1)).unwrap();
    let token = CancelToken::new();
    let run = begin();
    assert_eq!(state(), RunState::Training);
    let fails =
        || -> anyhow::Result<()> { Err(anyhow::anyhow!("No space is left").context("Cannot write a")) };
    assert!(run.watch(&token, fails).is_err());
    drop(run);
    let failed =
        RunState::Failed { headline: "Cannot write a".into(), causes: vec!["No space is left".into()] };
    assert_eq!(state(), failed);
    drop(begin());
    assert_eq!(state(), RunState::Interrupted, "it was begun again and broke off");
    let run = begin();
    let panicked =
        catch_unwind(AssertUnwindSafe(|| run.watch(&token, || -> anyhow::Result<()> { panic!("!") })));
    assert!(panicked.is_err());
    drop(run);
    assert!(matches!(state(), RunState::Failed { .. }));
    for (stop, expected) in [
        (CancelToken::abandon as fn(&CancelToken), RunState::Interrupted),
        (CancelToken::cancel, RunState::Stopped),
    ] {
        let (run, token) = (begin(), CancelToken::new());
        stop(&token);
        assert!(run.watch(&token, || Ok(token.check()?)).is_err());
        drop(run);
        assert_eq!(state(), expected);
    }
    let run = begin();
    run.watch(&token, || Ok(())).unwrap();
    run.finish().unwrap();
    assert_eq!(state(), RunState::Complete);
}

#[test]
fn a_run_that_failed_at_once_leaves_its_name_free() {
    let dir = tempfile::tempdir().unwrap();
    let project = dir.path().join("p.hiscmcl");
    drop(RunInProgress::start(&project, "a", &config(1)).unwrap());
    let again = RunInProgress::start(&project, "a", &config(2)).unwrap();
    assert!(!again.resumed);
    assert_eq!(again.folder.read_config().unwrap(), config(2));
}

#[test]
fn names_stay_inside_the_folder() {
    let long = "x".repeat(101);
    for bad in
        ["", "..", "a/b", ".x", "a\\b", " a", "a.", "CON", "nul.txt", "Com1", "a:b", "\u{1f34e}", &long]
    {
        assert!(matches!(check_name(bad), Err(RunError::BadName { .. })), "{bad:?}");
    }
    for good in ["all-but-C4", "F\u{e4}lle 2024 (Kopie)", "CONTROL", "COM10", "v1.2"] {
        assert!(check_name(good).is_ok(), "{good}");
    }
    let says = check_name("AUX").unwrap_err().to_string();
    assert_eq!(
        says,
        "\"AUX\" cannot be the name of a run: Windows reserves it for a device; use letters, digits, spaces, '-' and '_'"
    );
}

#[test]
fn names_become_files_that_stay_apart() {
    for name in ["C2", "F\u{e4}lle 2024 (Kopie)", "\u{7ec4}\u{7ec7} A&B", "HLA-A"] {
        assert_eq!(safe_name(name), name);
    }
    let odd =
        ["a/b", "a\\b", "a:b", "a_b", "../a", "a", "a.", "a ", "CON", "con", "\u{1f34e}", "\u{1f34f}", ""];
    let files: std::collections::BTreeSet<String> = odd.iter().map(|n| safe_name(n)).collect();
    assert_eq!(files.len(), odd.len(), "{files:?}");
    for file in &files {
        let ends = file.ends_with(['.', ' ']) || file.starts_with(' ');
        assert!(!ends && !file.contains(['/', '\\', ':']) && !is_reserved(file), "{file}");
    }
    assert_eq!(safe_name("P2 / rep1"), "P2 _ rep1-379b042c");
    let long = |last: char| safe_name(&format!("{}{last}", "\u{e4}".repeat(120)));
    assert!(long('a').len() <= 80 && long('a') != long('b'));
}

#[test]
fn what_earlier_versions_stored_is_found() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("fold-P2___rep1")).unwrap();
    let run = RunFolder::from(dir.path().to_path_buf());
    let named = |name: &str| RunFolder::from(dir.path().join(name));
    assert_eq!(run.fold("P2 / rep1"), named("fold-P2___rep1"));
    assert_eq!(run.fold("P 3"), named("fold-P 3"));
    // A new fold does not take the folder of another one, whose name an earlier version would have given it.
    std::fs::create_dir(dir.path().join("fold-P2_rep1")).unwrap();
    assert_eq!(run.new_fold("P2_rep1"), named("fold-P2_rep1"));
    assert_eq!(run.new_fold("P2 rep1"), named("fold-P2 rep1"));
    assert_ne!(run.new_fold("a/b"), run.new_fold("a_b"));
}

#[test]
fn names_that_differ_by_capitals_are_one() {
    let dir = tempfile::tempdir().unwrap();
    let project = dir.path().join("p.hiscmcl");
    RunInProgress::start(&project, "First", &config(1)).unwrap().finish().unwrap();
    assert!(matches!(check_free(&project, "first"), Err(RunError::Exists(run)) if run == "First"));
    assert!(matches!(RunInProgress::start(&project, "first", &config(1)), Err(RunError::Exists(_))));
    assert!(check_free(&project, "second").is_ok());
}

#[test]
fn runs_that_cannot_be_read_are_refused_listed_and_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let project = dir.path().join("p.hiscmcl");
    let folder = RunInProgress::start(&project, "a", &config(1)).unwrap().finish().unwrap();
    std::fs::write(folder.path().join("run.json"), r#"{"version": 99, "new": true}"#).unwrap();
    let error = find_run(&project, "a").unwrap_err();
    assert!(error.to_string().contains("newer version"), "{error}");
    // One that was cut off while it was copied, say.
    let folder = RunInProgress::start(&project, "b", &config(1)).unwrap().finish().unwrap();
    std::fs::write(folder.path().join("run.json"), r#"{"version": 1, "program": "0.1"#).unwrap();
    // Not a run at all.
    std::fs::create_dir(runs_folder(&project).join("notes")).unwrap();
    let listed = list_runs(&project).unwrap();
    assert!(listed.runs.is_empty());
    let [newer, damaged] = listed.unreadable.as_slice() else { panic!("{listed:?}") };
    assert!(newer.id == "a" && newer.problem.contains("newer version"), "{newer:?}");
    assert!(damaged.id == "b" && damaged.problem.contains("run.json"), "{damaged:?}");
    assert!(matches!(check_free(&project, "A"), Err(RunError::Exists(run)) if run == "a"));
    delete_run(&newer.folder, "a").unwrap();
    delete_run(&damaged.folder, "b").unwrap();
    assert_eq!(list_runs(&project).unwrap(), RunList::default());
}
