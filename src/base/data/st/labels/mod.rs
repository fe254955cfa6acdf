//! Labels of spots: the pathologist's, or clusters that another program has exported.

mod layout;

use std::collections::HashMap;
use std::path::Path;

use super::names::{quoted, spot_id};
use super::table::{Lines, Row, Table, not_a_number};
use crate::core::files::FileError;
use layout::{Layout, PATIENTS, is_barcode};

/// So many rows are looked at to find out which column holds the labels.
const LOOKED_AT: usize = 200;

/// What label files write where the pathologist gave no label.
const NONE: [&str; 5] = ["", "na", "nan", "none", "undetermined"];

/// Reads the labels of spots, one row a spot, in one of three forms: a label file of the her2st release (`x`, `y` and
/// `label`; the array coordinates are refined to fractions and are rounded to the spot; the pixel columns are of
/// another scale with y upside down, and are not used); a table of a barcode and its label, as Loupe Browser exports
/// it, whatever the second column is called; a table of many columns of which one is called label, annotation,
/// classification, layer or the like, where words are preferred to numbers. Spots without a label, or "undetermined",
/// are left out. The text may be UTF-8, UTF-16 or Latin-1.
///
/// # Errors
/// [`FileError`] in one sentence with file and line: a column that is not there, a coordinate that is no
/// number, two different labels of one spot.
pub fn read_labels(path: &Path) -> Result<SpotLabels, FileError> {
    read_from(open(path)?)
}

fn open(path: &Path) -> Result<Table, FileError> {
    Table::from_lines(Lines::open(path)?.or_latin1())
}

/// The labels of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SpotLabels {
    /// Spots, by barcode or as "10x21", and their labels.
    pub labels: Vec<(String, String)>,
    /// What the column of labels is called, where the table has others that it was chosen from.
    pub column: Option<String>,
}

/// What a table seems to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LabelTable {
    /// The first barcode; `None` where the labels are of array coordinates.
    pub(super) barcode: Option<String>,
    /// The donor, where a column names one; that of the first row.
    pub(super) patient: Option<String>,
}

/// Whether `path` seems to hold labels, from its first rows.
pub(super) fn look_at(path: &Path) -> Option<LabelTable> {
    look_into(open(path).ok()?)
}

fn look_into(mut table: Table) -> Option<LabelTable> {
    let (rows, _) = first_rows(&mut table);
    let layout = Layout::find(&table, &rows).ok()?;
    let row = rows.first()?;
    let barcode = match layout {
        Layout::Grid { .. } => None,
        Layout::Barcode { barcode, .. } => Some(barcode_of(row, barcode)),
        Layout::NoHeader => Some(row.cell(0)),
    };
    let patient = table.column(&PATIENTS).map(|c| row.cell(c)).filter(|p| !is_none(p));
    if !barcode.is_none_or(is_barcode) {
        return None;
    }
    Some(LabelTable { barcode: barcode.map(str::to_owned), patient: patient.map(str::to_owned) })
}

/// The first rows, and why there are no more where one cannot be read.
fn first_rows(table: &mut Table) -> (Vec<Row>, Option<FileError>) {
    let mut rows = Vec::new();
    while rows.len() < LOOKED_AT {
        match table.next_row() {
            Ok(Some(row)) => rows.push(row),
            Ok(None) => break,
            Err(error) => return (rows, Some(error)),
        }
    }
    (rows, None)
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

fn read_from(mut table: Table) -> Result<SpotLabels, FileError> {
    let path = table.path().to_path_buf();
    let (rows, mut broken) = first_rows(&mut table);
    let layout = Layout::find(&table, &rows)?;
    let mut labels = Labels { path: &path, labels: Vec::new(), seen: HashMap::new() };
    if matches!(layout, Layout::NoHeader) {
        let first = table.first_row();
        labels.add(first.line, first.cell(0), first.cell(1))?;
    }
    let mut rows = rows.into_iter();
    loop {
        let row = match (rows.next(), broken.take()) {
            (Some(row), later) => {
                broken = later;
                row
            }
            (None, Some(error)) => return Err(error),
            (None, None) => match table.next_row()? {
                Some(row) => row,
                None => break,
            },
        };
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
    Ok(SpotLabels { labels: labels.labels, column: layout.chosen(&table).map(str::to_owned) })
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
    use super::*;
    use crate::data::mutate::{fuzz, gzip};
    use proptest::prelude::*;
    use std::io::Cursor;

    fn read_table(text: &[u8]) -> Result<SpotLabels, FileError> {
        let lines = Lines::from_reader(Path::new("l.tsv"), Cursor::new(text.to_vec()), 0)?.or_latin1();
        read_from(Table::from_lines(lines)?)
    }

    fn read(text: &[u8]) -> Result<Vec<(String, String)>, FileError> {
        read_table(text).map(|read| read.labels)
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
    fn words_are_labels_before_numbers() {
        let column = |text: &str| {
            let read = read_table(text.as_bytes()).unwrap();
            (read.column.unwrap_or_default(), read.labels[0].1.clone())
        };
        let is = |text: &str, name: &str, label: &str| {
            assert_eq!(column(text), (name.to_owned(), label.to_owned()), "{text}");
        };
        is("Barcode,cluster,Path\nA-1,0,Tumor\nB-1,1,Stroma\n", "Path", "Tumor");
        is("Barcode,Path,cluster\nA-1,,4\nB-1,Stroma,1\nC-1,Stroma,1\n", "Path", "Stroma");
        is("Barcode,cluster,score\nA-1,0,0.5\n", "cluster", "0");
        is("Barcode,cluster,region\nA-1,0,Tumor\n", "region", "Tumor");
        // A column that is called so is the labels, whatever else is there.
        is("Barcode,label,comment\nA-1,1,looks odd\n", "label", "1");
        // Of several that may be meant none is better than the one whose name is known.
        is("Barcode,cluster,a,b\nA-1,0,x,y\n", "cluster", "0");
        is("Barcode,sample,cluster\nA-1,S1,0\n", "cluster", "0");
        assert_eq!(read_table(b"Barcode,Path\nA-1,Tumor\n").unwrap().column, None, "there is no other");
    }

    #[test]
    fn tables_in_other_encodings_are_read() {
        let text = "Barcode\tPath\r\nAAACAAGTATCTCCCA-1\tGew\u{e4}chs\r\n";
        let utf16 = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes));
        let latin1 = text.chars().map(|c| c as u8);
        for bytes in [text.bytes().collect::<Vec<u8>>(), utf16.collect(), latin1.collect()] {
            assert_eq!(read(&bytes).unwrap(), [("AAACAAGTATCTCCCA-1".into(), "Gew\u{e4}chs".into())]);
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
            let lines = Lines::from_reader(Path::new("l.tsv"), Cursor::new(bytes.to_vec()), 0);
            let _ = lines.and_then(Table::from_lines).map(look_into);
            read(bytes).is_ok()
        });
    }
}
