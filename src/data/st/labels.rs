//! Labels of spots: the pathologist's, or clusters that another program has exported.

use std::collections::HashMap;
use std::path::Path;

use super::names::{is_bases, quoted, spot_id};
use super::table::{Row, Table, not_a_number};
use crate::core::files::FileError;

/// What label files write where the pathologist gave no label.
const NONE: [&str; 5] = ["", "na", "nan", "none", "undetermined"];

/// What the column of barcodes is called, where it has a name.
const BARCODES: [&str; 9] =
    ["barcode", "barcodes", "spot", "spot_id", "spotid", "cell", "cell_id", "index", "unnamed: 0"];
/// What the column of labels may be called in a table of many columns, the surest first.
const LABELS: [&str; 16] = [
    "label",
    "labels",
    "pathologist_annotation",
    "pathologist annotation",
    "pathologist annotations",
    "annotation",
    "annotations",
    "classification",
    "ground_truth",
    "ground truth",
    "layer_guess_reordered",
    "layer_guess",
    "layer",
    "region",
    "cell_type",
    "cluster",
];
/// Words in what it may be called besides, the surest first.
const LABEL_WORDS: [&str; 9] =
    ["annot", "patholog", "label", "classif", "ground", "region", "layer", "domain", "cluster"];
/// What the column of donors may be called.
const PATIENTS: [&str; 6] = ["patientid", "patient_id", "patient", "donor", "donor_id", "subject"];

/// Reads the labels of spots, one row a spot, in one of three forms: a label file of the her2st release (`x`, `y` and
/// `label`; the array coordinates are refined to fractions and are rounded to the spot; the pixel columns are of
/// another scale with y upside down, and are not used); a table of a barcode and its label, as Loupe Browser exports
/// it, whatever the second column is called; a table of many columns of which one is called label, annotation,
/// classification, layer or the like. Spots without a label, or "undetermined", are left out.
///
/// # Errors
/// [`FileError`] in one sentence with file and line: a column that is not there, a coordinate that is no
/// number, two different labels of one spot.
pub fn read_labels(path: &Path) -> Result<Vec<(String, String)>, FileError> {
    read_from(Table::open(path)?)
}

/// What a table seems to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LabelTable {
    /// The first barcode; `None` where the labels are of array coordinates.
    pub(super) barcode: Option<String>,
    /// The donor, where a column names one; that of the first row.
    pub(super) patient: Option<String>,
}

/// Whether `path` seems to hold labels, from its first two rows.
pub(super) fn look_at(path: &Path) -> Option<LabelTable> {
    look_into(Table::open(path).ok()?)
}

fn look_into(mut table: Table) -> Option<LabelTable> {
    let layout = Layout::of(&table).ok()?;
    let row = table.next_row().ok()??;
    let barcode = match layout {
        Layout::Grid { .. } => None,
        Layout::Barcode { barcode, .. } => Some(barcode_of(&row, barcode)),
        Layout::NoHeader => Some(row.cell(0)),
    };
    let patient = table.column(&PATIENTS).map(|c| row.cell(c)).filter(|p| !is_none(p));
    if !barcode.is_none_or(is_barcode) {
        return None;
    }
    Some(LabelTable { barcode: barcode.map(str::to_owned), patient: patient.map(str::to_owned) })
}

/// Where the spots and their labels stand.
#[derive(Debug, Clone, Copy)]
enum Layout {
    Grid {
        x: usize,
        y: usize,
        label: usize,
    },
    /// `None` where the barcodes are names of rows, without a header of their own.
    Barcode {
        barcode: Option<usize>,
        label: usize,
    },
    /// Two columns, from the first line on.
    NoHeader,
}

impl Layout {
    fn of(table: &Table) -> Result<Self, FileError> {
        const EXPECTED: &str = "x, y and label";
        let header = table.header();
        let by_barcode = table.column(&["barcode", "barcodes"]).is_some();
        if !by_barcode && table.column(&["x"]).is_some() && table.column(&["y"]).is_some() {
            let of = |name| table.required(name, EXPECTED);
            return Ok(Self::Grid { x: of("x")?, y: of("y")?, label: of("label")? });
        }
        if header.len() == 2 && header.first().is_some_and(|first| is_barcode(first)) {
            return Ok(Self::NoHeader);
        }
        let unnamed = || header.first().filter(|first| first.is_empty()).map(|_| 0);
        let barcode = table.column(&BARCODES).or_else(unnamed);
        // A word in a name says enough where only one column has it.
        let by_word = |word: &str| {
            let mut found = (0..header.len()).filter(|c| {
                Some(*c) != barcode && header.get(*c).is_some_and(|h| h.to_lowercase().contains(word))
            });
            found.next().filter(|_| found.next().is_none())
        };
        let label = match (table.column(&LABELS).filter(|l| Some(*l) != barcode), barcode, header.len()) {
            (Some(label), ..) => label,
            (None, Some(barcode), 2) => 1 - barcode,
            (None, Some(_), _) if LABEL_WORDS.iter().any(|w| by_word(w).is_some()) => {
                LABEL_WORDS.iter().find_map(|w| by_word(w)).unwrap_or(0)
            }
            (None, None, 1) => 0,
            (None, Some(_), n) if n > 2 => {
                let message = "it is not clear which column holds the labels; call it label, or keep only the barcode and \
                               that one";
                return Err(table.wrong_header(message.to_owned()));
            }
            _ => {
                let message = "the columns must be x, y and label, or a barcode and its label";
                return Err(table.wrong_header(message.to_owned()));
            }
        };
        Ok(Self::Barcode { barcode, label })
    }
}

/// Whether `text` is a barcode of Visium ("AAACAAGTATCTCCCA-1") or Visium HD ("s_008um_00301_00321-1"), perhaps with
/// a sample before or behind it.
fn is_barcode(text: &str) -> bool {
    let bin = || {
        text.contains("um_")
            && text.split('_').filter(|p| p.starts_with(|c: char| c.is_ascii_digit())).count() >= 3
    };
    text.split(['-', '_', '.', '#', ':']).any(is_bases) || bin()
}

fn is_none(text: &str) -> bool {
    NONE.iter().any(|n| n.eq_ignore_ascii_case(text))
}

fn barcode_of(row: &Row, barcode: Option<usize>) -> &str {
    match barcode {
        Some(column) => row.cell(column),
        None => row.name.as_deref().unwrap_or(""),
    }
}

fn read_from(mut table: Table) -> Result<Vec<(String, String)>, FileError> {
    let path = table.path().to_path_buf();
    let layout = Layout::of(&table)?;
    let mut labels = Labels { path: &path, labels: Vec::new(), seen: HashMap::new() };
    if matches!(layout, Layout::NoHeader) {
        let first = table.first_row();
        labels.add(first.line, first.cell(0), first.cell(1))?;
    }
    while let Some(row) = table.next_row()? {
        match layout {
            Layout::NoHeader => labels.add(row.line, row.cell(0), row.cell(1))?,
            Layout::Barcode { barcode, label } => {
                labels.add(row.line, barcode_of(&row, barcode), row.cell(label))?
            }
            Layout::Grid { x, y, label } => {
                if is_none(row.cell(label)) {
                    continue;
                }
                let number =
                    |column, name| row.number(column).map_err(|()| not_a_number(&path, &row, column, name));
                let (Some(column_x), Some(column_y)) = (number(x, "x")?, number(y, "y")?) else { continue };
                let id = spot_id(column_x, column_y).ok_or_else(|| not_a_number(&path, &row, x, "x"))?;
                labels.add(row.line, &id, row.cell(label))?;
            }
        }
    }
    Ok(labels.labels)
}

/// Labels that were read so far.
struct Labels<'a> {
    path: &'a Path,
    labels: Vec<(String, String)>,
    seen: HashMap<String, (u64, String)>,
}

impl Labels<'_> {
    fn add(&mut self, line: u64, id: &str, text: &str) -> Result<(), FileError> {
        if is_none(text) {
            return Ok(());
        }
        if id.is_empty() {
            return Err(FileError::malformed_at(self.path, line, "the row has a label but no barcode"));
        }
        match self.seen.get(id) {
            None => {
                self.seen.insert(id.to_owned(), (line, text.to_owned()));
                self.labels.push((id.to_owned(), text.to_owned()));
            }
            Some((_, first)) if first == text => {}
            Some((before, first)) => {
                let message = format!(
                    "spot {} is labelled {} here and {} on line {before}",
                    quoted(id),
                    quoted(text),
                    quoted(first)
                );
                return Err(FileError::malformed_at(self.path, line, message));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::Lines;
    use super::*;
    use crate::data::mutate::{fuzz, gzip};
    use proptest::prelude::*;
    use std::io::Cursor;

    fn read(text: &[u8]) -> Result<Vec<(String, String)>, FileError> {
        let lines = Lines::over(Path::new("l.tsv"), Cursor::new(text.to_vec()), 0)?;
        read_from(Table::over(lines)?)
    }

    #[test]
    fn coordinates_are_rounded_to_the_spot() {
        let text = b"Row.names\tx\ty\tpixel_x\tpixel_y\tlabel\n\
            1001x2272\t9.008\t17.012\t1001\t2271.7\tconnective tissue\n\
            1x2\tNA\tNA\t1\t2\tinvasive cancer\n\
            1x3\t3\t4\t1\t2\tundetermined\n";
        assert_eq!(read(text).unwrap(), [("9x17".to_owned(), "connective tissue".to_owned())]);
    }

    #[test]
    fn contradictions_are_reported() {
        let text = b"x\ty\tlabel\n1\t1\ta\n1.1\t0.9\ta\n1\t1\tb\n";
        let says = read(text).unwrap_err().to_string();
        assert_eq!(says, "l.tsv, line 4: spot \"1x1\" is labelled \"b\" here and \"a\" on line 2");
        let says = read(b"x\ty\n1\t1\n").unwrap_err().to_string();
        assert_eq!(says, "l.tsv, line 1: there is no column label; the columns must include x, y and label");
    }

    #[test]
    fn tables_of_barcodes_need_no_name_for_the_label() {
        let is = |text: &str, expected: &[(&str, &str)]| {
            let found = read(text.as_bytes()).unwrap();
            let found: Vec<(&str, &str)> = found.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
            assert_eq!(found, expected, "{text}");
        };
        let two = [("AAACAAGTATCTCCCA-1", "Cluster 1"), ("AAACACCAATAACTGC-1", "b, c")];
        is(
            "Barcode,Graph-based\nAAACAAGTATCTCCCA-1,Cluster 1\nAAACACCAATAACTGC-1,b; c\nAAAC-1,\n",
            &[two[0], (two[1].0, "b; c")],
        );
        is("Barcode\tx y\nAAACAAGTATCTCCCA-1\tCluster 1\nAAACACCAATAACTGC-1\tb, c\n", &two);
        is("AAACAAGTATCTCCCA-1\tCluster 1\nAAACACCAATAACTGC-1\tb, c\n", &two);
        is("\"n\"\t\"layer\"\n\"AAACAAGTATCTCCCA-1\"\t1\t\"x\"\n", &[("AAACAAGTATCTCCCA-1", "x")]);
        is("barcode,x,y,label\nAAACAAGTATCTCCCA-1,3,4,a\n", &[("AAACAAGTATCTCCCA-1", "a")]);
        is(
            "\"\",\"nCount_RNA\",\"patientid\",\"Classification\"\n\"AAACAAGTATCTCCCA-1\",12,\"CID4290\",\"Stroma\"\n",
            &[("AAACAAGTATCTCCCA-1", "Stroma")],
        );
        let says = |text: &str| read(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(
            says("barcode,a,b\nA,1,2\n"),
            "l.tsv, line 1: it is not clear which column holds the labels; call it label, or keep only the barcode and \
             that one"
        );
        assert_eq!(
            says("a,b,c\n1,1,2\n"),
            "l.tsv, line 1: the columns must be x, y and label, or a barcode and its label"
        );
        assert_eq!(says("barcode,label\n,x\n"), "l.tsv, line 2: the row has a label but no barcode");
        assert_eq!(
            says("barcode,label\nA-1,x\nA-1,y\n"),
            "l.tsv, line 3: spot \"A-1\" is labelled \"y\" here and \"x\" on line 2"
        );
        assert_eq!(
            says("barcode,label\nA-1,x,y,z\n"),
            "l.tsv, line 2: the row has 4 cells where the header has 2"
        );
        is("Barcode,X,Y,Sample,Pathology\nA-1,1,2,s,Tumor\n", &[("A-1", "Tumor")]);
        is(
            "\"Barcode\",\"my labels\"\n\"A-1\",\"a, b\"\n\"B-1\",\"5\"\" c\"\n",
            &[("A-1", "a, b"), ("B-1", "5\" c")],
        );
    }

    #[test]
    fn barcodes_are_known_by_their_letters() {
        for barcode in
            ["AAACAAGTATCTCCCA-1", "AAACAAGTATCTCCCA", "s_008um_00301_00321-1", "P1_AAACAAGTATCTCCCA-1"]
        {
            assert!(is_barcode(barcode), "{barcode}");
        }
        for other in ["10x21", "barcode", "", "AAAC", "Gene_1_2_3"] {
            assert!(!is_barcode(other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes);
        }
    }

    #[test]
    #[ignore = "takes HISCMCL_FUZZ_MINUTES"]
    fn damaged_labels_never_panic_for_minutes() {
        let sound: [&[u8]; 6] = [
            b"Row.names\tx\ty\tpixel_x\tpixel_y\tlabel\n1x2\t9.008\t17.012\t1\t2.5\tconnective tissue\n",
            b"Barcode,Graph-based\nAAACAAGTATCTCCCA-1,Cluster 1\nAAACACCAATAACTGC-1,Cluster 2\n",
            b"AAACAAGTATCTCCCA-1\tLayer_3\nAAACACCAATAACTGC-1\tWM\n",
            b"\"\",\"n\",\"Classification\"\n\"AAACAAGTATCTCCCA-1\",12,\"Stroma\"\n",
            b"\"\",\"nCount_RNA\",\"nFeature_RNA\",\"subtype\",\"patientid\",\"Classification\"\n\
              \"AAACAAGTATCTCCCA-1\",\"5432\",\"2101\",\"TNBC\",\"CID4290\",\"Invasive cancer + lymphocytes\"\n",
            b"orig.ident\tlayer_guess\nAAACAAGTATCTCCCA-1\t151673\tL3\nAAACACCAATAACTGC-1\t151673\tWM\n",
        ];
        let mut sound = sound.map(<[u8]>::to_vec).to_vec();
        sound.push(gzip(&sound[0]));
        fuzz("labels", sound, |bytes| {
            let lines = Lines::over(Path::new("l.tsv"), Cursor::new(bytes.to_vec()), 0);
            let _ = lines.and_then(Table::over).map(look_into);
            read(bytes).is_ok()
        });
    }
}
