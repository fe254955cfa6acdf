//! Second downloads, and what systems leave in folders.

use super::*;

#[test]
fn a_second_download_alone_is_the_sample() {
    for mark in ["matrix (1).h5", "matrix - Kopie.h5", "matrix(2).h5", "matrix copy.h5"] {
        let dir = Folder::new();
        dir.fill(&[&format!("s1/filtered_feature_bc_{mark}"), "s1/spatial/tissue_positions.csv"]);
        let found = dir.recognise("");
        assert_eq!(names(&found), ["s1"], "{mark}: {found:?}");
        assert!(found.samples[0].ignored.is_empty());
    }
    let dir = Folder::new();
    dir.fill(&[
        "s1/Copy of filtered_feature_bc_matrix.h5",
        "s1/spatial (1)/tissue_positions (1).csv",
        "s1/spatial (1)/scalefactors_json.json",
        "s1/spatial (1)/tissue_hires_image.png",
        "s2/binned_outputs (1)/square_008um/filtered_feature_bc_matrix.h5",
        "s2/binned_outputs (1)/square_008um/spatial/tissue_positions.parquet",
    ]);
    let found = dir.recognise("");
    assert_eq!(names(&found), ["s1", "s2_008um"], "{found:?}");
    assert_eq!(kinds(&found.samples[0]), [Hires]);
}

#[test]
fn the_original_is_used_and_the_copy_is_named() {
    let dir = Folder::new();
    dir.fill(&[
        "s1/filtered_feature_bc_matrix.h5",
        "s1/filtered_feature_bc_matrix (1).h5",
        "s1/spatial/tissue_positions.csv",
        "s1/spatial/tissue_hires_image.png",
        "s1/spatial/tissue_hires_image - Kopie.png",
        "s1/spatial/scalefactors_json.json",
    ]);
    let found = dir.recognise("");
    assert_eq!(names(&found), ["s1"]);
    let sample = &found.samples[0];
    assert!(sample.source.counts().ends_with("filtered_feature_bc_matrix.h5"));
    for told in [
        "filtered_feature_bc_matrix (1).h5 (a copy; filtered_feature_bc_matrix.h5 is used)",
        "tissue_hires_image - Kopie.png (a copy; tissue_hires_image.png is used)",
    ] {
        assert!(sample.ignored.iter().any(|i| i.to_string() == told), "{:?}", sample.ignored);
    }
}

/// Browsers number the second of two samples whose files have the same names.
#[test]
fn two_downloads_are_two_samples_unless_they_are_the_same() {
    let dir = Folder::new();
    let files = |mark: &str| {
        [
            format!("d/filtered_feature_bc_matrix{mark}.h5"),
            format!("d/spatial{mark}/tissue_positions.csv"),
            format!("d/spatial{mark}/scalefactors_json.json"),
        ]
    };
    for mark in ["", " (1)"] {
        files(mark).iter().for_each(|f| dir.fill(&[f]));
    }
    let found = dir.recognise("d");
    assert_eq!(names(&found), ["d"]);
    assert_eq!(found.notes, ["d (1) is a copy of d and was left out"]);
    dir.write("d/filtered_feature_bc_matrix (1).h5", &[HDF5, b"other"].concat());
    let found = dir.recognise("d");
    assert_eq!(names(&found), ["d", "d (1)"], "{found:?}");
    for (sample, folder) in found.samples.iter().zip(["spatial", "spatial (1)"]) {
        let Source::Visium { positions, .. } = &sample.source else { panic!("{sample:?}") };
        assert!(positions.parent().unwrap().ends_with(folder), "{sample:?}");
    }
}

#[test]
fn copied_folders_and_files_are_left_out() {
    let dir = Folder::new();
    for folder in ["A", "A (2)", "A - Copy", "B"] {
        dir.fill(&[
            &format!("{folder}/outs/filtered_feature_bc_matrix.h5"),
            &format!("{folder}/outs/spatial/tissue_positions.csv"),
        ]);
    }
    dir.fill(&["n.h5ad", "Kopie von n.h5ad"]);
    dir.write("B/outs/filtered_feature_bc_matrix.h5", &[HDF5, b"b"].concat());
    let found = dir.recognise("");
    assert_eq!(names(&found), ["A", "B", "n"], "{found:?}");
    assert_eq!(found.notes.len(), 3, "{:?}", found.notes);
    // Who chooses the copy wants it.
    assert_eq!(names(&dir.recognise("A (2)")), ["A (2)"]);
}

#[test]
fn what_systems_leave_behind_is_passed_over() {
    let dir = Folder::new();
    dir.fill(&OUTS);
    dir.fill(&[
        "lung/outs/._filtered_feature_bc_matrix.h5",
        "lung/outs/spatial/._tissue_hires_image.png",
        "lung/outs/.DS_Store",
        "lung/outs/Thumbs.db",
        "lung/desktop.ini",
        "__MACOSX/lung/outs/._filtered_feature_bc_matrix.h5",
        "__MACOSX/lung/outs/filtered_feature_bc_matrix.h5",
    ]);
    let found = dir.recognise("");
    assert_eq!(names(&found), ["lung"]);
    assert!(found.notes.is_empty(), "{:?}", found.notes);
}

#[test]
fn capitals_do_not_matter() {
    let dir = Folder::new();
    dir.fill(&[
        "S1/OUTS/Filtered_Feature_BC_Matrix.H5",
        "S1/OUTS/SPATIAL/Tissue_Positions.CSV",
        "S1/OUTS/SPATIAL/ScaleFactors_JSON.json",
        "S1/OUTS/SPATIAL/Tissue_HiRes_Image.PNG",
        "S2/Filtered_feature_bc_matrix/Matrix.mtx.gz",
        "S2/Filtered_feature_bc_matrix/Barcodes.tsv.gz",
        "S2/Filtered_feature_bc_matrix/Features.tsv.gz",
        "S2/Spatial/tissue_positions_list.csv",
    ]);
    // The helper writes by names in small letters.
    dir.write("S1/OUTS/Filtered_Feature_BC_Matrix.H5", HDF5);
    dir.write("S1/OUTS/SPATIAL/Tissue_Positions.CSV", POSITIONS.as_bytes());
    dir.write("S1/OUTS/SPATIAL/ScaleFactors_JSON.json", FACTORS.as_bytes());
    dir.image("S1/OUTS/SPATIAL/Tissue_HiRes_Image.PNG", 20);
    let found = dir.recognise("");
    assert_eq!(names(&found), ["S1", "S2"], "{found:?}");
    assert_eq!(kinds(&found.samples[0]), [Hires]);
}

#[test]
fn archives_and_empty_folders_say_what_to_do() {
    let dir = Folder::new();
    dir.fill(&["z/Sample_outs.zip", "t/spatial.tar.gz", "t/filtered_feature_bc_matrix.h5"]);
    let unpack = "P: this is an archive; unpack it and choose the folder that comes out";
    assert_eq!(dir.says("z/Sample_outs.zip"), unpack);
    assert_eq!(dir.says("t/spatial.tar.gz"), unpack);
    assert!(dir.says("z").contains("Sample_outs.zip must be unpacked first"), "{}", dir.says("z"));
    assert!(dir.says("t").contains("spatial.tar.gz must be unpacked first"), "{}", dir.says("t"));
    fs::create_dir(dir.path("empty")).unwrap();
    assert_eq!(dir.says("empty"), "P: the folder is empty");
    dir.fill(&["hidden/.DS_Store", "hidden/Thumbs.db", "hidden/desktop.ini"]);
    assert_eq!(dir.says("hidden"), "P: the folder is empty");
}

#[test]
fn any_level_of_folder_finds_the_samples() {
    let dir = Folder::new();
    for i in 1..=20 {
        dir.fill(&[
            &format!("study/batch/S{i}/outs/filtered_feature_bc_matrix.h5"),
            &format!("study/batch/S{i}/outs/spatial/tissue_positions.csv"),
        ]);
    }
    assert_eq!(dir.recognise("").samples.len(), 20);
    for path in ["study/batch/S7", "study/batch/S7/outs", "study/batch/S7/outs/spatial"] {
        assert_eq!(names(&dir.recognise(path)), ["S7"], "{path}");
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let dir = Folder::new();
    dir.fill(&OUTS);
    dir.fill(&["locked/outs/filtered_feature_bc_matrix.h5"]);
    let set = |mode| fs::set_permissions(dir.path("locked"), fs::Permissions::from_mode(mode)).unwrap();
    set(0);
    // Who may read everything is not kept out.
    if fs::read_dir(dir.path("locked")).is_err() {
        assert!(dir.says("locked").contains("permission denied"), "{}", dir.says("locked"));
        let found = dir.recognise("");
        assert_eq!(names(&found), ["lung"]);
        assert!(found.notes.iter().any(|n| n.contains("locked") && n.contains("permission denied")));
    }
    set(0o755);
}

#[test]
fn regions_beside_a_sample_are_its_labels() {
    let geojson = br#"{"type": "FeatureCollection", "features": []}"#;
    let dir = Folder::new();
    dir.fill(&OUTS);
    dir.write("lung/annotations.geojson", geojson);
    dir.write("lung/outs/cell_segmentations.geojson", geojson);
    dir.write("lung/outs/metrics.json", b"{}");
    let found = dir.recognise("lung");
    assert!(found.samples[0].labels.as_ref().unwrap().ends_with("annotations.geojson"), "{found:?}");
    dir.fill(&["h/a.h5ad", "h/b.h5ad"]);
    dir.write("h/a.json", geojson);
    let found = dir.recognise("h");
    assert!(found.samples[0].labels.is_some() && found.samples[1].labels.is_none(), "{found:?}");
    dir.write("alone/regions.geojson", geojson);
    for path in ["alone", "alone/regions.geojson"] {
        assert!(dir.says(path).contains("GeoJSON"), "{}", dir.says(path));
        assert!(dir.says(path).contains("labels of a section on the Data page"), "{}", dir.says(path));
    }
}

#[cfg(unix)]
#[test]
fn links_lead_to_no_folder_twice() {
    use std::os::unix::fs::symlink;
    let sample = |name: &str| {
        [format!("{name}/filtered_feature_bc_matrix.h5"), format!("{name}/spatial/tissue_positions.csv")]
    };
    let dir = Folder::new();
    let (one, away) = (sample("here/S1"), sample("away/S2"));
    dir.fill(&one.each_ref().map(String::as_str));
    dir.fill(&away.each_ref().map(String::as_str));
    symlink("..", dir.path("here/again")).unwrap();
    symlink(".", dir.path("here/loop")).unwrap();
    symlink("S1", dir.path("here/alias")).unwrap();
    assert_eq!(names(&dir.recognise("here")), ["S1"]);
    // What lies elsewhere is found, once.
    symlink("../away/S2", dir.path("here/second")).unwrap();
    symlink("../away/S2", dir.path("here/third")).unwrap();
    assert_eq!(names(&dir.recognise("here")), ["S1", "second"]);
    symlink("here", dir.path("whole")).unwrap();
    assert_eq!(names(&dir.recognise("whole")).len(), 2);
}
