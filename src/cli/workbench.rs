//! Regions, comparison and scores from the command line.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use hiscmcl::core::text::counted;
use hiscmcl::data::project::Project;
use hiscmcl::device::DeviceChoice;
use hiscmcl::evaluate::cluster::run::{ClusterMethod, ClusterSettings};
use hiscmcl::jobs::cluster::{self, ClusterRequest};
use hiscmcl::jobs::compare::{self, CompareRequest, ComparedValues, Group};
use hiscmcl::jobs::context::JobContext;
use hiscmcl::jobs::regions;
use hiscmcl::jobs::score::{self, ScoreRequest};
use hiscmcl::jobs::workspace::Workspace;
use serde_json::json;

use super::args::{Choice, DEVICES, one_of};
use super::commands::{edit, section_name, section_names};
use super::terminal::print;

/// Annotated regions of a section.
#[derive(Debug, Subcommand)]
pub enum RegionsCommand {
    /// Add the regions of a GeoJSON file, as QuPath exports it, to a section.
    Import {
        /// The project file.
        project: PathBuf,
        /// Name of the section.
        #[arg(long)]
        section: String,
        /// The file, plain or gzipped.
        file: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write the regions of a section: .geojson for QuPath, .csv of barcodes and classes for Loupe Browser, or a .png mask.
    Export {
        /// The project file.
        project: PathBuf,
        /// Name of the section.
        #[arg(long)]
        section: String,
        /// The file to write; its ending says what is written.
        #[arg(long)]
        out: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

const VALUES: &[Choice<ComparedValues>] = &[
    ("lognorm", ComparedValues::Lognorm, "ln(1 + 1e4 * count / sum over all genes), all measured genes"),
    ("target", ComparedValues::Target, "The target of the project, of its gene list"),
];

/// Comparing two classes of spots.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The project file.
    pub project: PathBuf,
    /// Names of the sections, separated by commas.
    #[arg(long, value_delimiter = ',', required = true)]
    pub section: Vec<String>,
    /// A class of regions or of labels; positive differences are higher in it.
    #[arg(long, value_name = "CLASS")]
    pub a: String,
    /// The class that it is compared with, or "rest" for all other spots.
    #[arg(long, value_name = "CLASS")]
    pub b: String,
    /// The measured values to compare; of a run, its predictions are compared.
    #[arg(long, default_value = "lognorm", value_parser = one_of(VALUES))]
    pub values: ComparedValues,
    /// Compare what this run predicts instead of what was measured.
    #[arg(long)]
    pub run: Option<String>,
    /// The table to write, one row per gene.
    #[arg(long, value_name = "FILE", required_unless_present = "json")]
    pub csv: Option<PathBuf>,
    /// Where to compute.
    #[arg(long, default_value = "auto", value_parser = one_of(DEVICES))]
    pub device: DeviceChoice,
    /// Print JSON, one entry per gene.
    #[arg(long)]
    pub json: bool,
}

/// Scoring a panel.
#[derive(Debug, Args)]
pub struct ScoreArgs {
    /// The project file.
    pub project: PathBuf,
    /// Name of the section.
    #[arg(long)]
    pub section: String,
    /// Name of the gene panel, built in or of the project.
    #[arg(long)]
    pub panel: String,
    /// Score what this run predicts instead of what was measured.
    #[arg(long)]
    pub run: Option<String>,
    /// The table to write, one row per spot.
    #[arg(long, value_name = "FILE")]
    pub csv: PathBuf,
    /// Where to compute.
    #[arg(long, default_value = "auto", value_parser = one_of(DEVICES))]
    pub device: DeviceChoice,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Clustering spots.
#[derive(Debug, Args)]
pub struct ClusterArgs {
    /// The project file.
    pub project: PathBuf,
    /// Names of the sections, separated by commas, whose spots are clustered together.
    #[arg(long, value_delimiter = ',', required = true)]
    pub section: Vec<String>,
    /// Cluster what this run predicts instead of what was measured.
    #[arg(long)]
    pub run: Option<String>,
    /// Find this many clusters with k-means.
    #[arg(long, conflicts_with = "resolution")]
    pub k: Option<usize>,
    /// Find Leiden communities at this resolution: the higher, the more clusters.
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    pub resolution: f64,
    /// The seed of all random choices.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// The table to write, one row per spot.
    #[arg(long, value_name = "FILE")]
    pub csv: PathBuf,
    /// Where to compute.
    #[arg(long, default_value = "auto", value_parser = one_of(DEVICES))]
    pub device: DeviceChoice,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Imports or exports regions.
pub fn regions(command: RegionsCommand, ctx: &JobContext) -> anyhow::Result<()> {
    match command {
        RegionsCommand::Import { project, section, file, json } => {
            let imported = edit(&project, |found: &mut Project| {
                let meant = found.find(section.trim()).map_or_else(|| section.clone(), |s| s.name.clone());
                Ok((regions::import(found, &meant, &file)?, true))
            })?;
            imported.notes.iter().for_each(|note| ctx.observer.note(note));
            let new = match imported.new_classes.as_slice() {
                [] => String::new(),
                names => format!("; new classes: {}", names.join(", ")),
            };
            let line = format!("{}: {} added{new}", imported.section, counted(imported.regions, "region"));
            print(json, &serde_json::to_value(&imported)?, std::iter::once(line))
        }
        RegionsCommand::Export { project, section, out, json } => {
            let workspace = Workspace::open(project)?;
            let section = section_name(section.trim(), &workspace);
            let done = regions::export(&workspace, &section, &out, ctx)?;
            let what = match regions::RegionFormat::from_path(&out)? {
                regions::RegionFormat::Csv => counted(done.count, "spot"),
                _ => counted(done.count, "region"),
            };
            let reduced = done.downsample.filter(|d| *d > 1.0);
            let reduced = reduced.map(|d| format!(", 1 pixel for {d} of the slide")).unwrap_or_default();
            let line = format!("{}: {what}{reduced}", out.display());
            print(json, &serde_json::to_value(&done)?, std::iter::once(line))
        }
    }
}

/// Compares two classes of spots.
pub fn compare(args: CompareArgs, ctx: &JobContext) -> anyhow::Result<()> {
    let workspace = Workspace::open(args.project)?;
    if let Some(path) = &args.csv {
        workspace.prepare_output(path)?;
    }
    let b = match args.b.trim() {
        "rest" => Group::Rest,
        name => Group::Class(name.to_owned()),
    };
    let request = CompareRequest {
        sections: section_names(&args.section, &workspace),
        a: Group::Class(args.a.trim().to_owned()),
        b,
        clusters: Vec::new(),
        values: args.values,
        run: args.run,
        device: args.device,
    };
    let compared = compare::compare(&workspace, &request, ctx)?;
    if let Some(path) = &args.csv {
        compared.save_csv(path)?;
    }
    ctx.observer.note(&compared.caution());
    let (comparison, rows) = (&compared.comparison, compared.rows());
    let groups = format!(
        "{} ({}) vs. {} ({}): {} compared",
        compared.a,
        counted(comparison.members_a, "spot"),
        compared.b,
        counted(comparison.members_b, "spot"),
        counted(rows.len(), "gene")
    );
    let value = json!({
        "a": compared.a,
        "b": compared.b,
        "members_a": comparison.members_a,
        "members_b": comparison.members_b,
        "sections": compared.sections,
        "scale": comparison.scale.unit(),
        "untested": comparison.untested,
        "genes": rows,
    });
    print(args.json, &value, std::iter::once(groups))
}

/// Clusters spots.
pub fn cluster(args: ClusterArgs, ctx: &JobContext) -> anyhow::Result<()> {
    let workspace = Workspace::open(args.project)?;
    workspace.prepare_output(&args.csv)?;
    let method = match args.k {
        Some(k) => ClusterMethod::KMeans { k },
        None => match ClusterMethod::default() {
            ClusterMethod::Leiden { neighbours, iterations, .. } => {
                ClusterMethod::Leiden { neighbours, resolution: args.resolution, iterations }
            }
            other => other,
        },
    };
    let request = ClusterRequest {
        sections: section_names(&args.section, &workspace),
        run: args.run,
        settings: ClusterSettings { method, seed: args.seed, ..ClusterSettings::default() },
        device: args.device,
    };
    let done = cluster::cluster_places(&workspace, &request, ctx)?;
    done.save_csv(&args.csv)?;
    let sizes = done.sizes();
    let value = json!({
        "clusters": sizes.len(),
        "sizes": sizes,
        "genes": done.genes,
        "modularity": done.found.modularity,
        "labels": done.agreement,
        "markers": done.markers,
        "out": args.csv,
    });
    let sizes: Vec<String> = sizes.iter().map(ToString::to_string).collect();
    let agrees =
        done.agreement.map(|a| format!("; agreement with the labels: ARI {:.2}, NMI {:.2}", a.ari, a.nmi));
    let line = format!(
        "{}: {} of {} spots by {}{}",
        args.csv.display(),
        counted(sizes.len(), "cluster"),
        sizes.join(", "),
        counted(done.genes, "gene"),
        agrees.unwrap_or_default()
    );
    print(args.json, &value, std::iter::once(line))
}

/// Scores a gene panel.
pub fn score(args: ScoreArgs, ctx: &JobContext) -> anyhow::Result<()> {
    let workspace = Workspace::open(args.project)?;
    workspace.prepare_output(&args.csv)?;
    let section = section_name(args.section.trim(), &workspace);
    let request = ScoreRequest { section, panel: args.panel, run: args.run, device: args.device };
    let scores = score::score(&workspace, &request, ctx)?;
    scores.save_csv(&args.csv)?;
    if scores.spots.is_empty() {
        return Err(anyhow!("{} has no spots", scores.section));
    }
    let value = json!({
        "section": scores.section,
        "panel": scores.panel,
        "genes": scores.found.genes.len(),
        "missing": scores.found.missing,
        "controls": scores.found.controls.len(),
        "out": args.csv,
    });
    let line = format!(
        "{}: {} over {}, {} as controls",
        args.csv.display(),
        scores.panel,
        counted(scores.found.genes.len(), "gene"),
        scores.found.controls.len()
    );
    print(args.json, &value, std::iter::once(line))
}
