#!/usr/bin/env bash
# Sets up a fresh machine, builds HisCMCL and opens it with its embedded demo. Without a display it runs
# the same job without a window and says where the pictures are.
# usage: bash packaging/run.sh [FOLDER for the pictures, without a display]
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/common.sh

ensure_rust
say "Building (the first time takes about 15 to 25 minutes on two cores)"
cargo build --release --locked
program="${CARGO_TARGET_DIR:-target}/release/hiscmcl"

if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || [ "$(uname -s)" != Linux ]; then
  ensure_window_libraries
  say "Opening the demo"
  exec "$program" demo
fi

out=${1:-$(mktemp -d)}
say "There is no display: running the demo without a window"
"$program" demo --headless "$out"
say "Pictures and tables are in $out"
