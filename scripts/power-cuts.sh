#!/usr/bin/env bash
# Cuts the power of a disk 1,000 times, on ext4 and on XFS, and looks at what is left of what wcl acknowledged.
#
#   scripts/power-cuts.sh [CUTS [SEED]]     in build/dev
set -euo pipefail
cd "$(dirname "$0")/.."

cmake --preset dev >/dev/null
cmake --build build/dev --target wcl_program wcl_generate_layer wcl_power_disk >/dev/null
WCL=$PWD/build/dev/cli/wcl WCL_BUILD=$PWD/build/dev WCL_SOURCE=$PWD \
  WCL_TEST_CUTS=${1:-1000} WCL_TEST_SEED=${2:-1} exec python3 tests/e2e/power_cut.py
