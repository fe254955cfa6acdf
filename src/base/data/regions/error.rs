//! Why regions cannot be drawn or changed as asked.

use super::region::RegionId;

/// An edit of regions was refused; nothing was changed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RegionError {
    /// There is no such region in the set.
    #[error("The region {0} is not there any more.")]
    NotFound(RegionId),
    /// The region is locked; how it is called.
    #[error("{0} is locked. Unlock it first.")]
    Locked(String),
    /// All regions of this class are locked.
    #[error("The class {0} is locked. Unlock it first.")]
    ClassLocked(String),
    /// Cells, tiles and other detected objects keep the outline that they were found with.
    #[error("{0} was detected by a program. Only annotations can be changed.")]
    Detected(String),
    /// Points and lines enclose nothing.
    #[error("{0} is not an area. Select a region that encloses tissue.")]
    NotAnArea(String),
    /// Two or more are needed.
    #[error("Select at least 2 regions to merge.")]
    OneRegion,
    /// The region would be empty.
    #[error("Nothing would be left of {0}. Delete it instead.")]
    NothingLeft(String),
    /// The drawing encloses nothing.
    #[error("The drawing does not enclose an area. Draw around the tissue.")]
    TooFewPoints,
    /// A coordinate is not a number, or farther away than any slide is wide.
    #[error("A point is not on the slide.")]
    NotOnSlide,
    /// The point that was to be changed is not there.
    #[error("{0} has no such point.")]
    NoSuchVertex(String),
    /// So few points must stay.
    #[error("{0} has no point to spare. Delete the region instead.")]
    TooFewLeft(String),
    /// There is only one part.
    #[error("{0} has only one part.")]
    OnePart(String),
    /// The line ends inside the region, or misses it.
    #[error("The line does not divide {0}. Draw it from edge to edge.")]
    NotDivided(String),
    /// The class has no name.
    #[error("A class needs a name.")]
    NamelessClass,
    /// The name is that of another class.
    #[error("There is already a class {0}.")]
    ClassExists(String),
    /// There is no such class.
    #[error("There is no class {0}.")]
    NoSuchClass(String),
}
