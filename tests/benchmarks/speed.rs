//! How long what the user waits for takes: `cargo bench`.

mod features;

fn main() {
    divan::main();
}
