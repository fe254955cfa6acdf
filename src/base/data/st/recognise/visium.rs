//! A group of Space Ranger's files as a sample: which matrix and positions are used, and what is still needed.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::super::names::{bare_barcode, file_name, is_bases, patient_of};
use super::super::source::{SampleKind, Source};
use super::super::visium::{ScaleFactors, read_positions, read_scale_factors};
use super::ignored::Ignored;
use super::images::{self, Slides};
use super::space_ranger::{Group, Groups, Key, Matrix, sample_folder};
use super::walk::Listing;
use super::{Recognition, Sample, tables};
use crate::core::cancel::CancelToken;
use crate::core::files::FileError;
use crate::core::geometry::Mpp;
use crate::core::progress::Silent;

/// Larger bins than this has no assay.
const MAX_BIN_UM: u32 = 1000;
/// Bins of this size are chosen by default, and all larger ones.
const MIN_CHOSEN_UM: u32 = 8;

/// Makes samples of the groups that have a matrix and positions; tells what the others lack.
pub(super) fn build(groups: &Groups, listing: &mut Listing, found: &mut Recognition) {
    let mut taken = Vec::new();
    for (key, group) in groups {
        if group.matrices.is_empty() || group.positions.is_empty() {
            found.notes.extend(lacking(group));
            continue;
        }
        match sample(key, group, groups, listing, &mut found.notes) {
            Ok(sample) => {
                taken.extend(sample.images.iter().map(|i| i.path.clone()).chain(sample.labels.clone()));
                found.samples.push(sample);
            }
            Err(note) => found.notes.push(note),
        }
    }
    // Not earlier, because all sizes of bins of a sample lie on one slide.
    for path in taken {
        listing.take(&path);
    }
}

fn lacking(group: &Group) -> Option<String> {
    let name = &group.name;
    let first = |paths: &[PathBuf]| paths.first().map(|p| file_name(p)).unwrap_or_default();
    if let Some(matrix) = group.matrices.first() {
        let matrix = file_name(&matrix.path);
        let why = match group.ignored.iter().find(|i| i.what.contains("tissue_positions")) {
            Some(ignored) => format!("; not used: {ignored}"),
            None => ", so it may be of single cells; it was left out".to_owned(),
        };
        return Some(format!("{name} has a matrix ({matrix}) but no positions (tissue_positions){why}"));
    }
    if !group.positions.is_empty() {
        let why = group.ignored.first().map(|i| format!("; not used: {i}")).unwrap_or_default();
        return Some(format!(
            "{name} has positions ({}) but no matrix (filtered_feature_bc_matrix), and was left out{why}",
            first(&group.positions)
        ));
    }
    if group.images.is_empty() && group.scale_factors.is_empty() {
        return group
            .ignored
            .first()
            .map(|i| format!("{name} has no matrix and no positions; not used: {i}"));
    }
    Some(format!("{name} has images or scale factors of a Visium sample but no matrix and no positions"))
}

fn sample(
    key: &Key,
    group: &Group,
    groups: &Groups,
    listing: &mut Listing,
    notes: &mut Vec<String>,
) -> Result<Sample, String> {
    let mut ignored = group.ignored.clone();
    let matrix = best_matrix(group, &mut ignored)?;
    let positions = best_of(&group.positions, position_rank, &mut ignored);
    let scale_file = best_of(&group.scale_factors, |name| u8::from(name.ends_with(".gz")), &mut ignored);
    let Some(positions) = positions else { return Err(format!("{} has no positions", group.name)) };
    let factors = match scale_file.as_deref().map(read_scale_factors) {
        Some(Ok(factors)) => factors,
        Some(Err(e)) => {
            notes.push(e.to_string());
            ScaleFactors::default()
        }
        None => ScaleFactors::default(),
    };
    let kind = kind_of(key, &positions, &factors).ok_or_else(|| {
        format!(
            "{} has bins of Visium HD, but neither its folder (square_008um) nor scalefactors_json.json says their size; \
             it was left out",
            group.name
        )
    })?;
    let source = Source::Visium {
        matrix: matrix.path.clone(),
        positions: positions.clone(),
        scale_factors: scale_file,
    };
    let mut sample = Sample::new(group.name.clone(), kind, source);
    sample.patient = patient(&group.name);
    sample.place = file_name(&key.place);
    sample.mpp = factors.microns_per_pixel.map(Mpp);
    if let SampleKind::VisiumHd { bin_um } = kind {
        sample.name = format!("{}_{bin_um:03}um", group.name);
        sample.chosen = bin_um >= MIN_CHOSEN_UM;
    }
    let belongs = Belongs::new(key, group, groups);
    let slides = Slides { positions: &positions, factors: &factors, belongs: &belongs };
    images::fill(&mut sample, &group.images, &slides, listing, &mut ignored);
    tables::fill(&mut sample, &belongs, listing, &mut ignored);
    if matrix.raw {
        ignored.push(Ignored::new("spots off the tissue", "the matrix is raw"));
    }
    sample.ignored = ignored;
    sample.others.clone_from(&group.files);
    sample.matrices = group.matrices.iter().filter(|m| !m.packed).map(|m| m.path.clone()).collect();
    Ok(sample)
}

/// Filtered before raw, HDF5 before MTX; the others are told as ignored.
fn best_matrix<'a>(group: &'a Group, ignored: &mut Vec<Ignored>) -> Result<&'a Matrix, String> {
    let mut sorted: Vec<&Matrix> = group.matrices.iter().collect();
    sorted.sort();
    let mut best: Option<&Matrix> = None;
    let mut refused = Vec::new();
    for matrix in sorted {
        let name = file_name(&matrix.path);
        match best {
            Some(best) if matrix.raw && !best.raw => {
                ignored.push(Ignored::new(name, "the filtered one is used"))
            }
            Some(best) => ignored.push(Ignored::new(name, format!("the same as {}", file_name(&best.path)))),
            None if matrix.packed => refused.push(format!("{name} is packed; unpack it")),
            None => match why_no_hdf5(&matrix.path).filter(|_| !matrix.mtx) {
                Some(why) => refused.push(why),
                None => best = Some(matrix),
            },
        }
    }
    match best {
        Some(best) => {
            ignored.extend(refused.into_iter().map(|why| Ignored::new(why, "")));
            Ok(best)
        }
        None => Err(format!("{} was left out: {}", group.name, refused.join(", "))),
    }
}

/// Why a file cannot be read as HDF5, a sentence; `None` where it begins so, perhaps behind a block of the user's (512
/// bytes, or a power of two more).
pub(super) fn why_no_hdf5(path: &Path) -> Option<String> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(e) => return Some(FileError::io("read", path)(e).to_string()),
    };
    let mut at = |start: u64| {
        let mut head = [0; 8];
        file.seek(SeekFrom::Start(start)).and_then(|_| file.read_exact(&mut head)).is_ok()
            && head == *b"\x89HDF\r\n\x1a\n"
    };
    let begins = [0, 512, 1024, 2048, 4096, 8192].into_iter().any(&mut at);
    (!begins).then(|| format!("{} is not an HDF5 file; copy or download it again", file_name(path)))
}

fn position_rank(name: &str) -> u8 {
    match name {
        n if n.contains(".parquet") => 0,
        n if !n.contains("_list") => 1,
        _ => 2,
    }
}

/// The file with the least rank, plain before packed; the others are told as ignored.
fn best_of(files: &[PathBuf], rank: impl Fn(&str) -> u8, ignored: &mut Vec<Ignored>) -> Option<PathBuf> {
    let key = |path: &&PathBuf| {
        let name = file_name(path).to_lowercase();
        (rank(&name), name.ends_with(".gz"), (*path).clone())
    };
    let best = files.iter().min_by_key(key)?;
    for other in files.iter().filter(|f| *f != best) {
        ignored.push(Ignored::file(other, format!("{} is used", file_name(best))));
    }
    Some(best.clone())
}

/// `None` for bins of unknown size.
fn kind_of(key: &Key, positions: &Path, factors: &ScaleFactors) -> Option<SampleKind> {
    let stated = factors.bin_size_um.filter(|um| um.fract() == 0.0 && *um >= 1.0).map(|um| um as u32);
    if let Some(bin_um) = key.bin.or(stated) {
        return Some(SampleKind::VisiumHd { bin_um });
    }
    if !file_name(positions).to_lowercase().contains(".parquet") {
        return Some(SampleKind::Visium);
    }
    // The barcodes of bins name their size: "s_008um_00301_00321-1".
    let barcode = first_barcode(positions)?;
    if is_bases(bare_barcode(&barcode)) {
        return Some(SampleKind::Visium);
    }
    let digits = barcode.split('_').find_map(|part| part.strip_suffix("um"))?;
    let bin_um = digits.parse().ok().filter(|um| (1..=MAX_BIN_UM).contains(um))?;
    Some(SampleKind::VisiumHd { bin_um })
}

/// The first barcode of a file of positions; `None` for millions of bins, which would take seconds.
fn first_barcode(positions: &Path) -> Option<String> {
    const MAX_FILE_BYTES: u64 = 32 << 20;
    if positions.metadata().ok()?.len() > MAX_FILE_BYTES {
        return None;
    }
    let spots = read_positions(positions, &Silent, &CancelToken::new()).ok()?;
    spots.into_iter().next().map(|s| s.id)
}

/// The donor that the name of a Visium sample tells: "P4" of "P4_rep1"; the donors of the DLPFC data. Other names
/// ("V1_Breast", "CID4290") begin with letters or numbers that are no donor's.
fn patient(name: &str) -> Option<String> {
    if let Ok(number) = name.parse::<u32>() {
        let donor = match number {
            151_507..=151_510 => "Br5292",
            151_669..=151_672 => "Br5595",
            151_673..=151_676 => "Br8100",
            _ => return None,
        };
        return Some(donor.to_owned());
    }
    let lower = name.to_lowercase();
    let digits = ["patient", "donor", "pat", "pt", "p"].iter().find_map(|w| lower.strip_prefix(w))?;
    let digits = digits.trim_start_matches(['_', '-']);
    let says = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(['_', '-']);
    if !says {
        return None;
    }
    patient_of(name).or_else(|| {
        let end = name.len() - digits.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        name.get(..end).map(str::to_owned)
    })
}

/// Whether other files (slides, labels) belong to a sample.
pub(super) struct Belongs<'a> {
    key: &'a Key,
    group: &'a Group,
    /// Folders in which no other sample lies.
    alone: Vec<&'a PathBuf>,
    /// Names of the other samples.
    others: Vec<&'a str>,
}

impl<'a> Belongs<'a> {
    fn new(key: &'a Key, group: &'a Group, groups: &'a Groups) -> Self {
        // Files that are not used make no sample.
        let is_sample = |g: &Group| {
            !(g.matrices.is_empty()
                && g.positions.is_empty()
                && g.scale_factors.is_empty()
                && g.images.is_empty())
        };
        let other = |k: &Key| (&k.place, &k.name) != (&key.place, &key.name);
        let others = || groups.iter().filter(|(k, g)| other(k) && is_sample(g));
        let is_alone = |root: &&PathBuf| !others().any(|(_, g)| g.roots.contains(*root));
        let alone = group.roots.iter().filter(is_alone).collect();
        Self { key, group, alone, others: others().map(|(k, _)| k.name.as_str()).collect() }
    }

    /// By its name and its folder, or by its folder alone where that is no other sample's.
    pub(super) fn has(&self, path: &Path) -> bool {
        let name = file_name(path).to_lowercase();
        let folder = sample_folder(path.parent().unwrap_or(path));
        if has_word(&name, &self.key.name) {
            return folder == self.key.place || self.group.roots.contains(&folder);
        }
        let of_another = self.others.iter().any(|other| has_word(&name, other));
        !of_another && self.alone.contains(&&folder)
    }
}

/// Whether `word` stands in `name` with nothing alphanumeric around it.
pub(crate) fn has_word(name: &str, word: &str) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    !word.is_empty()
        && name.match_indices(word).any(|(at, found)| {
            let after = name.get(at + found.len()..).and_then(|rest| rest.chars().next());
            edge(name.get(..at).and_then(|rest| rest.chars().last())) && edge(after)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_patients_tell_a_patient() {
        assert_eq!(patient("P4_rep1").as_deref(), Some("P4"));
        assert_eq!(patient("patient_12_a").as_deref(), Some("patient_12"));
        assert_eq!(patient("151508").as_deref(), Some("Br5292"));
        for none in ["V1_Breast_Cancer", "CID4290", "s1", "151999", "1142243F", "Parent_visium", "P4"] {
            assert_eq!(patient(none), None, "{none}");
        }
    }

    #[test]
    fn words_in_names_are_whole() {
        assert!(has_word("a_s1.tif", "s1") && has_word("s1", "s1"));
        assert!(!has_word("a_s10.tif", "s1") && !has_word("s1", ""));
    }
}
