//! One tissue section as the rest of the application sees it, whatever files it came from.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::core::geometry::{Mpp, SlidePoint};
use crate::core::matrix::Csr;
use crate::core::target::{ExpressionScale, Target};
use crate::data::slide::place;

/// A gene of a count table. Names repeat in files, identifiers do not; in a [`Section`] neither does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Gene {
    /// What people call it: "ERBB2".
    pub name: String,
    /// A stable identifier such as "ENSG00000141736"; the name again where the data gives none.
    pub id: String,
}

impl Gene {
    /// A gene of which only the name is known.
    pub fn named(name: impl Into<String>) -> Self {
        let name = name.into();
        Self { id: name.clone(), name }
    }
}

/// A measured location.
#[derive(Debug, Clone, PartialEq)]
pub struct Spot {
    /// Barcode, or "10x21" in legacy ST.
    pub id: String,
    /// Its centre on the slide.
    pub center: SlidePoint,
}

/// The counts of all genes at all spots: rows are spots, columns are genes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CountTable {
    /// Spot identifiers, one a row.
    pub spots: Vec<String>,
    /// Genes, one a column.
    pub genes: Vec<Gene>,
    /// Counts, `spots.len()` x `genes.len()`.
    pub counts: Csr,
}

/// What the values of a count table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    /// Whole numbers of 0 or more.
    #[default]
    Counts,
    /// Negative or fractional numbers: someone has normalised them. They are used as they are.
    Normalised,
}

impl ValueKind {
    /// The kind that most of `kinds` are; counts where there are as many of both.
    pub fn of_most(kinds: impl IntoIterator<Item = Self>) -> Self {
        let surplus = kinds.into_iter().fold(0i64, |n, kind| match kind {
            Self::Counts => n + 1,
            Self::Normalised => n - 1,
        });
        if surplus < 0 { Self::Normalised } else { Self::Counts }
    }

    /// The scale of a gene's values of which `target` was to be made; `selected` says whether the gene is one of
    /// those that the target sums over.
    pub const fn scale(self, target: Target, selected: bool) -> ExpressionScale {
        match self {
            Self::Counts => target.scale(selected),
            Self::Normalised => ExpressionScale::AsInFile,
        }
    }
}

/// Where a section's micrometres per pixel come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MppSource {
    /// Inferred from the distance between neighbouring spots.
    SpotPitch,
    /// Read from the slide file.
    File,
    /// Entered by the user.
    User,
}

/// The size of a spot and of the lattice it lies on, by assay.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SpotGeometry {
    /// Distance between the centres of neighbouring spots, in micrometres.
    pub pitch_um: f64,
    /// Diameter of a spot, in micrometres.
    pub diameter_um: f64,
}

impl SpotGeometry {
    /// Legacy ST arrays (Stahl et al. 2016): 100 um spots, 200 um apart.
    pub const LEGACY_ST: Self = Self { pitch_um: 200.0, diameter_um: 100.0 };
    /// Visium: 55 um spots, 100 um apart.
    pub const VISIUM: Self = Self { pitch_um: 100.0, diameter_um: 55.0 };
}

/// A section with everything but its pixels: spots joined with their counts, in one order.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Unique within the project: "C2".
    pub name: String,
    /// The donor, where known.
    pub patient: Option<String>,
    /// Spots that have both counts and a position, ordered as in the count table.
    pub spots: Vec<Spot>,
    /// Genes, one a column of `counts`.
    pub genes: Vec<Gene>,
    /// Counts, `spots.len()` x `genes.len()`, row `i` of spot `i`.
    pub counts: Csr,
    /// Whether `counts` are counts.
    pub values: ValueKind,
    /// The pathologist's label of each spot, where there are any.
    pub labels: Option<Vec<Option<String>>>,
    /// Spots that the data call under tissue, with counts or without.
    pub in_tissue: usize,
    /// The sum of the whole count table, spots that are not used included.
    pub sum: f64,
    /// Resolution of the slide image.
    pub mpp: Mpp,
    /// Where `mpp` comes from.
    pub mpp_source: MppSource,
    /// What `mpp` would be by the distance between the spots, where it comes from elsewhere and the assay is known.
    pub mpp_by_spots: Option<Mpp>,
    /// Size and pitch of the spots.
    pub geometry: SpotGeometry,
    /// The slide image.
    pub slide: PathBuf,
    /// Width and height of the slide image in pixels.
    pub slide_size: (u32, u32),
}

/// A resolution and the distance between the spots that differ by more cannot both be right.
const MPP_TOLERANCE: f64 = 0.05;

impl Section {
    /// The resolution that follows from the distance between the spots, where it contradicts the one that is used.
    pub fn contradicting_mpp(&self) -> Option<Mpp> {
        self.mpp_by_spots.filter(|by_spots| (self.mpp.0 / by_spots.0 - 1.0).abs() > MPP_TOLERANCE)
    }

    /// What is contradictory about the resolution, to stand behind the name of the section; `None` where nothing is.
    pub fn mpp_doubt(&self) -> Option<String> {
        let by_spots = self.contradicting_mpp()?;
        let source = match self.mpp_source {
            MppSource::User => "as entered",
            MppSource::File => "as its files say",
            MppSource::SpotPitch => "by the spots",
        };
        Some(format!(
            "the image has {:.3} \u{00B5}m per pixel {source}, but by the distance between the spots it would be {:.3}",
            self.mpp.0, by_spots.0
        ))
    }

    /// Whether anything was measured here. A slide without measurements has places to predict at and no genes.
    pub fn is_measured(&self) -> bool {
        !self.genes.is_empty()
    }

    /// Whether there is a slide image. Without one, spots are shown on a blank ground and nothing can be trained on or
    /// predicted.
    pub fn has_image(&self) -> bool {
        place::blank_size(&self.slide).is_none()
    }

    /// Whether `other` holds the same counts, perhaps read from a file of another kind: as many spots, values that are not
    /// zero, and the same sum.
    fn repeats(&self, other: &Self) -> bool {
        let size = |s: &Self| (s.spots.len(), s.counts.nnz(), s.sum.to_bits());
        self.sum > 0.0 && size(self) == size(other)
    }

    /// The column of the gene of this very name; see [`super::genes::GeneIndex`] for other ways to call a gene.
    pub fn gene(&self, name: &str) -> Option<usize> {
        self.genes.iter().position(|g| g.name == name)
    }

    /// Spot centres, in order.
    pub fn centers(&self) -> impl ExactSizeIterator<Item = SlidePoint> + '_ {
        self.spots.iter().map(|s| s.center)
    }

    /// Radius of a spot in slide pixels.
    pub fn spot_radius_px(&self) -> f64 {
        self.mpp.px(self.geometry.diameter_um) / 2.0
    }
}

/// A sentence for each section that holds the same counts as one before it.
pub fn repeated<'a>(sections: impl IntoIterator<Item = &'a Section>) -> Vec<String> {
    let mut seen: Vec<&Section> = Vec::new();
    let mut said = Vec::new();
    for section in sections {
        match seen.iter().find(|earlier| earlier.repeats(section)) {
            Some(earlier) => said.push(format!(
                "{} and {} hold the same counts. A section that occurs twice is both trained and tested on, which makes \
                 results look better than they are. Remove one of them.",
                earlier.name, section.name
            )),
            None => seen.push(section),
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::section;

    #[test]
    fn the_same_counts_twice_are_told() {
        let of =
            |name: &str, sum: f64| Section { sum, ..section(name, &["A", "B"], &[&[1.0, 0.0], &[2.0, 3.0]]) };
        let sections = [of("C1", 6.0), of("C2", 7.0), of("C1 mtx", 6.0)];
        let said = repeated(&sections);
        assert_eq!(said.len(), 1);
        assert!(said[0].starts_with("C1 and C1 mtx hold the same counts."), "{said:?}");
    }
}
