//! Whose image features are there already.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::context::JobContext;
use super::encoders::{self, EncoderChoice};
use super::outcome::Outcome;
use super::resources::Resources;
use super::workspace::Workspace;
use crate::data::project::Project;
use crate::data::section::Section;
use crate::device::{self, DeviceChoice};
use crate::preprocess::views::View;

/// Whose features by an encoder are cached, how many of `views` are not, and how many patches sections have.
pub(super) fn check_features(
    resources: &Resources,
    sections: &[Arc<Section>],
    encoder: &EncoderChoice,
    device: DeviceChoice,
    views: &[View],
    ctx: &JobContext,
) -> anyhow::Result<Outcome> {
    let workspace = Workspace::new(PathBuf::new(), Project::new(), resources.clone());
    let opened = match encoder.name.as_str() {
        encoders::TEXTURE => Ok(workspace.clone()),
        _ => device::choose(device)
            .map_err(anyhow::Error::from)
            .and_then(|device| workspace.with_encoder(encoder, &device, ctx)),
    };
    let mut cached = Vec::new();
    let mut missing_views = BTreeMap::new();
    // An encoder that cannot be opened has no features; why it cannot is told where it is to be used.
    if let Ok(seen) = &opened {
        for section in sections {
            if seen.has_features(section, View::PLAIN, ctx)? {
                cached.push(section.name.clone());
            }
            for &view in views {
                if !seen.has_features(section, view, ctx)? {
                    *missing_views.entry(section.name.clone()).or_default() += 1;
                }
            }
        }
    }
    ctx.check()?;
    let counting = opened.as_ref().unwrap_or(&workspace);
    let patches = sections.iter().map(|s| (s.name.clone(), counting.expected_patches(s))).collect();
    Ok(Outcome::Features { cached, bytes: resources.cached_bytes(), patches, missing_views })
}
