//! Damaged input gives one clear sentence, never a panic, and nothing is lost. A table: what is done to a
//! sound section or project, and what is said.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use hiscmcl::core::cancel::CancelToken;
use hiscmcl::core::files::{FileError, write_atomically};
use hiscmcl::core::progress::Silent;
use hiscmcl::data::open::open_section;
use hiscmcl::data::project::{Project, ProjectError, SectionEntry};
use hiscmcl::data::st::her2st::scan;
use hiscmcl::data::{gene_list, st::ReadError};

/// A sound section of 5 x 4 spots in the her2st layout.
struct Sound {
    dir: tempfile::TempDir,
}

const COUNTS: &str = "data/ST-cnts/C2.tsv.gz";
const SPOTS: &str = "data/ST-spotfiles/C2_selection.tsv";
const LABELS: &str = "data/ST-pat/lbl/C2_labeled_coordinates.tsv";
const IMAGE: &str = "data/ST-imgs/C/C2/HE.png";

impl Sound {
    fn new() -> Self {
        let sound = Self { dir: tempfile::tempdir().unwrap() };
        let mut counts = "\tERBB2\tGRB7\tIGKC\n".to_owned();
        let mut spots = "x\ty\tnew_x\tnew_y\tpixel_x\tpixel_y\tselected\n".to_owned();
        let mut labels = "Row.names\tx\ty\tpixel_x\tpixel_y\tlabel\n".to_owned();
        for x in 10..15 {
            for y in 20..24 {
                counts.push_str(&format!("{x}x{y}\t{}\t{}\t{}\n", x, y, x * y));
                let (px, py) = (40 * (x - 9), 40 * (y - 19));
                spots.push_str(&format!("{x}\t{y}\t{x}.02\t{y}.01\t{px}.5\t{py}.5\t1\n"));
                labels.push_str(&format!("a{x}{y}\t{x}.02\t{y}.01\t0\t0\tcancer\n"));
            }
        }
        sound.write(COUNTS, &gzip(counts.as_bytes()));
        sound.write(SPOTS, spots.as_bytes());
        sound.write(LABELS, labels.as_bytes());
        fs::create_dir_all(sound.path(IMAGE).parent().unwrap()).unwrap();
        image::RgbImage::new(240, 200).save(sound.path(IMAGE)).unwrap();
        sound
    }

    fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    fn write(&self, file: &str, bytes: &[u8]) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Changes the text of a file, unpacking and packing it where it is packed.
    fn edit(&self, file: &str, change: impl FnOnce(String) -> String) {
        let bytes = fs::read(self.path(file)).unwrap();
        if file.ends_with(".gz") {
            let mut text = String::new();
            std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut text).unwrap();
            self.write(file, &gzip(change(text).as_bytes()));
        } else {
            self.write(file, change(String::from_utf8(bytes).unwrap()).as_bytes());
        }
    }

    fn replace(&self, file: &str, from: &str, to: &str) {
        self.edit(file, |text| {
            assert!(text.contains(from), "{from:?} is not in {file}");
            text.replacen(from, to, 1)
        });
    }

    fn entry(&self) -> SectionEntry {
        scan(self.dir.path()).unwrap().sections.remove(0)
    }

    fn open(&self) -> Result<hiscmcl::data::section::Section, ReadError> {
        open_section(&self.entry(), &Silent, &CancelToken::new())
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_sound_section_opens() {
    let section = Sound::new().open().unwrap();
    assert_eq!((section.spots.len(), section.genes.len()), (20, 3));
    assert_eq!(section.mpp.0, 5.0);
    assert!(section.labels.unwrap().iter().all(Option::is_some));
}

/// What is damaged, how, and what is said ("*" stands for the folder).
type Case = (&'static str, fn(&Sound), &'static str);

const CASES: &[Case] = &[
    // Count tables.
    (
        "a truncated archive",
        |s| {
            let bytes = fs::read(s.path(COUNTS)).unwrap();
            s.write(COUNTS, &bytes[..bytes.len() - 20]);
        },
        "*/data/ST-cnts/C2.tsv.gz: the compressed file ends too early: it was cut off; copy or download it again",
    ),
    (
        "an archive of which only the start is there",
        |s| s.write(COUNTS, b"\x1f\x8b\x08"),
        "*/data/ST-cnts/C2.tsv.gz: the compressed file ends too early: it was cut off; copy or download it again",
    ),
    (
        "an archive with damage in the middle",
        |s| {
            let mut bytes = fs::read(s.path(COUNTS)).unwrap();
            let at = bytes.len() - 6;
            bytes[at] ^= 0x55;
            s.write(COUNTS, &bytes);
        },
        "*/data/ST-cnts/C2.tsv.gz: the compressed file is damaged and cannot be unpacked; copy or download it again",
    ),
    ("an empty count table", |s| s.write(COUNTS, b""), "*/data/ST-cnts/C2.tsv.gz: the file is empty"),
    ("an empty archive", |s| s.write(COUNTS, &gzip(b"")), "*/data/ST-cnts/C2.tsv.gz: the file is empty"),
    (
        "binary rubbish for counts",
        |s| s.write(COUNTS, &[7, 0, 255, 3, 9, 9, 1]),
        "*/data/ST-cnts/C2.tsv.gz: this is not a text table",
    ),
    (
        "an Excel workbook for counts",
        |s| s.write(COUNTS, b"PK\x03\x04\x14\0\x06\0"),
        "*/data/ST-cnts/C2.tsv.gz: this is an Excel workbook or a ZIP archive; save the table as tab-separated text",
    ),
    (
        "an image for counts",
        |s| {
            fs::copy(s.path(IMAGE), s.path(COUNTS)).unwrap();
        },
        "*/data/ST-cnts/C2.tsv.gz: this is an image, not a text table",
    ),
    (
        "a count table that is not UTF-8",
        |s| s.write(COUNTS, b"\tERBB2\tGRB7\n10x20\t1\t2\n10x21\t\xe9\t2\n"),
        "*/data/ST-cnts/C2.tsv.gz, line 3: the text is not UTF-8; save the file as UTF-8 text",
    ),
    (
        "a count table without its header",
        |s| s.edit(COUNTS, |t| t.split_once('\n').unwrap().1.to_owned()),
        "*/data/ST-cnts/C2.tsv.gz, line 1: the first line holds numbers; a header of gene names was expected",
    ),
    (
        "a header alone",
        |s| s.edit(COUNTS, |t| t.split_once('\n').unwrap().0.to_owned()),
        "*/data/ST-cnts/C2.tsv.gz: the table has a header but no spots",
    ),
    (
        "a column missing in the header",
        |s| s.replace(COUNTS, "\tIGKC", ""),
        "*/data/ST-cnts/C2.tsv.gz, line 2: the row has 4 cells where the header asks for 3; the table is incomplete",
    ),
    (
        "a column missing in a row",
        |s| s.replace(COUNTS, "10x22\t10\t22\t220", "10x22\t10\t22"),
        "*/data/ST-cnts/C2.tsv.gz, line 4: the row has 3 cells where the header asks for 4; the table is incomplete",
    ),
    (
        "a count table cut in a row",
        |s| s.edit(COUNTS, |t| t[..t.len() - 8].to_owned()),
        "*/data/ST-cnts/C2.tsv.gz, line 21: the row has 3 cells where the header asks for 4; the table is incomplete",
    ),
    (
        "a gene without a name",
        |s| s.replace(COUNTS, "GRB7", ""),
        "*/data/ST-cnts/C2.tsv.gz, line 1: column 3 of the header has no gene name",
    ),
    (
        "text for a count",
        |s| s.replace(COUNTS, "10x22\t10\t22", "10x22\t10\tmany"),
        "*/data/ST-cnts/C2.tsv.gz, line 4: the count of GRB7 in spot \"10x22\" is \"many\"; a whole number of 0 or more was expected",
    ),
    (
        "nothing for a count",
        |s| s.replace(COUNTS, "10x22\t10\t22", "10x22\t10\t"),
        "*/data/ST-cnts/C2.tsv.gz, line 4: the count of GRB7 in spot \"10x22\" is \"\"; a whole number of 0 or more was expected",
    ),
    (
        "a negative count",
        |s| s.replace(COUNTS, "10x22\t10\t22", "10x22\t10\t-22"),
        "*/data/ST-cnts/C2.tsv.gz, line 4: the count of GRB7 in spot \"10x22\" is \"-22\"; counts cannot be negative, so give raw counts",
    ),
    (
        "a fractional count",
        |s| s.replace(COUNTS, "10x22\t10\t22", "10x22\t10\t2.2"),
        "*/data/ST-cnts/C2.tsv.gz, line 4: the count of GRB7 in spot \"10x22\" is \"2.2\"; counts are whole numbers, so give raw counts, not normalised values",
    ),
    (
        "NaN for a count",
        |s| s.replace(COUNTS, "10x22\t10\t22", "10x22\t10\tNaN"),
        "*/data/ST-cnts/C2.tsv.gz, line 4: the count of GRB7 in spot \"10x22\" is \"NaN\"; a whole number of 0 or more was expected",
    ),
    (
        "a huge count",
        |s| s.replace(COUNTS, "10x22\t10\t22", "10x22\t10\t4000000000000"),
        "*/data/ST-cnts/C2.tsv.gz, line 4: the count of GRB7 in spot \"10x22\" is \"4000000000000\"; no real count is so large",
    ),
    (
        "a spot twice in the counts",
        |s| s.replace(COUNTS, "10x22", "10x21"),
        "*/data/ST-cnts/C2.tsv.gz, line 4: spot \"10x21\" was already on line 3",
    ),
    (
        "genes for rows",
        |s| s.write(COUNTS, b"\t10x20\t10x21\nERBB2\t1\t2\n"),
        "*/data/ST-cnts/C2.tsv.gz, line 1: the header holds spots, not genes; the table must have one row a spot, so transpose it",
    ),
    (
        "counts of another section",
        |s| s.edit(COUNTS, |t| t.replace("\n1", "\n3")),
        "*/data/ST-cnts/C2.tsv.gz: none of the 20 spots (such as \"30x20\") is among the 20 spots (such as \"10x20\") of C2_selection.tsv; the two files may be of different sections",
    ),
    (
        "counts that are all zero",
        |s| {
            s.edit(COUNTS, |t| {
                t.lines()
                    .enumerate()
                    .map(|(i, l)| match i {
                        0 => format!("{l}\n"),
                        _ => format!("{}\t0\t0\t0\n", l.split('\t').next().unwrap()),
                    })
                    .collect()
            })
        },
        "*/data/ST-cnts/C2.tsv.gz: none of the 20 spots is under tissue and has counts",
    ),
    // Spot files.
    (
        "an empty spot file",
        |s| s.write(SPOTS, b""),
        "*/data/ST-spotfiles/C2_selection.tsv: the file is empty",
    ),
    (
        "a spot file without pixel columns",
        |s| s.edit(SPOTS, |t| t.replace("pixel_", "p")),
        "*/data/ST-spotfiles/C2_selection.tsv, line 1: there is no column pixel_x; the columns must include x, y, pixel_x and pixel_y",
    ),
    (
        "a spot without pixels",
        |s| s.replace(SPOTS, "80.5\t40.5", "\t"),
        "*/data/ST-spotfiles/C2_selection.tsv, line 6: spot \"11x20\" has no pixel position",
    ),
    (
        "a spot with NaN pixels",
        |s| s.replace(SPOTS, "80.5\t40.5", "nan\tnan"),
        "*/data/ST-spotfiles/C2_selection.tsv, line 6: spot \"11x20\" has no pixel position",
    ),
    (
        "text for a pixel",
        |s| s.replace(SPOTS, "80.5\t40.5", "left\t40.5"),
        "*/data/ST-spotfiles/C2_selection.tsv, line 6: pixel_x of spot \"11x20\" is \"left\"; a number was expected",
    ),
    (
        "a spot off the slide",
        |s| s.replace(SPOTS, "80.5\t40.5", "980.5\t40.5"),
        "*/data/ST-spotfiles/C2_selection.tsv, line 6: spot \"11x20\" at pixel (980, 40) is off the slide HE.png of 240 x 200 pixels; the spot file may be for another size of this image",
    ),
    (
        "a spot file for a larger image",
        |s| image::RgbImage::new(60, 50).save(s.path(IMAGE)).unwrap(),
        "*/data/ST-spotfiles/C2_selection.tsv, line 3: spot \"10x21\" at pixel (40, 80) (and 18 others) is off the slide HE.png of 60 x 50 pixels; the spot file may be for another size of this image",
    ),
    (
        "a spot twice in the spot file",
        |s| s.replace(SPOTS, "10\t21\t", "10\t20\t"),
        "*/data/ST-spotfiles/C2_selection.tsv, line 3: spot \"10x20\" was already on line 2",
    ),
    (
        "a row cut in the spot file",
        |s| s.edit(SPOTS, |t| t[..t.len() - 10].to_owned()),
        "*/data/ST-spotfiles/C2_selection.tsv, line 21: the row has 6 cells where the header has 7",
    ),
    (
        "binary rubbish for spots",
        |s| s.write(SPOTS, &[0, 1, 2, 3, 200, 201]),
        "*/data/ST-spotfiles/C2_selection.tsv: this is not a text table",
    ),
    (
        "spots on one pixel",
        |s| {
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
        },
        "*/data/ST-spotfiles/C2_selection.tsv: too few spots to infer the resolution of the slide; enter its micrometres per pixel",
    ),
    (
        "array coordinates for pixels",
        |s| {
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
        },
        "*/data/ST-spotfiles/C2_selection.tsv: neighbouring spots are 1.00 pixels apart, which would mean 200.000 um per pixel; check the pixel columns, or enter the micrometres per pixel of the slide",
    ),
    // Images.
    (
        "an image that is not one",
        |s| s.write(IMAGE, b"not an image at all"),
        "*/data/ST-imgs/C/C2/HE.png: this is not a JPEG, PNG or TIFF image, or it is damaged",
    ),
    (
        "an empty image",
        |s| s.write(IMAGE, b""),
        "*/data/ST-imgs/C/C2/HE.png: this is not a JPEG, PNG or TIFF image, or it is damaged",
    ),
    (
        "an image cut in its header",
        |s| {
            let bytes = fs::read(s.path(IMAGE)).unwrap();
            s.write(IMAGE, &bytes[..20]);
        },
        "*/data/ST-imgs/C/C2/HE.png: this is not a JPEG, PNG or TIFF image, or it is damaged",
    ),
    // Labels.
    (
        "labels without their column",
        |s| s.replace(LABELS, "\tlabel", "\tcolour"),
        "*/data/ST-pat/lbl/C2_labeled_coordinates.tsv, line 1: there is no column label; the columns must include x, y and label",
    ),
    (
        "text for a label's position",
        |s| s.replace(LABELS, "10.02\t21.01", "ten\t21.01"),
        "*/data/ST-pat/lbl/C2_labeled_coordinates.tsv, line 3: x is \"ten\"; a number was expected",
    ),
];

#[test]
fn damaged_sections_say_what_is_wrong() {
    for (name, damage, expected) in CASES {
        let sound = Sound::new();
        damage(&sound);
        let said = match sound.open() {
            Ok(_) => panic!("{name}: opened as if nothing were wrong"),
            Err(e) => e.to_string(),
        };
        let expected = expected.replace('*', &sound.dir.path().display().to_string());
        assert_eq!(said, expected, "{name}");
        assert!(!said.contains('\n'), "{name}: more than one line");
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
        Ok(_) => println!("skipped: this user may read every folder"),
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

#[test]
fn damaged_projects_say_what_is_wrong_and_stay_as_they_are() {
    let sound = Sound::new();
    let mut project = Project::new();
    project.add(sound.entry()).unwrap();
    let path = sound.path("p.hiscmcl");
    project.save(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let at = path.display();
    let edited = |from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        text.replacen(from, to, 1).into_bytes()
    };
    let cases: Vec<(&str, Vec<u8>, String)> = vec![
        (
            "cut off",
            text.as_bytes()[..text.len() / 2].to_vec(),
            format!(
                "{at}, line 7: the project file ends too early: it was cut off; take a copy of it if there is one"
            ),
        ),
        ("empty", Vec::new(), format!("{at}: the file is empty")),
        (
            "not JSON",
            b"\tERBB2\n10x21\t1\n".to_vec(),
            format!("{at}, line 1: this is not a HisCMCL project (expected value)"),
        ),
        (
            "binary",
            vec![0, 159, 146, 150],
            format!("{at}, line 1: this is not a HisCMCL project (expected value)"),
        ),
        (
            "another JSON file",
            b"{\"a\": 1}".to_vec(),
            format!("{at}: this is not a HisCMCL project: it has no version"),
        ),
        (
            "of a newer version",
            edited("\"version\": 1", "\"version\": 7"),
            format!(
                "{at} was saved by a newer HisCMCL (format 7, this one knows 1); update HisCMCL to open it, the file was left as it is"
            ),
        ),
        (
            "a number for a name",
            edited("\"name\": \"C2\"", "\"name\": 2"),
            format!(
                "{at}, line 5: this is not as a project has it: invalid type: integer `2`, expected a string"
            ),
        ),
        (
            "a section without counts",
            edited("\"counts\"", "\"numbers\""),
            format!("{at}, line 11: this is not as a project has it: missing field `counts`"),
        ),
        (
            "a section without a name",
            edited("\"name\": \"C2\"", "\"name\": \"\""),
            format!("{at}: a section needs a name"),
        ),
    ];
    for (name, bytes, expected) in cases {
        fs::write(&path, &bytes).unwrap();
        assert_eq!(Project::load(&path).unwrap_err().to_string(), expected, "{name}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "{name}: the file was changed");
    }
    let says = |path: &Path| Project::load(path).unwrap_err().to_string();
    assert_eq!(says(sound.dir.path()), format!("Cannot read {}: it is a folder", sound.dir.path().display()));
}

#[test]
fn what_cannot_be_saved_leaves_the_old_project() {
    let sound = Sound::new();
    let path = sound.path("p.hiscmcl");
    let mut project = Project::new();
    project.save(&path).unwrap();
    let old = fs::read(&path).unwrap();

    // Two sections of one name never reach the file.
    project.sections = vec![sound.entry(), sound.entry()];
    assert!(matches!(project.save(&path), Err(ProjectError::NameTaken { .. })));
    assert_eq!(fs::read(&path).unwrap(), old);

    // A folder that is a file.
    let inside = path.join("q.hiscmcl");
    let text = Project::new().save(&inside).unwrap_err().to_string();
    assert!(text.starts_with(&format!("Cannot write {}: ", inside.display())), "{text}");
    assert_eq!(fs::read(&path).unwrap(), old);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_called_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("p.hiscmcl");
    fs::write(&path, "old").unwrap();
    // /dev/full refuses every byte as a full disk does.
    let mut full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let refused = write_atomically(&path, |w| {
        w.write_all(b"half").map_err(FileError::io("write", &path))?;
        full.write_all(b"rest").map_err(FileError::io("write", &path))
    });
    assert_eq!(
        refused.unwrap_err().to_string(),
        format!("Cannot write {}: the disk is full", path.display())
    );
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "a temporary file was left");
}

/// Saves a project of many sections where `HISCMCL_FULL_DISK` says; run by the test below in a file system of
/// its own.
#[test]
fn child_saving_on_a_full_disk() {
    let Some(folder) = std::env::var_os("HISCMCL_FULL_DISK") else { return };
    let path = Path::new(&folder).join("p.hiscmcl");
    let mut project = Project::new();
    project.save(&path).unwrap();
    let old = fs::read(&path).unwrap();
    project.panels.push(hiscmcl::data::panels::Panel::new("large", "", &["A".repeat(400_000)]));
    let error = project.save(&path).unwrap_err();
    assert_eq!(error.to_string(), format!("Cannot write {}: the disk is full", path.display()));
    assert_eq!(fs::read(&path).unwrap(), old);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "a temporary file was left");
    println!("the disk was full");
}

#[cfg(target_os = "linux")]
#[test]
fn saving_on_a_really_full_disk_keeps_the_old_project() {
    let dir = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=128k none \"$HISCMCL_FULL_DISK\" || exit 77; \
                  exec \"$0\" --exact child_saving_on_a_full_disk --nocapture";
    let run = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .env("HISCMCL_FULL_DISK", dir.path())
        .output();
    match run {
        Ok(out) if out.status.success() => {
            assert!(String::from_utf8_lossy(&out.stdout).contains("the disk was full"));
        }
        Ok(out) if out.status.code() == Some(101) => {
            panic!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        }
        _ => println!("skipped: no file system of one's own can be made here"),
    }
}

#[test]
fn damaged_gene_lists_say_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("genes.csv");
    let at = path.display();
    for (name, bytes, expected) in [
        ("empty", &b""[..], format!("{at}: there is no gene in the file")),
        ("a header alone", b"gene,mean\n", format!("{at}: there is no gene in the file")),
        ("binary", b"\x1f\x8b\x08\0\0", format!("{at}: this is not a text file with gene names")),
        ("not UTF-8", b"ERBB2\n\xe9\n", format!("{at}: the text is not UTF-8; save the file as UTF-8 text")),
        ("numbers", b"1.5\n2\n", format!("{at}, line 1: \"1.5\" cannot be the name of a gene")),
    ] {
        fs::write(&path, bytes).unwrap();
        assert_eq!(gene_list::read(&path).unwrap_err().to_string(), expected, "{name}");
    }
}
