//! How long what the user waits for takes: `cargo bench`.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing else to say")]

mod compare;
mod explore;
mod features;

fn main() {
    divan::main();
}
