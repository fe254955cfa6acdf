//! What OpenSlide reads, where its library is: that the environment names (`HISCMCL_OPENSLIDE`), or the system's.

use super::fixtures::{folder, mean_difference, open, read_rect};
use crate::core::cancel::CancelToken;
use crate::core::progress::Silent;
use crate::data::slide::*;

#[test]
fn openslide_reads_what_this_does_not() {
    let path = folder().join("ventana_overlaps.bif");
    let opened = open_source(&path, &OpenOptions::default(), &Silent, &CancelToken::new());
    let Some(version) = openslide_version() else {
        let text = opened.unwrap_err().to_string();
        assert!(text.contains("tiles overlap; install OpenSlide 4 (openslide.org)"), "{text}");
        println!("OpenSlide is not there");
        return;
    };
    println!("OpenSlide {version}");
    let slide = opened.unwrap();
    let info = slide.info();
    assert_eq!(info.format.to_string(), "Ventana BIF");
    assert_eq!((info.magnification, info.mpp.map(|m| m.0)), (Some(20.0), Some(0.465)));
    // Three tiles that overlap by 6 pixels are narrower than three that do not.
    assert!(info.size().0 < 384, "{:?}", info.size());
    super::support::read_all(slide.as_ref()).unwrap();

    // The same slide through both readers.
    for name in ["aperio.svs", "hamamatsu.ndpi", "leica.scn", "philips.tiff"] {
        let path = folder().join(name);
        let through = openslide::open(&path).unwrap().unwrap();
        let own = open(&path).unwrap();
        assert_eq!(through.info().size(), own.info().size(), "{name}");
        let near = |a: Option<f64>, b: Option<f64>| a.zip(b).is_none_or(|(a, b)| (a / b - 1.0).abs() < 1e-3);
        assert!(near(through.info().mpp.map(|m| m.0), own.info().mpp.map(|m| m.0)), "{name}");
        let (width, height) = own.info().size();
        let whole = |s: &dyn SlideSource| read_rect(s, 0, 0, 0, width, height).unwrap();
        let difference = mean_difference(&whole(through.as_ref()).rgb, &whole(own.as_ref()).rgb);
        println!("{name}: {difference:.3}");
        assert!(difference < 1.0, "{name}: {difference}");
    }
}

#[test]
fn a_place_without_the_library_is_not_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("libopenslide.so.1");
    std::fs::write(&path, b"nonsense").unwrap();
    let before = openslide_version();
    for place in [dir.path(), &path, &dir.path().join("absent.so")] {
        let text = use_openslide_at(place).unwrap_err().to_string();
        assert!(text.starts_with(&place.display().to_string()), "{text}");
        assert!(text.contains("this is not the library of OpenSlide 4"), "{text}");
    }
    assert_eq!(openslide_version(), before, "what was used before stays");
}
