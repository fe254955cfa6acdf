//! The names that Space Ranger gives its files and folders, with what repositories put before and after them.

use std::path::{Path, PathBuf};

use super::super::names::file_name;
use super::copies::{self, without_mark};

/// What a file is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A matrix as HDF5.
    MatrixH5 {
        /// Spots off the tissue are in it too.
        raw: bool,
    },
    /// `matrix.mtx`, whose folder or prefix says whether it is raw.
    MatrixMtx,
    Positions,
    ScaleFactors,
    Hires,
    Lowres,
    CytAssist,
    /// Known, and not used for this reason.
    Ignored(&'static str),
}

/// What is said of the matrices of segmented cells.
const CELLS: &str = "segmented cells, which are not read; add binned_outputs of the same run";

/// Names inside file names, longer ones before those that are part of them, and the endings they come with.
const NAMES: [(&str, &[&str], Part); 21] = [
    ("raw_probe_bc_matrix", &["h5"], Part::Ignored("counts of probes, not of genes")),
    ("molecule_info", &["h5"], Part::Ignored("single molecules, not counts")),
    ("feature_slice", &["h5"], Part::Ignored("pictures for Loupe Browser")),
    ("filtered_feature_cell_matrix", &["h5"], Part::Ignored(CELLS)),
    ("raw_feature_cell_matrix", &["h5"], Part::Ignored(CELLS)),
    ("filtered_feature_bc_matrix", &["h5"], Part::MatrixH5 { raw: false }),
    ("raw_feature_bc_matrix", &["h5"], Part::MatrixH5 { raw: true }),
    ("filtered_gene_bc_matrices_h5", &["h5"], Part::MatrixH5 { raw: false }),
    ("raw_gene_bc_matrices_h5", &["h5"], Part::MatrixH5 { raw: true }),
    ("filtered_gene_bc_matrices", &["h5"], Part::MatrixH5 { raw: false }),
    ("matrix", &["mtx"], Part::MatrixMtx),
    (
        "aggr_tissue_positions",
        &["csv", "parquet"],
        Part::Ignored("several slides in one; choose the output of each"),
    ),
    ("tissue_positions_list", &["csv", "txt", "tsv", "parquet"], Part::Positions),
    ("tissue_positions", &["csv", "txt", "tsv", "parquet"], Part::Positions),
    ("scalefactors_json", &["json"], Part::ScaleFactors),
    ("scalefactors", &["json"], Part::ScaleFactors),
    ("tissue_hires_image", &["png", "jpg", "jpeg", "tif", "tiff"], Part::Hires),
    ("tissue_lowres_image", &["png", "jpg", "jpeg", "tif", "tiff"], Part::Lowres),
    ("cytassist_image", &["tif", "tiff", "png", "jpg"], Part::CytAssist),
    ("detected_tissue_image", &["jpg", "png"], Part::Ignored("drawn over")),
    ("aligned_", &["jpg", "png"], Part::Ignored("drawn over")),
];

/// Folders that belong to a sample rather than being one.
const INNER: [&str; 21] = [
    "outs",
    "spatial",
    "filtered_feature_bc_matrix",
    "raw_feature_bc_matrix",
    "filtered_count_matrix",
    "raw_count_matrix",
    "filtered_count_matrices",
    "raw_count_matrices",
    "filtered_gene_bc_matrices",
    "raw_gene_bc_matrices",
    "filtered_matrix",
    "raw_matrix",
    "filtered_expression_matrices",
    "tissue_pos_matrices",
    "binned_outputs",
    "matrix",
    "metadata",
    "image",
    "images",
    "h5",
    "counts",
];

/// What a file is by its name, and what stands before or behind that name: the sample, or nothing.
pub(super) fn part_of(name: &str) -> Option<(Part, String)> {
    let lower = name.to_ascii_lowercase();
    let plain = lower.strip_suffix(".gz").unwrap_or(&lower);
    let (stem, ending) = plain.rsplit_once('.')?;
    NAMES.iter().find_map(|(known, endings, part)| {
        if !endings.contains(&ending) {
            return None;
        }
        let at =
            if *part == Part::MatrixMtx { stem.len().checked_sub(known.len())? } else { stem.find(known)? };
        let (before, rest) = name.get(..stem.len())?.split_at_checked(at)?;
        let (found, after) = rest.split_at_checked(known.len())?;
        let edge = |c: char| !c.is_ascii_alphanumeric();
        let apart = before.chars().last().is_none_or(edge) && after.chars().next().is_none_or(edge);
        if !found.eq_ignore_ascii_case(known) || !(apart || known.ends_with('_')) {
            return None;
        }
        let before = trimmed(before);
        let token = if before.is_empty() && !known.ends_with('_') { trimmed(after) } else { before };
        Some((*part, token.to_owned()))
    })
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| "_-. ".contains(c))
}

/// Whether a name speaks of spots off the tissue too.
pub(super) fn is_raw(name: &str) -> bool {
    name.to_ascii_lowercase()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|w| w == "raw" || w == "unfiltered")
}

/// The size of bins that a folder such as `square_008um` holds.
pub(super) fn bin_of(folder: &str) -> Option<u32> {
    let folder = without_mark(folder).map_or(folder, |(rest, _)| rest);
    let lower = folder.to_ascii_lowercase();
    let (_, rest) = lower.rsplit_once("square_")?;
    let digits = rest.strip_suffix("um")?;
    (digits.len() <= 4).then(|| digits.parse().ok().filter(|&n| n > 0))?
}

/// The size of bins in a name such as "CRC1_square_008um", and the name without it.
pub(super) fn split_bin(token: &str) -> (Option<u32>, &str) {
    let Some(at) = token.to_ascii_lowercase().rfind("square_") else { return (None, token) };
    match token.split_at_checked(at) {
        Some((before, square)) if bin_of(square).is_some() => {
            (bin_of(square), without_known_ends(trimmed(before)))
        }
        _ => (None, token),
    }
}

/// Where a file belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Home {
    /// The folder of the sample, or the one that holds the files of several.
    pub(super) root: PathBuf,
    /// The sample, where folders or file names tell; otherwise empty.
    pub(super) token: String,
    /// What makes a folder on the way a second copy: "(1)" of "spatial (1)"; otherwise empty.
    pub(super) copy: String,
}

/// Climbs from `folder` out of the folders that belong to a sample.
pub(super) fn home(folder: &Path, token: &str) -> Home {
    let mut root = folder.to_path_buf();
    let mut token = without_known_ends(token).to_owned();
    let mut copy = String::new();
    while let Some(parent) = root.parent() {
        let name = file_name(&root);
        let mut lower = name.to_ascii_lowercase();
        if let Some((rest, mark)) = without_mark(&name)
            && INNER.contains(&rest.to_ascii_lowercase().as_str())
        {
            lower = rest.to_ascii_lowercase();
            copy = if copy.is_empty() { mark } else { format!("{mark} {copy}") };
        }
        let genome = file_name(parent).to_ascii_lowercase().ends_with("gene_bc_matrices");
        if !INNER.contains(&lower.as_str()) && !genome {
            // `CID4290_spatial`, `CID4290_filtered_count_matrix`.
            let before = without_known_ends(&name);
            if before == name || before.is_empty() {
                break;
            }
            if token.is_empty() {
                token = before.to_owned();
            }
        }
        root = parent.to_path_buf();
    }
    Home { root, token: without_accession(&token).to_owned(), copy }
}

/// `text` without "_spatial", "_filtered_feature_bc_matrix" and the like at its end.
fn without_known_ends(text: &str) -> &str {
    const LONELY: [&str; 5] = ["image", "images", "matrix", "h5", "counts"];
    let lower = text.to_ascii_lowercase();
    let mut best = text;
    for inner in INNER.iter().filter(|i| !LONELY.contains(*i)) {
        if let Some(before) = lower.strip_suffix(inner)
            && (before.is_empty() || before.ends_with(['_', '-', '.']))
            && let Some(before) = text.get(..before.len()).map(trimmed)
            && before.len() < best.len()
        {
            best = before;
        }
    }
    best
}

/// "s1" for "GSM5494475_s1"; the accession where there is nothing else.
pub(super) fn without_accession(token: &str) -> &str {
    let Some((first, rest)) = token.split_once(['_', '-', '.']) else { return token };
    let digits = first.get(..3).filter(|a| a.eq_ignore_ascii_case("GSM") || a.eq_ignore_ascii_case("GSE"));
    let is_accession = digits.is_some()
        && first.get(3..).is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    if is_accession && !trimmed(rest).is_empty() { trimmed(rest) } else { token }
}

/// What is said of a file of which nothing is known.
pub(super) const NO_SAMPLE: &str = "this file belongs to no sample that was found beside it; looked for Space \
                                    Ranger output, AnnData, HEST and her2st samples, and count tables with spot \
                                    files";

/// What is missing beside a file that belongs to no sample.
pub(super) fn what_it_lacks(path: &Path) -> String {
    let (name, _) = copies::of_file(&file_name(path));
    let text = match part_of(&name).map(|(part, _)| part) {
        Some(Part::MatrixH5 { .. } | Part::MatrixMtx) => {
            "no positions (tissue_positions.csv, _list.csv or .parquet) were found for this matrix; it may be of single \
             cells"
        }
        Some(Part::Positions | Part::ScaleFactors | Part::Hires | Part::Lowres | Part::CytAssist) => {
            "no matrix (filtered_feature_bc_matrix.h5 or its folder) was found for this file of a Visium sample"
        }
        Some(Part::Ignored(why)) => {
            return format!("this file is not used ({why}); choose the folder of the sample");
        }
        None => NO_SAMPLE,
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_known_with_what_stands_around_them() {
        let part = |name: &str| part_of(name).unwrap();
        let filtered = Part::MatrixH5 { raw: false };
        assert_eq!(part("filtered_feature_bc_matrix.h5"), (filtered, String::new()));
        assert_eq!(part("GSM5494475_s1_filtered_feature_bc_matrix.h5"), (filtered, "GSM5494475_s1".into()));
        assert_eq!(part("151507_raw_feature_bc_matrix.h5"), (Part::MatrixH5 { raw: true }, "151507".into()));
        assert_eq!(part("tissue_positions_list_151507.txt"), (Part::Positions, "151507".into()));
        assert_eq!(part("A1.tissue_positions.csv.gz"), (Part::Positions, "A1".into()));
        assert_eq!(part("GSM1_A_scalefactors_json.json.gz"), (Part::ScaleFactors, "GSM1_A".into()));
        assert_eq!(part("GSM1_A_matrix.mtx.gz"), (Part::MatrixMtx, "GSM1_A".into()));
        assert_eq!(part("Tissue_Hires_Image.PNG"), (Part::Hires, String::new()));
        assert!(matches!(part("aligned_fiducials.jpg").0, Part::Ignored(_)));
        assert!(matches!(part("x_raw_probe_bc_matrix.h5").0, Part::Ignored(_)));
        for other in ["matrix.h5", "count_matrix_sparse.csv", "mytissue_positions.csv", "image.tif", "a"] {
            assert_eq!(part_of(other), None, "{other}");
        }
    }

    #[test]
    fn homes_are_outside_of_the_folders_of_a_sample() {
        let home = |folder: &str, token: &str| {
            let home = home(Path::new(folder), token);
            (home.root.display().to_string(), home.token)
        };
        let is = |root: &str, token: &str| (root.to_owned(), token.to_owned());
        assert_eq!(home("/d/s1/outs/spatial", ""), is("/d/s1", ""));
        assert_eq!(home("/d/spatial/CID4290_spatial", ""), is("/d", "CID4290"));
        assert_eq!(home("/d/filtered_count_matrices/CID4290_filtered_count_matrix", ""), is("/d", "CID4290"));
        assert_eq!(home("/d/filtered_gene_bc_matrices/GRCh38", ""), is("/d", ""));
        assert_eq!(home("/d/geo", "GSM5494475_s1"), is("/d/geo", "s1"));
        assert_eq!(home("/d/geo", "GSM5494475"), is("/d/geo", "GSM5494475"));
        assert_eq!(home("/d/geo", "GSM1_A_filtered_feature_bc_matrix"), is("/d/geo", "A"));
        assert_eq!(
            home("/d/s/binned_outputs/square_008um/spatial", ""),
            is("/d/s/binned_outputs/square_008um", "")
        );
    }

    #[test]
    fn folders_of_bins_say_their_size() {
        assert_eq!(bin_of("square_008um"), Some(8));
        assert_eq!(bin_of("sample_square_016um"), Some(16));
        assert_eq!(bin_of("square_um"), None);
        assert_eq!(bin_of("square_99999999999um"), None);
        assert_eq!(split_bin("CRC1_binned_outputs_square_008um"), (Some(8), "CRC1"));
        assert_eq!(split_bin("square_dance"), (None, "square_dance"));
    }
}
