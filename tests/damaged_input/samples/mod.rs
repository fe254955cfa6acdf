//! Damaged samples of every kind that is not legacy ST, opened as users open them: recognised from the folder or
//! file, added, read, and the slide decoded. A table for each kind: what is done to a sound sample.

mod anndata;
mod hdf5;
mod made;
mod matrices;
mod spatial;

use std::sync::Mutex;

use hiscmcl::core::cancel::CancelToken;
use hiscmcl::core::progress::{Progress, Silent, Stage};
use hiscmcl::data::candidates;
use hiscmcl::data::open::open_section;
use hiscmcl::data::section::Section;
use hiscmcl::data::slide::Slide;
use made::Sample;

use super::said_of;

/// What is damaged, and how.
type Case = (&'static str, fn(&Sample));

/// Makes a sound sample.
type Make = fn() -> Sample;

/// What is noted while a sample is opened.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Progress for Notes {
    fn report(&self, _: &Stage, _: u64, _: u64) {}
    fn note(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }
}

/// The section of a sample, or the sentence that the user reads; what is noted on the way goes to `notes`.
fn open(sample: &Sample, notes: &Notes) -> Result<Section, String> {
    let (found, told) =
        candidates::find(&[sample.opened()], &Silent, &CancelToken::new()).map_err(|e| e.to_string())?;
    told.iter().for_each(|note| notes.note(note));
    let Some(candidate) = found.into_iter().find(|c| c.chosen) else {
        return Err("nothing was added".into());
    };
    if let Some(refused) = &candidate.refused {
        return Err(format!("{}; cannot be used: {refused}", candidate.line));
    }
    let section = open_section(&candidate.entry, notes, &CancelToken::new()).map_err(|e| e.to_string())?;
    if !candidate.entry.has_image() {
        return Err(format!("{}; opened on a blank ground", candidate.line));
    }
    Slide::open(&section.slide, &Silent, &CancelToken::new()).map_err(|e| e.to_string())?;
    Ok(section)
}

/// Compares what is said of every case of a table, notes first, with the snapshot `kind`.
fn check(kind: &str, make: Make, cases: &[Case]) {
    let mut every = String::new();
    for (what, damage) in cases {
        let sample = make();
        damage(&sample);
        let notes = Notes::default();
        let said = open(&sample, &notes).map_or_else(|said| said, |_| "it opened".to_owned());
        let mut all = notes.0.into_inner().unwrap();
        all.push(said);
        every.push_str(&said_of(what, &all.join(" | "), sample.folder()));
    }
    insta::assert_snapshot!(kind, every);
}

#[test]
fn sound_samples_open() {
    let samples: [(Make, f64, bool); 6] = [
        (made::visium, 1.25, true),
        (made::visium_v2, 1.25, true),
        (made::visium_mtx, 1.25, true),
        (made::visium_hd, 2.6667, false),
        (made::anndata, 1.25, false),
        (made::hest, 1.0, false),
    ];
    for (make, mpp, labelled) in samples {
        let sample = make();
        let section = open(&sample, &Notes::default()).unwrap();
        let opened = sample.opened();
        let of = opened.display();
        assert_eq!((section.spots.len() > 30, section.genes.len()), (true, 3), "{of}");
        assert!((section.mpp.0 / mpp - 1.0).abs() < 0.01, "{of}: {}", section.mpp.0);
        assert_eq!(section.labels.is_some(), labelled, "{of}");
    }
}
