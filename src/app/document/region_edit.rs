//! Edits of the regions of a section and of the project's classes, as values: the panes and lists make them, the open project
//! does them, and each is one step of undo.

use std::sync::Arc;

use crate::core::geometry::SlidePoint;
use crate::core::text::counted;
use crate::data::project::Project;
use crate::data::regions::{
    Class, ClassName, Classes, Region, RegionError, RegionId, RegionSet, Shape, VertexPath, palette,
};

/// An edit of the regions of one section. Coordinates are pixels of the full-resolution slide.
#[derive(Debug, Clone, PartialEq)]
pub enum RegionEdit {
    /// Add a region that was drawn.
    Draw(Box<Region>),
    /// Give regions the outlines that the brush has left them with; those without one are gone.
    Paint(Vec<(RegionId, Option<Arc<Shape>>)>),
    /// Move regions to the right and down.
    Move {
        /// The regions.
        ids: Vec<RegionId>,
        /// By how much, in pixels.
        by: [f64; 2],
    },
    /// Move a point of a region.
    MovePoint {
        /// The region.
        id: RegionId,
        /// The point.
        at: VertexPath,
        /// Where it goes.
        to: SlidePoint,
    },
    /// Insert a point before another.
    InsertPoint {
        /// The region.
        id: RegionId,
        /// The point that follows.
        at: VertexPath,
        /// Where it lies.
        to: SlidePoint,
    },
    /// Remove a point of a region.
    DeletePoint {
        /// The region.
        id: RegionId,
        /// The point.
        at: VertexPath,
    },
    /// Cut every one of these regions that a line divides.
    Cut {
        /// The regions.
        ids: Vec<RegionId>,
        /// The line.
        line: Vec<SlidePoint>,
    },
    /// Join regions into the first of them.
    Merge(Vec<RegionId>),
    /// Make a region of each part of these.
    Split(Vec<RegionId>),
    /// Fill the holes of regions.
    FillHoles(Vec<RegionId>),
    /// Put regions into a class, or take them out of any.
    SetClass {
        /// The regions.
        ids: Vec<RegionId>,
        /// The class, which is made where there is none of this name.
        class: Option<ClassName>,
    },
    /// Lock or unlock regions.
    SetLocked {
        /// The regions.
        ids: Vec<RegionId>,
        /// Whether they are locked.
        locked: bool,
    },
    /// Delete regions.
    Delete(Vec<RegionId>),
}

impl RegionEdit {
    /// What the undo menu calls it: "Merge 2 regions", "Draw Tumour".
    pub fn title(&self, regions: &RegionSet) -> String {
        let of = |ids: &[RegionId]| match ids {
            [one] => regions.get(*one).map_or_else(|| "region".to_owned(), |r| name(r)),
            several => counted(several.len(), "region"),
        };
        match self {
            Self::Draw(region) => format!("Draw {}", name(region)),
            Self::Paint(shapes) => {
                format!("Paint {}", of(&shapes.iter().map(|(id, _)| *id).collect::<Vec<_>>()))
            }
            Self::Move { ids, .. } => format!("Move {}", of(ids)),
            Self::MovePoint { id, .. } => format!("Move a point of {}", of(&[*id])),
            Self::InsertPoint { id, .. } => format!("Insert a point into {}", of(&[*id])),
            Self::DeletePoint { id, .. } => format!("Delete a point of {}", of(&[*id])),
            Self::Cut { .. } => "Cut regions".to_owned(),
            Self::Merge(ids) => format!("Merge {}", of(ids)),
            Self::Split(ids) => format!("Split {}", of(ids)),
            Self::FillHoles(ids) => format!("Fill the holes of {}", of(ids)),
            Self::SetClass { ids, .. } => format!("Class of {}", of(ids)),
            Self::SetLocked { ids, locked: true } => format!("Lock {}", of(ids)),
            Self::SetLocked { ids, locked: false } => format!("Unlock {}", of(ids)),
            Self::Delete(ids) => format!("Delete {}", of(ids)),
        }
    }

    /// The regions that it changes, of those that are there already.
    fn changed(&self) -> Vec<RegionId> {
        match self {
            Self::Draw(_) => Vec::new(),
            Self::Paint(shapes) => shapes.iter().map(|(id, _)| *id).collect(),
            Self::MovePoint { id, .. } | Self::InsertPoint { id, .. } | Self::DeletePoint { id, .. } => {
                vec![*id]
            }
            Self::Move { ids, .. }
            | Self::Cut { ids, .. }
            | Self::Merge(ids)
            | Self::Split(ids)
            | Self::FillHoles(ids)
            | Self::SetClass { ids, .. }
            | Self::SetLocked { ids, .. }
            | Self::Delete(ids) => ids.clone(),
        }
    }

    /// Does it to the regions of a section and the classes of its project. Which regions are to be selected afterwards.
    ///
    /// # Errors
    /// [`RegionError`]; then nothing was changed.
    pub fn apply(
        &self,
        regions: &mut RegionSet,
        classes: &mut Classes,
    ) -> Result<Vec<RegionId>, RegionError> {
        for id in self.changed() {
            if let Some(region) = regions.get(id) {
                classes.check_unlocked(region)?;
            }
        }
        // On a copy, which shares all regions, so that nothing is done by halves.
        let mut next = regions.clone();
        let selected = self.apply_to(&mut next, classes)?;
        *regions = next;
        Ok(selected)
    }

    fn apply_to(&self, regions: &mut RegionSet, classes: &mut Classes) -> Result<Vec<RegionId>, RegionError> {
        match self {
            Self::Draw(region) => {
                if let Some(class) = &region.class {
                    classes.check_unlocked(region)?;
                    classes.ensure(class);
                    // What was just drawn should be seen.
                    classes.set_hidden(class.as_str(), false)?;
                }
                Ok(vec![regions.add((**region).clone())])
            }
            Self::Paint(shapes) => {
                let mut left = Vec::new();
                for (id, shape) in shapes {
                    match shape {
                        Some(shape) => {
                            regions.replace_shape(*id, Arc::clone(shape))?;
                            left.push(*id);
                        }
                        None => drop(regions.remove(&[*id])?),
                    }
                }
                Ok(left)
            }
            Self::Move { ids, by: [dx, dy] } => regions.translate(ids, *dx, *dy).map(|()| ids.clone()),
            Self::MovePoint { id, at, to } => regions.move_vertex(*id, *at, *to).map(|()| vec![*id]),
            Self::InsertPoint { id, at, to } => regions.insert_vertex(*id, *at, *to).map(|()| vec![*id]),
            Self::DeletePoint { id, at } => regions.delete_vertex(*id, *at).map(|()| vec![*id]),
            Self::Cut { ids, line } => cut(regions, ids, line),
            Self::Merge(ids) => regions.merge(ids).map(|id| vec![id]),
            Self::Split(ids) => {
                let mut parts = Vec::new();
                for id in ids {
                    parts.extend(regions.split_parts(*id)?);
                }
                Ok(parts)
            }
            Self::FillHoles(ids) => regions.fill_holes(ids).map(|()| ids.clone()),
            Self::SetClass { ids, class } => {
                regions.set_class(ids, class.as_ref())?;
                if let Some(class) = class {
                    classes.ensure(class);
                }
                Ok(ids.clone())
            }
            Self::SetLocked { ids, locked } => regions.set_locked(ids, *locked).map(|()| ids.clone()),
            Self::Delete(ids) => regions.remove(ids).map(|_| Vec::new()),
        }
    }
}

/// Cuts the regions that the line divides; an error where it divides none.
fn cut(regions: &mut RegionSet, ids: &[RegionId], line: &[SlidePoint]) -> Result<Vec<RegionId>, RegionError> {
    let (mut pieces, mut refused) = (Vec::new(), None);
    for id in ids {
        match regions.cut(*id, line) {
            Ok(of_one) => pieces.extend(of_one),
            Err(why @ (RegionError::NotDivided(_) | RegionError::NotAnArea(_))) => refused = Some(why),
            Err(why) => return Err(why),
        }
    }
    match refused {
        Some(why) if pieces.is_empty() => Err(why),
        _ => Ok(pieces),
    }
}

/// How a region is called in the undo menu.
fn name(region: &Region) -> String {
    let class = || region.class.as_ref().map(ToString::to_string);
    region.name.clone().or_else(class).unwrap_or_else(|| "region".to_owned())
}

/// An edit of the project's classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClassEdit {
    /// Add a class.
    Add(ClassName),
    /// Call a class otherwise.
    Rename {
        /// Its name so far.
        from: String,
        /// Its new name.
        to: ClassName,
    },
    /// Give a class another colour.
    Recolor {
        /// Its name.
        class: String,
        /// Red, green and blue.
        color: [u8; 3],
    },
    /// Show or hide the regions of a class.
    Hide {
        /// Its name.
        class: String,
        /// Whether they are left out of the view.
        hidden: bool,
    },
    /// Lock or unlock the regions of a class.
    Lock {
        /// Its name.
        class: String,
        /// Whether they cannot be changed.
        locked: bool,
    },
    /// Remove a class from the list; its regions, in every section, are left without one.
    Remove(String),
}

impl ClassEdit {
    /// What the undo menu calls it: "Rename Tumour".
    pub fn title(&self) -> String {
        match self {
            Self::Add(class) => format!("Add class {class}"),
            Self::Rename { from, .. } => format!("Rename {from}"),
            Self::Recolor { class, .. } => format!("Colour of {class}"),
            Self::Hide { class, hidden: true } => format!("Hide {class}"),
            Self::Hide { class, hidden: false } => format!("Show {class}"),
            Self::Lock { class, locked: true } => format!("Lock {class}"),
            Self::Lock { class, locked: false } => format!("Unlock {class}"),
            Self::Remove(class) => format!("Remove class {class}"),
        }
    }

    /// Does it to the classes of a project and the regions of its sections.
    ///
    /// # Errors
    /// [`RegionError`]: there is no such class, or already one of the new name; then nothing was changed.
    pub fn apply(&self, project: &mut Project) -> Result<(), RegionError> {
        let Project { classes, sections, .. } = project;
        match self {
            Self::Add(name) => {
                let used: Vec<[u8; 3]> = classes.iter().map(|c| c.color).collect();
                classes.add(Class::new(name.clone(), palette::color_of(name.as_str(), &used)))
            }
            Self::Rename { from, to } => {
                classes.rename(from, to.clone())?;
                for section in sections {
                    section.regions.rename_class(from, Some(to));
                }
                Ok(())
            }
            Self::Recolor { class, color } => classes.set_color(class, *color),
            Self::Hide { class, hidden } => classes.set_hidden(class, *hidden),
            Self::Lock { class, locked } => classes.set_locked(class, *locked),
            Self::Remove(class) => {
                classes.remove(class)?;
                for section in sections {
                    section.regions.rename_class(class, None);
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::project::SectionEntry;
    use crate::data::regions::rectangle;

    fn at(x: f64, y: f64) -> SlidePoint {
        SlidePoint::new(x, y)
    }

    fn square(x: f64, side: f64) -> Region {
        Region::new(rectangle(at(x, 0.0), at(x + side, side)).unwrap())
    }

    fn tumour() -> ClassName {
        ClassName::new("Tumour").unwrap()
    }

    #[test]
    fn a_drawn_region_brings_its_class() {
        let (mut set, mut classes) = (RegionSet::default(), Classes::default());
        let edit = RegionEdit::Draw(Box::new(square(0.0, 10.0).with_class(Some(tumour()))));
        assert_eq!(edit.title(&set), "Draw Tumour");
        let selected = edit.apply(&mut set, &mut classes).unwrap();
        assert_eq!(set.get(selected[0]).unwrap().class, Some(tumour()));
        assert!(classes.contains("Tumour"));
        let delete = RegionEdit::Delete(selected.clone());
        assert_eq!(delete.title(&set), "Delete Tumour");
        assert!(delete.apply(&mut set, &mut classes).unwrap().is_empty());
        assert!(set.is_empty() && classes.contains("Tumour"), "the class stays for the next region");
    }

    #[test]
    fn what_is_locked_refuses_every_edit_and_stays() {
        let mut classes = Classes::default();
        classes.ensure(&tumour());
        let mut set: RegionSet =
            [square(0.0, 10.0).with_class(Some(tumour())), square(20.0, 5.0)].into_iter().collect();
        let ids: Vec<RegionId> = set.iter().map(|r| r.id).collect();
        classes.set_locked("Tumour", true).unwrap();
        let before = set.clone();
        let line = vec![at(5.0, -5.0), at(5.0, 50.0)];
        let edits = [
            RegionEdit::Delete(ids.clone()),
            RegionEdit::Move { ids: ids.clone(), by: [1.0, 1.0] },
            RegionEdit::Merge(ids.clone()),
            RegionEdit::Cut { ids: ids.clone(), line },
            RegionEdit::SetClass { ids: ids.clone(), class: None },
            RegionEdit::Paint(vec![(ids[1], None), (ids[0], None)]),
            RegionEdit::Draw(Box::new(square(0.0, 1.0).with_class(Some(tumour())))),
        ];
        for edit in edits {
            let refused = edit.apply(&mut set, &mut classes).unwrap_err();
            assert_eq!(refused, RegionError::ClassLocked("Tumour".into()), "{edit:?}");
            assert_eq!(set, before, "{edit:?}");
        }
        let free = RegionEdit::Move { ids: ids[1..].to_vec(), by: [1.0, 0.0] };
        assert_eq!(free.apply(&mut set, &mut classes).unwrap(), ids[1..]);
    }

    #[test]
    fn a_cut_divides_what_the_line_crosses() {
        let mut set: RegionSet = [square(0.0, 10.0), square(20.0, 5.0)].into_iter().collect();
        let ids: Vec<RegionId> = set.iter().map(|r| r.id).collect();
        let through = |x: f64| RegionEdit::Cut { ids: ids.clone(), line: vec![at(x, -5.0), at(x, 50.0)] };
        let pieces = through(4.0).apply(&mut set, &mut Classes::default()).unwrap();
        assert_eq!((pieces.len(), set.len()), (2, 3));
        let areas: Vec<f64> = pieces.iter().map(|id| set.get(*id).unwrap().shape().area_px2()).collect();
        assert_eq!(areas, [60.0, 40.0]);
        let beside = through(15.0).apply(&mut set, &mut Classes::default());
        assert!(matches!(beside, Err(RegionError::NotDivided(_))), "{beside:?}");
    }

    #[test]
    fn classes_are_renamed_and_removed_in_every_section() {
        let entry = || SectionEntry {
            regions: [square(0.0, 10.0).with_class(Some(tumour()))].into_iter().collect(),
            ..SectionEntry::default()
        };
        let mut project = Project::new();
        project.sections = vec![entry(), entry()];
        let stroma = ClassName::new("Stroma").unwrap();
        for class in [tumour(), stroma.clone()] {
            ClassEdit::Add(class).apply(&mut project).unwrap();
        }
        assert_eq!(
            ClassEdit::Add(stroma.clone()).apply(&mut project),
            Err(RegionError::ClassExists("Stroma".into()))
        );
        let before = project.clone();
        let onto = ClassEdit::Rename { from: "Tumour".into(), to: stroma };
        assert_eq!(onto.apply(&mut project), Err(RegionError::ClassExists("Stroma".into())));
        assert_eq!(project, before);
        let classes_of = |project: &Project| -> Vec<Option<String>> {
            let regions = project.sections.iter().flat_map(|s| s.regions.iter());
            regions.map(|r| r.class.as_ref().map(ToString::to_string)).collect()
        };
        let to = ClassName::new("Invasive").unwrap();
        ClassEdit::Rename { from: "Tumour".into(), to }.apply(&mut project).unwrap();
        assert_eq!(classes_of(&project), [Some("Invasive".into()), Some("Invasive".into())]);
        ClassEdit::Remove("Invasive".into()).apply(&mut project).unwrap();
        assert_eq!(classes_of(&project), [None, None]);
    }
}
