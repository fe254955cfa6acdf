//! Damaged project files and gene lists.

use std::fs;
use std::path::Path;

use hiscmcl::data::gene_list;
use hiscmcl::data::project::Project;

use super::{Sound, said_of};

#[test]
fn damaged_projects_say_what_is_wrong_and_stay_as_they_are() {
    let sound = Sound::new();
    let mut project = Project::new();
    project.add(sound.entry()).unwrap();
    let path = sound.path("p.hiscmcl");
    project.save(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let edited = |from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        text.replacen(from, to, 1).into_bytes()
    };
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("cut off", text.as_bytes()[..text.len() / 2].to_vec()),
        ("empty", Vec::new()),
        ("not JSON", b"\tERBB2\n10x21\t1\n".to_vec()),
        ("binary", vec![0, 159, 146, 150]),
        ("another JSON file", b"{\"a\": 1}".to_vec()),
        ("of a newer version", edited("\"version\": 1", "\"version\": 7")),
        ("a number for a name", edited("\"name\": \"C2\"", "\"name\": 2")),
        ("a section without counts", edited("\"counts\"", "\"numbers\"")),
        ("a section without a name", edited("\"name\": \"C2\"", "\"name\": \"\"")),
    ];
    let mut all = String::new();
    for (what, bytes) in cases {
        fs::write(&path, &bytes).unwrap();
        let error = Project::load(&path).unwrap_err();
        all.push_str(&said_of(what, &error.to_string(), sound.dir.path()));
        assert_eq!(fs::read(&path).unwrap(), bytes, "{what}: the file was changed");
    }
    insta::assert_snapshot!("projects", all);
    let says = |path: &Path| Project::load(path).unwrap_err().to_string();
    assert_eq!(says(sound.dir.path()), format!("Cannot read {}: it is a folder", sound.dir.path().display()));
}

#[test]
fn damaged_gene_lists_say_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("genes.csv");
    let mut all = String::new();
    for (what, bytes) in [
        ("empty", &b""[..]),
        ("a header alone", b"gene,mean\n"),
        ("binary", b"\x7fELF\x02\0\0"),
        ("a damaged archive", b"\x1f\x8b\x08\0\0"),
        ("not UTF-8", b"ERBB2\n\xe9\n"),
        ("numbers", b"1.5\n2\n"),
    ] {
        fs::write(&path, bytes).unwrap();
        all.push_str(&said_of(what, &gene_list::read(&path).unwrap_err().to_string(), dir.path()));
    }
    insta::assert_snapshot!("gene_lists", all);
}
