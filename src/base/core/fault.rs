//! What is left of a fault in the program: a report in a file, and what was told to be rescued.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::fs;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::thread;

/// The most reports kept; older ones are removed.
const MAX_REPORTS: usize = 20;
const PREFIX: &str = "report-";

thread_local! {
    /// The report of the last panic of this thread.
    static LAST: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
}

/// Saves what would otherwise be lost; why it could not be saved.
pub type Rescue = Box<dyn FnOnce() -> Result<(), String>>;

#[derive(Default)]
struct Rescued {
    todo: Option<Rescue>,
    done: Option<Result<(), String>>,
}

thread_local! {
    /// What is to be saved when this thread panics.
    static RESCUE: RefCell<Rescued> = const { RefCell::new(Rescued { todo: None, done: None }) };
}

thread_local! {
    /// How many calls of [`caught`] this thread is in.
    static CATCHING: Cell<usize> = const { Cell::new(0) };
}

/// Runs what may panic on bytes that anyone may have written, as large libraries do: that is one more damaged file, and
/// no fault of the program. `None` stands for a panic, of which nothing is printed or reported.
pub fn caught<T>(f: impl FnOnce() -> T) -> Option<T> {
    static HUSHED: Once = Once::new();
    HUSHED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !is_catching() {
                before(info);
            }
        }));
    });
    CATCHING.with(|c| c.set(c.get() + 1));
    let result = catch_unwind(AssertUnwindSafe(f));
    CATCHING.with(|c| c.set(c.get().saturating_sub(1)));
    result.ok()
}

fn is_catching() -> bool {
    CATCHING.try_with(|c| c.get() > 0).unwrap_or(false)
}

/// From now on every panic writes a report into `folder` and saves what [`set_rescue`] was given on the same thread.
/// What is printed on stderr stays.
pub fn install(folder: PathBuf) {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if is_catching() {
            return;
        }
        before(info);
        let report = write(&folder, &describe(info));
        if let Some(path) = &report {
            // Standard error may be closed; then the next start says where the report is.
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "A report was written to {}", path.display());
        }
        let _ = LAST.try_with(|last| *last.borrow_mut() = report);
        let _ = catch_unwind(AssertUnwindSafe(rescue));
    }));
}

/// What is to be saved when this thread panics; `None` when there is nothing.
pub fn set_rescue(todo: Option<Rescue>) {
    RESCUE.with(|r| *r.borrow_mut() = Rescued { todo, done: None });
}

/// Saves what [`set_rescue`] was given, once. What came of it; `None` when there was nothing to save.
pub fn rescue() -> Option<Result<(), String>> {
    // A thread that is ending has nothing left to save.
    let take = || RESCUE.try_with(|r| r.try_borrow_mut().ok()?.todo.take()).ok().flatten();
    if let Some(todo) = take() {
        let done = todo();
        RESCUE.with(|r| r.borrow_mut().done = Some(done));
    }
    RESCUE.try_with(|r| r.try_borrow().ok()?.done.clone()).ok().flatten()
}

/// The report of the last panic of this thread, once.
pub fn take_report() -> Option<PathBuf> {
    LAST.with(|last| last.borrow_mut().take())
}

/// The headline of a message about a panic.
pub const INTERNAL: &str = "There was an internal error in HisCMCL.";

/// What a panic said.
pub fn message(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

/// The reports in `folder`, the newest last.
pub fn reports(folder: &Path) -> Vec<PathBuf> {
    let is_report = |path: &PathBuf| {
        path.file_name()
            .and_then(|n| n.to_str())
            .is_some_and(|n| n.starts_with(PREFIX) && n.ends_with(".txt"))
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|e| e.path()).filter(is_report).collect();
    found.sort();
    found
}

fn describe(info: &PanicHookInfo) -> String {
    let thread = thread::current();
    let place = info.location().map_or_else(|| "unknown".to_owned(), ToString::to_string);
    format!(
        "HisCMCL {}\nSystem: {} ({})\nTime: {}\nThread: {}\nPlace: {place}\n\n{}\n\n{}\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S %:z"),
        thread.name().unwrap_or("unnamed"),
        message(info.payload()),
        Backtrace::force_capture(),
    )
}

/// Writes a report; its file, or none where it cannot be written.
fn write(folder: &Path, text: &str) -> Option<PathBuf> {
    fs::create_dir_all(folder).ok()?;
    let old = reports(folder);
    for path in old.iter().take((old.len() + 1).saturating_sub(MAX_REPORTS)) {
        let _ = fs::remove_file(path);
    }
    let time = jiff::Zoned::now().strftime("%Y-%m-%d-%H%M%S%.3f").to_string().replace('.', "-");
    let path = folder.join(format!("{PREFIX}{time}.txt"));
    fs::write(&path, text).ok()?;
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_caught_is_no_fault() {
        assert_eq!(caught(|| 1), Some(1));
        assert_eq!(caught(|| -> i32 { panic!("damaged") }), None);
        assert!(!is_catching());
    }

    #[test]
    fn a_panic_leaves_a_report_and_few_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        for i in 0..MAX_REPORTS + 3 {
            fs::write(dir.path().join(format!("{PREFIX}2026-01-01-{i:06}-000.txt")), "old").unwrap();
        }
        fs::write(dir.path().join("notes.txt"), "mine").unwrap();
        let folder = dir.path().to_path_buf();
        let thread = thread::Builder::new().name("breaks".into()).spawn(move || {
            install(folder);
            set_rescue(Some(Box::new(|| Err("the disk is full".into()))));
            let panicked = catch_unwind(|| panic!("the cat sat on it"));
            let _ = panic::take_hook();
            assert_eq!(message(panicked.unwrap_err().as_ref()), "the cat sat on it");
            (take_report(), take_report(), rescue())
        });
        let (report, again, rescued) = thread.unwrap().join().unwrap();
        let report = report.unwrap();
        assert_eq!(again, None);
        let text = fs::read_to_string(&report).unwrap();
        for part in ["HisCMCL ", "System: ", "Thread: breaks", "the cat sat on it", "fault.rs"] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert_eq!(rescued, Some(Err("the disk is full".into())), "it is saved once");
        let kept = reports(dir.path());
        assert!(kept.len() <= MAX_REPORTS && kept.contains(&report));
        assert!(dir.path().join("notes.txt").exists());
    }
}
