//! Damaged count tables, spot files, images and labels. A table: what is done to a sound section.

use std::fs;
use std::path::Path;
use std::process::Command;

use hiscmcl::core::cancel::CancelToken;
use hiscmcl::core::progress::Silent;
use hiscmcl::data::open::open_section;
use hiscmcl::data::st::ReadError;
use hiscmcl::data::st::her2st::scan;
use proptest::prelude::*;

use super::{COUNTS, IMAGE, LABELS, SPOTS, Sound, gzip, said_of};

#[test]
fn a_sound_section_opens() {
    let section = Sound::new().open().unwrap();
    assert_eq!((section.spots.len(), section.genes.len()), (20, 3));
    assert_eq!(section.mpp.0, 5.0);
    assert!(section.labels.unwrap().iter().all(Option::is_some));
}

/// What is damaged, and how.
type Case = (&'static str, fn(&Sound));

const CASES: &[Case] = &[
    // Count tables.
    ("a truncated archive", |s| {
        let bytes = fs::read(s.path(COUNTS)).unwrap();
        s.write(COUNTS, &bytes[..bytes.len() - 20]);
    }),
    ("an archive of which only the start is there", |s| s.write(COUNTS, b"\x1f\x8b\x08")),
    ("an archive with damage in the middle", |s| {
        let mut bytes = fs::read(s.path(COUNTS)).unwrap();
        let at = bytes.len() - 6;
        bytes[at] ^= 0x55;
        s.write(COUNTS, &bytes);
    }),
    ("an empty count table", |s| s.write(COUNTS, b"")),
    ("an empty archive", |s| s.write(COUNTS, &gzip(b""))),
    ("binary rubbish for counts", |s| s.write(COUNTS, &[7, 0, 255, 3, 9, 9, 1])),
    ("an Excel workbook for counts", |s| s.write(COUNTS, b"PK\x03\x04\x14\0\x06\0")),
    ("an image for counts", |s| {
        fs::copy(s.path(IMAGE), s.path(COUNTS)).unwrap();
    }),
    ("a count table that is not UTF-8", |s| s.write(COUNTS, b"\tERBB2\tGRB7\n10x20\t1\t2\n10x21\t\xe9\t2\n")),
    ("a count table without its header", |s| s.edit(COUNTS, |t| t.split_once('\n').unwrap().1.to_owned())),
    ("a header alone", |s| s.edit(COUNTS, |t| t.split_once('\n').unwrap().0.to_owned())),
    ("a column missing in the header", |s| s.replace(COUNTS, "\tIGKC", "")),
    ("a column missing in a row", |s| s.replace(COUNTS, "10x22\t10\t22\t220", "10x22\t10\t22")),
    ("a count table cut in a row", |s| s.edit(COUNTS, |t| t[..t.len() - 8].to_owned())),
    ("a gene without a name", |s| s.replace(COUNTS, "GRB7", "")),
    ("text for a count", |s| s.replace(COUNTS, "10x22\t10\t22", "10x22\t10\tmany")),
    ("nothing for a count", |s| s.replace(COUNTS, "10x22\t10\t22", "10x22\t10\t")),
    ("a negative count", |s| s.replace(COUNTS, "10x22\t10\t22", "10x22\t10\t-22")),
    ("a fractional count", |s| s.replace(COUNTS, "10x22\t10\t22", "10x22\t10\t2.2")),
    ("NaN for a count", |s| s.replace(COUNTS, "10x22\t10\t22", "10x22\t10\tNaN")),
    ("a huge count", |s| s.replace(COUNTS, "10x22\t10\t22", "10x22\t10\t4000000000000")),
    ("a spot twice in the counts", |s| s.replace(COUNTS, "10x22", "10x21")),
    ("genes for rows", |s| s.write(COUNTS, b"\t10x20\t10x21\nERBB2\t1\t2\n")),
    ("counts of another section", |s| s.edit(COUNTS, |t| t.replace("\n1", "\n3"))),
    ("counts that are all zero", |s| {
        s.edit(COUNTS, |t| {
            t.lines()
                .enumerate()
                .map(|(i, l)| match i {
                    0 => format!("{l}\n"),
                    _ => format!("{}\t0\t0\t0\n", l.split('\t').next().unwrap()),
                })
                .collect()
        })
    }),
    // Spot files.
    ("an empty spot file", |s| s.write(SPOTS, b"")),
    ("a spot file without pixel columns", |s| s.edit(SPOTS, |t| t.replace("pixel_", "p"))),
    ("a spot without pixels", |s| s.replace(SPOTS, "80.5\t40.5", "\t")),
    ("a spot with NaN pixels", |s| s.replace(SPOTS, "80.5\t40.5", "nan\tnan")),
    ("text for a pixel", |s| s.replace(SPOTS, "80.5\t40.5", "left\t40.5")),
    ("a spot off the slide", |s| s.replace(SPOTS, "80.5\t40.5", "980.5\t40.5")),
    ("a spot file for a larger image", |s| image::RgbImage::new(60, 50).save(s.path(IMAGE)).unwrap()),
    ("a spot twice in the spot file", |s| s.replace(SPOTS, "10\t21\t", "10\t20\t")),
    ("a row cut in the spot file", |s| s.edit(SPOTS, |t| t[..t.len() - 10].to_owned())),
    ("binary rubbish for spots", |s| s.write(SPOTS, &[0, 1, 2, 3, 200, 201])),
    ("spots on one pixel", |s| {
        s.edit(SPOTS, |t| {
            t.lines()
                .enumerate()
                .map(|(i, l)| {
                    let mut cells: Vec<&str> = l.split('\t').collect();
                    if i > 0 {
                        (cells[4], cells[5]) = ("9", "9");
                    }
                    cells.join("\t") + "\n"
                })
                .collect()
        })
    }),
    ("array coordinates for pixels", |s| {
        s.edit(SPOTS, |t| {
            t.lines()
                .enumerate()
                .map(|(i, l)| {
                    let mut cells: Vec<&str> = l.split('\t').collect();
                    if i > 0 {
                        (cells[4], cells[5]) = (cells[0], cells[1]);
                    }
                    cells.join("\t") + "\n"
                })
                .collect()
        })
    }),
    // Images.
    ("an image that is not one", |s| s.write(IMAGE, b"not an image at all")),
    ("an empty image", |s| s.write(IMAGE, b"")),
    ("an image cut in its header", |s| {
        let bytes = fs::read(s.path(IMAGE)).unwrap();
        s.write(IMAGE, &bytes[..20]);
    }),
    // Labels.
    ("labels without their column", |s| s.replace(LABELS, "\tlabel", "\tcolour")),
    ("text for a label's position", |s| s.replace(LABELS, "10.02\t21.01", "ten\t21.01")),
];

#[test]
fn damaged_sections_say_what_is_wrong() {
    let mut all = String::new();
    for (what, damage) in CASES {
        let sound = Sound::new();
        damage(&sound);
        let Err(error) = sound.open() else { panic!("{what}: it opened as if nothing were wrong") };
        all.push_str(&said_of(what, &error.to_string(), sound.dir.path()));
    }
    insta::assert_snapshot!("sections", all);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_byte_may_change_without_a_panic(
        file in 0usize..4, at in 0.0f64..1.0, with in any::<u8>(), cut in proptest::option::of(0.0f64..1.0),
    ) {
        let sound = Sound::new();
        let entry = sound.entry();
        let path = sound.path([COUNTS, SPOTS, LABELS, IMAGE][file]);
        let mut bytes = fs::read(&path).unwrap();
        let place = |share: f64| (bytes.len() as f64 * share) as usize;
        let (at, cut) = (place(at), cut.map(place));
        bytes[at] = with;
        bytes.truncate(cut.unwrap_or(usize::MAX));
        fs::write(&path, bytes).unwrap();
        match open_section(&entry, &Silent, &CancelToken::new()) {
            Ok(s) => {
                prop_assert_eq!((s.counts.rows(), s.counts.cols()), (s.spots.len(), s.genes.len()));
                prop_assert!(s.spots.iter().all(|p| p.center.x.is_finite() && p.center.y.is_finite()));
                prop_assert!(s.labels.is_none_or(|l| l.len() == s.spots.len()));
            }
            Err(e) => prop_assert!(!e.to_string().contains('\n')),
        }
    }
}

#[test]
fn files_that_are_gone_or_folders_are_named() {
    let sound = Sound::new();
    let entry = sound.entry();
    for file in [COUNTS, SPOTS, IMAGE] {
        let path = sound.path(file);
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let open = || open_section(&entry, &Silent, &CancelToken::new()).unwrap_err();
        let gone = open();
        assert!(matches!(gone, ReadError::Missing(_)));
        assert!(gone.to_string().ends_with(&format!("is not at {}; say where it is now", path.display())));
        fs::create_dir(&path).unwrap();
        assert_eq!(open().to_string(), format!("Cannot read {}: it is a folder", path.display()));
        fs::remove_dir(&path).unwrap();
        fs::write(&path, bytes).unwrap();
    }
}

/// Runs a test of this file again as a user that may not read every folder, as root may.
#[cfg(unix)]
fn without_root(test: &str) {
    const AGAIN: &str = "HISCMCL_WITHOUT_ROOT";
    assert!(std::env::var_os(AGAIN).is_none(), "a folder without permissions was read");
    let run = Command::new("unshare")
        .arg("--user")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .env(AGAIN, "1")
        .output();
    match run {
        Ok(out) if out.status.success() => {
            let told = String::from_utf8_lossy(&out.stdout).into_owned();
            assert!(told.contains("1 passed"), "there is no test {test}: {told}");
        }
        Ok(out) if out.status.code() == Some(101) => panic!("{}", String::from_utf8_lossy(&out.stdout)),
        _ => println!("skipped: this user may read every folder"),
    }
}

#[cfg(unix)]
#[test]
fn an_unreadable_folder_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let sound = Sound::new();
    let folder = sound.path("data/ST-cnts");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o000)).unwrap();
    let result = scan(sound.dir.path());
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    match result {
        Err(e) => assert_eq!(e.to_string(), format!("Cannot list {}: permission denied", folder.display())),
        Ok(_) => without_root("damaged_input::sections::an_unreadable_folder_is_named"),
    }
    let says = |path: &Path| scan(path).unwrap_err().to_string();
    let gone = sound.path("gone");
    assert_eq!(says(&gone), format!("Cannot open {}: it is not there", gone.display()));
    let file = sound.path(SPOTS);
    assert_eq!(
        says(&file),
        format!("{}: this is a file; choose the folder that holds ST-cnts", file.display())
    );
}
