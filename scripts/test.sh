#!/usr/bin/env bash
# Sets up, builds and runs all tests: the second of the README's two commands.
#
#   scripts/test.sh            everything
#   scripts/test.sh --quick    one build and its tests, without sanitizers, Windows, linters and fuzzing
#
# What needs packages that cannot be had is left out; what was left out and why is said at the end.
set -euo pipefail
cd "$(dirname "$0")/.."

quick=false
[ "${1:-}" = --quick ] && quick=true

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
step_started=$SECONDS
step_name=

# Begins a step; what the one before took is kept for the end.
step() {
  [ -z "$step_name" ] || printf '%d\t%s\n' $((SECONDS - step_started)) "$step_name" >>"$results/steps"
  step_name=$*
  step_started=$SECONDS
  printf '\n== %s\n' "$*"
}

# wanting GROUPS STEP COMMAND...: the step, unless packages of those groups are missing.
wanting() {
  local needed=$1 name=$2 lacking
  shift 2
  # shellcheck disable=SC2086
  lacking=$(scripts/setup.sh --missing $needed | tr '\n' ' ')
  if [ -n "$lacking" ]; then
    printf '%s\tpackages are missing: %s\n' "$name" "$lacking" >>"$results/skipped"
    return
  fi
  step "$name"
  "$@"
}

tests() {
  local preset=$1
  shift
  ctest --preset "$preset" --timeout 300 --output-junit "$results/$preset.xml" "$@"
}

test_sanitized() {
  cmake --preset asan >/dev/null
  cmake --build build/asan
  tests asan -E '^(e2e|bench)_'
}

test_windows() {
  scripts/windows-deps.sh
  cmake --preset windows >/dev/null
  cmake --build build/windows
  tests windows -j2
}

test_memory() {
  valgrind --quiet --error-exitcode=9 --leak-check=full build/release/tests/conformance/tar/conformance_tar_layer
}

groups=(build demo test peers containers networks faults images pages)
$quick || groups+=(lint fuzz memory windows)
step "Setting up"
scripts/setup.sh "${groups[@]}" || true
lacking=$(scripts/setup.sh --missing build test)
if [ -n "$lacking" ]; then
  echo "test: without these packages nothing can be tested: $lacking" >&2
  exit 1
fi
for group in "${groups[@]}"; do
  lacking=$(scripts/setup.sh --missing "$group")
  [ -z "$lacking" ] || printf 'what needs %s\tpackages are missing: %s\n' "$group" "${lacking#*: }" >>"$results/skipped"
done

step "Building (gcc, warnings are errors)"
cmake --preset release
cmake --build build/release

step "Testing"
tests release

if ! $quick; then
  step "Testing with AddressSanitizer and UBSan"
  test_sanitized
  wanting windows "Building for Windows, and testing under Wine" test_windows
  wanting memory "One run under valgrind" test_memory
  wanting fuzz "Fuzzing, briefly (clang)" scripts/fuzz.sh --short
  wanting lint "Linters" scripts/lint.sh
  step "Installing, and building against what was installed"
  scripts/check-install.sh build/release
  wanting peers "Benchmarks, short form" scripts/bench.sh --short
fi

step "All passed"
scripts/test_summary.py "$results"
