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
