//! Damaged project files and gene lists.

use std::fs;
use std::path::Path;

use hiscmcl::data::gene_list;
use hiscmcl::data::project::Project;

use super::Sound;

#[test]
fn damaged_projects_say_what_is_wrong_and_stay_as_they_are() {
    let sound = Sound::new();
    let mut project = Project::new();
    project.add(sound.entry()).unwrap();
    let path = sound.path("p.hiscmcl");
    project.save(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let at = path.display();
    let edited = |from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        text.replacen(from, to, 1).into_bytes()
    };
    let cases: Vec<(&str, Vec<u8>, String)> = vec![
        (
            "cut off",
            text.as_bytes()[..text.len() / 2].to_vec(),
            format!(
                "{at}, line 8: the project file ends too early: it was cut off; take a copy of it if there is one"
            ),
        ),
        ("empty", Vec::new(), format!("{at}: the file is empty")),
        (
            "not JSON",
            b"\tERBB2\n10x21\t1\n".to_vec(),
            format!("{at}, line 1: this is not a HisCMCL project (expected value)"),
        ),
        (
            "binary",
            vec![0, 159, 146, 150],
            format!("{at}, line 1: this is not a HisCMCL project (expected value)"),
        ),
        (
            "another JSON file",
            b"{\"a\": 1}".to_vec(),
            format!("{at}: this is not a HisCMCL project: it has no version"),
        ),
        (
            "of a newer version",
            edited("\"version\": 1", "\"version\": 7"),
            format!(
                "{at} was saved by a newer HisCMCL (format 7, this one knows 3); update HisCMCL to open it, the file was left as it is"
            ),
        ),
        (
            "a number for a name",
            edited("\"name\": \"C2\"", "\"name\": 2"),
            format!(
                "{at}, line 5: this is not as a project has it: invalid type: integer `2`, expected a string"
            ),
        ),
        (
            "a section without counts",
            edited("\"counts\"", "\"numbers\""),
            format!("{at}: section C2 names no count table and spot file"),
        ),
        (
            "a section without a name",
            edited("\"name\": \"C2\"", "\"name\": \"\""),
            format!("{at}: a section needs a name"),
        ),
    ];
    let mut wrong = String::new();
    for (name, bytes, expected) in cases {
        fs::write(&path, &bytes).unwrap();
        let said = Project::load(&path).unwrap_err().to_string();
        if said != expected {
            wrong.push_str(&format!("{name}:\n  said     {said}\n  expected {expected}\n"));
        }
        assert_eq!(fs::read(&path).unwrap(), bytes, "{name}: the file was changed");
    }
    assert!(wrong.is_empty(), "{wrong}");
    let says = |path: &Path| Project::load(path).unwrap_err().to_string();
    assert_eq!(says(sound.dir.path()), format!("Cannot read {}: it is a folder", sound.dir.path().display()));
}

#[test]
fn damaged_gene_lists_say_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("genes.csv");
    let at = path.display();
    for (name, bytes, expected) in [
        ("empty", &b""[..], format!("{at}: there is no gene in the file")),
        ("a header alone", b"gene,mean\n", format!("{at}: there is no gene in the file")),
        ("binary", b"\x7fELF\x02\0\0", format!("{at}: this is not a text file with gene names")),
        (
            "a damaged archive",
            b"\x1f\x8b\x08\0\0",
            format!("{at}: the compressed file is damaged; copy or download it again"),
        ),
        ("not UTF-8", b"ERBB2\n\xe9\n", format!("{at}: the text is not UTF-8; save the file as UTF-8 text")),
        ("numbers", b"1.5\n2\n", format!("{at}, line 1: \"1.5\" cannot be the name of a gene")),
    ] {
        fs::write(&path, bytes).unwrap();
        assert_eq!(gene_list::read(&path).unwrap_err().to_string(), expected, "{name}");
    }
}
