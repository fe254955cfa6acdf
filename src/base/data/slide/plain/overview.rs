//! A slide whose coarsest level is still large, with further levels made of it.

use std::sync::Arc;

use super::build::push_source;
use super::{Decoding, MAX_OVERVIEW_PIXELS, MAX_SINGLE_LEVEL_PIXELS, build_pyramid};
use crate::data::slide::SlideError;
use crate::data::slide::source::{Level, SlideInfo, SlideSource, Tile};

/// A source with levels added at its coarse end.
#[derive(Debug)]
pub struct WithOverview {
    base: Arc<dyn SlideSource>,
    overview: Arc<dyn SlideSource>,
    info: SlideInfo,
}

impl WithOverview {
    /// `base` itself where its coarsest level is small, else with further levels, which takes as long as decoding the
    /// coarsest one unless they were kept from before.
    ///
    /// # Errors
    /// [`SlideError`] when a tile cannot be read, or the work is cancelled.
    pub fn where_needed(
        base: Arc<dyn SlideSource>,
        how: &Decoding<'_>,
    ) -> Result<Arc<dyn SlideSource>, SlideError> {
        let coarsest = base.info().levels.len().saturating_sub(1);
        let Some(level) = base.info().levels.get(coarsest).copied() else { return Ok(base) };
        let most = if coarsest == 0 { MAX_SINGLE_LEVEL_PIXELS } else { MAX_OVERVIEW_PIXELS };
        if u64::from(level.width) * u64::from(level.height) <= most {
            return Ok(base);
        }
        let path = base.info().path.clone();
        let size = (level.width, level.height);
        let fill = |builder: &mut super::PyramidBuilder<'_>| push_source(base.as_ref(), coarsest, builder);
        let overview = build_pyramid(&path, size, "overview", true, how, &fill)?;
        let mut info = base.info().clone();
        let further = overview.info().levels.iter().enumerate();
        info.levels.extend(
            further.map(|(i, l)| Level { downsample: level.downsample * ((i + 1) as f64).exp2(), ..*l }),
        );
        Ok(Arc::new(Self { base, overview, info }))
    }
}

impl SlideSource for WithOverview {
    fn info(&self) -> &SlideInfo {
        &self.info
    }

    fn read_tile(&self, level: usize, col: u32, row: u32) -> Result<Arc<Tile>, SlideError> {
        match level.checked_sub(self.base.info().levels.len()) {
            None => self.base.read_tile(level, col, row),
            Some(further) => self.overview.read_tile(further, col, row),
        }
    }

    fn is_at_hand(&self, level: usize) -> bool {
        match level.checked_sub(self.base.info().levels.len()) {
            None => self.base.is_at_hand(level),
            Some(further) => self.overview.is_at_hand(further),
        }
    }

    fn memory_bytes(&self) -> u64 {
        self.base.memory_bytes() + self.overview.memory_bytes()
    }
}
