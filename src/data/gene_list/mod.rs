//! Gene lists of the user: text with one gene a line or separated by commas, or a table, as people and programs write
//! them.

mod dates;
mod decode;
mod gmt;
mod table;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::core::files::{FileError, write_atomically};
use crate::data::st::names::quoted;

/// A larger file is not a gene list.
const LARGEST_FILE: u64 = 16 << 20;
/// Longer than any symbol or identifier.
const LONGEST_NAME: usize = 60;
/// Names that a note shows.
const SHOWN: usize = 3;

/// What the sections of a project know of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It is the name of a gene, or one of its other symbols.
    Name,
    /// It is the identifier of a gene.
    Identifier,
    /// Nothing.
    No,
}

/// A gene list as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GeneList {
    /// Names in order, each once.
    pub genes: Vec<String>,
    /// Remarks for the user: names that were there more than once, or that a spreadsheet has changed.
    pub notes: Vec<String>,
}

/// The genes of a list, each once, without looking at what was measured; see [`read_among`].
///
/// # Errors
/// As [`read_among`].
pub fn read(path: &Path) -> Result<Vec<String>, FileError> {
    Ok(read_with_notes(path)?.genes)
}

/// As [`read_among`], without looking at what was measured.
///
/// # Errors
/// As [`read_among`].
pub fn read_with_notes(path: &Path) -> Result<GeneList, FileError> {
    read_among(path, &|_| Known::No)
}

/// Reads a gene list. `known` says what the sections call their genes: a line that is such a name is one gene,
/// whatever it is made of ("HLA-A;HLA-B", "#1", "gene"), and the column of a table that holds the most of them is read.
/// Where that decides nothing, the column called "gene", "symbol" or alike is read, else the first column that looks
/// like it; what is no table is names separated by line ends, tabs, commas, semicolons or blanks. Lines that start
/// with # are remarks. Names that repeat are kept once, with a note.
///
/// # Errors
/// [`FileError`] in one sentence: a file that cannot be read, is no text, holds no gene, or holds something
/// that cannot be one.
pub fn read_among(path: &Path, known: &dyn Fn(&str) -> Known) -> Result<GeneList, FileError> {
    let file = File::open(path).map_err(FileError::io("read", path))?;
    let about = file.metadata().map_err(FileError::io("read", path))?;
    if about.is_dir() {
        return Err(FileError::io("read", path)(io::ErrorKind::IsADirectory.into()));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(FileError::io("read", path))?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(FileError::malformed(path, "the file is too large for a gene list"));
    }
    if bytes.starts_with(GZIP) {
        bytes = unpacked(path, &bytes)?;
    }
    parse(path, &bytes, known)
}

/// What a gzipped file begins with.
const GZIP: &[u8] = &[0x1f, 0x8b];

fn unpacked(path: &Path, bytes: &[u8]) -> Result<Vec<u8>, FileError> {
    let mut out = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(LARGEST_FILE + 1).read_to_end(&mut out);
    match read {
        Ok(_) if out.len() as u64 > LARGEST_FILE => {
            Err(FileError::malformed(path, "the file is too large for a gene list"))
        }
        Ok(_) => Ok(out),
        Err(_) => {
            Err(FileError::malformed(path, "the compressed file is damaged; copy or download it again"))
        }
    }
}

/// The names in a text that commas separate, as on the command line. A name that holds a comma itself is one where
/// `known` says so, or in quotes.
pub fn split_names(text: &str, known: &dyn Fn(&str) -> bool) -> Vec<String> {
    if known(text.trim()) {
        return vec![text.trim().to_owned()];
    }
    let pieces = table::split(text, ',');
    let mut names: Vec<String> = Vec::new();
    let mut at = 0;
    while at < pieces.len() {
        // The longest run of pieces that is a gene; a single piece is a name in any case.
        let run = (at + 2..=pieces.len()).rev().find(|&end| known(&pieces[at..end].join(",")));
        let end = run.unwrap_or(at + 1);
        let name = pieces[at..end].join(",");
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
        at = end;
    }
    names
}

/// Writes a gene list, one a line.
///
/// # Errors
/// [`FileError`] when the file cannot be written; then its old content is still there.
pub fn write(path: &Path, genes: &[String]) -> Result<(), FileError> {
    write_atomically(path, |w| {
        genes.iter().try_for_each(|gene| writeln!(w, "{gene}")).map_err(FileError::io("write", path))
    })
}

fn parse(path: &Path, bytes: &[u8], known: &dyn Fn(&str) -> Known) -> Result<GeneList, FileError> {
    let text = decode::text_of(path, bytes)?;
    let sets = gmt::sets_of(path, &text);
    let rows = if sets.is_some() { Vec::new() } else { table::rows_of(&text, known) };
    let mut list = GeneList::default();
    let mut seen: HashSet<String> = HashSet::new();
    let (mut repeated, mut restored, mut damaged) = (Vec::new(), Vec::new(), Vec::new());
    let genes: Vec<(u64, Cow<'_, str>)> = match &sets {
        Some(sets) => sets.genes.iter().map(|&(line, gene)| (line, Cow::Borrowed(gene))).collect(),
        None => table::genes_of(&rows, known),
    };
    for (line, name) in genes {
        let name = match without_damage(&name, known) {
            Spelling::Fine => name,
            Spelling::Restored(gene) => {
                restored.push(format!("{name} as {gene}"));
                Cow::Owned(gene)
            }
            Spelling::Lost => {
                damaged.push(name.to_string());
                name
            }
        };
        if known(&name) == Known::No {
            check_name(path, line, &name)?;
        }
        if seen.insert(name.to_string()) {
            list.genes.push(name.into_owned());
        } else if sets.is_none() && !repeated.contains(&name) {
            // Sets have genes in common.
            repeated.push(name);
        }
    }
    if list.genes.is_empty() {
        return Err(FileError::malformed(path, "there is no gene in the file"));
    }
    if let Some(sets) = sets.filter(|sets| sets.names.len() > 1) {
        let (number, some) = (sets.names.len(), some_of(&sets.names));
        list.notes
            .push(format!("The file holds {number} gene sets ({some}); the genes of all of them are taken"));
    }
    if !repeated.is_empty() {
        let genes = if repeated.len() == 1 { "gene is" } else { "genes are" };
        let some = some_of(&repeated);
        list.notes.push(format!("{} {genes} listed more than once ({some}) and kept once", repeated.len()));
    }
    if !restored.is_empty() {
        let some = some_of(&restored);
        list.notes.push(match restored.len() {
            1 => format!("1 name that a spreadsheet had turned into a date was read as a gene ({some})"),
            n => format!("{n} names that a spreadsheet had turned into dates were read as genes ({some})"),
        });
    }
    if let Some(first) = damaged.first() {
        let look = match damaged.len() {
            1 => "1 of the names looks like a date".to_owned(),
            n => format!("{n} of the names look like dates"),
        };
        list.notes.push(format!(
            "{look} (such as {first}); spreadsheets turn genes such as MARCHF1 and \
             SEPTIN2 into dates. Write the genes into the list as text"
        ));
    }
    Ok(list)
}

/// "A, B, C, ...".
fn some_of<T: AsRef<str>>(names: &[T]) -> String {
    let some = names.iter().take(SHOWN).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN { format!("{some}, ...") } else { some }
}

/// What a spreadsheet may have done to a name.
enum Spelling {
    /// Nothing.
    Fine,
    /// It made a date of this gene.
    Restored(String),
    /// It made a date of a gene, and nobody knows of which.
    Lost,
}

fn without_damage(name: &str, known: &dyn Fn(&str) -> Known) -> Spelling {
    let Some(date) = dates::date(name).filter(|_| known(name) == Known::No) else { return Spelling::Fine };
    let genes = dates::genes_of(date);
    let mut measured = genes.into_iter().filter(|g| known(g) == Known::Name);
    match (measured.next(), measured.next()) {
        (Some(gene), None) => Spelling::Restored(gene),
        _ => Spelling::Lost,
    }
}

fn check_name(path: &Path, line: u64, name: &str) -> Result<(), FileError> {
    let possible = |c: char| c.is_alphanumeric() || "-_./:|()@+*'\"[]#=&~%^;, ".contains(c);
    let is_number = name.parse::<f64>().is_ok();
    if name.len() <= LONGEST_NAME
        && name.chars().all(possible)
        && name.contains(char::is_alphabetic)
        && !is_number
    {
        return Ok(());
    }
    Err(FileError::malformed_at(path, line, format!("{} cannot be the name of a gene", quoted(name))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::mutate::fuzz;
    use proptest::prelude::*;

    fn list(text: &str) -> Vec<String> {
        parse(Path::new("genes.txt"), text.as_bytes(), &nothing).unwrap().genes
    }

    fn nothing(_: &str) -> Known {
        Known::No
    }

    /// The genes of `text` where these names were measured, and ENSG1, ENSG2, ... are their identifiers.
    fn among(names: &[&str], text: &str) -> GeneList {
        let known = |name: &str| match names.contains(&name) {
            true => Known::Name,
            false if name.strip_prefix("ENSG").is_some_and(|n| n.parse::<f64>().is_ok()) => Known::Identifier,
            false => Known::No,
        };
        parse(Path::new("genes.csv"), text.as_bytes(), &known).unwrap()
    }

    #[test]
    fn every_common_form_is_read() {
        let expected = ["ERBB2", "HLA-A", "FO538757.1"];
        for text in [
            "ERBB2\nHLA-A\nFO538757.1\n",
            "\u{feff}ERBB2\r\nHLA-A\r\n\r\nFO538757.1",
            "ERBB2, HLA-A, FO538757.1",
            "ERBB2,HLA-A,\nFO538757.1\n",
            "ERBB2 HLA-A\nFO538757.1",
            "# markers\nERBB2;HLA-A;FO538757.1",
            "gene\nERBB2\nHLA-A\nFO538757.1",
            "\"Symbol\",\"mean\"\n\"ERBB2\",\"2.5\"\n\"HLA-A\",\"1\"\n\"FO538757.1\",\"\"\n",
            ",gene,mean\n0,ERBB2,1.5\n1,HLA-A,2\n2,FO538757.1,0\n",
            "ERBB2\t1.5\nHLA-A\t2\nFO538757.1\t0.1\n",
            // What R's write.csv makes of a vector, of one without row names, and of a data frame.
            "\"\",\"x\"\n\"1\",\"ERBB2\"\n\"2\",\"HLA-A\"\n\"3\",\"FO538757.1\"\n",
            "\"x\"\n\"ERBB2\"\n\"HLA-A\"\n\"FO538757.1\"\n",
            "V1\nERBB2\nHLA-A\nFO538757.1\n",
            "\"\",\"p_val\",\"cluster\",\"gene\"\n\"ERBB2\",0,\"T\",\"ERBB2\"\n\"HLA-A\",0,\"T\",\"HLA-A\"\n\"x.1\",0,\"B\",\"FO538757.1\"\n",
            // What spreadsheets write where the comma is for decimals.
            "Gene name;mean\nERBB2;1,5\nHLA-A;2,25\nFO538757.1;0\n",
            "mean\tSYMBOL\n1.5\tERBB2\n2\tHLA-A\n0\tFO538757.1\n",
            "gene_id,gene_name\nENSG1.4,ERBB2\nENSG2.1,HLA-A\nENSG3.9,FO538757.1\n",
            "ERBB2\rHLA-A\rNA\rFO538757.1\r",
        ] {
            assert_eq!(list(text), expected, "{text:?}");
        }
    }

    #[test]
    fn tables_and_notes_of_every_program_are_read() {
        let expected = ["ERBB2", "HLA-A", "FO538757.1"];
        for text in [
            // R's write.table, whose header has no cell for the row names.
            "\"baseMean\" \"log2FC\"\n\"ERBB2\" 100.2 1.5\n\"HLA-A\" 3 -2\n\"FO538757.1\" 7 NA\n",
            "baseMean\tlog2FC\nERBB2\t100.2\t1.5\nHLA-A\t3\t-2\nFO538757.1\t7\tNA\n",
            "\"x\"\n\"1\" \"ERBB2\"\n\"2\" \"HLA-A\"\n\"3\" \"FO538757.1\"\n",
            "ERBB2 1.5\nHLA-A 2\nFO538757.1 0\n",
            "ERBB2  # amplified\nHLA-A # class I, of all cells\nFO538757.1\n",
            "- ERBB2\n- HLA-A\n- FO538757.1\n",
            "\u{2022} ERBB2\n\u{2022}HLA-A\n* FO538757.1\n",
            "1. ERBB2\n2. HLA-A\n10. FO538757.1\n",
            "1) ERBB2\n(2) HLA-A\n3) FO538757.1\n",
            "\u{200b}ERBB2\nHLA\u{200d}-A\u{feff}\nFO538757.1\u{200b}\n",
            "sep=;\nGen;Mittel\nERBB2;1,5\nHLA-A;2\nFO538757.1;0\n",
            "\"sep=,\"\nGene,n\nERBB2,1\nHLA-A,2\nFO538757.1,0\n",
            "gene, # cells\nERBB2, 1\nHLA-A, 2\nFO538757.1, 0\n",
            "MARKERS\thttps://example.org/markers\tERBB2\tHLA-A\tFO538757.1\n",
        ] {
            assert_eq!(list(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_sets_of_a_gmt_file_are_all_taken() {
        let text = "LUMINAL\tof the breast\tERBB2\tGNAS\nBASAL\t\tKRT5,1.0\tGNAS\t\n";
        let sets = parse(Path::new("s.gmt"), text.as_bytes(), &nothing).unwrap();
        assert_eq!(sets.genes, ["ERBB2", "GNAS", "KRT5"]);
        assert_eq!(
            sets.notes,
            ["The file holds 2 gene sets (LUMINAL, BASAL); the genes of all of them are taken"]
        );
    }

    #[test]
    fn compressed_lists_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("g.txt.gz");
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(b"ERBB2\nGNAS\n").unwrap();
        let bytes = packed.finish().unwrap();
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(read(&path).unwrap(), ["ERBB2", "GNAS"]);
        std::fs::write(&path, &bytes[..12]).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("the compressed file is damaged"));
    }

    #[test]
    fn lists_in_utf_16_are_read() {
        let text = "\u{feff}gene\r\nERBB2\r\n\u{3b1}-SMA\r\n";
        for bytes in [
            text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(),
            text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        ] {
            let read = parse(Path::new("g.txt"), &bytes, &nothing).unwrap();
            assert_eq!(read.genes, ["ERBB2", "\u{3b1}-SMA"]);
        }
        let unmarked: Vec<u8> = "ERBB2\nGNAS\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(parse(Path::new("g.txt"), &unmarked, &nothing).unwrap().genes, ["ERBB2", "GNAS"]);
    }

    #[test]
    fn workbooks_are_named_with_what_to_do() {
        let says = |name: &str| parse(Path::new(name), b"PK\x03\x04rest", &nothing).unwrap_err().to_string();
        assert_eq!(
            says("g.xlsx"),
            "g.xlsx: this is a spreadsheet workbook; save the sheet with the genes as CSV and load that file"
        );
        assert!(says("g.zip").contains("load a text or CSV file"));
    }

    #[test]
    fn names_that_were_measured_are_read_whatever_they_are_made_of() {
        let odd = [
            "THRA1/BTR",
            "../BTR",
            "HLA-A;HLA-B",
            "IG\"K\"",
            "TRA,TRB",
            "\u{3b1}-SMA",
            "7SK",
            "gene",
            "#1",
            "=SUM",
            "HLA A",
            "__ambiguous[A+B]",
            "TBCE (ENSG00000285053)",
            "NA",
            "2024",
            "it's <b>",
        ];
        for start in 0..odd.len() {
            let mut names = odd.to_vec();
            names.rotate_left(start);
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("g.txt");
            let written: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
            write(&path, &written).unwrap();
            let known = |name: &str| if odd.contains(&name) { Known::Name } else { Known::No };
            let read = read_among(&path, &known).unwrap();
            assert_eq!((read.genes, read.notes.len()), (written, 0));
        }
        // The same without knowing them, as far as that is possible.
        assert_eq!(
            list("IG\"K\"\nTBCE (ENSG00000285053)\n\"TRA,TRB\"\n")[..2],
            ["IG\"K\"", "TBCE (ENSG00000285053)"]
        );
        assert_eq!(list("gene,n\n\"TRA,TRB\",1\n\"IG\"\"K\"\"\",2\n"), ["TRA,TRB", "IG\"K\""]);
    }

    #[test]
    fn the_column_of_measured_genes_is_read() {
        let names = ["GNAS", "FASN", "SCD"];
        for text in [
            "rank,what,hit\n1,lipid,GNAS\n2,lipid,FASN\n3,stroma,SCD\n",
            "lipid;GNAS;chr20\nlipid;FASN;chr17\nfat;SCD;chr10\n",
            "GNAS\tsome words\nFASN\tother words\nSCD\tmore\n",
            // A column called "gene" that holds something else.
            "gene\tofficial\nENST9\tGNAS\nENST8\tFASN\nENST7\tSCD\n",
            "id,gene\nENSG1.2,GNAS\nENSG2.2,FASN\nENSG3.1,SCD\n",
            "GNAS,FASN,SCD\n",
            "GNAS, FASN\nSCD\n",
        ] {
            assert_eq!(among(&names, text).genes, names, "{text:?}");
        }
        let ids = "Geneid,score\nENSG1.2,1\nENSG2,2\n";
        assert_eq!(among(&names, ids).genes, ["ENSG1.2", "ENSG2"]);
    }

    #[test]
    fn dates_become_genes_again_where_only_one_was_measured() {
        let list = among(&["SEPTIN1", "MARCHF2", "MARC2", "GNAS"], "1-Sep\n2-Mar\nGNAS\n");
        assert_eq!(list.genes, ["SEPTIN1", "2-Mar", "GNAS"]);
        assert_eq!(
            list.notes[0],
            "1 name that a spreadsheet had turned into a date was read as a gene (1-Sep as SEPTIN1)"
        );
        assert!(
            list.notes[1].starts_with("1 of the names looks like a date (such as 2-Mar)"),
            "{:?}",
            list.notes
        );
    }

    #[test]
    fn names_on_the_command_line_are_divided_by_commas_that_are_none_of_theirs() {
        let known = |name: &str| ["TRA,TRB", "A", "GNAS"].contains(&name);
        assert_eq!(split_names("GNAS,TRA,TRB,FASN", &known), ["GNAS", "TRA,TRB", "FASN"]);
        assert_eq!(split_names("TRA,TRB", &known), ["TRA,TRB"]);
        assert_eq!(split_names(" GNAS , ,A,GNAS", &known), ["GNAS", "A"]);
        assert_eq!(split_names("\"X,Y\",A", &known), ["X,Y", "A"]);
    }

    #[test]
    fn repeated_genes_are_kept_once_with_a_note() {
        let l = parse(Path::new("g.txt"), b"A\nB\nA\nA\n", &nothing).unwrap();
        assert_eq!(l.genes, ["A", "B"]);
        assert_eq!(l.notes, ["1 gene is listed more than once (A) and kept once"]);
    }

    #[test]
    fn genes_that_a_spreadsheet_has_damaged_are_pointed_out() {
        let l = parse(Path::new("g.csv"), b"gene\n1-Mar\nSep-02\nHLA-A\nMT-CO1\nDEC-1a\n", &nothing).unwrap();
        assert_eq!(l.genes.len(), 5);
        assert_eq!(l.notes.len(), 1);
        assert!(l.notes[0].starts_with("2 of the names look like dates (such as 1-Mar)"), "{}", l.notes[0]);
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let says = |bytes: &[u8]| parse(Path::new("g.txt"), bytes, &nothing).unwrap_err().to_string();
        assert_eq!(says(b""), "g.txt: there is no gene in the file");
        assert_eq!(says(b"gene\n"), "g.txt: there is no gene in the file");
        assert_eq!(says(b"A\n12.5\n"), "g.txt, line 2: \"12.5\" cannot be the name of a gene");
        assert_eq!(says(b"A\n{\"a\"}\n"), "g.txt, line 2: \"{\"a\"}\" cannot be the name of a gene");
        assert_eq!(says(b"\x89PNG\0"), "g.txt: this is not a text file with gene names");
        assert_eq!(says(b"\xe4\xf6"), "g.txt: the text is not UTF-8; save the file as UTF-8 text");
        let dir = tempfile::tempdir().unwrap();
        assert!(read(dir.path()).unwrap_err().to_string().ends_with("it is a folder"));
        assert!(read(&dir.path().join("x")).unwrap_err().to_string().ends_with("it is not there"));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(Path::new("g.txt"), &bytes, &nothing);
            let _ = parse(Path::new("g.txt"), &bytes, &|name| if name.len() == 3 { Known::Name } else { Known::No });
        }

        #[test]
        fn written_lists_are_read_back(genes in proptest::collection::vec("[A-Z][A-Z0-9.-]{0,10}", 1..20)) {
            let mut unique: Vec<String> = Vec::new();
            for g in genes {
                let is_name = !table::is_header(&g) && !table::is_missing(&g) && g.parse::<f64>().is_err();
                if is_name && !unique.contains(&g) { unique.push(g); }
            }
            prop_assume!(!unique.is_empty());
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("g.txt");
            write(&path, &unique).unwrap();
            prop_assert_eq!(read(&path).unwrap(), unique);
        }
    }
    #[test]
    #[ignore = "takes HISCMCL_FUZZ_MINUTES"]
    fn damaged_lists_never_panic_for_minutes() {
        let sound = [
            "# markers\nERBB2\r\nHLA-A\r\nFO538757.1\r\nERBB2\r\n",
            "ERBB2, HLA-A;\tGNAS 1-Mar\nSep-02",
            "\u{feff}\"Symbol\",\"mean\"\n\"ERBB2\",\"2.5\"\n\"HLA-A\",\"1\"\n\"\u{3b2}2M\",\"\"\n",
            ",gene,mean\n0,ERBB2,1.5\n1,HLA-A,2\n2,FO538757.1,0\n",
            "ERBB2\t1.5\nHLA-A\t2\nFO538757.1\t0.1\n",
        ];
        fuzz("gene_list", sound.map(|s| s.as_bytes().to_vec()).to_vec(), |bytes| {
            let list = parse(Path::new("g.txt"), bytes, &nothing);
            let mut seen = HashSet::new();
            assert!(list.iter().flat_map(|l| &l.genes).all(|g| !g.is_empty() && seen.insert(g)));
            list.is_ok()
        });
    }
}
