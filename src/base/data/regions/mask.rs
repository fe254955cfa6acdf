//! A picture of which class each pixel has, for other programs.

use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;

use super::class::{Class, ClassName, Classes};
use super::edges::Edges;
use super::region::Region;
use super::set::RegionSet;
use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::csv::CsvTable;
use crate::core::files::{FileError, write_atomically};
use crate::core::geometry::Mpp;
use crate::core::progress::{Progress, Stage, Task};

/// The most pixels of a mask: a slide 100,000 pixels wide and high, eight times reduced.
pub const MAX_PIXELS: u64 = 160_000_000;
/// The most classes of a mask of indices; index 0 is what has no class.
pub const MAX_INDEXED: usize = 255;

/// What the pixels of a mask hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MaskKind {
    /// The index of the class, from 1, with a palette of the colours: 0 is what has no class.
    #[default]
    Index,
    /// The colour of the class: black is what has no class.
    Rgb,
}

/// How a mask is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MaskOptions {
    /// Width and height of the slide in pixels.
    pub slide_size: (u32, u32),
    /// Slide pixels per pixel of the mask, 1 or more.
    pub downsample: f64,
    /// Resolution of the slide, which the file then says, too.
    pub mpp: Option<Mpp>,
    /// What its pixels hold.
    pub kind: MaskKind,
}

/// A mask could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MaskError {
    /// It would have too many pixels; the smallest downsample at which it has not.
    #[error("The mask would have {megapixels:.0} megapixels. Choose a downsample of {least:.0} or more.")]
    TooLarge {
        /// Millions of pixels.
        megapixels: f64,
        /// The smallest whole downsample that is possible.
        least: f64,
    },
    /// The downsample is not a number of 1 or more, or the slide has no pixels.
    #[error("The downsample {0} is not possible. Enter a number of 1 or more.")]
    Downsample(f64),
    /// There are more classes than a mask of indices can hold.
    #[error(
        "A mask of indices holds up to {MAX_INDEXED} classes, and there are {0}. Choose a mask of colours."
    )]
    TooManyClasses(usize),
    /// No region has a class.
    #[error("There are no regions with a class. Give the regions a class first.")]
    NoClasses,
    /// The file could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Stopped by the user.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl MaskOptions {
    /// Width and height of the mask in pixels.
    ///
    /// # Errors
    /// [`MaskError::Downsample`], [`MaskError::TooLarge`].
    pub fn size(&self) -> Result<(u32, u32), MaskError> {
        let (w, h) = self.slide_size;
        if !(self.downsample >= 1.0 && self.downsample.is_finite() && w > 0 && h > 0) {
            return Err(MaskError::Downsample(self.downsample));
        }
        let reduced = |n: u32, by: f64| (f64::from(n) / by).ceil().max(1.0);
        let pixels = |by: f64| reduced(w, by) * reduced(h, by);
        if pixels(self.downsample) > MAX_PIXELS as f64 {
            let mut least = (f64::from(w) * f64::from(h) / MAX_PIXELS as f64).sqrt().floor().max(1.0);
            while pixels(least) > MAX_PIXELS as f64 {
                least += 1.0;
            }
            return Err(MaskError::TooLarge { megapixels: pixels(self.downsample) / 1e6, least });
        }
        Ok((reduced(w, self.downsample) as u32, reduced(h, self.downsample) as u32))
    }
}

/// The classes of a mask in the order of its indices: those of `classes` that a region has, then others that regions have.
fn classes_of(set: &RegionSet, classes: &Classes) -> Vec<Class> {
    let mut all = classes.clone();
    let mut used = std::collections::HashSet::new();
    for class in drawn(set).filter_map(|r| r.class.as_ref()) {
        all.ensure(class);
        used.insert(class);
    }
    all.iter().filter(|c| used.contains(&c.name)).cloned().collect()
}

fn drawn(set: &RegionSet) -> impl Iterator<Item = &Region> {
    set.iter()
        .map(AsRef::as_ref)
        .filter(|r: &&Region| r.class.is_some() && !r.kind.is_detected() && r.shape().is_area())
}

/// What the indices and colours of a mask stand for, a class per row: `Index`, `Class`, `Red`, `Green`, `Blue`.
pub fn legend(set: &RegionSet, classes: &Classes) -> String {
    let mut table = CsvTable::new(["Index", "Class", "Red", "Green", "Blue"]);
    for (index, class) in (1..).zip(classes_of(set, classes)) {
        let [r, g, b] = class.color.map(|v| v.to_string());
        table.row([&index.to_string(), class.name.as_str(), &r, &g, &b]);
    }
    table.into_text()
}

/// Writes a PNG in which each pixel has the class of the smallest region that its centre lies in, without blending at the edges.
/// The file holds its [`legend`] as text, too. Memory follows the width of the mask and the number of points, not its area.
///
/// # Errors
/// [`MaskError`]; then no file is written.
pub fn save_mask(
    path: &Path,
    set: &RegionSet,
    classes: &Classes,
    options: &MaskOptions,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<(), MaskError> {
    let (width, height) = options.size()?;
    let list = classes_of(set, classes);
    if list.is_empty() {
        return Err(MaskError::NoClasses);
    }
    if options.kind == MaskKind::Index && list.len() > MAX_INDEXED {
        return Err(MaskError::TooManyClasses(list.len()));
    }
    let index_of = |name: &ClassName| list.iter().position(|c| c.name == *name).map_or(0, |at| at + 1);
    let mut regions: Vec<&Region> = drawn(set).collect();
    regions.sort_by(|a, b| b.shape().area_px2().total_cmp(&a.shape().area_px2()));
    let painted: Vec<(usize, &Edges)> = regions
        .iter()
        .flat_map(|r| r.shape().edges().iter().map(|e| (r.class.as_ref().map_or(0, index_of), e)))
        .collect();
    let stage = Stage::from(Task::DrawingMaps);
    write_atomically(path, |writer| {
        let failed = |e: png::EncodingError| match e {
            png::EncodingError::IoError(reason) => MaskError::File(FileError::io("write", path)(reason)),
            other => MaskError::File(FileError::malformed(path, format!("the mask was not made: {other}"))),
        };
        let mut encoder =
            encoder(writer, (width, height), options, &list, &legend(set, classes)).map_err(failed)?;
        let mut rows = encoder.stream_writer().map_err(failed)?;
        let mut painter = Painter::new(painted, width as usize, options.downsample);
        let mut bytes = Vec::new();
        for row in 0..height {
            if row % 64 == 0 {
                cancel.check()?;
                progress.report(&stage, u64::from(row), u64::from(height));
            }
            painter.paint(row);
            bytes.clear();
            match options.kind {
                MaskKind::Index => bytes.extend(painter.row.iter().map(|i| *i as u8)),
                MaskKind::Rgb => bytes.extend(painter.row.iter().flat_map(|i| {
                    let class = (*i as usize).checked_sub(1).and_then(|at| list.get(at));
                    class.map_or([0; 3], |c| c.color)
                })),
            }
            rows.write_all(&bytes).map_err(|e| failed(e.into()))?;
        }
        rows.finish().map_err(failed)
    })
}

fn encoder<W: Write>(
    writer: W,
    (width, height): (u32, u32),
    options: &MaskOptions,
    classes: &[Class],
    legend: &str,
) -> Result<png::Writer<W>, png::EncodingError> {
    const UM_PER_M: f64 = 1e6;
    let mut encoder = png::Encoder::new(writer, width, height);
    encoder.set_depth(png::BitDepth::Eight);
    match options.kind {
        MaskKind::Index => {
            encoder.set_color(png::ColorType::Indexed);
            let colors = std::iter::once([0; 3]).chain(classes.iter().map(|c| c.color));
            encoder.set_palette(colors.flatten().collect::<Vec<u8>>());
        }
        MaskKind::Rgb => encoder.set_color(png::ColorType::Rgb),
    }
    if let Some(mpp) = options.mpp {
        let per_metre = UM_PER_M / (mpp.0 * options.downsample);
        if (1.0..f64::from(u32::MAX)).contains(&per_metre) {
            let per_metre = per_metre.round() as u32;
            encoder.set_pixel_dims(Some(png::PixelDimensions {
                xppu: per_metre,
                yppu: per_metre,
                unit: png::Unit::Meter,
            }));
        }
    }
    encoder.add_itxt_chunk("Legend".to_owned(), legend.to_owned())?;
    let mut scale = String::new();
    // Nothing can fail in memory.
    let _ = write!(scale, "{} slide pixels per pixel", options.downsample);
    encoder.add_itxt_chunk("Downsample".to_owned(), scale)?;
    encoder.write_header()
}

/// Paints rows from the top down.
struct Painter<'a> {
    /// Polygons and their indices, the largest first, with the first and the last row that they reach.
    polygons: Vec<(usize, &'a Edges, u32, u32)>,
    downsample: f64,
    crossings: Vec<f64>,
    row: Vec<u32>,
}

impl<'a> Painter<'a> {
    fn new(polygons: Vec<(usize, &'a Edges)>, width: usize, downsample: f64) -> Self {
        // Whole numbers beyond the range of rows are brought into it.
        let row_of = |y: f64| (y / downsample).floor().max(0.0) as u32;
        let polygons = polygons
            .into_iter()
            .map(|(index, edges)| (index, edges, row_of(edges.bounds().min.y), row_of(edges.bounds().max.y)));
        Self { polygons: polygons.collect(), downsample, crossings: Vec::new(), row: vec![0; width] }
    }

    /// The index of the class of each pixel of a row.
    fn paint(&mut self, row: u32) {
        self.row.fill(0);
        let y = (f64::from(row) + 0.5) * self.downsample;
        for (index, edges, first, last) in &self.polygons {
            if !(*first..=*last).contains(&row) {
                continue;
            }
            edges.crossings(y, &mut self.crossings);
            for span in self.crossings.chunks_exact(2) {
                let [from, to] = [span.first(), span.last()].map(|x| {
                    // The first pixel whose centre is not on the left of the crossing.
                    let x = x.copied().unwrap_or(0.0) / self.downsample - 0.5;
                    (x.ceil().max(0.0) as usize).min(self.row.len())
                });
                if let Some(pixels) = self.row.get_mut(from..to.max(from)) {
                    pixels.fill(*index as u32);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::geometry::SlidePoint;
    use crate::core::progress::Silent;
    use crate::data::regions::{Region, polygon, rectangle};

    fn square(x: f64, y: f64, side: f64, class: &str) -> Region {
        let shape = rectangle(SlidePoint::new(x, y), SlidePoint::new(x + side, y + side)).unwrap();
        Region::new(shape).with_class(ClassName::new(class))
    }

    fn classes() -> Classes {
        let mut classes = Classes::default();
        for name in ["Unused", "Tumor", "Stroma"] {
            classes.ensure(&ClassName::new(name).unwrap());
        }
        classes
    }

    fn options(size: (u32, u32), downsample: f64, kind: MaskKind) -> MaskOptions {
        MaskOptions { slide_size: size, downsample, mpp: Some(Mpp(0.5)), kind }
    }

    struct Read {
        size: (u32, u32),
        bytes: Vec<u8>,
        palette: Option<Vec<u8>>,
        legend: String,
        per_metre: u32,
    }

    fn made(set: &RegionSet, options: &MaskOptions) -> Read {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mask.png");
        save_mask(&path, set, &classes(), options, &Silent, &CancelToken::new()).unwrap();
        let file = std::io::BufReader::new(std::fs::File::open(&path).unwrap());
        let mut reader = png::Decoder::new(file).read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut bytes).unwrap();
        let info = reader.info();
        Read {
            size: (frame.width, frame.height),
            bytes,
            palette: info.palette.as_ref().map(|p| p.to_vec()),
            legend: info.utf8_text[0].get_text().unwrap(),
            per_metre: info.pixel_dims.unwrap().xppu,
        }
    }

    #[test]
    fn pixels_have_the_class_of_the_smallest_region() {
        let set: RegionSet =
            [square(2.0, 2.0, 4.0, "Tumor"), square(0.0, 0.0, 8.0, "Stroma"), square(0.0, 0.0, 3.0, "")]
                .into_iter()
                .collect();
        let mask = made(&set, &options((9, 5), 1.0, MaskKind::Index));
        assert_eq!(mask.size, (9, 5));
        let rows: Vec<&[u8]> = mask.bytes.chunks(9).collect();
        assert_eq!(rows[0], [2, 2, 2, 2, 2, 2, 2, 2, 0]);
        assert_eq!(rows[4], [2, 2, 1, 1, 1, 1, 2, 2, 0]);
        assert_eq!(mask.palette.unwrap(), [0, 0, 0, 200, 0, 0, 150, 200, 150]);
        assert_eq!(mask.legend, "Index,Class,Red,Green,Blue\n1,Tumor,200,0,0\n2,Stroma,150,200,150\n");
        assert_eq!(mask.per_metre, 2_000_000);
        let half = made(&set, &options((9, 5), 2.0, MaskKind::Rgb));
        assert_eq!((half.size, half.per_metre), ((5, 3), 1_000_000));
        // The centre of the second pixel is at 3, that of the fifth at 9.
        let second_row: Vec<&[u8]> = half.bytes.chunks(3).skip(5).take(5).collect();
        let (tumor, stroma, none) = ([200, 0, 0], [150, 200, 150], [0, 0, 0]);
        assert_eq!(second_row, [&stroma[..], &tumor, &tumor, &stroma, &none]);
    }

    #[test]
    fn every_pixel_agrees_with_its_centre() {
        let star: Vec<SlidePoint> = (0..17)
            .map(|i| (f64::from(i) * 2.4, if i % 2 == 0 { 90.0 } else { 33.0 }))
            .map(|(a, r)| SlidePoint::new(100.0 + r * f64::cos(a), 100.0 + r * f64::sin(a)))
            .collect();
        let region = Region::new(polygon(&star).unwrap()).with_class(ClassName::new("Tumor"));
        let shape = region.shape().clone();
        let set: RegionSet = [region].into_iter().collect();
        let mask = made(&set, &options((200, 150), 1.5, MaskKind::Index));
        for (i, value) in mask.bytes.iter().enumerate() {
            let (column, row) = (i % mask.size.0 as usize, i / mask.size.0 as usize);
            let center = SlidePoint::new((column as f64 + 0.5) * 1.5, (row as f64 + 0.5) * 1.5);
            assert_eq!(*value == 1, shape.contains(center), "{center:?}");
        }
    }

    #[test]
    fn masks_that_cannot_be_are_refused() {
        let says = |o: MaskOptions| o.size().unwrap_err().to_string();
        assert_eq!(
            says(options((100_000, 80_000), 1.0, MaskKind::Index)),
            "The mask would have 8000 megapixels. Choose a downsample of 8 or more."
        );
        assert!(options((100_000, 80_000), 8.0, MaskKind::Index).size().is_ok());
        assert!(options((u32::MAX, u32::MAX), 1.0, MaskKind::Index).size().is_err());
        assert!(
            says(options((10, 10), 0.5, MaskKind::Index)).starts_with("The downsample 0.5 is not possible")
        );
        assert!(options((10, 10), f64::NAN, MaskKind::Index).size().is_err());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mask.png");
        let save = |set: &RegionSet, kind, cancel: &CancelToken| {
            save_mask(&path, set, &classes(), &options((500, 500), 1.0, kind), &Silent, cancel)
        };
        let token = CancelToken::new();
        assert!(matches!(save(&RegionSet::default(), MaskKind::Index, &token), Err(MaskError::NoClasses)));
        let many: RegionSet =
            (0..300).map(|i| square(f64::from(i), 0.0, 5.0, &format!("class {i}"))).collect();
        assert!(matches!(save(&many, MaskKind::Index, &token), Err(MaskError::TooManyClasses(300))));
        save(&many, MaskKind::Rgb, &token).unwrap();
        std::fs::remove_file(&path).unwrap();
        token.cancel();
        assert!(matches!(save(&many, MaskKind::Rgb, &token), Err(MaskError::Cancelled(_))));
        assert!(!path.exists());
    }
}
