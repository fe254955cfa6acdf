//! Grouping the files of Space Ranger, wherever they lie and whatever repositories have put before their names,
//! into samples.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::super::names::file_name;
use super::copies::{self, without_mark};
use super::ignored::Ignored;
use super::names10x::{Part, bin_of, home, is_raw, part_of, split_bin, without_accession};
use super::walk::{Found, Listing};
use super::{ImageKind, Recognition, visium};

/// A matrix that was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Matrix {
    /// Raw ones come last, then MTX, then what is packed.
    pub(super) raw: bool,
    pub(super) mtx: bool,
    pub(super) packed: bool,
    /// The file, or the folder of `matrix.mtx`.
    pub(super) path: PathBuf,
}

/// What tells samples apart: the folder that holds the sample (or its folder), its name, and the size of bins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) place: PathBuf,
    /// In lower case.
    pub(super) name: String,
    pub(super) bin: Option<u32>,
    /// What makes its files second copies, "(1)"; otherwise empty.
    pub(super) copy: String,
}

/// The files of one sample.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    pub(super) name: String,
    /// Whether a file is among them whose sample only its folder tells.
    pub(super) by_folder: bool,
    /// The folders that its files were found in, without those of Space Ranger.
    pub(super) roots: BTreeSet<PathBuf>,
    pub(super) matrices: Vec<Matrix>,
    pub(super) positions: Vec<PathBuf>,
    pub(super) scale_factors: Vec<PathBuf>,
    pub(super) images: Vec<(ImageKind, PathBuf)>,
    pub(super) ignored: Vec<Ignored>,
    /// All of them, also those that are not used.
    pub(super) files: Vec<PathBuf>,
}

pub(super) type Groups = BTreeMap<Key, Group>;

/// The folder of a sample that a file in `folder` belongs to: outside of `square_008um` and its kind too.
pub(super) fn sample_folder(folder: &Path) -> PathBuf {
    let root = home(folder, "").root;
    match root.parent() {
        Some(parent) if bin_of(&file_name(&root)).is_some() => home(parent, "").root,
        _ => root,
    }
}

fn key_of(folder: &Path, token: &str, copy: &str) -> (Key, PathBuf, String) {
    let (stated, token) = split_bin(token);
    let inner = home(folder, token);
    let of_folder = bin_of(&file_name(&inner.root));
    let mut copies = vec![copy.to_owned(), inner.copy.clone()];
    if of_folder.is_some() {
        copies.extend(without_mark(&file_name(&inner.root)).map(|(_, mark)| mark));
    }
    let outer = match (of_folder, inner.root.parent()) {
        (Some(_), Some(parent)) => {
            let outer = home(parent, &inner.token);
            copies.push(outer.copy.clone());
            outer
        }
        _ => inner,
    };
    copies.retain(|mark| !mark.is_empty());
    copies.dedup();
    let bin = stated.or(of_folder);
    let of_folder = file_name(&outer.root);
    let of_folder = without_accession(&of_folder);
    let own_folder = outer.token.is_empty() || of_folder.eq_ignore_ascii_case(&outer.token);
    let name = if outer.token.is_empty() { of_folder.to_owned() } else { outer.token };
    let place = match outer.root.parent() {
        Some(parent) if own_folder => parent.to_path_buf(),
        _ => outer.root.clone(),
    };
    (Key { place, name: name.to_lowercase(), bin, copy: copies.join(" ") }, outer.root, name)
}

/// Finds Visium and Visium HD samples.
pub(super) fn find(root: &Path, listing: &mut Listing, found: &mut Recognition) {
    add_images_beside(root, listing);
    let mut groups = grouped(listing);
    join_copies(&mut groups);
    join_by_folder(&mut groups);
    share_images(&mut groups);
    visium::build(&groups, listing, found);
}

/// The slide often lies beside the folder that the user chooses (`outs`, `binned_outputs`, `square_008um`).
fn add_images_beside(root: &Path, listing: &mut Listing) {
    let above = sample_folder(root);
    if above == *root || !root.starts_with(&above) || above.parent().is_none() {
        return;
    }
    for folder in [above.clone(), above.join("outs"), above.join("outs/spatial"), above.join("spatial")] {
        if folder.starts_with(root) {
            continue;
        }
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        for path in entries.map(|e| e.path()).filter(|p| p.is_file()) {
            let name = file_name(&path);
            let lower = name.to_lowercase();
            let file = Found { path, name, lower, used: false };
            if file.is_image() && !file.name.starts_with('.') {
                listing.files.push(file);
            }
        }
    }
    listing.files.sort_by(|a, b| a.path.cmp(&b.path));
    listing.files.dedup_by(|a, b| a.path == b.path);
}

fn grouped(listing: &mut Listing) -> Groups {
    let names: BTreeSet<String> =
        listing.files.iter().map(|f| f.path.to_string_lossy().to_lowercase()).collect();
    let mut groups = Groups::new();
    for file in &mut listing.files {
        let (plain, mark) = copies::of_file(&file.name);
        let Some((part, token)) = part_of(&plain).filter(|_| !file.used) else { continue };
        file.used = true;
        let folder = file.folder().to_path_buf();
        let (key, root, name) = key_of(&folder, &token, &mark);
        let group = groups.entry(key).or_insert_with(|| Group { name, ..Group::default() });
        group.by_folder |= token.is_empty();
        group.files.push(file.path.clone());
        group.roots.insert(root);
        let packed = file.lower.ends_with(".gz");
        match part {
            Part::MatrixH5 { raw } => {
                group.matrices.push(Matrix { raw, mtx: false, packed, path: file.path.clone() });
            }
            Part::MatrixMtx => match mtx(file, &names) {
                Some(matrix) => group.matrices.push(matrix),
                None if !mark.is_empty() => group.ignored.push(Ignored::new(
                    &file.name,
                    format!("a second copy; rename it and its barcodes and features without \"{mark}\""),
                )),
                None => group.ignored.push(Ignored::new(&file.name, "its barcodes or features are missing")),
            },
            Part::Positions => group.positions.push(file.path.clone()),
            Part::ScaleFactors => group.scale_factors.push(file.path.clone()),
            Part::Hires => group.images.push((ImageKind::Hires, file.path.clone())),
            Part::Lowres => group.images.push((ImageKind::Lowres, file.path.clone())),
            Part::CytAssist => group.images.push((ImageKind::CytAssist, file.path.clone())),
            Part::Ignored(why) => group.ignored.push(Ignored::new(&file.name, why)),
        }
    }
    groups
}

/// `matrix.mtx` with barcodes and features beside it, as the folder; with a prefix, as the file.
fn mtx(file: &Found, names: &BTreeSet<String>) -> Option<Matrix> {
    let at = file.lower.rfind("matrix.mtx")?;
    let prefix = file.name.get(..at)?;
    let there = |part: &str| {
        ["tsv", "tsv.gz", "txt", "txt.gz"].iter().any(|ending| {
            let path = file.folder().join(format!("{prefix}{part}.{ending}"));
            names.contains(&path.to_string_lossy().to_lowercase())
        })
    };
    if !there("barcodes") || !(there("features") || there("genes")) {
        return None;
    }
    if prefix.is_empty() {
        let folder = file.folder();
        let raw = folder.ancestors().take(2).any(|f| is_raw(&file_name(f)));
        return Some(Matrix { raw, mtx: true, packed: false, path: folder.to_path_buf() });
    }
    Some(Matrix { raw: is_raw(prefix), mtx: true, packed: false, path: file.path.clone() })
}

/// Joins second copies with the files that they are copies of. Where a copy is all there is of a part of a sample, it is
/// used; where the original is there too, that is used and the copy is named. Copies that are a whole sample beside a
/// whole sample stay one: browsers number the files of another sample just so.
fn join_copies(groups: &mut Groups) {
    let whole = |g: &Group| !g.matrices.is_empty() && !g.positions.is_empty();
    let marked: Vec<Key> = groups.keys().filter(|k| !k.copy.is_empty()).cloned().collect();
    for key in marked {
        let original = Key { copy: String::new(), ..key.clone() };
        let both = groups.get(&key).is_some_and(whole) && groups.get(&original).is_some_and(whole);
        if both {
            if let Some(group) = groups.get_mut(&key) {
                group.name = format!("{} {}", group.name, key.copy);
            }
            continue;
        }
        let Some(from) = groups.remove(&key) else { continue };
        let to =
            groups.entry(original).or_insert_with(|| Group { name: from.name.clone(), ..Group::default() });
        to.by_folder |= from.by_folder;
        to.roots.extend(from.roots);
        to.files.extend(from.files);
        to.ignored.extend(from.ignored);
        let mut copies: Vec<(PathBuf, PathBuf)> = Vec::new();
        for matrix in from.matrices {
            match to.matrices.iter().find(|m| (m.raw, m.mtx) == (matrix.raw, matrix.mtx)) {
                Some(used) => copies.push((matrix.path, used.path.clone())),
                None => to.matrices.push(matrix),
            }
        }
        for (parts, more) in
            [(&mut to.positions, from.positions), (&mut to.scale_factors, from.scale_factors)]
        {
            match parts.first().cloned() {
                Some(used) => copies.extend(more.into_iter().map(|copy| (copy, used.clone()))),
                None => parts.extend(more),
            }
        }
        for (kind, image) in from.images {
            match to.images.iter().find(|(k, _)| *k == kind) {
                Some((_, used)) => copies.push((image, used.clone())),
                None => to.images.push((kind, image)),
            }
        }
        let name = |path: &Path| match (path.parent(), file_name(path)) {
            // Where folders are copies of each other, their names tell the files apart.
            (Some(folder), name) if without_mark(&file_name(folder)).is_some() => {
                format!("{}/{name}", file_name(folder))
            }
            (_, name) => name,
        };
        let copies = copies
            .iter()
            .map(|(copy, used)| Ignored::new(name(copy), format!("a copy; {} is used", file_name(used))));
        to.ignored.extend(copies);
    }
}

/// Joins what lies in one folder under different names: `V1_Brain_filtered_feature_bc_matrix.h5` beside `spatial`.
fn join_by_folder(groups: &mut Groups) {
    let part = |groups: &Groups, wanted: fn(&Group) -> bool| -> Vec<Key> {
        groups
            .iter()
            .filter(|(key, group)| key.bin.is_none() && wanted(group))
            .map(|(key, _)| key.clone())
            .collect()
    };
    let with_matrix = part(groups, |g| !g.matrices.is_empty() && g.positions.is_empty());
    let with_positions = part(groups, |g| g.matrices.is_empty() && !g.positions.is_empty());
    let meet = |groups: &Groups, a: &Key, b: &Key| {
        let (Some(a), Some(b)) = (groups.get(a), groups.get(b)) else { return false };
        // Files that bear different names are of different samples.
        (a.by_folder || b.by_folder) && !a.roots.is_disjoint(&b.roots)
    };
    let pairs: Vec<(Key, Key)> = with_positions
        .iter()
        .filter_map(|positions| {
            let mut partners = with_matrix.iter().filter(|matrix| meet(groups, matrix, positions));
            let matrix = partners.next().filter(|_| partners.next().is_none())?;
            let rivals = with_positions.iter().filter(|other| meet(groups, matrix, other)).count();
            (rivals == 1).then(|| (matrix.clone(), positions.clone()))
        })
        .collect();
    for (matrix, positions) in pairs {
        let Some(from) = groups.remove(&positions) else { continue };
        if let Some(to) = groups.get_mut(&matrix) {
            to.roots.extend(from.roots);
            to.positions.extend(from.positions);
            to.scale_factors.extend(from.scale_factors);
            to.images.extend(from.images);
            to.ignored.extend(from.ignored);
            to.files.extend(from.files);
        }
    }
}

/// Images that lie where no matrix does belong to the sample in that folder: those of `outs/spatial` to all sizes
/// of bins, and those of `spatial` to the one sample beside it.
fn share_images(groups: &mut Groups) {
    let lonely: Vec<Key> = groups
        .iter()
        .filter(|(_, g)| g.matrices.is_empty() && g.positions.is_empty())
        .map(|(key, _)| key.clone())
        .collect();
    for key in lonely {
        let Some(from) = groups.get(&key).cloned() else { continue };
        let whole = |g: &Group| !g.matrices.is_empty() && !g.positions.is_empty();
        let mut takers: Vec<Key> = groups
            .iter()
            .filter(|(k, g)| k.place == key.place && k.name == key.name && k.bin.is_some() && whole(g))
            .map(|(k, _)| k.clone())
            .collect();
        if takers.is_empty() {
            let beside = |g: &Group| !g.roots.is_disjoint(&from.roots);
            takers = groups.iter().filter(|(_, g)| whole(g) && beside(g)).map(|(k, _)| k.clone()).collect();
            if takers.len() != 1 {
                continue;
            }
        }
        for taker in &takers {
            let Some(to) = groups.get_mut(taker) else { continue };
            for (kind, path) in &from.images {
                if !to.images.iter().any(|(k, _)| k == kind) {
                    to.images.push((*kind, path.clone()));
                }
            }
            if to.scale_factors.is_empty() && taker.bin.is_none() {
                to.scale_factors.clone_from(&from.scale_factors);
            }
            to.ignored.extend(from.ignored.iter().cloned());
            to.files.extend(from.files.iter().cloned());
        }
        groups.remove(&key);
    }
}
