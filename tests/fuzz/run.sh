#!/usr/bin/env bash
# Fuzzes the parsers of files, one after the other, and prints a table of what was reached.
# usage: bash tests/fuzz/run.sh MINUTES [PARSER ...]
# MINUTES are of processor time for each parser, so a busy computer takes longer but tries as much.
set -euo pipefail
cd "$(dirname "$0")/../.."
minutes=${1:?usage: bash tests/fuzz/run.sh MINUTES [PARSER ...]}
shift
work=${CARGO_TARGET_DIR:-target}/fuzz
mkdir -p "$work"
seconds=$(awk "BEGIN { print int($minutes * 60) }")
parsers=("$@")
[ ${#parsers[@]} -gt 0 ] || parsers=($(ls tests/fuzz/corpus))

# Without sanitizers the stable toolchain is enough: all code here is safe, so panics, hangs and wild allocations are what can be found.
cargo fuzz build --fuzz-dir tests/fuzz --sanitizer none --release --target-dir "$work/build" parse
program=$(ls "$work"/build/*/release/parse)

# Seconds that a process has spent on a processor, with its threads; 0 when it has ended.
processor_seconds() {
  ps -o cputimes= -p "$1" 2>/dev/null | tr -d ' ' | grep . || echo 0
}

printf '%-20s %12s %8s %8s %8s  %s\n' parser executions edges features inputs findings
failed=0
for parser in "${parsers[@]}"; do
  seeds=("tests/fuzz/corpus/$parser")
  # Longer ones are left out by -max_len.
  [ "$parser" != image ] || seeds+=(tests/fixtures/slides)
  mkdir -p "$work/$parser" "$work/findings/$parser"
  log=$work/$parser.log
  HISCMCL_FUZZ=$parser TMPDIR=${FUZZ_TMPDIR:-/dev/shm} "$program" -max_len=65536 -timeout=60 -rss_limit_mb=3072 \
    -malloc_limit_mb=2048 -print_final_stats=1 -use_value_profile=1 -artifact_prefix="$work/findings/$parser/" \
    "$work/$parser" "${seeds[@]}" >"$log" 2>&1 &
  fuzzer=$!
  while [ "$(processor_seconds $fuzzer)" -lt "$seconds" ] && kill -0 $fuzzer 2>/dev/null; do sleep 2; done
  # An interrupted fuzzer prints its counts and ends with 0 or 72; anything else is a finding.
  kill -INT $fuzzer 2>/dev/null || true
  code=0
  wait $fuzzer || code=$?
  [ $code = 0 ] || [ $code = 72 ] || failed=1
  executions=$(sed -n 's/^stat::number_of_executed_units: //p' "$log" | tail -1)
  reached=$(grep -E '^#[0-9]+.*cov: ' "$log" | tail -1)
  edges=$(sed -nE 's/.*cov: ([0-9]+).*/\1/p' <<<"$reached")
  features=$(sed -nE 's/.* ft: ([0-9]+).*/\1/p' <<<"$reached")
  printf '%-20s %12s %8s %8s %8s  %s\n' "$parser" "${executions:-?}" "${edges:-?}" "${features:-?}" \
    "$(ls "$work/$parser" | wc -l)" "$(ls "$work/findings/$parser" | wc -l)"
done
[ $failed = 0 ] || echo "Findings are in $work/findings; the log of each parser is in $work/PARSER.log."
exit $failed
