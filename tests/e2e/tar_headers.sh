#!/usr/bin/env bash
# Tar headers are byte for byte those of Go's archive/tar, for thousands of random ones.
set -euo pipefail

if ! command -v go >/dev/null; then
  echo "skipped: no go here to compare with"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GOCACHE="$work/cache" GOFLAGS=-mod=mod GO111MODULE=off GOPATH="$work/path"
go build -o "$work/headers" "$WCL_SOURCE/tests/e2e/tar_headers/main.go"
cd "$work"
for seed in 1 2 3; do
  "$work/headers" "$seed" 2000 >"$work/described"
  "$WCL_BUILD/tests/e2e/tar_headers_compare" <"$work/described"
done
