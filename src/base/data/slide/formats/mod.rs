//! What a TIFF file is: one classifier for every scanner, by content.

mod aperio;
mod generic;
mod hamamatsu;
mod leica;
mod ome;
mod ome_xml;
mod philips;
mod resolution;
mod ventana;
mod xml;

use std::sync::Arc;

use super::SlideError;
use super::bytes::ByteSource;
use super::levels::{Page, Strips, TiffLevel, TiffPyramid};
use super::tiff::{Directory, Form, Problem, TiffError, TiffFile, tags};

/// Opens a TIFF file of whatever kind.
///
/// # Errors
/// [`SlideError`] when it is damaged, holds no slide, or is of a kind that cannot be read.
pub fn open_tiff(bytes: Arc<ByteSource>) -> Result<TiffPyramid, SlideError> {
    let file = TiffFile::open(bytes)?;
    let Some(first) = file.directories().first() else {
        return Err(TiffError::file(file.path(), Problem::NoDirectories).into());
    };
    if file.form() == Form::Ndpi {
        return hamamatsu::open(file);
    }
    let description = first.text(&file, tags::IMAGE_DESCRIPTION);
    let description = description.trim_start_matches('\u{feff}').trim();
    if description.starts_with("Aperio") {
        return aperio::open(file);
    }
    if philips::is_philips(description) {
        let description = description.to_owned();
        return philips::open(file, &description);
    }
    if leica::is_leica(description) {
        let description = description.to_owned();
        return leica::open(file, &description);
    }
    if ome_xml::is_ome(description) {
        let description = description.to_owned();
        return ome::open(file, &description);
    }
    if let Some(scan) = ventana::scan_info(&file) {
        return ventana::open(file, &scan);
    }
    generic::open(file)
}

/// Whether the largest image of a file has a single channel, as far as its directories tell.
pub fn is_grey_tiff(file: &TiffFile) -> bool {
    let Some(first) = file.directories().first() else { return false };
    let words = description(file, first);
    if ome_xml::is_ome(&words) {
        let images = ome_xml::images(&words).unwrap_or_default();
        let largest = images.iter().max_by_key(|i| u64::from(i.size.0) * u64::from(i.size.1));
        return largest.is_some_and(|i| i.channels.saturating_mul(i.samples) < 3);
    }
    let number = |tag, default| first.number_or(file, tag, default).unwrap_or(default);
    number(tags::SAMPLES_PER_PIXEL, 1) < 3 && number(tags::PHOTOMETRIC, 1) < 2
}

/// `page` as a level.
fn level(page: Page) -> Box<dyn TiffLevel> {
    Strips::or_tiles(page)
}

/// The kind of image that words about it name, where it is one that is never shown.
fn associated_kind(words: &str) -> Option<&'static str> {
    let words = words.to_lowercase();
    let kinds = [("label", "label"), ("macro", "macro"), ("overview", "macro"), ("thumbnail", "thumbnail")];
    kinds.into_iter().find(|(word, _)| words.contains(word)).map(|(_, kind)| kind)
}

/// The kind of image that a description names: Akoya's has an element for it, others are short. What a long one says
/// besides is no name.
fn described_kind(words: &str) -> Option<&'static str> {
    const MAX_LENGTH: usize = 256;
    let named = words.split_once("<ImageType>").and_then(|(_, rest)| rest.split_once("</ImageType>"));
    match named {
        Some((kind, _)) => associated_kind(kind),
        None if words.len() <= MAX_LENGTH => associated_kind(words),
        None => None,
    }
}

/// The text of a directory's image description.
fn description(file: &TiffFile, directory: &Directory) -> String {
    directory.text(file, tags::IMAGE_DESCRIPTION)
}
