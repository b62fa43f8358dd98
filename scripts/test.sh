#!/usr/bin/env bash
# Sets up, builds and runs all tests: the second of the README's two commands.
#
#   scripts/test.sh            everything that continuous integration runs
#   scripts/test.sh --quick    one build and its tests, without sanitizers, linters and fuzzing
set -euo pipefail
cd "$(dirname "$0")/.."

quick=false
[ "${1:-}" = --quick ] && quick=true

step() { printf '\n== %s\n' "$*"; }

step "Setting up"
scripts/setup.sh

step "Building (gcc, warnings are errors)"
cmake --preset release
cmake --build build/release

step "Testing"
ctest --preset release --timeout 300

if ! $quick; then
  step "Testing with AddressSanitizer and UBSan"
  cmake --preset asan >/dev/null
  cmake --build build/asan
  ctest --preset asan --timeout 300 -E '^(e2e|bench)_'

  step "Building for Windows, and testing under Wine"
  scripts/windows-deps.sh
  cmake --preset windows >/dev/null
  cmake --build build/windows
  ctest --preset windows --timeout 300 -j2

  step "One run under valgrind"
  valgrind --quiet --error-exitcode=9 --leak-check=full build/release/tests/conformance/tar/conformance_tar_layer

  step "Fuzzing, briefly (clang)"
  scripts/fuzz.sh --short

  step "Linters"
  scripts/lint.sh

  step "Installing, and building against what was installed"
  scripts/check-install.sh build/release

  step "Benchmarks, short form"
  scripts/bench.sh --short
fi

step "All passed"
