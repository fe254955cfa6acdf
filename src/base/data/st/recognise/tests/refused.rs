//! What is left out, and files that are only nearly what they should be.

use super::*;

#[test]
fn what_is_damaged_or_unknown_is_one_sentence() {
    let dir = Folder::new();
    dir.write("empty/notes.md", b"x");
    assert_eq!(dir.says("empty"), format!("P: {LOOKED_FOR}"));
    assert!(dir.says("gone").ends_with("P: it is not there"));
    assert!(dir.says("empty/notes.md").starts_with("P: this file belongs to no sample"));
    dir.fill(&["cells/filtered_feature_bc_matrix.h5"]);
    assert!(
        dir.says("cells/filtered_feature_bc_matrix.h5").starts_with("P: no positions (tissue_positions.csv")
    );
    assert!(dir.says("cells").ends_with("(cells has a matrix (filtered_feature_bc_matrix.h5) but no positions (tissue_positions), so it may be of single cells; it was left out)"));
    dir.fill(&["half/tissue_positions.csv", "half/s_filtered_feature_bc_matrix.tar.gz"]);
    assert!(dir.says("half/tissue_positions.csv").starts_with("P: no matrix (filtered_feature_bc_matrix.h5"));
    assert!(dir.says("half").ends_with("(s_filtered_feature_bc_matrix.tar.gz must be unpacked first)"));
    dir.fill(&[
        "torn/tissue_positions.csv",
        "packed/tissue_positions.csv",
        "packed/filtered_feature_bc_matrix.h5.gz",
    ]);
    dir.write("torn/filtered_feature_bc_matrix.h5", b"no");
    assert!(dir.says("torn").ends_with(
        "(torn was left out: filtered_feature_bc_matrix.h5 is not an HDF5 file; copy or download it again)"
    ));
    assert!(
        dir.says("packed")
            .ends_with("(packed was left out: filtered_feature_bc_matrix.h5.gz is packed; unpack it)")
    );
    dir.fill(&["hd/filtered_feature_bc_matrix.h5", "hd/tissue_positions.parquet"]);
    // The barcodes of spots are bases, those of bins say their size.
    assert_eq!(dir.recognise("hd").samples[0].kind, SampleKind::Visium);
    let bins = POSITIONS.replace("AAACAAGTATCTCCCA-1", "s_016um_00000_00000-1");
    dir.write("hd/tissue_positions.parquet", bins.as_bytes());
    assert_eq!(dir.recognise("hd").samples[0].kind, SampleKind::VisiumHd { bin_um: 16 });
    dir.write("hd/tissue_positions.parquet", b"PAR1");
    assert!(
        dir.says("hd")
            .contains("neither its folder (square_008um) nor scalefactors_json.json says their size")
    );
    dir.fill(&["f/filtered_feature_bc_matrix.h5", "f/tissue_positions.csv"]);
    dir.write("f/scalefactors_json.json", b"{");
    let found = dir.recognise("f");
    assert!(
        found.notes[0].ends_with("the scale factors are not valid JSON; copy or download the file again")
    );
    assert_eq!(found.samples.len(), 1);
}

#[test]
fn what_cannot_be_read_says_what_to_do() {
    let dir = Folder::new();
    dir.fill(&["z/x.zarr/.zattrs", "r/a.rds", "r/notes.md"]);
    let zarr = "x.zarr is a Zarr store, which is not read here; write its table as .h5ad";
    assert!(dir.says("z").ends_with(&format!("({zarr})")), "{}", dir.says("z"));
    assert_eq!(dir.says("z/x.zarr"), format!("P: {zarr}"));
    assert!(dir.says("r").ends_with("(a.rds is of another program; save it as .h5ad)"), "{}", dir.says("r"));
    assert_eq!(
        dir.says("r/a.rds"),
        "P: this is a file of another program, which is not read here; save it as .h5ad"
    );
    dir.fill(&OUTS);
    dir.fill(&["lung/outs/segmented_outputs/filtered_feature_cell_matrix.h5"]);
    let told = "segmented_outputs holds segmented cells, which are not read; add binned_outputs of the same run instead";
    assert_eq!(dir.recognise("lung").notes, [told]);
    for path in ["segmented_outputs", "segmented_outputs/filtered_feature_cell_matrix.h5"] {
        assert_eq!(dir.says(&format!("lung/outs/{path}")), format!("P: {told}"));
    }
    dir.fill(&["new/outs/segmented_outputs/spatial/scalefactors_json.json"]);
    assert!(dir.says("new").ends_with(&format!("({told})")), "{}", dir.says("new"));
    assert_eq!(dir.says("new/outs/segmented_outputs/spatial"), format!("P: {told}"));
    dir.fill(&[
        "new/outs/binned_outputs/square_008um/filtered_feature_bc_matrix.h5",
        "new/outs/binned_outputs/square_008um/spatial/tissue_positions.parquet",
    ]);
    let beside = "segmented_outputs holds segmented cells, which are not read; binned_outputs is used";
    assert_eq!(dir.recognise("new").notes, [beside]);
}

#[test]
fn files_behind_a_block_of_the_user_and_slides_of_downloads_are_known() {
    let dir = Folder::new();
    dir.write("a/x.h5ad", &[&[0; 1024][..], HDF5].concat());
    assert_eq!(names(&dir.recognise("a")), ["x"]);
    // The file for Loupe bears a name of its own and makes no second sample, so the slide belongs to the first.
    dir.fill(&[
        "hd/binned_outputs/square_008um/filtered_feature_bc_matrix.h5",
        "hd/binned_outputs/square_008um/spatial/tissue_positions.parquet",
        "hd/binned_outputs/square_008um/spatial/scalefactors_json.json",
        "hd/binned_outputs/square_008um/spatial/tissue_hires_image.png",
        "hd/Brain_feature_slice.h5",
        "hd/Brain_tissue_image.tif",
    ]);
    assert_eq!(kinds(&dir.recognise("hd").samples[0]), [FullResolution, Hires]);
}

#[test]
fn faults_of_positions_are_no_lack_of_an_image() {
    let dir = Folder::new();
    dir.fill(&["b/filtered_feature_bc_matrix.h5", "b/image.tif"]);
    let one = "AAACAAGTATCTCCCA-1,1,0,0,20,30\n";
    for positions in [
        // Twice, cut off, empty.
        one.repeat(2),
        "AAACAAGTATCTCCCA-1,1,0,0,20".to_owned(),
        String::new(),
        // A single spot, and spots none of which is marked as under tissue.
        one.to_owned(),
        POSITIONS.replace("-1,1,", "-1,0,"),
    ] {
        dir.write("b/tissue_positions_list.csv", positions.as_bytes());
        let found = dir.recognise("b");
        assert_eq!(kinds(&found.samples[0]), [FullResolution], "{positions}");
        assert!(found.samples[0].needed.is_empty(), "{positions}");
    }
    dir.write("b/tissue_positions_list.csv", one.replace("20,30", "20,300").as_bytes());
    let found = dir.recognise("b");
    assert!(found.samples[0].line().contains("200 pixels do not fit the positions"), "{found:?}");
}

#[test]
fn images_of_kinds_that_are_not_read_are_named() {
    let dir = Folder::new();
    dir.fill(&[
        "v/filtered_feature_bc_matrix.h5",
        "v/tissue_positions_list.csv",
        "v/slide.bmp",
        "v/Slide.ND2",
    ]);
    dir.write("v/Scan.isyntax", b"<DataObject ObjectType=\"DPUfsImport\">");
    let line = dir.recognise("v").samples[0].line();
    let picture = "a kind of image that is not read here; save it as TIFF, PNG or JPEG";
    let scan = "a scanner format that is not read here; export the slide as TIFF, for example from QuPath";
    let isyntax = "Philips iSyntax files cannot be read; export the slide as TIFF from the Philips viewer";
    for told in
        [format!("slide.bmp ({picture})"), format!("Slide.ND2 ({scan})"), format!("Scan.isyntax ({isyntax})")]
    {
        assert!(line.contains(&told), "{line}");
    }
    dir.fill(&["a/x.h5ad", "a/he.webp"]);
    let line = dir.recognise("a").samples[0].line();
    assert!(line.contains(&format!("he.webp ({picture})")), "{line}");
    dir.fill(&["l/s1_stdata.tsv", "l/s1_selection.tsv", "l/s1.heic"]);
    let line = dir.recognise("l").samples[0].line();
    assert!(line.contains(&format!("s1.heic ({picture})")), "{line}");
    dir.fill(&["h/st/T1.h5ad", "h/wsis/T1.lif", "h/wsis/T2.lif", "h/metadata/T1.json"]);
    let line = dir.recognise("h").samples[0].line();
    assert!(line.contains(&format!("T1.lif ({scan})")) && !line.contains("T2.lif"), "{line}");
    // What is wrong with an image is said, not only that something is.
    dir.write("v/slide.tif", &lab());
    let line = dir.recognise("v").samples[0].line();
    assert!(line.contains("slide.tif (") && line.contains("save the image in RGB"), "{line}");
}

/// A TIFF of 2 x 2 pixels whose colours are CIE L*a*b*.
fn lab() -> Vec<u8> {
    let tags: [(u16, u16, u32, u32); 8] = [
        (256, 3, 1, 2),
        (257, 3, 1, 2),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 8),
        (273, 4, 1, 8),
        (277, 3, 1, 1),
        (279, 4, 1, 4),
    ];
    let mut bytes = b"II\x2A\0\x0C\0\0\0\0\x01\x02\x03".to_vec();
    bytes.extend((tags.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in tags {
        bytes.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        bytes.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
    }
    bytes.extend([0; 4]);
    bytes
}

#[test]
fn of_two_images_of_one_size_the_stained_one_is_the_slide() {
    let dir = Folder::new();
    dir.fill(&OUTS);
    dir.fill(&["l/s1_stdata.tsv", "l/s1_selection.tsv"]);
    let tissue = image::RgbImage::from_pixel(200, 200, image::Rgb([200, 120, 180]));
    let mask = image::RgbImage::from_pixel(200, 200, image::Rgb([255; 3]));
    for (file, image) in [
        ("lung/slide.png", &tissue),
        ("lung/mask.png", &mask),
        ("lung/annotated.png", &tissue),
        ("l/s1_slide.png", &tissue),
        ("l/s1.png", &mask),
    ] {
        image.save(dir.path(file)).unwrap();
    }
    let found = dir.recognise("lung");
    let sample = &found.samples[0];
    assert_eq!(file_name(&sample.images[0].path), "slide.png");
    assert!(
        sample.line().contains("mask.png (its colours are not those of H&E; slide.png is used)"),
        "{sample:?}"
    );
    assert!(sample.remarks.iter().any(|r| r.contains("by size annotated.png could be it too")), "{sample:?}");
    assert_eq!(file_name(&dir.recognise("l").samples[0].images[0].path), "s1_slide.png");
}

#[test]
fn a_file_that_cannot_be_opened_is_not_called_damaged() {
    let dir = Folder::new();
    let why = visium::why_no_hdf5(&dir.path("gone.h5ad")).unwrap();
    assert!(why.ends_with("gone.h5ad: it is not there"), "{why}");
    dir.write("text.h5ad", b"no HDF5 at all");
    let why = visium::why_no_hdf5(&dir.path("text.h5ad")).unwrap();
    assert_eq!(why, "text.h5ad is not an HDF5 file; copy or download it again");
    dir.write("sound.h5ad", HDF5);
    assert_eq!(visium::why_no_hdf5(&dir.path("sound.h5ad")), None);
}
