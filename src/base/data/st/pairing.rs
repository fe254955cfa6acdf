//! Pairing count tables, spot files and images whose folders and names follow no known layout. The user sees
//! the suggestion and can change it; opening the section then proves it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::names::{file_name, grid_of_id, natural_cmp, without_ending};
use super::table::{Lines, clean, separator_of};
use crate::core::files::FileError;
use crate::data::slide;

const TABLES: [&str; 6] = [".tsv.gz", ".txt.gz", ".csv.gz", ".tsv", ".txt", ".csv"];
/// Words in file names that say what the file is, not whose.
const NOISE: [&str; 24] = [
    "stdata",
    "selection",
    "spot",
    "spots",
    "data",
    "counts",
    "count",
    "cnt",
    "cnts",
    "matrix",
    "image",
    "img",
    "imgs",
    "he",
    "labeled",
    "labels",
    "label",
    "lbl",
    "coordinates",
    "coords",
    "filtered",
    "ut",
    "table",
    "all",
];
/// Folders deeper than this are not searched.
const DEPTH: usize = 5;
/// More files than this are not looked at: the user has chosen the wrong folder.
const MAX_FILES: usize = 2000;

/// What a file seems to be, from its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartKind {
    /// A table of many columns, one row a spot.
    Counts,
    /// A table with pixel positions of spots.
    Spots,
    /// A table with a label for each spot.
    Labels,
    /// A slide, or another image that may be one.
    Image,
    /// Anything else.
    Other,
}

/// Files that seem to belong to one section. What was not found is for the user to choose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Suggestion {
    /// From the name of the count table.
    pub name: String,
    /// The count table.
    pub counts: Option<PathBuf>,
    /// The spot file.
    pub spots: Option<PathBuf>,
    /// The slide image.
    pub image: Option<PathBuf>,
    /// The pathologist's labels.
    pub labels: Option<PathBuf>,
}

impl Suggestion {
    /// Whether count table, spot file and image are all there.
    pub fn is_complete(&self) -> bool {
        self.counts.is_some() && self.spots.is_some() && self.image.is_some()
    }
}

/// The files below `folder`, in order of their paths; hidden ones are left out.
///
/// # Errors
/// [`FileError`] when a folder cannot be read, or holds far too many files.
pub fn files_below(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let mut files = Vec::new();
    let mut level = vec![folder.to_path_buf()];
    for _ in 0..DEPTH {
        let mut below = Vec::new();
        for dir in level {
            for entry in fs::read_dir(&dir).map_err(FileError::io("list", &dir))? {
                let path = entry.map_err(FileError::io("list", &dir))?.path();
                if file_name(&path).starts_with('.') {
                    continue;
                }
                if path.is_dir() {
                    below.push(path)
                } else {
                    files.push(path)
                }
                if files.len() > MAX_FILES {
                    let message = format!(
                        "there are more than {MAX_FILES} files in it; choose the folder of the sections"
                    );
                    return Err(FileError::malformed(folder, message));
                }
            }
        }
        level = below;
    }
    files.sort();
    Ok(files)
}

/// What `path` seems to be. Only its beginning is read; what cannot be read is [`PartKind::Other`].
pub fn kind_of(path: &Path) -> PartKind {
    kind_by_content(path).unwrap_or(PartKind::Other)
}

fn kind_by_content(path: &Path) -> Option<PartKind> {
    const HEAD: u64 = 4096;
    let mut head = Vec::new();
    File::open(path).ok()?.take(HEAD).read_to_end(&mut head).ok()?;
    if head.starts_with(&[0x1f, 0x8b]) {
        head.clear();
        // A damaged file is still a table to whoever opens it, who says what is wrong with it.
        let _ = MultiGzDecoder::new(File::open(path).ok()?).take(HEAD).read_to_end(&mut head);
    }
    let kind = slide::identify_beginning(path, &head);
    if kind.is_read() || kind.is_read_by_openslide() {
        return Some(PartKind::Image);
    }
    if kind.is_image() || image::guess_format(&head).is_ok() {
        return Some(PartKind::Other);
    }
    let mut lines = Lines::open(path).ok()?;
    let header = lines.next_line().ok()??.text.to_owned();
    let separator = char::from(separator_of(&header));
    let columns: Vec<&str> = header.split(separator).map(clean).collect();
    let has = |name: &str| columns.iter().any(|c| c.eq_ignore_ascii_case(name));
    if has("label") && has("x") && has("y") {
        return Some(PartKind::Labels);
    }
    if has("pixel_x") && has("pixel_y") {
        return Some(PartKind::Spots);
    }
    let row = lines.next_line().ok()??;
    let cells: Vec<&str> = row.text.split(separator).map(clean).collect();
    let is_spot = cells.first().is_some_and(|c| grid_of_id(c).is_some());
    let are_numbers = cells.len() > 1 && cells.iter().skip(1).all(|c| c.parse::<f64>().is_ok());
    Some(if are_numbers && (is_spot || cells.len() > 100) { PartKind::Counts } else { PartKind::Other })
}

/// Pairs files by the words that their names and folders share, rare words before common ones. There is one
/// suggestion for every count table, in natural order of their names; each other file is used once.
pub fn suggest_pairs(files: &[PathBuf]) -> Vec<Suggestion> {
    let mut by_kind: BTreeMap<PartKind, Vec<&PathBuf>> = BTreeMap::new();
    for file in files {
        by_kind.entry(kind_of(file)).or_default().push(file);
    }
    pair(&by_kind)
}

fn pair(by_kind: &BTreeMap<PartKind, Vec<&PathBuf>>) -> Vec<Suggestion> {
    let of = |kind| by_kind.get(&kind).map_or(&[][..], Vec::as_slice);
    let counts = of(PartKind::Counts);
    let mut suggestions: Vec<Suggestion> = counts
        .iter()
        .map(|&path| Suggestion {
            name: section_name(path),
            counts: Some(path.clone()),
            ..Suggestion::default()
        })
        .collect();
    let frequency = frequencies(by_kind.values().flatten().copied());
    let partners = |kind| match_up(counts, of(kind), &frequency);
    let (spots, images, labels) =
        (partners(PartKind::Spots), partners(PartKind::Image), partners(PartKind::Labels));
    for (i, suggestion) in suggestions.iter_mut().enumerate() {
        suggestion.spots = spots.get(&i).cloned();
        suggestion.image = images.get(&i).cloned();
        suggestion.labels = labels.get(&i).cloned();
    }
    suggestions.sort_by(|a, b| natural_cmp(&a.name, &b.name));
    suggestions
}

/// The name of the section that a count table belongs to: its file name, or else its folder's, without words
/// that say what it is.
fn section_name(path: &Path) -> String {
    let name = file_name(path);
    let stem = stem_of(&name).unwrap_or(&name);
    let folder = path.parent().map(file_name).unwrap_or_default();
    let telling = |text: &str| {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty() && !is_noise(w));
        words.collect::<Vec<_>>().join("_")
    };
    [telling(stem), telling(&folder)].into_iter().find(|n| !n.is_empty()).unwrap_or_else(|| stem.to_owned())
}

/// The name of a table or image without its ending.
fn stem_of(name: &str) -> Option<&str> {
    without_ending(name, &TABLES).or_else(|| slide::stem_of_slide(name))
}

/// Whether a word says what a file is, or is an accession number.
fn is_noise(word: &str) -> bool {
    let word = word.to_lowercase();
    let accession = word.strip_prefix("gsm").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    accession || NOISE.contains(&word.as_str())
}

/// The telling words of a file's name and of the folder it lies in.
fn words(path: &Path) -> BTreeSet<String> {
    let name = file_name(path);
    let stem = stem_of(&name).unwrap_or(&name);
    let folder = path.parent().map(file_name).unwrap_or_default();
    let both = [stem, &folder];
    let all = both.iter().flat_map(|part| part.split(|c: char| !c.is_alphanumeric()));
    all.filter(|w| !w.is_empty() && !is_noise(w)).map(str::to_lowercase).collect()
}

fn frequencies<'a>(files: impl Iterator<Item = &'a PathBuf>) -> HashMap<String, f64> {
    let mut frequency = HashMap::new();
    for word in files.flat_map(|f| words(f)) {
        *frequency.entry(word).or_insert(0.0) += 1.0;
    }
    frequency
}

/// For each of `counts` (by index) its partner, the best pairs first. A lone pair needs no words in common.
fn match_up(
    counts: &[&PathBuf],
    partners: &[&PathBuf],
    frequency: &HashMap<String, f64>,
) -> HashMap<usize, PathBuf> {
    if let ([_], [partner]) = (counts, partners) {
        return HashMap::from([(0, (*partner).clone())]);
    }
    let weight = |w: &String| 1.0 / frequency.get(w).copied().unwrap_or(1.0);
    let partner_words: Vec<BTreeSet<String>> = partners.iter().map(|p| words(p)).collect();
    let mut scored = Vec::new();
    for (i, count) in counts.iter().enumerate() {
        let mine = words(count);
        for (j, theirs) in partner_words.iter().enumerate() {
            let shared: f64 = mine.intersection(theirs).map(weight).sum();
            if shared > 0.0 {
                let all: f64 = mine.union(theirs).map(weight).sum();
                scored.push((shared / all, i, j));
            }
        }
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut found: HashMap<usize, PathBuf> = HashMap::new();
    let mut used = BTreeSet::new();
    for (_, i, j) in scored {
        if let (false, false, Some(&partner)) = (found.contains_key(&i), used.contains(&j), partners.get(j)) {
            found.insert(i, partner.clone());
            used.insert(j);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::names::{join_key, patient_of};
    use super::*;
    use crate::data::mutate::{fuzz, fuzz_file, gzip};

    const COUNTS: &str = "\tA\tB\n10x21\t1\t2\n";
    const SPOTS: &str = "x\ty\tnew_x\tnew_y\tpixel_x\tpixel_y\tselected\n10\t21\t10\t21\t5\t5\t1\n";
    const LABELS: &str = "Row.names\tx\ty\tpixel_x\tpixel_y\tlabel\na\t1\t1\t1\t1\tx\n";
    const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF";

    fn write(root: &Path, files: &[(&str, &[u8])]) {
        for (file, content) in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    }

    #[test]
    fn kinds_are_told_by_content() {
        let dir = tempfile::tempdir().unwrap();
        write(
            dir.path(),
            &[
                ("a", COUNTS.as_bytes()),
                ("b", SPOTS.as_bytes()),
                ("c", LABELS.as_bytes()),
                ("d", JPEG),
                ("e", b"hello"),
                ("f", b""),
            ],
        );
        let kinds: Vec<_> = files_below(dir.path()).unwrap().iter().map(|f| kind_of(f)).collect();
        use PartKind::{Counts, Image, Labels, Other, Spots};
        assert_eq!(kinds, [Counts, Spots, Labels, Image, Other, Other]);
        assert_eq!(kind_of(&dir.path().join("gone")), Other);
    }

    #[test]
    fn names_of_a_geo_series_are_paired() {
        let dir = tempfile::tempdir().unwrap();
        let mut files: Vec<(String, &[u8])> = Vec::new();
        for (i, name) in ["P2_ST_rep1", "P2_ST_rep2", "P10_ST_rep1"].iter().enumerate() {
            files.push((format!("GSM42843{i}_{name}_stdata.tsv"), COUNTS.as_bytes()));
            files.push((format!("spot_data-selection-{name}.tsv"), SPOTS.as_bytes()));
            if i != 1 {
                files.push((format!("GSM42843{i}_{name}.jpg"), JPEG));
            }
        }
        let files: Vec<(&str, &[u8])> = files.iter().map(|(n, c)| (n.as_str(), *c)).collect();
        write(dir.path(), &files);
        let found = suggest_pairs(&files_below(dir.path()).unwrap());
        let names: Vec<_> = found.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["P2_ST_rep1", "P2_ST_rep2", "P10_ST_rep1"]);
        for s in &found {
            assert!(file_name(s.spots.as_ref().unwrap()).contains(&s.name));
        }
        let images: Vec<_> = found.iter().map(|s| s.image.as_deref().map(file_name)).collect();
        assert_eq!(images[0].as_deref(), Some("GSM428430_P2_ST_rep1.jpg"));
        assert_eq!(images[2].as_deref(), Some("GSM428432_P10_ST_rep1.jpg"));
        assert_eq!(found.iter().map(Suggestion::is_complete).collect::<Vec<_>>(), [true, false, true]);
    }

    #[test]
    fn folders_and_lone_files_are_paired() {
        let dir = tempfile::tempdir().unwrap();
        write(
            dir.path(),
            &[
                ("left/counts.tsv", COUNTS.as_bytes()),
                ("left/spots.tsv", SPOTS.as_bytes()),
                ("left/slide.jpg", JPEG),
                ("right/counts.tsv", COUNTS.as_bytes()),
                ("right/spots.tsv", SPOTS.as_bytes()),
                ("right/slide.jpg", JPEG),
                ("right/labels.tsv", LABELS.as_bytes()),
            ],
        );
        let found = suggest_pairs(&files_below(dir.path()).unwrap());
        assert_eq!(found.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["left", "right"]);
        for s in &found {
            let folder = s.counts.as_ref().unwrap().parent();
            assert_eq!(s.spots.as_ref().unwrap().parent(), folder);
            assert_eq!(s.image.as_ref().unwrap().parent(), folder);
        }
        let lone = [dir.path().join("left/counts.tsv"), dir.path().join("right/spots.tsv")];
        let found = suggest_pairs(&lone);
        assert_eq!(found[0].spots.as_ref(), Some(&lone[1]));
        assert!(!found[0].is_complete());
    }

    #[test]
    #[ignore = "takes HISCMCL_FUZZ_MINUTES"]
    fn the_kind_of_damaged_files_is_told_for_minutes() {
        let texts = [COUNTS, SPOTS, LABELS].map(|t| t.as_bytes().to_vec());
        let mut sound = texts.to_vec();
        sound.extend(texts.map(|t| gzip(&t)));
        sound.push(JPEG.to_vec());
        fuzz_file("kinds", "a.tsv", sound, |path| kind_of(path) != PartKind::Other);
    }

    #[test]
    #[ignore = "takes HISCMCL_FUZZ_MINUTES"]
    fn damaged_names_are_paired_for_minutes() {
        let sound = [
            "GSM4284316_P2_ST_rep1_stdata.tsv.gz\nspot_data-selection-P2_ST_rep1.tsv.gz\nP2_ST_rep1.jpg\nP10_ST_rep1.jpg",
            "left/counts.tsv\nleft/spots.tsv\nleft/slide.jpg\nC02/counts.tsv\nC2/spots.tsv\n\u{c4}\u{df}\u{130}9/HE.png",
            "10x21\n10.02x20.98\n-0x1e3\nAAAC-1\nC2\nC10\nC0000000000000000000000000000000000010\n2\n02",
        ];
        fuzz("names", sound.map(|s| s.as_bytes().to_vec()).to_vec(), |bytes| {
            let text = String::from_utf8_lossy(bytes);
            let names: Vec<&str> = text.split('\n').collect();
            let files: Vec<PathBuf> = names.iter().map(PathBuf::from).collect();
            let mut by_kind: BTreeMap<PartKind, Vec<&PathBuf>> = BTreeMap::new();
            let kinds = [PartKind::Counts, PartKind::Spots, PartKind::Image, PartKind::Labels];
            for (file, kind) in files.iter().zip(kinds.into_iter().cycle()) {
                by_kind.entry(kind).or_default().push(file);
            }
            let pairs = pair(&by_kind);
            assert_eq!(pairs.len(), files.len().div_ceil(kinds.len()));
            for name in &names {
                let known = (patient_of(name), grid_of_id(name), join_key(name));
                assert_eq!(known.1, grid_of_id(&known.2));
            }
            // A sort panics where the order of names is none.
            let mut sorted = names.clone();
            sorted.sort_by(|a, b| natural_cmp(a, b));
            sorted.windows(2).all(|w| natural_cmp(w[0], w[1]) != std::cmp::Ordering::Greater)
        });
    }
}
