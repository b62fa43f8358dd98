#!/usr/bin/env bash
# A fault in each place of each main command: kills at each system call, each call failing once, each allocation
# failing once. Takes an hour or so; every STEPth fault alone takes that much less.
#
#   scripts/faults.sh [STEP]      in build/dev; WCL_TEST_SCENES and WCL_TEST_KINDS choose (see tests/e2e/faults.py)
set -euo pipefail
cd "$(dirname "$0")/.."

cmake --preset dev >/dev/null
cmake --build build/dev --target wcl_program wcl_fail_allocation >/dev/null
WCL=$PWD/build/dev/cli/wcl WCL_BUILD=$PWD/build/dev WCL_SOURCE=$PWD WCL_TEST_FAULTS=0 WCL_TEST_STEP=${1:-1} \
  exec python3 tests/e2e/faults.py
