use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::core::progress::Silent;
use crate::data::mutate::{fuzz, gzip};
use crate::data::testing;

const HEADER: &str = "barcode,in_tissue,array_row,array_col,pxl_row_in_fullres,pxl_col_in_fullres\n";

/// The side of the square of bins in every fixture.
const SIDE: usize = 20;

macro_rules! fixture {
    ($name:literal) => {
        ($name, include_bytes!(concat!("../../../../../../tests/fixtures/positions/", $name, ".parquet")))
    };
}

/// Bins as pyarrow writes them, see `tests/tools/make_positions_parquet.py`; as Space Ranger does first.
const WRITTEN: [(&str, &[u8]); 7] = [
    fixture!("snappy"),
    fixture!("snappy_groups"),
    fixture!("none_v2"),
    fixture!("gzip_int64_v2"),
    fixture!("plain_required"),
    fixture!("delta_required"),
    fixture!("zstd"),
];

fn written(name: &str) -> Vec<u8> {
    WRITTEN.iter().find(|(n, _)| *n == name).unwrap().1.to_vec()
}

struct Temporary {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn file(name: &str, bytes: &[u8]) -> Temporary {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    Temporary { _folder: folder, path }
}

fn read_path(path: &Path) -> Result<Vec<SpotRow>, ReadError> {
    read_positions(path, &Silent, &CancelToken::new())
}

fn read(bytes: &[u8]) -> Result<Vec<SpotRow>, ReadError> {
    read_path(&file("tissue_positions", bytes).path)
}

/// The sentence about `bytes`, without the folder.
fn says(bytes: &[u8]) -> String {
    let file = file("tissue_positions", bytes);
    let text = read_path(&file.path).unwrap_err().to_string();
    text.replace(&file.path.display().to_string(), "P")
}

/// A square of bins: pixel (3 col + 0.5, 3 row + 0.25), even columns under tissue.
fn check_bins(spots: &[SpotRow]) {
    assert_eq!(spots.len(), SIDE * SIDE);
    for (i, spot) in spots.iter().enumerate() {
        let (row, col) = (i / SIDE, i % SIDE);
        let expected = SpotRow {
            id: format!("s_008um_{row:05}_{col:05}-1"),
            grid: Some([col as i32, row as i32]),
            center: SlidePoint::new(3.0 * col as f64 + 0.5, 3.0 * row as f64 + 0.25),
            selected: col % 2 == 0,
            line: i as u64 + 1,
        };
        assert_eq!(*spot, expected);
    }
}

#[test]
fn headerless_headed_and_tabbed_tables_read_the_same() {
    let expected = SpotRow {
        id: "AAACAAGTATCTCCCA-1".into(),
        grid: Some([102, 50]),
        center: SlidePoint::new(8230.0, 7237.0),
        selected: true,
        line: 1,
    };
    let row = "AAACAAGTATCTCCCA-1,1,50,102,7237,8230\n";
    assert_eq!(read(row.as_bytes()).unwrap(), std::slice::from_ref(&expected));
    assert_eq!(read(&gzip(row.as_bytes())).unwrap(), std::slice::from_ref(&expected));
    let second = SpotRow { line: 2, ..expected };
    let headed = [
        format!("{HEADER}{row}"),
        format!("\u{feff}{}\r\n{row}", HEADER.trim()),
        format!("{HEADER}{row}").replace(',', "\t"),
        "pxl_col_in_fullres,barcode,array_col,in_tissue,array_row,pxl_row_in_fullres\n\
         8230.0,AAACAAGTATCTCCCA-1,102,True,50,7237.0\n"
            .to_owned(),
        "\"\",\"tissue\",\"row\",\"col\",\"imagerow\",\"imagecol\"\n\"AAACAAGTATCTCCCA-1\",1,50,102,7237,8230\n"
            .to_owned(),
    ];
    for text in headed {
        assert_eq!(read(text.as_bytes()).unwrap(), std::slice::from_ref(&second), "{text}");
    }
}

#[test]
fn bins_off_the_slide_are_kept_unless_they_are_tissue() {
    let spots = read(b"a-1,0,0,0,-5,3\nb-1,1,0,2,5,3\n").unwrap();
    assert_eq!((spots[0].center.y, spots[0].selected), (-5.0, false));
}

#[test]
fn parquet_of_every_style_reads_the_same() {
    for (name, bytes) in WRITTEN {
        check_bins(&read(bytes).unwrap_or_else(|e| panic!("{name}: {e}")));
    }
    check_bins(&read(&gzip(&written("snappy"))).unwrap());
}

#[test]
fn every_damage_is_one_sentence() {
    let text = |rows: &str| says(format!("{HEADER}AAA-1,1,0,0,5,6\n{rows}\n").as_bytes());
    let bins = written("snappy");
    let renamed = |names: [&str; 2]| {
        let mut bytes = written("snappy");
        // Names of equal length, so that nothing moves.
        while let Some(at) = bytes.windows(names[0].len()).position(|w| w == names[0].as_bytes()) {
            bytes[at..at + names[0].len()].copy_from_slice(names[1].as_bytes());
        }
        says(&bytes)
    };
    let columns = "the columns must be barcode, in_tissue, array_row, array_col, pxl_row_in_fullres, \
                   pxl_col_in_fullres";
    let six =
        "without a header there must be six: barcode, in_tissue, array row and column, pixel row and column";
    let cut = "P: the Parquet file is damaged or cut off; copy or download it again";
    let table = [
        (says(b""), "P: the file is empty".to_owned()),
        (says(HEADER.as_bytes()), "P: the positions file has a header but no spots".into()),
        (says(b"AAA-1,1,0,0,5\n"), format!("P, line 1: the row has 5 cells; {six}")),
        (says(b"AAA-1,1,0,0,5,6\nAAC-1,1,0\n"), format!("P, line 2: the row has 3 cells; {six}")),
        (says(b"hello\n"), format!("P, line 1: the row has 1 cell; {six}")),
        (
            says(b"barcode,in_tissue,array_row,array_col,pxl_row_in_fullres\nA,1,0,0,5\n"),
            format!("P, line 1: there is no column pxl_col_in_fullres; {columns}"),
        ),
        (
            says(b"barcode,barcode,array_row,array_col\nA,1,0,0\n"),
            format!("P, line 1: there is no column in_tissue; {columns}"),
        ),
        (text("AAC-1,1,0,2,5"), "P, line 3: the row has 5 cells where the header has 6".into()),
        (text("AAA-1,1,0,2,5,6"), "P, line 3: barcode \"AAA-1\" was already on line 2".into()),
        (text(",1,0,2,5,6"), "P, line 3: the row has no barcode".into()),
        (text("AAC-1,2,0,2,5,6"), "P, line 3: in_tissue of spot \"AAC-1\" is 2; expected 0 or 1".into()),
        (text("AAC-1,x,0,2,5,6"), "P, line 3: in_tissue of spot \"AAC-1\" is \"x\"; expected 0 or 1".into()),
        (
            text("AAC-1,1,-1,2,5,6"),
            "P, line 3: array_row of spot \"AAC-1\" is -1; expected a whole number of 0 or more".into(),
        ),
        (
            text("AAC-1,1,0,2.5,5,6"),
            "P, line 3: array_col of spot \"AAC-1\" is 2.5; expected a whole number of 0 or more".into(),
        ),
        (
            text("AAC-1,1,0,1e300,5,6"),
            format!(
                "P, line 3: array_col of spot \"AAC-1\" is 1{}; expected a whole number of 0 or more",
                "0".repeat(300)
            ),
        ),
        (text("AAC-1,1,0,2,NaN,6"), "P, line 3: pxl_row_in_fullres of spot \"AAC-1\" is NaN; expected a number".into()),
        (text("AAC-1,1,0,2,5,inf"), "P, line 3: pxl_col_in_fullres of spot \"AAC-1\" is inf; expected a number".into()),
        (text("AAC-1,1,0,2,5,"), "P, line 3: pxl_col_in_fullres of spot \"AAC-1\" is \"\"; expected a number".into()),
        (
            text("AAC-1,1,0,2,5,-6"),
            "P, line 3: pxl_col_in_fullres of spot \"AAC-1\" is -6 although the spot is under tissue; it would lie \
             off the slide"
                .into(),
        ),
        (says(b"PAR1"), cut.into()),
        (says(&bins[..bins.len() / 2]), cut.into()),
        (says(&[&bins[..bins.len() - 5], b"\xffPAR1"].concat()), cut.into()),
        (says(&[&bins[..bins.len() - 4], b"PARE"].concat()), "P: the Parquet file is encrypted; save it without encryption".into()),
        (renamed(["in_tissue", "tissue_in"]), format!("P: there is no column in_tissue; {columns}")),
        (says(&gzip(&bins)[..200]), "P: the compressed file is damaged or cut off; copy or download it again".into()),
        (says(b"\x89HDF\r\n\x1a\n"), "P: this is an HDF5 file, not a text table".into()),
    ];
    for (i, (found, expected)) in table.iter().enumerate() {
        assert_eq!(found, expected, "row {i}");
    }
}

#[test]
fn compression_that_cannot_be_read_is_named() {
    // The codec is a zigzag number after the field head 0x15 of each column; make all of them LZ4.
    let bytes = written("none_v2");
    let footer = bytes.len()
        - 8
        - u32::from_le_bytes(bytes[bytes.len() - 8..bytes.len() - 4].try_into().unwrap()) as usize;
    let mut said = Vec::new();
    for at in footer..bytes.len() - 9 {
        if bytes[at..].starts_with(&[0x15, 0x00]) {
            let mut changed = bytes.clone();
            changed[at + 1] = 0x0e;
            said.extend(read(&changed).err().map(|e| e.to_string()));
        }
    }
    let expected =
        ": the Parquet file is compressed with LZ4; save it with snappy, gzip, zstd or no compression";
    assert!(said.iter().any(|s| s.ends_with(expected)), "{said:?}");
}

#[test]
fn real_tables_read_as_their_reference() {
    let Some(shared) = testing::real_data() else { return };
    let reference = testing::reference(&shared, "tenx_scanpy.json");
    for sample in ["visium_scanpy_1.0.0", "visium_scmuscle_Vis5A"] {
        let expected = &reference[format!("{sample}/filtered_feature_bc_matrix.h5")]["positions"];
        let path = shared.join("real_data").join(sample).join("spatial/tissue_positions_list.csv");
        let spots = read_path(&path).unwrap();
        assert_eq!(Some(spots.len() as u64), expected["rows"].as_u64());
        let tissue = spots.iter().filter(|s| s.selected).count() as u64;
        assert_eq!(Some(tissue), expected["in_tissue"].as_u64());
        for (barcode, xy) in expected["pixel_xy"].as_object().unwrap() {
            let spot = spots.iter().find(|s| s.id == *barcode).unwrap();
            assert_eq!([Some(spot.center.x), Some(spot.center.y)], [xy[0].as_f64(), xy[1].as_f64()]);
        }
    }
    let path = shared.join("real_data/visiumio/binned_outputs/square_002um/spatial/tissue_positions.parquet");
    let spots = read_path(&path).unwrap();
    assert_eq!(spots.len(), 10);
    for spot in &spots {
        let [col, row] = spot.grid.unwrap();
        assert_eq!(spot.id, format!("s_002um_{row:05}_{col:05}-1"));
        assert!(spot.center.x > 2000.0 && spot.center.y > 2000.0);
    }
    assert_eq!(spots[0].center.x.floor(), 13608.0);
}

proptest! {
    #[test]
    fn mutated_tables_never_panic(at in 0usize..130, with in any::<u8>(), end in 0usize..140) {
        let mut bytes = format!("{HEADER}AAACAAGTATCTCCCA-1,1,50,102,7237,8230\n").into_bytes();
        if let Some(b) = bytes.get_mut(at) { *b = with; }
        bytes.truncate(end.max(1));
        for spot in read(&bytes).into_iter().flatten() {
            prop_assert!(spot.center.x.is_finite() && spot.center.y.is_finite());
        }
    }

    #[test]
    fn mutated_parquet_never_panics(changes in proptest::collection::vec((any::<u32>(), any::<u8>()), 1..4)) {
        let mut bytes = written("snappy");
        for (at, with) in changes {
            let at = at as usize % bytes.len();
            bytes[at] = with;
        }
        for spot in read(&bytes).into_iter().flatten() {
            prop_assert!(spot.center.x.is_finite() && spot.center.y.is_finite());
        }
    }
}

/// Sound Parquet files of all styles, and real ones.
fn sound_parquet() -> Vec<Vec<u8>> {
    let mut sound: Vec<Vec<u8>> = WRITTEN.iter().map(|(_, bytes)| bytes.to_vec()).collect();
    if let Some(shared) = testing::real_data() {
        let real = "real_data/visiumio/binned_outputs/square_002um/spatial/tissue_positions.parquet";
        sound.push(fs::read(shared.join(real)).unwrap());
    }
    sound
}

#[test]
#[ignore = "takes HISCMCL_FUZZ_MINUTES"]
fn damaged_parquet_never_panics_for_minutes() {
    let path = Path::new("p.parquet");
    let cancel = CancelToken::new();
    let stage = Task::Reading(String::new()).into();
    let context = Context { path, stage: &stage, progress: &Silent, cancel: &cancel };
    fuzz("parquet", sound_parquet(), |bytes| {
        let spots = context.read_parquet(Cursor::new(bytes));
        let finite = |s: &SpotRow| s.center.x.is_finite() && s.center.y.is_finite();
        assert!(spots.iter().flatten().all(finite));
        spots.is_ok()
    });
}

#[test]
#[ignore = "takes HISCMCL_FUZZ_MINUTES"]
fn damaged_position_tables_never_panic_for_minutes() {
    let path = Path::new("p.csv");
    let cancel = CancelToken::new();
    let stage = Task::Reading(String::new()).into();
    let context = Context { path, stage: &stage, progress: &Silent, cancel: &cancel };
    let rows = "AAACAAGTATCTCCCA-1,1,50,102,7237,8230\nAAACACCAATAACTGC-1,0,59,19,8315.5,2519\n";
    let mut sound = vec![rows.into(), format!("{HEADER}{rows}").into(), gzip(rows.as_bytes())];
    if let Some(shared) = testing::real_data() {
        let real = "real_data/visiumio/10xVisium/section1/outs/spatial/tissue_positions_list.csv";
        sound.push(fs::read(shared.join(real)).unwrap());
    }
    fuzz("positions", sound, |bytes| {
        let lines = Lines::from_reader(path, Cursor::new(bytes.to_vec()), bytes.len() as u64);
        let spots = lines.map_err(ReadError::from).and_then(|lines| context.read_text(lines));
        let spots = spots.and_then(|spots| context.check_repeats(&spots).map(|()| spots));
        let finite = |s: &SpotRow| s.center.x.is_finite() && s.center.y.is_finite() && s.grid.is_some();
        assert!(spots.iter().flatten().all(finite));
        spots.is_ok()
    });
}
