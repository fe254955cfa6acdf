//! The rooms of the code and who may enter them. Imports go downward only:
//!
//! `main, cli -> ui -> app -> jobs -> train, predict, evaluate, figures -> model, preprocess -> data -> core`
//!
//! and some rooms use less than all that lies below them. That nothing in `src/base` uses `src/learn`, and nothing in these two
//! what lies above, Cargo sees to. Burn is named only where tensors are, egui only
//! where the window is drawn. Threads have names, channels have bounds, files stay short.

use std::fs;
use std::path::{Path, PathBuf};

/// A room, and the rooms it may use beside itself.
const ROOMS: [(&str, &[&str]); 13] = [
    ("core", &[]),
    ("device", &["core"]),
    ("data", &["core"]),
    ("demo", &["data", "core"]),
    ("model", &["core"]),
    ("preprocess", &["data", "core"]),
    // Training stops and blends by the predictions of its own validation section, so it stands on predict.
    ("train", &["predict", "model", "preprocess", "device", "data", "core"]),
    ("predict", &["model", "preprocess", "device", "data", "core"]),
    ("evaluate", &["data", "core"]),
    ("figures", &["data", "core"]),
    ("jobs", BELOW_JOBS),
    ("app", BELOW_APP),
    ("ui", BELOW_UI),
];
const BELOW_JOBS: &[&str] =
    &["train", "predict", "evaluate", "figures", "model", "preprocess", "device", "demo", "data", "core"];
const BELOW_APP: &[&str] =
    &["jobs", "train", "predict", "evaluate", "figures", "preprocess", "device", "data", "core"];
const BELOW_UI: &[&str] =
    &["app", "jobs", "train", "predict", "evaluate", "figures", "preprocess", "device", "data", "core"];
/// The command line runs jobs or opens the window; it knows nothing of the window's state.
const CLI: &[&str] =
    &["ui", "jobs", "train", "predict", "evaluate", "figures", "preprocess", "device", "data", "core"];

/// Names of the outside that only some rooms may say.
const RESERVED: [(&[&str], &[&str]); 2] = [
    (&["burn", "cubecl"], &["device", "model", "train", "predict", "jobs"]),
    (&["egui", "eframe", "egui_plot", "egui_tiles", "rfd"], &["ui", "main"]),
];

const MAX_LINES: usize = 800;

#[test]
fn the_rooms_hold() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wrong = Vec::new();
    let mut seen = 0;
    for folder in ["src", "tests"] {
        for path in rust_files(&root.join(folder)) {
            let text = fs::read_to_string(&path).unwrap();
            let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            wrong.extend(check(&name, &text));
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} files were found");
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// The map of the code names only what is there.
#[test]
fn the_architecture_names_what_exists() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let text = fs::read_to_string(source.join("ARCHITECTURE.md")).unwrap();
    let named: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    // Capitals stand for names that users give.
    let is_own = |name: &str| name.starts_with(char::is_lowercase);
    let is_path = |name: &&&str| is_own(name) && (name.ends_with('/') || name.ends_with(".rs"));
    let is_module = |name: &&&str| is_own(name) && name.contains("::");
    let mut wrong = Vec::new();
    for name in named.iter().filter(is_path) {
        let places = ["", "base", "learn", ".."].map(|crate_folder| source.join(crate_folder).join(name));
        if !places.iter().any(|place| place.exists()) {
            wrong.push((*name).to_owned());
        }
    }
    for name in named.iter().filter(is_module) {
        if !["", "base", "learn"].iter().any(|crate_folder| is_there(&source.join(crate_folder), name)) {
            wrong.push((*name).to_owned());
        }
    }
    assert!(named.len() > 60 && wrong.is_empty(), "{} names; not there: {wrong:?}", named.len());
}

/// Whether `a::b::c` is a module below `folder`, or a function of one.
fn is_there(folder: &Path, name: &str) -> bool {
    let mut place = folder.to_path_buf();
    let mut parts = name.split("::").take_while(|part| part.starts_with(char::is_lowercase)).peekable();
    while let Some(part) = parts.next() {
        let file = place.with_extension("rs");
        place.push(part);
        let is_module = place.is_dir() || place.with_extension("rs").is_file();
        let is_function = parts.peek().is_none()
            && [file, place.with_file_name("mod.rs")]
                .iter()
                .any(|f| fs::read_to_string(f).is_ok_and(|t| t.contains(&format!("fn {part}"))));
        if !is_module && !is_function {
            return false;
        }
    }
    true
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// What is wrong with a file, one sentence each, with its line.
fn check(path: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let lines = text.lines().count();
    if lines > MAX_LINES {
        wrong.push(format!("{path}: {lines} lines; split it, {MAX_LINES} is the most"));
    }
    let Some(inside) = path.strip_prefix("src/") else { return wrong };
    let inside = ["base/", "learn/"].iter().find_map(|folder| inside.strip_prefix(folder)).unwrap_or(inside);
    let modules: Vec<&str> =
        inside.trim_end_matches(".rs").split('/').filter(|&part| part != "mod").collect();
    let room = modules[0];
    let code = blank_comments_and_literals(text);
    let tokens = tokens(&code);
    for (line, used) in rooms_used(&tokens, modules.len()) {
        if let Some(reason) = may_not_use(room, &used) {
            wrong.push(format!("{path}:{line}: {reason}"));
        }
    }
    if room != "main" && room != "lib" && room != "cli" && !ROOMS.iter().any(|(r, _)| *r == room) {
        wrong.push(format!("{path}: {room} is not one of the rooms"));
    }
    wrong.extend(reserved_names(path, room, &tokens));
    wrong.extend(banned_calls(path, &tokens));
    wrong
}

/// Why `room` may not use `used`, if it may not.
fn may_not_use(room: &str, used: &str) -> Option<String> {
    if used == "*" {
        return Some("everything of the crate is imported; name the rooms".to_owned());
    }
    if used == room || !ROOMS.iter().any(|(r, _)| *r == used) {
        return None; // Its own, or an item of the binary's root.
    }
    let allowed = match room {
        "main" | "lib" => return None,
        "cli" => CLI,
        _ => ROOMS.iter().find(|(r, _)| *r == room).map_or(&[][..], |(_, uses)| uses),
    };
    (!allowed.contains(&used)).then(|| format!("{room} may not use {used}"))
}

/// Words that stand for an outside crate, in a room that may not name it.
fn reserved_names(path: &str, room: &str, tokens: &[(usize, &str)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (i, &(line, word)) in tokens.iter().enumerate() {
        let Some((_, rooms)) = RESERVED.iter().find(|(names, _)| names.contains(&word)) else { continue };
        let before = i.checked_sub(1).map_or("", |b| tokens[b].1);
        let after = tokens.get(i + 1).map_or("", |t| t.1);
        // `x::burn::y` is a module of x; a lone `burn` is a variable unless it is imported.
        let names_crate = (after == "::" && before != "::") || before == "use";
        let global =
            before == "::" && i.checked_sub(2).is_none_or(|b| !is_word(tokens[b].1)) && after == "::";
        if (names_crate || global) && !rooms.contains(&room) {
            wrong.push(format!("{path}:{line}: {room} may not name {word}"));
        }
    }
    wrong
}

fn banned_calls(path: &str, tokens: &[(usize, &str)]) -> Vec<String> {
    const BANNED: [(&str, &str, &str); 2] = [
        ("thread", "spawn", "threads have names: use std::thread::Builder"),
        ("mpsc", "channel", "channels are bounded: use sync_channel"),
    ];
    let mut wrong = Vec::new();
    for (module, function, reason) in BANNED {
        for (i, window) in tokens.windows(3).enumerate() {
            let [(line, m), (_, colons), (_, next)] = window else { continue };
            if *m != module || *colons != "::" {
                continue;
            }
            let imported = *next == "{" && group(&tokens[i + 2..]).any(|(_, name)| name == function);
            if *next == function || imported {
                wrong.push(format!("{path}:{line}: {reason}"));
            }
        }
    }
    wrong
}

/// Lines and rooms that paths from the crate's root begin with: `crate::x`, `hiscmcl::x`,
/// `use crate::{x, y::z}`, and `super::super::x` where that many `super` lead to the root from a module
/// within a file that is itself `depth` modules deep.
fn rooms_used(tokens: &[(usize, &str)], depth: usize) -> Vec<(usize, String)> {
    let mut used = Vec::new();
    let mut braces = 0;
    let mut modules = Vec::new(); // How many braces were open where each module written in place began.
    let mut i = 0;
    while i < tokens.len() {
        let word = tokens[i].1;
        let mut next = i + 1;
        match word {
            "{" => {
                if i >= 2 && tokens[i - 2].1 == "mod" {
                    modules.push(braces);
                }
                braces += 1;
            }
            "}" => {
                braces -= 1;
                modules.pop_if(|began| *began == braces);
            }
            _ => {}
        }
        let mut at_root = matches!(word, "crate" | "hiscmcl" | "hiscmcl_base" | "hiscmcl_learn");
        if word == "super" {
            let mut ups = 1;
            while tokens.get(next).is_some_and(|t| t.1 == "::")
                && tokens.get(next + 1).is_some_and(|t| t.1 == "super")
            {
                ups += 1;
                next += 2;
            }
            at_root = ups == depth + modules.len();
        }
        if at_root && tokens.get(next).is_some_and(|t| t.1 == "::") {
            match tokens.get(next + 1) {
                Some((_, "{")) => {
                    used.extend(group(&tokens[next + 1..]).map(|(line, name)| (line, name.to_owned())));
                }
                Some(&(line, name)) => used.push((line, name.to_owned())),
                None => {}
            }
        }
        i = next;
    }
    used
}

/// The first word of each path in a group `{a, b::c, d::{e}}` that begins at the first token.
fn group<'a>(tokens: &'a [(usize, &'a str)]) -> impl Iterator<Item = (usize, &'a str)> {
    let mut depth = 0;
    let mut closed = false;
    let mut before = "";
    tokens.iter().filter_map(move |&(line, word)| {
        if closed {
            return None;
        }
        let starts_path = depth == 1 && matches!(before, "{" | ",");
        match word {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        closed = depth == 0;
        before = word;
        (starts_path && (is_word(word) || word == "*")).then_some((line, word))
    })
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// Words, `::` and single signs, each with its 1-based line.
fn tokens(code: &str) -> Vec<(usize, &str)> {
    let mut out = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = if is_word(rest) {
                rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            let (token, tail) = rest.split_at(length);
            out.push((number + 1, token));
            rest = tail.trim_start();
        }
    }
    out
}

/// The same text with comments, strings and characters replaced by spaces, line breaks kept.
fn blank_comments_and_literals(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out: Vec<char> = chars.clone();
    let starts = |i: usize, what: &str| what.chars().enumerate().all(|(k, c)| chars.get(i + k) == Some(&c));
    let mut i = 0;
    while i < chars.len() {
        let end = if starts(i, "//") {
            (i..chars.len()).find(|&k| chars[k] == '\n').unwrap_or(chars.len())
        } else if starts(i, "/*") {
            end_of_block_comment(&chars, i)
        } else if chars[i] == '"' {
            end_of_quoted(&chars, i, '"')
        } else if let Some(end) = end_of_raw_string(&chars, i) {
            end
        } else if chars[i] == '\'' && (chars.get(i + 1) == Some(&'\\') || chars.get(i + 2) == Some(&'\'')) {
            // Anything else after a single quote is a lifetime.
            end_of_quoted(&chars, i, '\'')
        } else {
            i += 1;
            continue;
        };
        out[i..end].iter_mut().filter(|c| **c != '\n').for_each(|c| *c = ' ');
        i = end;
    }
    out.into_iter().collect()
}

fn end_of_block_comment(chars: &[char], start: usize) -> usize {
    let mut depth = 0;
    let mut i = start;
    while i < chars.len() {
        match (chars[i], chars.get(i + 1)) {
            ('/', Some('*')) => {
                depth += 1;
                i += 2;
            }
            ('*', Some('/')) => {
                depth -= 1;
                i += 2;
                if depth == 0 {
                    return i;
                }
            }
            _ => i += 1,
        }
    }
    chars.len()
}

fn end_of_quoted(chars: &[char], start: usize, quote: char) -> usize {
    let mut i = start + 1;
    while i < chars.len() {
        match chars[i] {
            '\\' => i += 2,
            c if c == quote => return i + 1,
            _ => i += 1,
        }
    }
    chars.len()
}

/// The end of `r"..."`, `r#"..."#` and so on, when one starts here.
fn end_of_raw_string(chars: &[char], start: usize) -> Option<usize> {
    let glued = start.checked_sub(1).is_some_and(|b| {
        let c = chars[b];
        c != 'b' && c != 'c' && (c.is_alphanumeric() || c == '_')
    });
    if chars[start] != 'r' || glued {
        return None;
    }
    let hashes = chars[start + 1..].iter().take_while(|&&c| c == '#').count();
    let open = start + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let closes =
        |k: usize| chars[k] == '"' && chars[k + 1..].iter().take_while(|&&c| c == '#').count() >= hashes;
    Some((open + 1..chars.len()).find(|&k| closes(k)).map_or(chars.len(), |k| k + 1 + hashes))
}

#[cfg(test)]
mod the_checker {
    use super::check;

    fn finds(path: &str, text: &str, part: &str) {
        let found = check(path, text);
        assert!(found.iter().any(|f| f.contains(part)), "{path}: {text:?} gave {found:?}, not {part:?}");
    }

    fn accepts(path: &str, text: &str) {
        assert_eq!(check(path, text), Vec::<String>::new(), "{path}: {text:?}");
    }

    #[test]
    fn sees_imports_that_go_up() {
        finds(
            "src/core/a.rs",
            "use crate::data::section::Section;",
            "src/core/a.rs:1: core may not use data",
        );
        finds(
            "src/data/slide/mod.rs",
            "\nuse crate::{core::x, preprocess::y};",
            "mod.rs:2: data may not use preprocess",
        );
        finds("src/evaluate/a.rs", "use crate::preprocess::pca::Pca;", "evaluate may not use preprocess");
        finds("src/figures/mod.rs", "fn f() { crate::evaluate::x() }", "figures may not use evaluate");
        finds("src/model/mod.rs", "use crate::data::x;", "model may not use data");
        finds("src/predict/a.rs", "use crate::train::x;", "predict may not use train");
        finds(
            "src/predict/a.rs",
            "use crate::{\n    core::{a, b},\n    jobs,\n};",
            "a.rs:3: predict may not use jobs",
        );
        finds("src/jobs/a.rs", "use hiscmcl::app::x;", "jobs may not use app");
        finds("src/app/a.rs", "type T = crate::ui::X;", "app may not use ui");
        finds("src/device.rs", "use crate::train::x;", "device may not use train");
        finds("src/cli.rs", "use hiscmcl::app::run;", "cli may not use app");
        finds("src/core/a.rs", "use crate::*;", "name the rooms");
        finds("src/core/a.rs", "use crate::{matrix, *};", "name the rooms");
    }

    #[test]
    fn sees_the_way_round_through_super() {
        finds("src/core/matrix.rs", "use super::super::data::x;", "core may not use data");
        finds("src/core/mod.rs", "use super::data::x;", "core may not use data");
        finds("src/data/st/spots.rs", "use super::super::super::jobs::x;", "data may not use jobs");
        accepts("src/data/st/spots.rs", "use super::super::section::x; use super::labels;");
        accepts("src/evaluate/a.rs", "mod tests { use super::*; }");
        accepts("src/device.rs", "fn f() { {} } mod tests { use super::*; mod x { use super::super::*; } }");
        finds("src/device.rs", "mod tests { fn f() {} use super::super::train::x; }", "may not use train");
        finds("src/device.rs", "mod tests {} use super::train::x;", "device may not use train");
    }

    #[test]
    fn accepts_what_goes_down() {
        accepts("src/core/a.rs", "use crate::core::matrix::Matrix;");
        accepts(
            "src/train/a.rs",
            "use crate::{core::x, data::y, model::z, preprocess::q}; use burn::tensor::T;",
        );
        accepts("src/ui/a.rs", "use crate::app::x; use eframe::egui; use egui::Color32;");
        accepts("src/main.rs", "use hiscmcl::ui; mod cli; use crate::cli::run; fn f() { eframe::run() }");
        accepts("src/cli/mod.rs", "use crate::settings_help; use hiscmcl::jobs::x;");
        accepts("src/lib.rs", "pub mod ui; pub use crate::core::x;");
        accepts("tests/a.rs", "use hiscmcl::ui::x; use eframe::egui;");
    }

    #[test]
    fn sees_tensors_and_windows_out_of_place() {
        finds("src/evaluate/a.rs", "use burn::tensor::Tensor;", "evaluate may not name burn");
        finds("src/data/a.rs", "fn f(t: burn::Tensor) {}", "data may not name burn");
        finds("src/preprocess/a.rs", "fn f(t: ::burn::Tensor) {}", "preprocess may not name burn");
        finds("src/app/a.rs", "use eframe::egui;", "app may not name eframe");
        finds("src/jobs/a.rs", "fn f(c: &egui::Context) {}", "jobs may not name egui");
        finds("src/cli/a.rs", "use rfd;", "cli may not name rfd");
        accepts("src/data/a.rs", "let burn = 1; f(burn); x.egui = 2; use crate::core::burn::x;");
    }

    #[test]
    fn sees_unnamed_threads_and_unbounded_channels() {
        finds("src/jobs/a.rs", "std::thread::spawn(|| ());", "threads have names");
        finds("src/jobs/a.rs", "use std::thread::{self, spawn};", "threads have names");
        finds("src/jobs/a.rs", "let (a, b) = mpsc::channel();", "channels are bounded");
        accepts("src/jobs/a.rs", "std::thread::Builder::new().spawn(f); mpsc::sync_channel(1);");
    }

    #[test]
    fn sees_long_files_and_unknown_rooms() {
        finds("src/core/a.rs", &"\n".repeat(801), "801 lines");
        finds("tests/a.rs", &"\n".repeat(801), "801 lines");
        accepts("src/core/a.rs", &"\n".repeat(800));
        finds("src/helpers/a.rs", "", "helpers is not one of the rooms");
        finds("src/util.rs", "", "util is not one of the rooms");
    }

    #[test]
    fn ignores_comments_and_text() {
        accepts(
            "src/core/a.rs",
            "/// See [`crate::data::x`].\n//! crate::ui\n/* a /* crate::app */ burn::x */",
        );
        accepts(
            "src/core/a.rs",
            r##"const A: &str = "crate::ui \" burn::x"; const B: &str = r#"crate::ui"#;"##,
        );
        finds("src/core/a.rs", "fn f<'a>(x: &'a str) -> char { crate::ui::x; '\\'' }", "core may not use ui");
        finds("src/core/a.rs", "let c = '\"'; crate::ui::x; let d = '\"';", "core may not use ui");
        finds("src/core/a.rs", "/* \" */ use crate::ui::x; // \"", "core may not use ui");
    }
}
