//! Damaged input gives one clear sentence, never a panic, and nothing is lost. The sentences are in `snapshots`; after a
//! change of words, look through what `cargo insta review` shows, or run with `INSTA_UPDATE=always` and read the difference.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod projects;
mod samples;
mod saving;
mod sections;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use hiscmcl::core::cancel::CancelToken;
use hiscmcl::core::progress::Silent;
use hiscmcl::data::open::open_section;
use hiscmcl::data::project::SectionEntry;
use hiscmcl::data::section::Section;
use hiscmcl::data::st::ReadError;
use hiscmcl::data::st::her2st::scan;

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

    fn open(&self) -> Result<Section, ReadError> {
        open_section(&self.entry(), &Silent, &CancelToken::new())
    }
}

/// A case as a snapshot shows it: what is damaged, and below what is said of it, with "*" for the folder.
fn said_of(what: &str, said: &str, folder: &Path) -> String {
    format!("{what}\n    {}\n", said.replace(&folder.display().to_string(), "*"))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
