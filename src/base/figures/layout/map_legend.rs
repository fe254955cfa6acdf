//! What is explained beneath maps, and the outlines of regions over them.

use super::canvas::{Entry, LABEL_GAP, Swatch, legend_width, line, margin};
use super::maps::letter_room;
use crate::core::colormap::NO_DATA;
use crate::core::geometry::SlidePoint;
use crate::figures::drawing::{Item, Rect, Stroke};
use crate::figures::figure::Style;
use crate::figures::maps::{MapGrid, MapPane, RegionClass, Tissue};
use crate::figures::text::{self, Face};

/// The widest legend beneath the maps.
pub(super) fn legend_room(style: &Style, em: f64) -> f64 {
    style.width_mm - 2.0 * margin(em) - line(em) - LABEL_GAP - letter_room(style, em)
}

/// What is explained beneath the maps.
pub(super) fn footer_entries(grid: &MapGrid, room: f64, em: f64) -> Vec<Entry> {
    let mut entries = Vec::new();
    if has_gaps(grid) {
        entries.push(Entry::new(Swatch::Dot(NO_DATA), "no data"));
    }
    if has_strikes(grid) {
        let before = if entries.is_empty() { 0.0 } else { legend_width(&entries, room, em) + em };
        let most = room - before - 0.6 * em - LABEL_GAP;
        let fits = |text: &&str| text::width(text, Face::Regular, em) <= most;
        entries.push(Entry::new(Swatch::Struck, STRUCK.into_iter().find(fits).unwrap_or(STRUCK[2])));
    }
    let mut shown: Vec<&RegionClass> = Vec::new();
    for class in grid.rows.iter().flat_map(|r| &r.panes).flat_map(MapPane::shown_classes) {
        if !shown.contains(&class) {
            shown.push(class);
        }
    }
    entries.extend(shown.iter().map(|c| Entry::new(Swatch::Dot(c.rgb), c.name.clone())));
    if grid.region_legend {
        let mut classes: Vec<&RegionClass> = Vec::new();
        for class in grid.rows.iter().flat_map(|r| r.tissue.region_classes()) {
            // What a map of classes explains already is not explained twice.
            if !classes.contains(&class) && !shown.contains(&class) {
                classes.push(class);
            }
        }
        let entry = |c: &RegionClass| Entry::new(Swatch::Line(Stroke::solid(c.rgb, OUTLINE)), c.name.clone());
        entries.extend(classes.into_iter().map(entry));
    }
    entries
}

/// What strokes through places mean, from the longest wording to the shortest.
const STRUCK: [&str; 3] = [
    "struck through: unlike the sections that the model was trained on",
    "struck through: unlike the training sections",
    "unlike training",
];

/// Whether any spot has no value.
fn has_gaps(grid: &MapGrid) -> bool {
    let of_values = grid.rows.iter().flat_map(|r| &r.panes).filter(|p| p.classes.is_empty());
    of_values.flat_map(|p| &p.values).any(|v| v.is_nan())
}

/// Whether any place is struck through.
fn has_strikes(grid: &MapGrid) -> bool {
    grid.rows.iter().flat_map(|r| &r.panes).any(|p| !p.struck.is_empty())
}

/// Outlines of the tissue's regions, over a white line that sets them off from dark tissue.
pub(super) fn outlines(tissue: &Tissue, rect: Rect) -> impl Iterator<Item = Item> {
    let mm_per_px = rect.w / tissue.crop.width();
    let place = move |p: &SlidePoint| {
        [rect.x + (p.x - tissue.crop.min.x) * mm_per_px, rect.y + (p.y - tissue.crop.min.y) * mm_per_px]
    };
    tissue.regions.iter().flat_map(move |region| {
        let lines: Vec<Vec<[f64; 2]>> =
            region.rings.iter().filter(|r| r.len() > 1).map(|r| r.iter().map(place).collect()).collect();
        [([255, 255, 255], 2.0 * OUTLINE), (region.class.rgb, OUTLINE)].map(|(rgb, width)| Item::Path {
            lines: lines.clone(),
            closed: true,
            fill: None,
            stroke: Some(Stroke::solid(rgb, width)),
            clip: Some(rect),
        })
    })
}

/// Width of an outline.
const OUTLINE: f64 = 0.35;
