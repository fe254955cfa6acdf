//! Which columns of a table of labels hold the spots and their labels.

use super::super::names::is_bases;
use super::super::table::{Row, Table};
use super::is_none;
use crate::core::files::FileError;

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
pub(super) const PATIENTS: [&str; 6] = ["patientid", "patient_id", "patient", "donor", "donor_id", "subject"];

/// Names that leave no doubt, even above numbers.
const SURE: [&str; 11] = [
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
    "cell_type",
];
/// Columns of words that are the same for all spots of a sample, or say nothing of the tissue.
const NOT_LABELS: [&str; 16] = [
    "sample",
    "samples",
    "sample_id",
    "sampleid",
    "sample_name",
    "orig.ident",
    "library",
    "library_id",
    "batch",
    "section",
    "slide",
    "image",
    "sex",
    "phase",
    "cell_cycle",
    "in_tissue",
];

/// Where the spots and their labels stand.
#[derive(Debug, Clone, Copy)]
pub(super) enum Layout {
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
    /// How `table` is laid out, by its header and its first rows.
    pub(super) fn find(table: &Table, rows: &[Row]) -> Result<Self, FileError> {
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
        let label = match (label_column(table, barcode, rows), barcode, header.len()) {
            (Some(label), ..) => label,
            (None, Some(barcode), 2) => 1 - barcode,
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

    /// What the column of labels is called, where `table` has others that it was chosen from.
    pub(super) fn chosen(self, table: &Table) -> Option<&str> {
        let Self::Barcode { barcode, label } = self else { return None };
        let others = table.header().len() - 1 - usize::from(barcode.is_some());
        table.header().get(label).filter(|_| others > 0).map(String::as_str)
    }
}

/// The column of labels: one that is called so, or the only one that holds words. Numbers are clusters that a program
/// has found, so words are preferred unless the name leaves no doubt.
fn label_column(table: &Table, barcode: Option<usize>, rows: &[Row]) -> Option<usize> {
    let header = table.header();
    let others = || (0..header.len()).filter(|&c| Some(c) != barcode);
    let called = |c: usize, names: &[&str]| {
        header.get(c).is_some_and(|h| names.iter().any(|n| n.eq_ignore_ascii_case(h)))
    };
    let exact = LABELS.iter().filter_map(|name| others().find(|&c| called(c, &[*name])));
    // A word in a name says enough where only one column has it.
    let by_word = |word: &&str| {
        let mut found = others().filter(|&c| header.get(c).is_some_and(|h| h.to_lowercase().contains(*word)));
        found.next().filter(|_| found.next().is_none())
    };
    let named: Vec<usize> = exact.chain(LABEL_WORDS.iter().filter_map(by_word)).collect();
    let filled = |c: usize| rows.iter().map(move |row| row.cell(c)).filter(|cell| !is_none(cell));
    let is_text = |c: usize| filled(c).any(|cell| cell.parse::<f64>().is_err());
    let sure = |c: usize| called(c, &SURE);
    if let Some(label) = named.iter().copied().find(|&c| sure(c) || is_text(c)) {
        return Some(label);
    }
    let has_barcodes = barcode.is_some() || rows.first().is_some_and(|row| row.name.is_some());
    let mut texts = others().filter(|&c| {
        has_barcodes
            && is_text(c)
            && !called(c, &NOT_LABELS)
            && !called(c, &PATIENTS)
            && filled(c).count() * 2 > rows.len()
    });
    match (texts.next(), texts.next()) {
        (Some(only), None) => Some(only),
        _ => named.first().copied(),
    }
}

/// Whether `text` is a barcode of Visium ("AAACAAGTATCTCCCA-1") or Visium HD ("s_008um_00301_00321-1"), perhaps with
/// a sample before or behind it.
pub(super) fn is_barcode(text: &str) -> bool {
    let bin = || {
        text.contains("um_")
            && text.split('_').filter(|p| p.starts_with(|c: char| c.is_ascii_digit())).count() >= 3
    };
    text.split(['-', '_', '.', '#', ':']).any(is_bases) || bin()
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
