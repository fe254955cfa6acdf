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
