//! Layouts of published collections.

use super::*;

#[test]
fn swarbrick_folders_in_both_arrangements() {
    let dir = Folder::new();
    for s in ["CID4290", "1142243F"] {
        dir.fill(&[
            &format!("wu/filtered_count_matrices/{s}_filtered_count_matrix/matrix.mtx.gz"),
            &format!("wu/filtered_count_matrices/{s}_filtered_count_matrix/barcodes.tsv.gz"),
            &format!("wu/filtered_count_matrices/{s}_filtered_count_matrix/features.tsv.gz"),
            &format!("wu/raw_count_matrices/{s}_raw_feature_bc_matrix/matrix.mtx.gz"),
            &format!("wu/raw_count_matrices/{s}_raw_feature_bc_matrix/barcodes.tsv.gz"),
            &format!("wu/raw_count_matrices/{s}_raw_feature_bc_matrix/features.tsv.gz"),
            &format!("wu/spatial/{s}_spatial/tissue_positions_list.csv"),
            &format!("wu/spatial/{s}_spatial/scalefactors_json.json"),
            &format!("wu/spatial/{s}_spatial/tissue_hires_image.png"),
            &format!("alex/{s}/filtered_count_matrix/matrix.mtx.gz"),
            &format!("alex/{s}/filtered_count_matrix/barcodes.tsv.gz"),
            &format!("alex/{s}/filtered_count_matrix/features.tsv.gz"),
            &format!("alex/{s}/spatial/tissue_positions_list.csv"),
            &format!("alex/{s}/spatial/scalefactors_json.json"),
            &format!("alex/{s}/spatial/tissue_hires_image.png"),
            &format!("alex/{s}/image.tif"),
        ]);
        let metadata =
            format!("\"\",\"patientid\",\"Classification\"\n\"AAACAAGTATCTCCCA-1\",\"{s}\",\"Stroma\"\n");
        dir.write(&format!("wu/metadata/{s}_metadata.csv"), metadata.as_bytes());
        dir.write(&format!("alex/{s}/metadata.csv"), metadata.as_bytes());
    }
    for (folder, slide) in [("wu", false), ("alex", true)] {
        let found = dir.recognise(folder);
        assert_eq!(names(&found), ["1142243F", "CID4290"], "{folder}: {:?}", found.notes);
        let s = &found.samples[1];
        assert_eq!((s.patient.as_deref(), s.labels.is_some()), (Some("CID4290"), true), "{folder}");
        assert!(matrix(s).ends_with("filtered_count_matrix"), "{folder}");
        assert_eq!(kinds(s).contains(&FullResolution), slide, "{folder}");
        let Source::Visium { positions, .. } = &s.source else { panic!("not Visium") };
        assert!(positions.to_string_lossy().contains("CID4290"));
    }
    assert_eq!(names(&dir.recognise("alex/CID4290")), ["CID4290"]);
    assert_eq!(names(&dir.recognise("alex/CID4290/filtered_count_matrix/barcodes.tsv.gz")), ["CID4290"]);
}

#[test]
fn dlpfc_in_its_arrangements() {
    let dir = Folder::new();
    dir.fill(&[
        "a/151507_filtered_feature_bc_matrix.h5",
        "a/151507_raw_feature_bc_matrix.h5",
        "a/tissue_positions_list_151507.txt",
        "a/scalefactors_json_151507.json",
        "a/151507_tissue_hires_image.png",
        "a/151507_full_image.tif",
        "a/151673_filtered_feature_bc_matrix.h5",
        "a/151673/tissue_positions_list.txt",
        "a/151673/scalefactors_json.json",
        "a/151673/tissue_lowres_image.png",
        "b/151669/151669_filtered_feature_bc_matrix.h5",
        "b/151669/spatial/tissue_positions_list.txt",
    ]);
    dir.write("a/151673/151673_truth.txt", b"AAACAAGTATCTCCCA-1\tLayer_3\nAAACACCAATAACTGC-1\tWM\n");
    let found = dir.recognise("");
    assert_eq!(names(&found), ["151507", "151669", "151673"]);
    let patients: Vec<_> = found.samples.iter().map(|s| s.patient.as_deref().unwrap()).collect();
    assert_eq!(patients, ["Br5292", "Br5595", "Br8100"]);
    assert_eq!(kinds(&found.samples[0]), [FullResolution, Hires]);
    assert_eq!(file_name(found.samples[2].labels.as_ref().unwrap()), "151673_truth.txt");
    assert_eq!(names(&dir.recognise("a/151673/tissue_positions_list.txt")), ["151673"]);
    assert_eq!(names(&dir.recognise("a/151507_full_image.tif")), ["151507"]);
}

#[test]
fn hest_samples_are_joined_by_id() {
    let dir = Folder::new();
    dir.fill(&[
        "hest/st/TENX1.h5ad",
        "hest/st/INT2.h5ad",
        "hest/st/INT10.h5ad",
        "hest/wsis/TENX1.tif",
        "hest/wsis/INT2.tif",
    ]);
    let metadata = |patient: &str, set: &str| {
        format!(
            r#"{{"patient": "{patient}", "dataset_title": "{set}", "pixel_size_um_estimated": 0.4, "x": NaN}}"#
        )
    };
    dir.write("hest/metadata/TENX1.json", metadata("Patient 1", "A").as_bytes());
    dir.write("hest/metadata/INT2.json", metadata("Patient 1", "B").as_bytes());
    for path in ["", "hest", "hest/st", "hest/metadata", "hest/wsis"] {
        let found = dir.recognise(path);
        let samples: Vec<_> = found
            .samples
            .iter()
            .map(|s| (s.name.as_str(), s.patient.as_deref(), s.mpp.map(|m| m.0)))
            .collect();
        let mut expected = vec![
            ("INT10", None, None),
            ("TENX1", Some("Patient 1 (1: A)"), Some(0.4)),
            ("INT2", Some("Patient 1 (2: B)"), Some(0.4)),
        ];
        if path == "hest/wsis" {
            expected.remove(0);
        }
        assert_eq!(samples, expected, "{path}");
        assert!(found.samples.iter().all(|s| s.kind == SampleKind::Hest));
    }
    let found = dir.recognise("hest/st/INT10.h5ad");
    assert_eq!(
        found.samples[0].needed,
        ["the slide (wsis/INT10.tif)", "the pixel size (metadata/INT10.json)"]
    );
}

#[test]
fn anndata_files_are_samples() {
    let dir = Folder::new();
    dir.fill(&["a/x.h5ad", "b/x.h5ad", "GSM12_y.h5ad"]);
    dir.write("bad.h5ad", b"no");
    let found = dir.recognise("");
    assert_eq!(names(&found), ["a_x", "b_x", "y"]);
    assert_eq!(found.notes, ["bad.h5ad is not an HDF5 file; copy or download it again"]);
    assert_eq!(names(&dir.recognise("a/x.h5ad")), ["x"]);
    assert!(dir.says("bad.h5ad").contains("bad.h5ad is not an HDF5 file"));
}

#[test]
fn legacy_st_as_her2st_and_as_in_geo() {
    let dir = Folder::new();
    dir.write("h/data/ST-cnts/C2.tsv", COUNTS.as_bytes());
    dir.write("h/data/ST-spotfiles/C2_selection.tsv", SPOTS.as_bytes());
    dir.image("h/data/ST-imgs/C/C2/x.png", 20);
    for path in ["h", "h/data", "h/data/ST-cnts", "h/data/ST-cnts/C2.tsv", "h/data/ST-imgs/C/C2/x.png"] {
        let found = dir.recognise(path);
        assert_eq!((names(&found), found.samples[0].kind), (vec!["C2"], SampleKind::LegacySt), "{path}");
        assert_eq!(found.samples[0].patient.as_deref(), Some("C"));
    }
    let dir = Folder::new();
    for (i, name) in ["P2_ST_rep1", "P2_ST_rep2", "P10_ST_rep1"].iter().enumerate() {
        dir.fill(&[
            &format!("GSM42843{i}_{name}_stdata.tsv"),
            &format!("GSM42843{i}_spot_data-selection-{name}.tsv"),
        ]);
        dir.image(&format!("GSM42843{i}_{name}.jpg{}", if i == 2 { ".gz" } else { "" }), 30);
    }
    for part in ["matrix.mtx.gz", "barcodes.tsv.gz", "features.tsv.gz", "tissue_positions_list.csv.gz"] {
        dir.fill(&[&format!("GSM4565823_P4_rep1_{part}")]);
    }
    let found = dir.recognise("");
    assert_eq!(names(&found), ["P2_ST_rep1", "P2_ST_rep2", "P4_rep1", "P10_ST_rep1"]);
    let patients: Vec<_> = found.samples.iter().map(|s| s.patient.as_deref().unwrap()).collect();
    assert_eq!(patients, ["P2", "P2", "P4", "P10"]);
    assert_eq!(file_name(&found.samples[3].images[0].path), "GSM428432_P10_ST_rep1.jpg.gz");
    assert_eq!(found.samples[3].images[0].size, Some((30, 30)));
    assert_eq!(names(&dir.recognise("GSM428431_spot_data-selection-P2_ST_rep2.tsv")), ["P2_ST_rep2"]);
}
