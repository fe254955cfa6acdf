//! The command line as its users see it.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use hiscmcl::core::geometry::Mpp;
use hiscmcl::core::places::GridLattice;
use hiscmcl::core::target::Target;
use hiscmcl::device::DeviceChoice;
use hiscmcl::evaluate::report::Split;
use hiscmcl::jobs::encoder_speed::Precision;
use hiscmcl::jobs::encoders::EncoderChoice;
use hiscmcl::preprocess::hvg::Combine;

use super::figure::{FigureArgs, ReportArgs};
use super::slide::SlideArgs;
use super::workbench::{ClusterArgs, CompareArgs, RegionsCommand, ScoreArgs};

/// Predict spatial gene expression from H&E slides. Without a command the window opens.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// A job to run without the window.
    #[command(subcommand)]
    pub command: Option<CliCommand>,
    /// A project (.hiscmcl) or a folder to open in the window.
    pub open: Option<PathBuf>,
    /// Print startup timings to stderr.
    #[arg(long)]
    pub times: bool,
}

/// The jobs.
#[derive(Debug, Subcommand)]
pub enum CliCommand {
    /// Make or extend a project.
    #[command(subcommand)]
    Project(CliProjectCommand),
    /// Show the contents of a project.
    Info {
        /// The project file.
        project: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Select highly variable genes (scanpy's `seurat` flavour).
    Genes(GenesArgs),
    /// Compute and cache the image features of every section.
    Features {
        /// The project file.
        project: PathBuf,
        /// The image encoder.
        #[command(flatten)]
        encoder: EncoderArgs,
        /// Where to compute.
        #[arg(long, default_value = "auto", value_parser = one_of(DEVICES))]
        device: DeviceChoice,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Encode one image and print its feature vector.
    Embed {
        /// The image encoder.
        #[command(flatten)]
        encoder: EncoderArgs,
        /// The image, PNG, JPEG or TIFF.
        #[arg(long, value_name = "FILE")]
        image: PathBuf,
        /// Where to compute.
        #[arg(long, default_value = "auto", value_parser = one_of(DEVICES))]
        device: DeviceChoice,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the image encoders: what they need, and whether their weights are on this computer.
    Encoders {
        /// Measure how fast these encoders are here instead; needs their memory, but no weights.
        #[arg(long, value_delimiter = ',', value_name = "NAMES")]
        speed: Vec<String>,
        /// Where to measure.
        #[arg(long, default_value = "auto", requires = "speed", value_parser = one_of(DEVICES))]
        device: DeviceChoice,
        /// Numeric precision on the GPU [default: f16 for transformers where supported].
        #[arg(long, requires = "speed", value_parser = one_of(PRECISIONS))]
        precision: Option<Precision>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show what a slide file of a scanner holds, or save a picture of it.
    Slide(SlideArgs),
    /// Train a model and store it as a run of the project.
    Train(TrainArgs),
    /// Predict a section with a trained run.
    Predict {
        /// The project file.
        project: PathBuf,
        /// Name of the run.
        #[arg(long)]
        run: String,
        /// Name of the section; several, separated by commas, for AnnData; "all" for all.
        #[arg(long, value_delimiter = ',', required = true)]
        section: Vec<String>,
        /// Predict on a grid over the tissue, this many micrometres between places (20 or more), instead of at the spots.
        /// Slides without measurements have one of 100.
        #[arg(long, value_name = "UM")]
        grid: Option<f64>,
        /// How the places of a grid lie.
        #[arg(long, value_name = "LATTICE", default_value = "hex", value_parser = one_of(LATTICES))]
        lattice: GridLattice,
        /// The file to write, one row per spot, one column per gene: .csv, or .h5ad for scanpy. A name without an ending is
        /// a folder, with an .h5ad file for each section.
        #[arg(long)]
        out: PathBuf,
        /// Where to compute.
        #[arg(long, default_value = "auto", value_parser = one_of(DEVICES))]
        device: DeviceChoice,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Cross-validate the model beside ridge regression and the mean predictor.
    Evaluate(EvaluateArgs),
    /// Draw measured and predicted maps of genes to PNG, SVG, PDF or TIFF.
    Figure(FigureArgs),
    /// Save a report of a run as PDF: sections, scores, genes, maps and settings.
    Report(ReportArgs),
    /// Import or export annotated regions.
    #[command(subcommand)]
    Regions(RegionsCommand),
    /// Compare two classes of spots over all genes (Wilcoxon rank-sum test).
    Compare(CompareArgs),
    /// Score a gene panel at every spot, as scanpy's score_genes does.
    Score(ScoreArgs),
    /// Cluster the spots of sections by their expression (principal components, then Leiden or k-means).
    Cluster(ClusterArgs),
    /// The embedded demo: synthetic sections made from a seed.
    Demo {
        /// Run the whole job without a window and leave pictures and tables in this folder.
        #[arg(long, value_name = "DIR")]
        headless: Option<PathBuf>,
        /// The seed the sections are made from.
        #[arg(long, default_value_t = hiscmcl::jobs::demo::SEED, requires = "headless")]
        seed: u64,
        /// Print JSON.
        #[arg(long, requires = "headless")]
        json: bool,
    },
    /// List the devices that can train.
    Devices {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Making and extending projects.
#[derive(Debug, Subcommand)]
pub enum CliProjectCommand {
    /// Make a new project file.
    New {
        /// The project file to write, NAME.hiscmcl.
        project: PathBuf,
        /// A folder in the her2st layout (ST-cnts, ST-imgs, ST-spotfiles); may be repeated.
        #[arg(long, value_name = "DIR")]
        her2st: Vec<PathBuf>,
        /// Take only these sections.
        #[arg(long, value_delimiter = ',', requires = "her2st")]
        sections: Vec<String>,
        /// Replace a project file that exists.
        #[arg(long)]
        force: bool,
    },
    /// Add sections to a project. Each is read first; one that cannot be used is refused, and the others are added. The
    /// exit code is 0 unless a path or section that was named could not be added.
    Add {
        /// The project file.
        project: PathBuf,
        /// Folders or files: Space Ranger output, AnnData, HEST, her2st, count tables with spot files and images; H&E
        /// slides that belong to no sample, to be predicted on.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// Add only these sections, including ones not added by default (2 um bins, copies).
        #[arg(long, value_delimiter = ',')]
        sections: Vec<String>,
        /// Take the labels of the spots from this column of obs, of AnnData files.
        #[arg(long, value_name = "NAME", conflicts_with = "labels")]
        labels_column: Option<String>,
        /// Take the labels of the spots of one section from this file: a table of spots and labels, or regions as
        /// GeoJSON. Of several sections it must fit exactly one.
        #[arg(long, value_name = "FILE")]
        labels: Option<PathBuf>,
        /// Resolution of the slide images, where it is neither in the files nor follows from the spots: micrometres per
        /// pixel (0.25) or a magnification (40x).
        #[arg(long, value_name = "UM")]
        mpp: Option<Mpp>,
        /// Add the images as slides without measurements, also those that belong to a sample.
        #[arg(long, conflicts_with_all = ["labels", "labels_column"])]
        slides: bool,
    },
    /// Set the labels of a section: from a file, or from a column of an AnnData file.
    Label {
        /// The project file.
        project: PathBuf,
        /// Name of the section.
        section: String,
        /// A table of spots and labels, or regions as GeoJSON.
        #[arg(required_unless_present = "column")]
        file: Option<PathBuf>,
        /// Take the labels from this column of obs instead.
        #[arg(long, value_name = "NAME", conflicts_with = "file")]
        column: Option<String>,
    },
    /// Copy the finished runs of another project, to predict with its models.
    CopyRuns {
        /// The project file that gets them.
        project: PathBuf,
        /// The project file that has them.
        from: PathBuf,
        /// Copy only these runs.
        #[arg(long, value_delimiter = ',', value_name = "NAME")]
        runs: Vec<String>,
    },
    /// Remove sections from a project; their files and the runs stay.
    Remove {
        /// The project file.
        project: PathBuf,
        /// Names of the sections.
        #[arg(required = true, value_name = "SECTION")]
        sections: Vec<String>,
    },
}

/// The image encoder.
#[derive(Debug, Args)]
pub struct EncoderArgs {
    /// The image encoder: texture, which needs no download, or one that `hiscmcl encoders` lists.
    #[arg(long, default_value = "texture", value_name = "NAME")]
    pub encoder: String,
    /// Its weights (.safetensors, or PyTorch's .bin and .pth), if they are not in the folder of weights.
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
}

impl From<EncoderArgs> for EncoderChoice {
    fn from(args: EncoderArgs) -> Self {
        // Runs remember the path, and are used from other folders too.
        let weights = args.weights.map(|path| std::path::absolute(&path).unwrap_or(path));
        Self { name: args.encoder, weights }
    }
}

/// A word that an argument may be, what it stands for, and what `--help` says of it.
pub(super) type Choice<T> = (&'static str, T, &'static str);

/// Reads one of these words.
pub(super) fn one_of<T: Copy + Send + Sync + 'static>(
    choices: &'static [Choice<T>],
) -> impl TypedValueParser<Value = T> {
    let words = choices.iter().map(|(word, _, help)| PossibleValue::new(*word).help(*help));
    PossibleValuesParser::new(words).try_map(|given| {
        let choice = choices.iter().find(|(word, ..)| *word == given);
        choice.map(|(_, value, _)| *value).ok_or("not one of the choices")
    })
}

const COMBINES: &[Choice<Combine>] = &[
    ("union", Combine::Union, "Genes selected in any section"),
    ("intersection", Combine::Intersection, "Genes selected in every section"),
];
const TARGETS: &[Choice<Target>] = &[
    (
        "published",
        Target::Published,
        "log10(1 + 1e4 * count / sum over the selected genes), the published protocol",
    ),
    ("lognorm", Target::Lognorm, "ln(1 + 1e4 * count / sum over all genes)"),
];
const SPLITS: &[Choice<Split>] = &[
    ("section", Split::Section, "One section at a time; leaks between sections of one patient"),
    ("patient", Split::Patient, "All sections of one patient at a time"),
];
pub(super) const DEVICES: &[Choice<DeviceChoice>] = &[
    ("auto", DeviceChoice::Auto, "The GPU where there is one, the CPU otherwise"),
    ("gpu", DeviceChoice::Gpu, "A real GPU; an error where there is none"),
    ("cpu", DeviceChoice::Cpu, "The CPU"),
];
const PRECISIONS: &[Choice<Precision>] = &[
    ("f32", Precision::Single, "Single precision (32 bits)"),
    (
        "f16",
        Precision::Half,
        "Half precision (16 bits) for the matrix products of transformers, single for the rest",
    ),
];
const LATTICES: &[Choice<GridLattice>] = &[
    ("hex", GridLattice::Hexagonal, "Hexagonal, like Visium spots"),
    ("square", GridLattice::Square, "Square"),
];

/// How a model is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RecipeArg {
    /// Our own: three image levels, contrast and regression.
    Fused,
    /// The published one, to compare with; see below.
    Published,
    /// Both, one after the other on the same folds (evaluate only).
    Both,
}

/// Selecting genes.
#[derive(Debug, Args)]
pub struct GenesArgs {
    /// The project file.
    pub project: PathBuf,
    /// Genes to select in each section.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub hvg: usize,
    /// How the genes of the sections are combined.
    #[arg(long, default_value = "union", value_parser = one_of(COMBINES))]
    pub combine: Combine,
    /// Minimum fraction of spots (0 to 1) in which a gene must be detected.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub min_spots: f64,
    /// Genes, separated by commas, that are kept regardless of variability.
    #[arg(long, value_name = "GENES")]
    pub keep: Option<String>,
    /// Select on these sections only (the training sections); all by default.
    #[arg(long, value_delimiter = ',', value_name = "SECTIONS")]
    pub sections: Vec<String>,
    /// The gene list to write, one name per line.
    #[arg(long)]
    pub out: PathBuf,
    /// Also write the statistics of every gene and section as CSV.
    #[arg(long, value_name = "CSV")]
    pub statistics: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What training and cross-validation share.
#[derive(Debug, Args)]
pub struct FitArgs {
    /// The gene list, text or CSV. Genes that a section did not measure are named and left out.
    #[arg(long)]
    pub genes: PathBuf,
    /// The scale of the predictions.
    #[arg(long, default_value = "published", value_parser = one_of(TARGETS))]
    pub target: Target,
    /// The image encoder.
    #[command(flatten)]
    pub encoder: EncoderArgs,
    /// How the model is trained; "The published recipe" below says how it is followed.
    #[arg(long, default_value = "fused")]
    pub recipe: RecipeArg,
    /// Train DenseNet-121 with the rest of the published recipe, from random weights or, with =FILE, from those of a
    /// file. --encoder then only affects the ridge baseline.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    pub train_encoder: Option<Option<PathBuf>>,
    /// The seed of everything random.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Where to train.
    #[arg(long, default_value = "auto", value_parser = one_of(DEVICES))]
    pub device: DeviceChoice,
    /// Change a training setting, NAME=VALUE; may be repeated. `train --help` lists them. With both recipes,
    /// RECIPE.NAME=VALUE.
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
}

/// Training.
#[derive(Debug, Args)]
#[command(after_help = super::settings_help())]
pub struct TrainArgs {
    /// The project file.
    pub project: PathBuf,
    /// What training and cross-validation share.
    #[command(flatten)]
    pub fit: FitArgs,
    /// Sections to keep out of training, to test on; none by default.
    #[arg(long, value_delimiter = ',')]
    pub test: Vec<String>,
    /// Name of the run. A run of this name that was interrupted is resumed.
    #[arg(long)]
    pub run: String,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Cross-validation.
#[derive(Debug, Args)]
#[command(after_help = super::settings_help())]
pub struct EvaluateArgs {
    /// The project file.
    pub project: PathBuf,
    /// What training and cross-validation share.
    #[command(flatten)]
    pub fit: FitArgs,
    /// How sections are held out.
    #[arg(long, default_value = "patient", value_parser = one_of(SPLITS))]
    pub split: Split,
    /// Keep the models and predictions as a run of this name; with both recipes, NAME-fused and NAME-published.
    #[arg(long)]
    pub run: Option<String>,
    /// The report to write as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// The scores of every gene and fold to write as CSV.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
}
