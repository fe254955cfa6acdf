//! The project as its file has it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::paths::from_stored;
use super::{GeneSelection, SectionEntry};
use crate::core::files::FileError;
use crate::core::places::{GridSettings, TissueSettings};
use crate::core::target::Target;
use crate::data::panels::GenePanel;
use crate::data::regions::{Classes, RegionSet, geojson};
use crate::data::st::source::{SampleKind, Source};

/// The project as it is written.
#[derive(Serialize, Deserialize)]
pub(super) struct Stored {
    pub(super) version: u64,
    #[serde(default)]
    pub(super) sections: Vec<StoredSection>,
    #[serde(default)]
    pub(super) panels: Vec<GenePanel>,
    #[serde(default, skip_serializing_if = "Classes::is_empty")]
    pub(super) classes: Classes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) selection: Option<GeneSelection>,
    #[serde(default)]
    pub(super) target: Target,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(super) train: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(super) display: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(super) view: Value,
    #[serde(flatten)]
    pub(super) unknown: Map<String, Value>,
}

/// A section as it is written, with paths relative to the project file.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredSection {
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) formerly: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) patient: Option<String>,
    /// Legacy ST; other kinds are in `source`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) counts: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) spots: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<Source>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sample: Option<SampleKind>,
    pub(super) image: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) image_scale: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) labels: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) label_column: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) slide_mpp: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mpp: Option<f64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) mpp_confirmed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) grid: Option<GridSettings>,
    #[serde(default, skip_serializing_if = "TissueSettings::is_default")]
    pub(super) tissue: TissueSettings,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) regions: Option<StoredRegions>,
    #[serde(flatten)]
    pub(super) unknown: Map<String, Value>,
}

/// The regions of a section as GeoJSON. It is written in one line: a number per line would make the file several times
/// larger.
pub(super) struct StoredRegions(Box<RawValue>);

impl StoredRegions {
    /// `None` where there are none.
    pub(super) fn new(regions: &RegionSet, classes: &Classes) -> Option<Self> {
        if regions.is_empty() {
            return None;
        }
        let text = String::from_utf8(geojson::to_bytes(regions, classes)).ok()?;
        RawValue::from_string(text).ok().map(Self)
    }

    /// The regions. Their classes are added to `classes`.
    pub(super) fn read(&self, project: &Path, classes: &mut Classes) -> Result<RegionSet, FileError> {
        let read = geojson::parse(project, self.0.get().as_bytes())?;
        classes.adopt(&read.classes);
        Ok(read.regions.into_iter().collect())
    }
}

impl Serialize for StoredRegions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for StoredRegions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A `RawValue` cannot be read beside fields that are flattened.
        let value = Value::deserialize(deserializer)?;
        RawValue::from_string(value.to_string()).map(Self).map_err(serde::de::Error::custom)
    }
}

impl StoredSection {
    /// The section with its files below `folder`; `None` when it does not say where its counts are.
    pub(super) fn resolved(self, folder: &Path) -> Option<SectionEntry> {
        let source = match (self.source, self.counts, self.spots) {
            (Some(mut source), _, _) => {
                for (_, path) in source.files_mut() {
                    *path = from_stored(&path.to_string_lossy(), folder);
                }
                source
            }
            (None, Some(counts), Some(spots)) => {
                Source::Tables { counts: from_stored(&counts, folder), spots: from_stored(&spots, folder) }
            }
            _ => return None,
        };
        Some(SectionEntry {
            name: self.name,
            formerly: self.formerly,
            patient: self.patient.filter(|p| !p.trim().is_empty()),
            kind: self.sample.unwrap_or_default(),
            source,
            image: match self.image.as_str() {
                "" => PathBuf::new(),
                image => from_stored(image, folder),
            },
            image_scale: self.image_scale,
            labels: self.labels.map(|l| from_stored(&l, folder)),
            label_column: self.label_column,
            slide_mpp: self.slide_mpp,
            mpp: self.mpp,
            mpp_confirmed: self.mpp_confirmed,
            grid: self.grid,
            tissue: self.tissue,
            // Read beside it, as that can fail.
            regions: RegionSet::default(),
        })
    }
}
