//! Classes of regions: what they are called, and how they are shown.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::RegionError;
use super::palette;
use super::region::Region;

/// What a class is called. A derived class of QuPath is written with colons: "Tumor: Positive".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassName(Arc<str>);

impl ClassName {
    /// `None` where `name` is empty; spaces around it are dropped.
    pub fn new(name: &str) -> Option<Self> {
        let name = name.trim();
        (!name.is_empty()).then(|| Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClassName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for ClassName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Serialize for ClassName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ClassName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::new(&name).ok_or_else(|| serde::de::Error::custom("a class has no name"))
    }
}

/// A class of regions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    /// What it is called; unique among the classes.
    pub name: ClassName,
    /// Red, green and blue.
    pub color: [u8; 3],
    /// Whether its regions are left out of the view and cannot be picked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// Whether its regions cannot be changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub locked: bool,
}

impl Class {
    /// A class that is shown and can be changed.
    pub const fn new(name: ClassName, color: [u8; 3]) -> Self {
        Self { name, color, hidden: false, locked: false }
    }
}

/// The classes of a project or a file, in the order in which they are listed. No two have the same name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Class>", into = "Vec<Class>")]
pub struct Classes(Vec<Class>);

impl From<Vec<Class>> for Classes {
    /// Of classes with the same name the first stays.
    fn from(list: Vec<Class>) -> Self {
        let mut classes = Self::default();
        for class in list {
            if !classes.contains(class.name.as_str()) {
                classes.0.push(class);
            }
        }
        classes
    }
}

impl From<Classes> for Vec<Class> {
    fn from(classes: Classes) -> Self {
        classes.0
    }
}

impl Classes {
    /// All of them, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Class> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where in the order the class of this name stands.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|c| c.name.as_str() == name)
    }

    /// The class of this name.
    pub fn get(&self, name: &str) -> Option<&Class> {
        self.0.iter().find(|c| c.name.as_str() == name)
    }

    /// The class of this name, to change how it is shown; see [`Self::rename`] for its name.
    fn get_mut(&mut self, name: &str) -> Result<&mut Class, RegionError> {
        let found = self.0.iter_mut().find(|c| c.name.as_str() == name);
        found.ok_or_else(|| RegionError::NoSuchClass(name.to_owned()))
    }

    /// Whether there is a class of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The class called `name`, which is added at the end in the colour of [`palette::color_of`] where it is not there.
    pub fn ensure(&mut self, name: &ClassName) -> usize {
        match self.position(name.as_str()) {
            Some(at) => at,
            None => {
                let used: Vec<[u8; 3]> = self.0.iter().map(|c| c.color).collect();
                self.0.push(Class::new(name.clone(), palette::color_of(name.as_str(), &used)));
                self.0.len() - 1
            }
        }
    }

    /// Adds a class at the end.
    ///
    /// # Errors
    /// [`RegionError::ClassExists`].
    pub fn add(&mut self, class: Class) -> Result<(), RegionError> {
        if self.contains(class.name.as_str()) {
            return Err(RegionError::ClassExists(class.name.to_string()));
        }
        self.0.push(class);
        Ok(())
    }

    /// Adds the classes of `other` that are not here; those that are keep their colour and place.
    pub fn adopt(&mut self, other: &Self) {
        for class in &other.0 {
            if !self.contains(class.name.as_str()) {
                self.0.push(class.clone());
            }
        }
    }

    /// Removes a class. Regions of it are to be changed with
    /// [`RegionSet::rename_class`](super::RegionSet::rename_class).
    ///
    /// # Errors
    /// [`RegionError::NoSuchClass`].
    pub fn remove(&mut self, name: &str) -> Result<Class, RegionError> {
        let at = self.position(name).ok_or_else(|| RegionError::NoSuchClass(name.to_owned()))?;
        Ok(self.0.remove(at))
    }

    /// Calls a class `to`. Regions of it are to be changed with
    /// [`RegionSet::rename_class`](super::RegionSet::rename_class).
    ///
    /// # Errors
    /// [`RegionError::NoSuchClass`], [`RegionError::ClassExists`].
    pub fn rename(&mut self, from: &str, to: ClassName) -> Result<(), RegionError> {
        if to.as_str() != from && self.contains(to.as_str()) {
            return Err(RegionError::ClassExists(to.to_string()));
        }
        self.get_mut(from)?.name = to;
        Ok(())
    }

    /// Changes the colour of a class.
    ///
    /// # Errors
    /// [`RegionError::NoSuchClass`].
    pub fn set_color(&mut self, name: &str, color: [u8; 3]) -> Result<(), RegionError> {
        self.get_mut(name)?.color = color;
        Ok(())
    }

    /// Shows or hides the regions of a class.
    ///
    /// # Errors
    /// [`RegionError::NoSuchClass`].
    pub fn set_hidden(&mut self, name: &str, hidden: bool) -> Result<(), RegionError> {
        self.get_mut(name)?.hidden = hidden;
        Ok(())
    }

    /// Locks or unlocks the regions of a class.
    ///
    /// # Errors
    /// [`RegionError::NoSuchClass`].
    pub fn set_locked(&mut self, name: &str, locked: bool) -> Result<(), RegionError> {
        self.get_mut(name)?.locked = locked;
        Ok(())
    }

    /// Moves a class to position `to` of the list, or to its end where that is shorter.
    ///
    /// # Errors
    /// [`RegionError::NoSuchClass`].
    pub fn move_to(&mut self, name: &str, to: usize) -> Result<(), RegionError> {
        let class = self.remove(name)?;
        self.0.insert(to.min(self.0.len()), class);
        Ok(())
    }

    fn class_of(&self, region: &Region) -> Option<&Class> {
        self.get(region.class.as_ref()?.as_str())
    }

    /// Whether a region is shown: its class is not hidden.
    pub fn shows(&self, region: &Region) -> bool {
        self.class_of(region).is_none_or(|c| !c.hidden)
    }

    /// The colour in which a region is drawn: that of its class, or its own where it has none.
    pub fn color_of(&self, region: &Region) -> [u8; 3] {
        match (&region.class, self.class_of(region)) {
            (_, Some(class)) => class.color,
            (Some(name), None) => palette::color_of(name.as_str(), &[]),
            (None, None) => region.color.unwrap_or(palette::UNCLASSIFIED),
        }
    }

    /// Whether the class of a region lets it be changed; that the region itself is not locked, the operations check.
    ///
    /// # Errors
    /// [`RegionError::ClassLocked`].
    pub fn check_unlocked(&self, region: &Region) -> Result<(), RegionError> {
        match self.class_of(region).filter(|c| c.locked) {
            Some(class) => Err(RegionError::ClassLocked(class.name.to_string())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ClassName {
        ClassName::new(text).unwrap()
    }

    #[test]
    fn names_are_unique_and_order_is_kept() {
        let mut classes = Classes::default();
        assert_eq!((classes.ensure(&name("Tumor")), classes.ensure(&name(" Stroma "))), (0, 1));
        assert_eq!(classes.ensure(&name("Tumor")), 0);
        assert_eq!(
            classes.add(Class::new(name("Stroma"), [1, 2, 3])).unwrap_err().to_string(),
            "There is already a class Stroma."
        );
        classes.rename("Tumor", name("DCIS")).unwrap();
        classes.move_to("DCIS", 9).unwrap();
        let names: Vec<&str> = classes.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["Stroma", "DCIS"]);
        assert_eq!(classes.rename("DCIS", name("Stroma")), Err(RegionError::ClassExists("Stroma".into())));
        assert!(ClassName::new(" \t").is_none());
    }

    #[test]
    fn they_are_kept_as_a_list() {
        let mut classes = Classes::default();
        classes.ensure(&name("Tumor"));
        classes.set_hidden("Tumor", true).unwrap();
        let text = serde_json::to_string(&classes).unwrap();
        assert_eq!(text, r#"[{"name":"Tumor","color":[200,0,0],"hidden":true}]"#);
        assert_eq!(serde_json::from_str::<Classes>(&text).unwrap(), classes);
        let twice = r#"[{"name":"A","color":[1,1,1]},{"name":"A","color":[2,2,2]}]"#;
        let read: Classes = serde_json::from_str(twice).unwrap();
        assert_eq!((read.len(), read.get("A").unwrap().color), (1, [1, 1, 1]));
        assert!(serde_json::from_str::<Classes>(r#"[{"name":" ","color":[1,1,1]}]"#).is_err());
    }

    #[test]
    fn classes_of_other_files_join_in_their_colours() {
        let mut own = Classes::from(vec![Class::new(name("A"), [1, 1, 1])]);
        own.adopt(&Classes::from(vec![Class::new(name("A"), [9, 9, 9]), Class::new(name("B"), [2, 2, 2])]));
        assert_eq!(own.iter().map(|c| c.color).collect::<Vec<_>>(), [[1, 1, 1], [2, 2, 2]]);
    }
}
