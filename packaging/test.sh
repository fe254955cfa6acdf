#!/usr/bin/env bash
# Everything that must hold: formatting, lints, documentation, tests. One build profile serves them all.
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/common.sh

ensure_rust
ensure_window_libraries

say "Formatting"
cargo fmt --check
say "Lints"
cargo clippy --release --locked --all-targets -- -D warnings
say "Documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --release --locked --no-deps --lib
if command -v cargo-deny >/dev/null; then
  say "Dependencies"
  cargo deny --locked --offline check bans licenses sources
else
  say "Dependencies are not checked: cargo-deny is not installed (cargo install cargo-deny)"
fi
say "Tests"
cargo test --release --locked
say "All checks passed"
