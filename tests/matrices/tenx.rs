//! Real feature-barcode matrices equal what scanpy reads from them.

use std::path::Path;

use hiscmcl::core::cancel::CancelToken;
use hiscmcl::core::progress::Silent;
use hiscmcl::data::st::tenx::{FeatureMatrix, find_mtx, inspect_h5, read_h5, read_mtx};

use super::shared;

fn h5(path: &Path) -> FeatureMatrix {
    let mut matrix = read_h5(path, &Silent, &CancelToken::new()).unwrap();
    assert!(matrix.keep_genes().is_empty());
    matrix
}

fn mtx(folder: &Path) -> FeatureMatrix {
    read_mtx(&find_mtx(folder, None).unwrap(), &Silent, &CancelToken::new()).unwrap()
}

#[test]
fn hdf5_matrices_equal_scanpy() {
    let Some(shared) = shared() else { return };
    let text = std::fs::read(shared.join("reference/tenx_scanpy.json")).unwrap();
    let reference: serde_json::Value = serde_json::from_slice(&text).unwrap();
    for (name, expected) in reference.as_object().unwrap() {
        let path = shared.join("real_data").join(name);
        let started = std::time::Instant::now();
        let table = h5(&path).table;
        println!("{name}: {:.3} s", started.elapsed().as_secs_f64());
        let counts = &table.counts;
        let number = |key: &str| expected[key].as_f64().unwrap();
        assert_eq!(
            serde_json::json!([counts.rows(), counts.cols()]),
            expected["shape_spots_genes"],
            "{name}"
        );
        assert_eq!(counts.nnz() as f64, number("nnz"), "{name}");
        assert_eq!(counts.sum(), number("sum"), "{name}");
        assert_eq!(table.spots.first().unwrap(), expected["first_barcode"].as_str().unwrap());
        assert_eq!(table.spots.last().unwrap(), expected["last_barcode"].as_str().unwrap());
        assert_eq!(table.genes.first().unwrap().name, expected["first_gene"].as_str().unwrap());
        assert_eq!(table.genes.last().unwrap().name, expected["last_gene"].as_str().unwrap());
        for (spot, total) in expected["spot_totals"].as_object().unwrap() {
            let row = table.spots.iter().position(|s| s == spot).unwrap();
            assert_eq!(counts.row_sum(row), total.as_f64().unwrap(), "{name} {spot}");
        }
        let sums = counts.col_sums();
        for (gene, total) in expected["top5_genes"].as_object().unwrap() {
            let found = table.genes.iter().zip(&sums).find(|(g, _)| g.name == *gene).unwrap();
            assert_eq!(*found.1, total.as_f64().unwrap(), "{name} {gene}");
        }
        let mut names: Vec<&str> = table.genes.iter().map(|g| g.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        // scanpy counts the names from the second of each on.
        assert_eq!((table.genes.len() - names.len()) as f64, number("duplicate_gene_names"), "{name}");
        let about = inspect_h5(&path).unwrap();
        assert_eq!(
            (about.spots, about.features, about.stored),
            (counts.rows(), counts.cols(), counts.nnz() as u64)
        );
        let genomes = if name.starts_with("tenx_scanpy/1.2.0") { &["hg19_chr21"][..] } else { &[] };
        assert_eq!(about.genomes, genomes);
    }
}

#[test]
fn folders_equal_the_hdf5_beside_them() {
    let Some(shared) = shared() else { return };
    let data = shared.join("real_data");
    for (folder, file) in [
        (
            "tenx_scanpy/1.2.0/filtered_gene_bc_matrices/hg19_chr21",
            "tenx_scanpy/1.2.0/filtered_gene_bc_matrices_h5.h5",
        ),
        ("tenx_scanpy/3.0.0/filtered_feature_bc_matrix", "tenx_scanpy/3.0.0/filtered_feature_bc_matrix.h5"),
        (
            "visiumio/binned_outputs/square_002um/filtered_feature_bc_matrix",
            "visiumio/binned_outputs/square_002um/filtered_feature_bc_matrix.h5",
        ),
    ] {
        let (text, packed) = (mtx(&data.join(folder)), h5(&data.join(file)));
        assert_eq!(text.table.spots, packed.table.spots, "{folder}");
        assert_eq!(text.table.counts, packed.table.counts, "{folder}");
        assert_eq!(text.table.genes, packed.table.genes, "{folder}");
        assert_eq!(text.kinds, packed.kinds, "{folder}");
    }
}

#[test]
fn a_plain_folder_is_read_as_it_says() {
    // The HDF5 file beside this one holds another part of the data.
    let Some(shared) = shared() else { return };
    let table = mtx(&shared.join("real_data/visiumio/10xVisium/section1/outs/raw_feature_bc_matrix")).table;
    assert_eq!((table.counts.rows(), table.counts.cols(), table.counts.nnz()), (50, 50, 338));
    assert_eq!(table.counts.sum(), 682.0);
}
