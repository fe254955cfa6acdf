//! How samples are recognised, refused and added.

use super::{Study, folders, stderr};
use crate::support::{case, complaint, hiscmcl, run};

/// An infinity and a row of NaN: refused with file, spot, gene and value, and nothing else is kept from being used.
#[test]
fn an_infinite_value_is_refused_and_blocks_nothing() {
    let (Some(folder), Some(other)) = (case("12_infinite_value"), case("30_geojson")) else { return };
    let study = Study::new();
    let said = complaint(&mut study.add(std::slice::from_ref(&folder)));
    assert!(said.contains("Nothing was added") && said.contains("section.h5ad"), "{said}");
    assert!(said.contains("gene \"") && said.contains("spot \"") && said.contains("infinity"), "{said}");
    let said = complaint(&mut study.add(&[folder.join("section.h5ad"), other.join("S1")]));
    assert!(said.contains("Not everything was added") && said.contains("section.h5ad"), "{said}");
    assert_eq!(study.section("S1")["name"], "S1");
}

#[test]
fn names_of_folders_are_names_of_sections() {
    let Some(folder) = case("31_names") else { return };
    let study = Study::from_paths(&folders(&folder));
    for name in ["F\u{e4}lle 2024 \u{2116}1 (Kopie)", "\u{7ec4}\u{7ec7} \u{5207}\u{7247} A&B <x>"] {
        assert_eq!(study.section(name)["name"], name);
    }
}

#[test]
fn removed_sections_are_gone_and_their_files_stay() {
    let Some(folder) = case("31_names") else { return };
    let paths = folders(&folder);
    let study = Study::from_paths(&paths);
    let said = run(hiscmcl()
        .args(["project", "remove"])
        .arg(study.project())
        .arg("F\u{e4}lle 2024 \u{2116}1 (Kopie)"));
    assert!(said.contains("1 section removed"), "{said}");
    assert_eq!(study.info()["sections"].as_array().unwrap().len(), 1);
    assert!(paths.iter().all(|p| p.is_dir()));
    assert!(
        stderr(hiscmcl().args(["project", "remove"]).arg(study.project()).arg("X"))
            .contains("no section named")
    );
}

#[test]
fn segmented_cells_alone_say_what_to_add_instead() {
    let Some(folder) = case("06_segmented_outputs") else { return };
    let study = Study::new();
    for path in ["", "outs", "outs/segmented_outputs", "outs/segmented_outputs/spatial"] {
        let said = complaint(&mut study.add(&[folder.join(path)]));
        assert!(
            said.contains("cells, which are not read") && said.contains("add binned_outputs of the same run"),
            "{said}"
        );
        assert!(!said.contains("binned_outputs is used"), "{said}");
    }
    let matrix = folder.join("outs/segmented_outputs/filtered_feature_cell_matrix.h5");
    let said = complaint(&mut study.add(&[matrix]));
    assert!(said.contains("add binned_outputs of the same run"), "{said}");
}

#[test]
fn regions_beside_a_sample_label_its_spots_and_alone_are_named() {
    let Some(folder) = case("30_geojson") else { return };
    let study = Study::from_paths(&[folder.join("S1")]);
    let section = study.section("S1");
    assert_eq!(section["labels"], serde_json::json!(["Tumor"]));
    let said = complaint(&mut study.add(&[folder.join("alone.geojson")]));
    assert!(said.contains("GeoJSON") && said.contains("labels of a section on the Data page"), "{said}");

    // Spots at x > 900 are in the region, and no others.
    let entry = hiscmcl::data::project::Project::load(&study.project()).unwrap().sections.remove(0);
    let (silent, token) = (hiscmcl::core::progress::Silent, hiscmcl::core::cancel::CancelToken::new());
    let section = hiscmcl::data::open::open_section(&entry, &silent, &token).unwrap();
    let labels = section.labels.unwrap();
    assert!(labels.iter().any(Option::is_none) && labels.len() == section.spots.len());
    for (spot, label) in section.spots.iter().zip(labels) {
        assert_eq!(label.as_deref(), (spot.center.x > 900.0).then_some("Tumor"), "{spot:?}");
    }
}

#[test]
fn a_slide_stored_on_its_side_is_turned_the_way_its_spots_say() {
    let Some(case) = case("26_turned_by_exif") else { return };
    let by_spots = "as its orientation tag says, because that puts the spots on the tissue";
    // Tissue covers the square one, so its spots lie on it either way.
    let unclear = "(turned by 180 degrees), which is not applied because it cannot be told";
    let samples = [
        ("alone", by_spots, (900, 1200)),
        ("jpeg", by_spots, (900, 1200)),
        ("square", unclear, (1200, 1200)),
    ];
    for (sample, says, size) in samples {
        let study = Study::new();
        let said = run(&mut study.add(&[case.join(sample)]));
        assert!(said.contains(says), "{said}");
        let section = study.section(sample);
        assert_eq!(
            (section["width_px"].as_u64(), section["height_px"].as_u64()),
            (Some(size.0), Some(size.1))
        );
    }
    // The same image alone, which then belongs to no sample.
    let study = Study::new();
    std::fs::copy(case.join("jpeg/slide.jpg"), study.file("slide.jpg")).unwrap();
    let said = run(study.add(&[study.file("slide.jpg")]).args(["--mpp", "0.5"]));
    assert!(said.contains("slide.jpg is turned by 90 degrees, as its orientation tag says"), "{said}");
    let slide = study.section("slide");
    assert_eq!((slide["width_px"].as_u64(), slide["height_px"].as_u64()), (Some(900), Some(1200)));
}
