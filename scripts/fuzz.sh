#!/usr/bin/env bash
# Builds the libFuzzer targets and runs each for a while; a finding fails.
#
#   scripts/fuzz.sh --short         30 seconds each, as continuous integration does
#   scripts/fuzz.sh [SECONDS] [TARGET...]   by default ten minutes each, all targets
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=600
if [ "${1:-}" = --short ]; then
  seconds=30
  shift
elif [[ "${1:-}" =~ ^[0-9]+$ ]]; then
  seconds=$1
  shift
fi

cmake --preset fuzz >/dev/null
cmake --build build/fuzz --target fuzzers

targets=("$@")
if [ "${#targets[@]}" -eq 0 ]; then
  for program in build/fuzz/tests/fuzz/fuzz_*; do
    [ -x "$program" ] && [ -f "$program" ] && targets+=("$(basename "$program")")
  done
fi

run_one() {
  local name=$1 corpus findings log
  corpus=tests/fuzz/corpus/${name#fuzz_}
  findings=build/fuzz/findings/$name
  log=build/fuzz/$name.log
  mkdir -p "$findings" "build/fuzz/corpus/$name"
  if build/fuzz/tests/fuzz/"$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=1024 \
      -max_len=65536 -artifact_prefix="$findings/" "build/fuzz/corpus/$name" \
      $( [ -d "$corpus" ] && echo "$corpus" ) >"$log" 2>&1; then
    printf 'fuzz: %-16s %s\n' "$name" "$(grep -a '^Done\|stat::number_of_executed' "$log" | tail -n 1)"
  else
    tail -n 60 "$log"
    printf 'fuzz: %s found something; see %s and %s\n' "$name" "$log" "$findings"
    return 1
  fi
}
export -f run_one
export seconds

printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c 'run_one {}'
