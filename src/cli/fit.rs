//! Training and cross-validating, by one recipe or by both.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use hiscmcl::core::files::{write_bytes_atomically, write_json_atomically};
use hiscmcl::core::note::Note;
use hiscmcl::evaluate::judgement::JudgedReport;
use hiscmcl::evaluate::report::EvalReport;
use hiscmcl::evaluate::tables::{self, rounded};
use hiscmcl::jobs::context::JobContext;
use hiscmcl::jobs::fit::published::{PublishedChoice, TrainedChoice};
use hiscmcl::jobs::fit::recipe::Recipe;
use hiscmcl::jobs::fit::{self, FitRequest};
use hiscmcl::jobs::genes;
use hiscmcl::jobs::workspace::Workspace;
use hiscmcl::train::TrainConfig;
use serde_json::{Map, Value, json};

use super::args::{EvaluateArgs, FitArgs, RecipeArg, TrainArgs};
use super::commands::section_names;
use super::terminal::{print, say};

const FUSED: &str = "fused";
const PUBLISHED: &str = "published";

/// The settings of both recipes.
#[derive(Default)]
struct Settings {
    fused: TrainConfig,
    published: PublishedChoice,
}

impl Settings {
    /// Changes a setting, `[RECIPE.]NAME=VALUE`; the recipe need be named only where there are two.
    fn set(&mut self, change: &str, recipe: RecipeArg) -> anyhow::Result<()> {
        let (name, value) =
            change.split_once('=').ok_or_else(|| anyhow!("--set takes NAME=VALUE, not \"{change}\""))?;
        let (of, name) = match name.trim().split_once('.') {
            Some((of, name)) => (of, name),
            None => match recipe {
                RecipeArg::Fused => (FUSED, name.trim()),
                RecipeArg::Published => (PUBLISHED, name.trim()),
                RecipeArg::Both => {
                    let name = name.trim();
                    return Err(anyhow!(
                        "With both recipes, say of which: --set {FUSED}.{name}=VALUE or --set {PUBLISHED}.{name}=VALUE"
                    ));
                }
            },
        };
        match of {
            FUSED if recipe != RecipeArg::Published => self.fused.set(name, value.trim())?,
            PUBLISHED if recipe != RecipeArg::Fused => self.published.settings.set(name, value.trim())?,
            _ => return Err(anyhow!("--set {change}: \"{of}\" is not a recipe that this command uses")),
        }
        Ok(())
    }
}

/// What is asked of each recipe, by its name.
fn requests(
    workspace: &Workspace,
    args: FitArgs,
    ctx: &JobContext,
) -> anyhow::Result<Vec<(&'static str, FitRequest)>> {
    let recipe = args.recipe;
    let mut settings = Settings::default();
    if let Some(weights) = args.train_encoder {
        if recipe == RecipeArg::Fused {
            return Err(anyhow!("--train-encoder requires --recipe published"));
        }
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        settings.published.trained = Some(TrainedChoice::new(weights.map(absolute)));
    }
    for change in &args.set {
        settings.set(change, recipe)?;
    }
    if let Some(seed) = args.seed {
        (settings.fused.seed, settings.published.settings.seed) = (seed, seed);
    }
    let Settings { fused, published } = settings;
    let fused = FitRequest {
        genes: genes::load(workspace, &args.genes, ctx)?,
        target: args.target,
        sections: Vec::new(),
        encoder: args.encoder.into(),
        device: args.device,
        recipe: Recipe::Fused(fused),
    };
    let published = FitRequest { recipe: Recipe::Published(published), ..fused.clone() };
    Ok(match recipe {
        RecipeArg::Fused => vec![(FUSED, fused)],
        RecipeArg::Published => vec![(PUBLISHED, published)],
        RecipeArg::Both => vec![(FUSED, fused), (PUBLISHED, published)],
    })
}

/// Trains a model and keeps it as a run.
pub fn train_model(args: TrainArgs, ctx: &JobContext) -> anyhow::Result<()> {
    let workspace = Workspace::open(args.project)?;
    let requests = requests(&workspace, args.fit, ctx)?;
    let [(_, request)] = requests.as_slice() else {
        return Err(anyhow!("train takes one recipe at a time: fused or published"));
    };
    let test = section_names(&args.test, &workspace);
    let trained = fit::train(&workspace, request, &test, &args.run, ctx)?;
    let folds: Vec<Value> = trained
        .reports
        .iter()
        .map(|r| {
            let verdict = r.verdict();
            json!({
                "test": r.test, "model": r.model, "ridge": r.ridge, "mean": r.mean, "ceiling": r.ceiling,
                "judgement": verdict.judgement, "genes": verdict.genes,
            })
        })
        .collect();
    let value = json!({
        "run": trained.run,
        "device": trained.device,
        "seconds": trained.seconds,
        "folds": folds,
        "notes": trained.notes.iter().map(Note::text).collect::<Vec<_>>(),
    });
    let mut lines =
        vec![format!("Run \"{}\" trained in {:.0} s on {}", trained.run, trained.seconds, trained.device)];
    lines.extend(trained.reports.iter().map(|r| {
        format!(
            "{}: PCC {} (HEG-50 {}); ridge {} ({}); ceiling {} ({}). {}",
            r.test,
            rounded(r.model.pcc_all),
            rounded(r.model.pcc_heg50),
            rounded(r.ridge.pcc_all),
            rounded(r.ridge.pcc_heg50),
            rounded(r.ceiling.pcc_all),
            rounded(r.ceiling.pcc_heg50),
            r.verdict().headline()
        )
    }));
    lines.extend(trained.notes.iter().map(|n| format!("note: {n}")));
    print(args.json, &value, lines.into_iter())
}

/// Cross-validates by one recipe, or by both on the same folds.
pub fn evaluate(args: EvaluateArgs, ctx: &JobContext) -> anyhow::Result<()> {
    // Before anything is computed.
    for (option, path, ending) in [("--json", &args.json, "json"), ("--csv", &args.csv, "csv")] {
        if let Some(path) =
            path.as_deref().filter(|p| !p.extension().is_some_and(|e| e.eq_ignore_ascii_case(ending)))
        {
            return Err(anyhow!("{option} {}: choose a name that ends in .{ending}", path.display()));
        }
    }
    let workspace = Workspace::open(args.project)?;
    let genes = args.fit.genes.clone();
    let requests = requests(&workspace, args.fit, ctx)?;
    let both = requests.len() > 1;
    // Before hours are spent on what cannot be saved.
    let tables: Vec<PathBuf> = match &args.csv {
        Some(path) if both => requests.iter().map(|(recipe, _)| beside(path, recipe)).collect(),
        one => one.iter().cloned().collect(),
    };
    let outputs: Vec<&Path> = tables.iter().chain(&args.json).map(AsRef::as_ref).collect();
    workspace.prepare_outputs(&outputs, Some(&genes))?;
    let mut reports: Vec<(&str, EvalReport)> = Vec::new();
    for (recipe, request) in requests {
        let run = args.run.as_ref().map(|run| if both { format!("{run}-{recipe}") } else { run.clone() });
        let report = fit::evaluate(&workspace, &request, args.split, run.as_deref(), ctx)?;
        if let Some(path) = &args.csv {
            let path = if both { beside(path, recipe) } else { path.clone() };
            write_bytes_atomically(&path, tables::genes_csv(&report.folds).as_bytes())?;
        }
        reports.push((recipe, report));
    }
    match reports.as_slice() {
        [(_, report)] => {
            if let Some(path) = &args.json {
                write_json_atomically(path, &JudgedReport::new(report))?;
            }
            say(tables::text(report))?;
        }
        many => {
            if let Some(path) = &args.json {
                let named = |(recipe, report): &(&str, EvalReport)| {
                    Ok(((*recipe).to_owned(), serde_json::to_value(JudgedReport::new(report))?))
                };
                let all: Map<String, Value> = many.iter().map(named).collect::<anyhow::Result<_>>()?;
                write_json_atomically(path, &all)?;
            }
            for (recipe, report) in many {
                say(format!("Recipe: {recipe}\n{}", tables::text(report)))?;
            }
            say(tables::comparison(many))?;
        }
    }
    Ok(())
}

/// `genes-fused.csv` beside `genes.csv`.
fn beside(path: &Path, recipe: &str) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{recipe}"));
    if let Some(ending) = path.extension() {
        name.push(".");
        name.push(ending);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_go_to_the_recipe_they_are_of() {
        let mut settings = Settings::default();
        settings.set("epochs=7", RecipeArg::Fused).unwrap();
        settings.set("published.epochs = 8", RecipeArg::Both).unwrap();
        settings.set("learning_rate=0.01", RecipeArg::Published).unwrap();
        assert_eq!((settings.fused.epochs, settings.published.settings.epochs), (7, 8));
        assert_eq!(settings.published.settings.learning_rate, 0.01);
        let refused = |change: &str, recipe| Settings::default().set(change, recipe).unwrap_err().to_string();
        assert!(refused("epochs=7", RecipeArg::Both).contains("--set fused.epochs=VALUE"));
        assert!(
            refused("published.epochs=7", RecipeArg::Fused).contains("not a recipe that this command uses")
        );
        assert!(refused("members=7", RecipeArg::Published).contains("no training setting \"members\""));
        assert!(refused("epochs", RecipeArg::Fused).contains("NAME=VALUE"));
    }

    #[test]
    fn tables_of_both_recipes_lie_beside_each_other() {
        assert_eq!(beside(Path::new("a/genes.csv"), FUSED), Path::new("a/genes-fused.csv"));
        assert_eq!(beside(Path::new("genes"), PUBLISHED), Path::new("genes-published"));
    }
}
