#!/usr/bin/env bash
# Runs containerd's own tests of snapshotters, by the Go module beside this script, on $WCL; with WCL_TEST_RACE under Go's
# race detector.
set -euo pipefail
cd "$(dirname "$0")"

skip() {
  echo "skipped: $1"
  exit 77
}

[ "$(id -u)" -eq 0 ] || skip "only root can mount"
command -v go >/dev/null || skip "not installed: go"
export GOTOOLCHAIN=local GOFLAGS=-mod=readonly
version=$(go env GOVERSION)
[ "$(printf '%s\n' go1.24 "$version" | sort -V | head -1)" = go1.24 ] || skip "Go 1.24 is needed, and here is $version"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if ! go mod download 2>"$folder/said"; then
  cat "$folder/said" >&2
  ! grep -qE 'checksum mismatch|SECURITY ERROR|go\.mod' "$folder/said" || exit 1
  skip "cannot fetch the Go modules: $(tail -1 "$folder/said")"
fi
go test ${WCL_TEST_RACE:+-race} -c -o "$folder/tests" .
"$folder/tests" -test.root -test.timeout 10m "$@"
