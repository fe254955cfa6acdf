//! Classes of spots as a table that Loupe Browser opens.

use std::path::Path;

use super::places::PlaceClasses;
use crate::core::csv::CsvTable;
use crate::core::files::{FileError, write_bytes_atomically};

/// A table of barcodes and classes, headed `Barcode` and `heading`, which is how the annotation is called in Loupe Browser. Spots
/// without a class have no row. `barcodes` are in the order of `classes`.
pub fn class_table<S: AsRef<str>>(heading: &str, barcodes: &[S], classes: &PlaceClasses) -> String {
    let heading = if heading.trim().is_empty() { "Region" } else { heading.trim() };
    let mut table = CsvTable::new(["Barcode", heading]);
    for (place, barcode) in barcodes.iter().enumerate() {
        if let Some(class) = classes.of(place) {
            table.row([barcode.as_ref(), class.name.as_str()]);
        }
    }
    table.into_text()
}

/// Writes [`class_table`].
///
/// # Errors
/// [`FileError::Io`] naming `path`.
pub fn save_class_table<S: AsRef<str>>(
    path: &Path,
    heading: &str,
    barcodes: &[S],
    classes: &PlaceClasses,
) -> Result<(), FileError> {
    write_bytes_atomically(path, class_table(heading, barcodes, classes).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::regions::Classes;

    #[test]
    fn spots_without_a_class_have_no_row() {
        let labels = [Some("Tumor"), None, Some("fat, \"white\"")];
        let classes = PlaceClasses::from_labels(&labels, &mut Classes::default());
        let barcodes = ["AAACAAGTATCTCCCA-1", "AAACACCAATAACTGC-1", "AAACAGAGCGACTCCT-1"];
        assert_eq!(
            class_table(" Pathology ", &barcodes, &classes),
            "Barcode,Pathology\nAAACAAGTATCTCCCA-1,Tumor\nAAACAGAGCGACTCCT-1,\"fat, \"\"white\"\"\"\n"
        );
        assert!(class_table("", &barcodes, &classes).starts_with("Barcode,Region\n"));
    }
}
