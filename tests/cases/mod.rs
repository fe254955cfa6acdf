//! Small inputs that once went wrong, through the program itself. They lie outside the repository; where they are not
//! there, each test says so and passes. Ordinary tests hold synthetic equivalents of the most important ones.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod intake;
mod models;
mod values;

use std::path::{Path, PathBuf};

use crate::support::{hiscmcl, run};
use serde_json::Value;

/// A project in a folder of its own.
pub struct Study {
    folder: tempfile::TempDir,
}

impl Default for Study {
    fn default() -> Self {
        Self::new()
    }
}

impl Study {
    /// An empty project.
    pub fn new() -> Self {
        let study = Self { folder: tempfile::tempdir().unwrap() };
        run(hiscmcl().args(["project", "new"]).arg(study.project()));
        study
    }

    /// A project of what `paths` hold.
    pub fn from_paths(paths: &[PathBuf]) -> Self {
        let study = Self::new();
        run(&mut study.add(paths));
        study
    }

    /// The project file.
    pub fn project(&self) -> PathBuf {
        self.folder.path().join("p.hiscmcl")
    }

    /// A file in the folder of the project.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `project add` of these paths.
    pub fn add(&self, paths: &[PathBuf]) -> std::process::Command {
        let mut command = hiscmcl();
        command.args(["project", "add"]).arg(self.project()).args(paths);
        command
    }

    /// `info --json`.
    pub fn info(&self) -> Value {
        let text = run(hiscmcl().arg("info").arg(self.project()).arg("--json"));
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e} in {text}"))
    }

    /// One section of `info --json`.
    pub fn section(&self, name: &str) -> Value {
        let info = self.info();
        let sections = info["sections"].as_array().unwrap();
        sections.iter().find(|s| s["name"] == name).unwrap_or_else(|| panic!("no {name} in {info}")).clone()
    }
}

/// What the program writes to stderr, failed or not.
pub fn stderr(command: &mut std::process::Command) -> String {
    String::from_utf8(command.output().unwrap().stderr).unwrap()
}

/// Folders in `folder`, in order.
pub fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|p| p.is_dir()).collect();
    folders.sort();
    folders
}
