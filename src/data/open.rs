//! Opening a section: its counts, spots and labels joined by spot, and the resolution of its slide.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::core::cancel::CancelToken;
use crate::core::files::FileError;
use crate::core::geometry::{Mpp, SlideRect};
use crate::core::progress::Progress;
use crate::data::project::SectionEntry;
use crate::data::section::{CountTable, MppSource, Section, Spot, SpotGeometry};
use crate::data::slide::Slide;
use crate::data::st::counts::read_counts;
use crate::data::st::labels::read_labels;
use crate::data::st::names::{counted, file_name, join_key, patient_of, quoted};
use crate::data::st::pitch;
use crate::data::st::spots::{SpotRow, read_spots};
use crate::data::st::{FileRole, MissingFile, ReadError};

/// An image stretched more than this in one direction is worth a remark; hand-placed spots differ by less.
const STRETCHED: f64 = 1.1;

/// Reads a section of the project. Spots are joined by identifier, never by order, and keep the order of the
/// count table. Spots without a position, marked as not tissue, or without a single count are left out with
/// a note. The resolution is the user's where there is one, and else follows from the spot pitch of 200 um.
/// The slide is only measured, not decoded.
///
/// # Errors
/// [`ReadError`] in one sentence: a file that is not where it was ([`ReadError::Missing`]), a damaged file, no
/// spot in common, a spot off the slide, a resolution that no scan has.
pub fn open_section(
    entry: &SectionEntry,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Section, ReadError> {
    if let Some(missing) = entry.missing_files().into_iter().find(|m| m.role != FileRole::Labels) {
        return Err(missing.into());
    }
    // The cheap ones first: what is wrong with them is said at once.
    let slide_size = Slide::read_size(&entry.image)?;
    let spot_rows = read_spots(&entry.spots)?;
    let (mpp, mpp_source) = resolution(entry, &spot_rows, progress)?;
    let table = read_counts(&entry.counts, progress, cancel)?;
    let joined = join(entry, &table, &spot_rows, slide_size)?;
    joined.report(entry, progress);
    let labels = match &entry.labels {
        Some(path) => labels_of(entry, path, &joined.spots, progress)?,
        None => None,
    };
    Ok(Section {
        name: entry.name.clone(),
        patient: entry.patient.clone(),
        counts: table.counts.select_rows(&joined.rows),
        genes: table.genes,
        spots: joined.spots,
        labels,
        mpp,
        mpp_source,
        geometry: SpotGeometry::LEGACY_ST,
        slide: entry.image.clone(),
        slide_size,
    })
}

/// Makes a section out of three files that the user has paired, and opens it to see that they belong
/// together. The patient is guessed from the name and can be changed.
///
/// # Errors
/// As [`open_section`].
pub fn import_section(
    name: &str,
    counts: PathBuf,
    spots: PathBuf,
    image: PathBuf,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<(SectionEntry, Section), ReadError> {
    let entry = SectionEntry {
        name: name.trim().to_owned(),
        patient: patient_of(name.trim()),
        counts,
        spots,
        image,
        ..SectionEntry::default()
    };
    let section = open_section(&entry, progress, cancel)?;
    Ok((entry, section))
}

/// The user's resolution, or the one that makes neighbouring spots 200 um apart.
fn resolution(
    entry: &SectionEntry,
    spots: &[SpotRow],
    progress: &dyn Progress,
) -> Result<(Mpp, MppSource), ReadError> {
    if let Some(value) = entry.mpp {
        if Mpp::PLAUSIBLE.contains(&value) {
            return Ok((Mpp(value), MppSource::User));
        }
        let (least, most) = (Mpp::PLAUSIBLE.start(), Mpp::PLAUSIBLE.end());
        let message = format!(
            "the resolution entered for section {} is {value} um per pixel; enter one from {least} to {most}",
            entry.name
        );
        return Err(ReadError::malformed(&entry.image, message));
    }
    let Some(pitch) = pitch::measure(spots) else {
        let message = "too few spots to infer the resolution of the slide; enter its micrometres per pixel";
        return Err(ReadError::malformed(&entry.spots, message));
    };
    let um = SpotGeometry::LEGACY_ST.pitch_um;
    let mpp = pitch.mpp(um);
    if !Mpp::PLAUSIBLE.contains(&mpp.0) {
        let message = format!(
            "neighbouring spots are {:.2} pixels apart, which would mean {:.3} um per pixel; check the pixel \
             columns, or enter the micrometres per pixel of the slide",
            pitch.px(),
            mpp.0
        );
        return Err(ReadError::malformed(&entry.spots, message));
    }
    if pitch.stretch() > STRETCHED {
        progress.note(&format!(
            "The spots of {} are {:.0} % further apart in one direction than in the other; its image may be \
             stretched",
            entry.name,
            (pitch.stretch() - 1.0) * 100.0
        ));
    }
    Ok((mpp, MppSource::SpotPitch))
}

/// Spots that have counts and a position.
struct Joined {
    spots: Vec<Spot>,
    /// Their rows in the count table.
    rows: Vec<usize>,
    /// Tissue spots of the spot file that the count table does not have.
    without_counts: usize,
    /// Spots of the count table that are not in the spot file.
    without_position: usize,
    /// Spots of the count table that the spot file marks as not tissue.
    not_tissue: usize,
    /// Spots all of whose counts are zero.
    empty: usize,
}

fn join(
    entry: &SectionEntry,
    table: &CountTable,
    spot_rows: &[SpotRow],
    slide_size: (u32, u32),
) -> Result<Joined, ReadError> {
    let by_key: HashMap<String, &SpotRow> = spot_rows.iter().map(|s| (join_key(&s.id), s)).collect();
    let mut joined = Joined {
        spots: Vec::with_capacity(table.spots.len()),
        rows: Vec::with_capacity(table.spots.len()),
        without_counts: 0,
        without_position: 0,
        not_tissue: 0,
        empty: 0,
    };
    let mut used = HashSet::new();
    let mut off_slide: Vec<&SpotRow> = Vec::new();
    let slide = SlideRect::of_size(slide_size.0, slide_size.1);
    for (row, id) in table.spots.iter().enumerate() {
        let key = join_key(id);
        let Some(&spot) = by_key.get(&key) else {
            joined.without_position += 1;
            continue;
        };
        if !used.insert(key) {
            let message = format!("two spots of the table belong to the same spot {}", quoted(&spot.id));
            return Err(ReadError::malformed(&entry.counts, message));
        }
        if !spot.selected {
            joined.not_tissue += 1;
        } else if table.counts.row_sum(row) == 0.0 {
            joined.empty += 1;
        } else if slide.contains(spot.center) {
            joined.spots.push(Spot { id: id.clone(), center: spot.center });
            joined.rows.push(row);
        } else {
            off_slide.push(spot);
        }
    }
    if let Some(&first) = off_slide.iter().min_by_key(|s| s.line) {
        return Err(off_the_slide(entry, first, off_slide.len(), slide_size));
    }
    if joined.spots.is_empty() {
        return Err(nothing_joined(entry, table, spot_rows, used.len()));
    }
    joined.without_counts =
        by_key.iter().filter(|(key, spot)| spot.selected && !used.contains(key.as_str())).count();
    Ok(joined)
}

fn off_the_slide(entry: &SectionEntry, first: &SpotRow, n: usize, (width, height): (u32, u32)) -> ReadError {
    let others = match n {
        1 => String::new(),
        2 => " (and 1 other)".to_owned(),
        n => format!(" (and {} others)", n - 1),
    };
    let message = format!(
        "spot {} at pixel ({:.0}, {:.0}){others} is off the slide {} of {width} x {height} pixels; the spot \
         file may be for another size of this image",
        quoted(&first.id),
        first.center.x,
        first.center.y,
        file_name(&entry.image)
    );
    FileError::malformed_at(&entry.spots, first.line, message).into()
}

fn nothing_joined(entry: &SectionEntry, table: &CountTable, spots: &[SpotRow], known: usize) -> ReadError {
    let example =
        |id: Option<&String>| id.map_or_else(String::new, |id| format!(" (such as {})", quoted(id)));
    let message = if known > 0 {
        format!("none of the {} is under tissue and has counts", counted(known, "spot"))
    } else {
        format!(
            "none of the {}{} is among the {}{} of {}; the two files may be of different sections",
            counted(table.spots.len(), "spot"),
            example(table.spots.first()),
            counted(spots.len(), "spot"),
            example(spots.first().map(|s| &s.id)),
            file_name(&entry.spots)
        )
    };
    ReadError::malformed(&entry.counts, message)
}

impl Joined {
    /// Says what was left out.
    fn report(&self, entry: &SectionEntry, progress: &dyn Progress) {
        let name = &entry.name;
        let left_out = [
            (self.without_counts, "without a row in the count table"),
            (self.without_position, "without a position in the spot file"),
            (self.not_tissue, "marked as not tissue"),
            (self.empty, "without a single count"),
        ];
        for (n, why) in left_out {
            if n > 0 {
                let were = if n == 1 { "was" } else { "were" };
                progress.note(&format!("{name}: {} {why} {were} left out", counted(n, "spot")));
            }
        }
    }
}

fn labels_of(
    entry: &SectionEntry,
    path: &Path,
    spots: &[Spot],
    progress: &dyn Progress,
) -> Result<Option<Vec<Option<String>>>, ReadError> {
    if !path.exists() {
        let role = FileRole::Labels;
        let missing = MissingFile { section: entry.name.clone(), role, path: path.to_path_buf() };
        progress.note(&format!("{missing}; the section is shown without labels"));
        return Ok(None);
    }
    let mut by_key: HashMap<String, String> = read_labels(path)?.into_iter().collect();
    let labels: Vec<Option<String>> = spots.iter().map(|s| by_key.remove(&join_key(&s.id))).collect();
    if labels.iter().all(Option::is_none) {
        progress.note(&format!(
            "No spot of {} has a label in {}; the section is shown without labels",
            entry.name,
            file_name(path)
        ));
        return Ok(None);
    }
    Ok(Some(labels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::geometry::SlidePoint;
    use crate::core::progress::Silent;
    use std::fs;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Notes(Mutex<Vec<String>>);

    impl Progress for Notes {
        fn report(&self, _: &str, _: u64, _: u64) {}
        fn note(&self, text: &str) {
            self.0.lock().unwrap().push(text.to_owned());
        }
    }

    /// A 3 x 3 array, 20 pixels apart, on a 100 x 80 image.
    fn section(dir: &Path) -> SectionEntry {
        let mut counts = "\tA\tB\n".to_owned();
        let mut spots = "x\ty\tpixel_x\tpixel_y\tselected\n".to_owned();
        let mut labels = "x\ty\tpixel_x\tpixel_y\tlabel\n".to_owned();
        for x in 1..=3 {
            for y in (1..=3).rev() {
                counts.push_str(&format!("{x}x{y}\t{x}\t{y}\n"));
                spots.push_str(&format!("{y}\t{x}\t{}\t{}\t1\n", 20 * y, 20 * x));
                labels.push_str(&format!("{x}.04\t{}.97\t0\t0\tcancer {x}\n", y - 1));
            }
        }
        let entry = SectionEntry {
            name: "C2".into(),
            patient: Some("C".into()),
            counts: dir.join("counts.tsv"),
            spots: dir.join("spots.tsv"),
            image: dir.join("slide.png"),
            labels: Some(dir.join("labels.tsv")),
            ..SectionEntry::default()
        };
        fs::write(&entry.counts, counts).unwrap();
        fs::write(&entry.spots, spots).unwrap();
        fs::write(dir.join("labels.tsv"), labels).unwrap();
        image::RgbImage::new(100, 80).save(&entry.image).unwrap();
        entry
    }

    fn open(entry: &SectionEntry) -> Result<(Section, Vec<String>), ReadError> {
        let notes = Notes::default();
        let section = open_section(entry, &notes, &CancelToken::new())?;
        Ok((section, notes.0.into_inner().unwrap()))
    }

    #[test]
    fn spots_are_joined_by_id_and_keep_the_order_of_the_counts() {
        let dir = tempfile::tempdir().unwrap();
        let (s, notes) = open(&section(dir.path())).unwrap();
        assert!(notes.is_empty(), "{notes:?}");
        assert_eq!((s.spots[0].id.as_str(), s.spots[0].center), ("1x3", SlidePoint::new(20.0, 60.0)));
        assert_eq!((s.counts.get(0, 0), s.counts.get(0, 1)), (1.0, 3.0));
        assert_eq!((s.mpp, s.mpp_source, s.slide_size), (Mpp(10.0), MppSource::SpotPitch, (100, 80)));
        assert_eq!(s.spot_radius_px(), 5.0);
        // "1.04, 2.97" is of spot 1x3.
        let labels = s.labels.unwrap();
        assert!(
            labels.iter().zip(&s.spots).all(|(l, s)| l.as_deref() == Some(&format!("cancer {}", &s.id[..1])))
        );
    }

    #[test]
    fn the_user_decides_the_resolution() {
        let dir = tempfile::tempdir().unwrap();
        let mut entry = section(dir.path());
        entry.mpp = Some(0.5);
        let (s, _) = open(&entry).unwrap();
        assert_eq!((s.mpp, s.mpp_source), (Mpp(0.5), MppSource::User));
        for bad in [0.0, -1.0, f64::NAN, 1e9] {
            entry.mpp = Some(bad);
            let text = open(&entry).unwrap_err().to_string();
            assert!(text.contains("the resolution entered for section C2 is"), "{text}");
        }
    }

    #[test]
    fn spots_that_are_left_out_are_counted() {
        let dir = tempfile::tempdir().unwrap();
        let entry = section(dir.path());
        let spots = fs::read_to_string(&entry.spots).unwrap();
        fs::write(&entry.spots, spots.replace("20\t20\t1", "20\t20\t0") + "9\t9\t90\t70\t1\n").unwrap();
        let counts = fs::read_to_string(&entry.counts).unwrap();
        fs::write(&entry.counts, counts.replace("3x3\t3\t3", "3x3\t0\t0") + "7x7\t1\t1\n8x8\t1\t1\n")
            .unwrap();
        let (s, notes) = open(&entry).unwrap();
        assert_eq!((s.spots.len(), s.counts.rows()), (7, 7));
        assert_eq!(
            notes,
            [
                "C2: 1 spot without a row in the count table was left out",
                "C2: 2 spots without a position in the spot file were left out",
                "C2: 1 spot marked as not tissue was left out",
                "C2: 1 spot without a single count was left out",
            ]
        );
    }

    #[test]
    fn missing_files_are_typed_and_missing_labels_are_only_noted() {
        let dir = tempfile::tempdir().unwrap();
        let entry = section(dir.path());
        fs::remove_file(dir.path().join("labels.tsv")).unwrap();
        let (s, notes) = open(&entry).unwrap();
        assert!(s.labels.is_none() && notes[0].contains("the section is shown without labels"));
        fs::remove_file(&entry.image).unwrap();
        match open(&entry) {
            Err(ReadError::Missing(m)) => assert_eq!((m.role, m.path), (FileRole::Image, entry.image)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn three_files_make_a_section() {
        let dir = tempfile::tempdir().unwrap();
        let e = section(dir.path());
        let cancel = CancelToken::new();
        let (entry, section) =
            import_section(" P2_rep1 ", e.counts, e.spots, e.image, &Silent, &cancel).unwrap();
        assert_eq!((entry.name.as_str(), entry.patient.as_deref()), ("P2_rep1", Some("P2")));
        assert_eq!(section.spots.len(), 9);
    }

    #[test]
    fn a_stretched_image_is_remarked_on() {
        let dir = tempfile::tempdir().unwrap();
        let entry = section(dir.path());
        let text = fs::read_to_string(&entry.spots).unwrap();
        let stretched: String = text
            .lines()
            .map(|l| {
                let c: Vec<&str> = l.split('\t').collect();
                let x = c[2].parse::<f64>().map_or(c[2].to_owned(), |x| (x * 1.5).to_string());
                format!("{}\t{}\t{x}\t{}\t{}\n", c[0], c[1], c[3], c[4])
            })
            .collect();
        fs::write(&entry.spots, stretched).unwrap();
        let (_, notes) = open(&entry).unwrap();
        assert_eq!(
            notes,
            [
                "The spots of C2 are 50 % further apart in one direction than in the other; its image may be stretched"
            ]
        );
    }
}
