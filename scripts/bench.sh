#!/usr/bin/env bash
# Measures wcl against its peers: scripts/bench.sh [--short] [--check] [--runs N] [--only WHICH] [--work DIR]
# Builds the release preset first, unless WCL_BUILD names a build folder. The long form makes a layer
# of 60,000 entries and 1.5 GB and needs 6 GiB in the work folder; --short is for CI. With --check,
# a target that was missed makes the exit code 1.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -z "${WCL_BUILD:-}" ]; then
  WCL_BUILD=build/release
  cmake --preset release >/dev/null
  cmake --build "$WCL_BUILD" --target wcl_program wcl_generate_layer wcl_bench_compress wcl_bench_hns >/dev/null
fi
python3 tests/bench/bench.py --build "$WCL_BUILD" "$@"

# Endpoints beside bare netlink; a ratio of times, so that it is checked only where a check is asked for.
check=()
case " $* " in *" --check "*) check=(--check) ;; esac
"$WCL_BUILD"/tests/bench/wcl-bench-hns "${check[@]}" 5 || [ $? -eq 77 ]
