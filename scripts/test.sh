#!/usr/bin/env bash
# Sets up, builds and tests: the second of the README's two commands.
#
#   scripts/test.sh          what it takes to trust the build on this machine, in a few minutes
#   scripts/test.sh --all    everything: the thorough tests, sanitizers, Windows under Wine, valgrind, fuzzing,
#                            linters, installing and benchmarks
#   scripts/test.sh --rest   what --all has beside the first
#
# What needs packages that are not available is left out; what was left out and why is said at the end, with what took
# longest. With WCL_TEST_RESULTS, a folder, that is left to the caller (scripts/test_summary.py FOLDER).
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-} in
  "") parts=first ;;
  --all) parts="first rest" ;;
  --rest) parts=rest ;;
  *) echo "test: there is no option $1" >&2 && exit 2 ;;
esac

results=${WCL_TEST_RESULTS:-}
if [ -z "$results" ]; then
  results=$(mktemp -d)
  trap 'rm -rf "$results"' EXIT
fi
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

# Many tests wait rather than compute. What cannot run beside others says so (RUN_SERIAL, RESOURCE_LOCK).
many=$(($(nproc) * 3 / 2))

# tests NAME PRESET JOBS OPTIONS...: ctest, whose results are kept as NAME.
tests() {
  local name=$1 preset=$2 jobs=$3
  shift 3
  ctest --preset "$preset" --parallel "$jobs" --output-junit "$results/$name.xml" "$@"
}

test_sanitized() {
  cmake --preset asan >/dev/null
  cmake --build build/asan
  tests asan asan "$many" -E '^(e2e|bench)_'
}

test_windows() {
  scripts/windows-deps.sh
  cmake --preset windows >/dev/null
  cmake --build build/windows
  tests windows windows 2
}

test_memory() {
  valgrind --quiet --error-exitcode=9 --leak-check=full build/release/tests/conformance/tar/conformance_tar_layer
}

# set_up GROUP...: installs them, and keeps what is missing for the end.
set_up() {
  local lacking group
  step "Setting up"
  scripts/setup.sh "$@" || true
  lacking=$(scripts/setup.sh --missing build test)
  if [ -n "$lacking" ]; then
    echo "test: without these packages nothing can be tested: $lacking" >&2
    exit 1
  fi
  for group; do
    lacking=$(scripts/setup.sh --missing "$group")
    [ -z "$lacking" ] || printf 'what needs %s\tpackages are missing: %s\n' "$group" "${lacking#*: }" >>"$results/skipped"
  done
}

# What is built only where these packages are there; who wants it calls scripts/setup.sh containerd.
tell_of_containerd() {
  local lacking
  lacking=$(scripts/setup.sh --missing containerd)
  [ -z "$lacking" ] || printf 'the snapshotter\tpackages are missing: %s\n' "${lacking#*: }" >>"$results/skipped"
}

build() {
  step "Building (gcc, warnings are errors)"
  cmake --preset release
  cmake --build build/release
}

first() {
  set_up build demo test peers containers networks images
  tell_of_containerd
  build
  step "Testing"
  tests release release "$many" -LE thorough
}

rest() {
  set_up build demo test peers containers networks images faults pages go containerd memory windows fuzz lint manual
  build
  step "Testing thoroughly"
  tests release-thorough release "$many" -L thorough
  step "Testing with AddressSanitizer and UBSan"
  test_sanitized
  wanting windows "Building for Windows, and testing under Wine" test_windows
  wanting memory "One run under valgrind" test_memory
  wanting fuzz "Fuzzing, briefly (clang)" scripts/fuzz.sh --short
  wanting lint "Linters" scripts/lint.sh
  step "Installing, and building against what was installed"
  scripts/check-install.sh build/release
  wanting peers "Benchmarks, short form" scripts/bench.sh --short
}

for part in $parts; do
  "$part"
done
step "All passed"
[ -n "${WCL_TEST_RESULTS:-}" ] || scripts/test_summary.py "$results"
