//! The map of several genes, and the legend of regions.

use super::canvas::{Anchor, BLACK, Canvas, Entry, GAP, GREY, HAIRLINE, LABEL_GAP, Swatch, line};
use super::map_legend::outlines;
use super::maps::fitted;
use crate::core::cells::Cells;
use crate::figures::drawing::{CAP_HEIGHT, Item, Rect, Stroke};
use crate::figures::maps::RegionClass;
use crate::figures::nice;
use crate::figures::panel::{GeneMix, MixGene};
use crate::figures::text::{self, Face};

/// Places of which a value is missing.
const MISSING: [u8; 3] = [150, 150, 150];
/// Height of a ramp in the legend.
const RAMP: f64 = 1.7;
/// Width of a line in a legend of regions.
const OUTLINE: f64 = 0.35;

/// A colour of the legend: of one gene, or of several together.
struct Mixture {
    names: Vec<String>,
    rgb: [u8; 3],
}

/// The colours that come of two or three genes that are all high.
fn mixtures(mix: &GeneMix) -> Vec<Mixture> {
    let colors = GeneMix::colors(mix.genes.len());
    let measured: Vec<(&MixGene, [u8; 3])> =
        mix.genes.iter().zip(colors.iter().copied()).filter(|(g, _)| !g.values.is_empty()).collect();
    let sets: &[&[usize]] = match measured.len() {
        0 | 1 => &[],
        2 => &[&[0, 1]],
        _ => &[&[0, 1], &[0, 2], &[1, 2], &[0, 1, 2]],
    };
    sets.iter()
        .map(|set| {
            let chosen: Vec<_> = set.iter().filter_map(|&i| measured.get(i)).collect();
            let sum = |c: usize| chosen.iter().map(|(_, rgb)| u32::from(rgb[c])).sum::<u32>().min(255) as u8;
            Mixture {
                names: chosen.iter().map(|(g, _)| g.name.clone()).collect(),
                rgb: [sum(0), sum(1), sum(2)],
            }
        })
        .collect()
}

/// Names of a mixture on one line, "GNAS + FASN", or what fits.
fn mixture_text(mixture: &Mixture, all: usize, width: f64, em: f64) -> (String, Face) {
    let joined = mixture.names.join(" + ");
    if mixture.names.len() == all && all > 2 {
        return ("all three".to_owned(), Face::Regular);
    }
    (text::fit(&joined, Face::Italic, em, width), Face::Italic)
}

/// How wide the legend is.
fn legend_width(mix: &GeneMix, em: f64, most: f64) -> f64 {
    let wide = |t: &str, face| text::width(t, face, em);
    let names = mix.genes.iter().map(|g| wide(&g.name, Face::Italic));
    let pairs = mixtures(mix).into_iter().map(|m| {
        let (t, face) = mixture_text(&m, mix.genes.len(), f64::INFINITY, em);
        wide(&t, face) + 0.6 * em + LABEL_GAP
    });
    names.chain(pairs).fold(9.0 * em, f64::max).min(most)
}

/// The height at which the tissue takes all of the width that the legend leaves.
pub(super) fn gene_mix_height(mix: &GeneMix, width: f64, em: f64) -> f64 {
    let image = (width - legend_width(mix, em, 0.45 * width) - 2.0 * GAP) * mix.tissue.aspect();
    let below = if mix.scale_bar { line(em) + LABEL_GAP } else { 0.0 };
    (image + below).max(least_gene_mix_height(mix, em))
}

/// The height of its legend.
pub(super) fn least_gene_mix_height(mix: &GeneMix, em: f64) -> f64 {
    let per_gene = 2.0 * line(em) + RAMP + 3.0 * LABEL_GAP;
    let mixtures = mixtures(mix).len();
    let title = if mixtures > 0 { 1 } else { 0 };
    mix.genes.len() as f64 * per_gene + (mixtures + title + 1) as f64 * line(em)
}

pub(super) fn gene_mix<'a>(canvas: &mut Canvas<'a>, area: Rect, mix: &'a GeneMix) {
    let em = canvas.em;
    let side = legend_width(mix, em, 0.45 * area.w);
    let below = if mix.scale_bar { line(em) + LABEL_GAP } else { 0.0 };
    let cell = Rect { w: area.w - side - 2.0 * GAP, h: area.h - below, ..area };
    let rect = Rect { x: cell.x, y: cell.y, ..fitted(&mix.tissue, cell) };
    let missing = spots(canvas, rect, mix);
    canvas.items.extend(outlines(&mix.tissue, rect));
    if mix.scale_bar {
        let um_per_mm = mix.tissue.crop.width() * mix.tissue.mpp.0 / rect.w;
        let (um, label) = nice::scale_bar(rect.w * 0.4 * um_per_mm);
        let (y, to) = (rect.bottom() + LABEL_GAP + CAP_HEIGHT * em / 2.0, rect.x + um / um_per_mm);
        canvas.items.push(Item::Line { from: [rect.x, y], to: [to, y], width: 0.5 });
        let label = text::fit(&label, Face::Regular, em, cell.right() - to - LABEL_GAP);
        canvas.label(&label, Anchor::Start, [to + LABEL_GAP, y], Face::Regular);
    }
    let side = Rect { x: rect.right() + 2.0 * GAP, w: side, ..area };
    legend(canvas, side, mix, missing);
}

/// The spots on black; gives whether a value of any is missing.
fn spots(canvas: &mut Canvas<'_>, rect: Rect, mix: &GeneMix) -> bool {
    canvas.fill(rect, BLACK);
    let t = &mix.tissue;
    let mm_per_px = rect.w / t.crop.width();
    let even = t.cells.as_ref().map(Cells::cell);
    let radius = even.map_or(t.radius_px, |cell| cell.pitch / 2.0) * mm_per_px;
    let (mut marks, mut drawn, mut without) = (Vec::new(), Vec::new(), Vec::new());
    for (i, center) in t.centers.iter().enumerate() {
        let at =
            [rect.x + (center.x - t.crop.min.x) * mm_per_px, rect.y + (center.y - t.crop.min.y) * mm_per_px];
        let inside = at[0] > rect.x - radius
            && at[0] < rect.right() + radius
            && at[1] > rect.y - radius
            && at[1] < rect.bottom() + radius;
        match mix.rgb(i) {
            Some(rgb) if inside => {
                marks.push((at[0], at[1], rgb));
                drawn.push(i);
            }
            None if inside => without.push(at),
            _ => {}
        }
    }
    match &t.cells {
        Some(cells) if !marks.is_empty() => {
            let sides = cells.cell().shape.sides();
            drawn.truncate(if cells.are_even() { 1 } else { drawn.len() });
            let corners =
                drawn.iter().flat_map(|&i| cells.corners(i)).map(|c| c.map(|c| c * mm_per_px)).collect();
            canvas.items.push(Item::Cells { cells: marks, sides, corners, opacity: 1.0, clip: rect });
        }
        _ => canvas.spots(marks, radius, 1.0, Some(rect)),
    }
    // Grey is a mixture too, so that a place without a value is a ring.
    let width = HAIRLINE.min(radius / 2.0);
    for at in &without {
        canvas.ring(*at, (radius - width).max(radius / 2.0), Stroke::solid(MISSING, width), Some(rect));
    }
    !without.is_empty()
}

fn legend(canvas: &mut Canvas<'_>, side: Rect, mix: &GeneMix, missing: bool) {
    let em = canvas.em;
    let mut y = side.y;
    let ramp_width = side.w.min(14.0 * em);
    for (gene, color) in mix.genes.iter().zip(GeneMix::colors(mix.genes.len())) {
        let name = text::fit(&gene.name, Face::Italic, em, side.w);
        canvas.text(&name, Anchor::Start, [side.x, y + CAP_HEIGHT * em], Face::Italic, BLACK);
        y += line(em);
        if gene.values.is_empty() {
            canvas.text("not measured", Anchor::Start, [side.x, y + CAP_HEIGHT * em], Face::Regular, GREY);
            y += line(em) + 2.0 * LABEL_GAP;
            continue;
        }
        let rect = Rect { x: side.x, y, w: ramp_width, h: RAMP };
        canvas.items.push(Item::Ramp { rect, from: BLACK, to: *color });
        y += RAMP + LABEL_GAP / 2.0;
        let decimals = if gene.high - gene.low < 20.0 { 1 } else { 0 };
        let [low, high] = [gene.low, gene.high].map(|v| nice::number(f64::from(v), decimals));
        canvas.text(&low, Anchor::Start, [side.x, y + CAP_HEIGHT * em], Face::Regular, BLACK);
        canvas.text(&high, Anchor::End, [rect.right(), y + CAP_HEIGHT * em], Face::Regular, BLACK);
        y += line(em) + 1.5 * LABEL_GAP;
    }
    let mixtures = mixtures(mix);
    if !mixtures.is_empty() {
        let text = text::fit("Colours add up:", Face::Regular, em, side.w);
        canvas.text(&text, Anchor::Start, [side.x, y + CAP_HEIGHT * em], Face::Regular, BLACK);
        y += line(em);
    }
    let mut entries: Vec<Entry> = mixtures
        .iter()
        .map(|mixture| {
            let (text, face) = mixture_text(mixture, mix.genes.len(), side.w - 0.6 * em - LABEL_GAP, em);
            Entry { swatch: Swatch::Box(mixture.rgb), text, face }
        })
        .collect();
    if missing {
        entries.push(Entry::new(Swatch::Ring(MISSING), "no data"));
    }
    for entry in entries {
        // White on white needs a border.
        if let Swatch::Box([255, 255, 255]) = entry.swatch {
            let grown = Rect {
                x: side.x - HAIRLINE,
                y: y + line(em) / 2.0 - 0.3 * em - HAIRLINE,
                w: 0.6 * em + 2.0 * HAIRLINE,
                h: 0.6 * em + 2.0 * HAIRLINE,
            };
            canvas.fill(grown, MISSING);
        }
        canvas.entry(&entry, [side.x, y + line(em) / 2.0], side.w);
        y += line(em);
    }
}

/// The height of a legend of regions.
pub(super) fn region_legend_height(classes: &[RegionClass], em: f64) -> f64 {
    classes.len() as f64 * line(em)
}

pub(super) fn region_legend(canvas: &mut Canvas<'_>, area: Rect, classes: &[RegionClass]) {
    let em = canvas.em;
    for (i, class) in classes.iter().enumerate() {
        let stroke = Stroke::solid(class.rgb, 1.5 * OUTLINE);
        let entry = Entry::new(Swatch::Line(stroke), class.name.clone());
        canvas.entry(&entry, [area.x, area.y + (i as f64 + 0.5) * line(em)], area.w);
    }
}
