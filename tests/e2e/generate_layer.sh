#!/usr/bin/env bash
# Generated layers are the same for the same seed, have as many entries as asked for, and are tars that
# others read.
set -euo pipefail

for program in bsdtar tar zstd; do
  command -v "$program" >/dev/null || { echo "skipped: $program is not installed"; exit 77; }
done
generate=$WCL_BUILD/tests/tools/wcl-generate-layer
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "generate_layer: $1" >&2
  exit 1
}

for os in windows linux; do
  "$generate" --os $os --seed 5 --entries 700 --bytes 4M -o "$work/one.tar"
  "$generate" --os $os --seed 5 --entries 700 --bytes 4M --compression gzip -o "$work/two.tar.gz"
  "$generate" --os $os --seed 5 --entries 700 --bytes 4M --compression zstd -o - | zstd -qdc >"$work/three.tar"
  "$generate" --os $os --seed 6 --entries 700 --bytes 4M -o "$work/other.tar"
  gzip -dc "$work/two.tar.gz" | cmp - "$work/one.tar" || fail "$os: gzip made another layer"
  cmp "$work/three.tar" "$work/one.tar" || fail "$os: zstd made another layer"
  cmp -s "$work/one.tar" "$work/other.tar" && fail "$os: another seed made the same layer"

  # An alternate stream is an entry of its own in the tar, "F:S".
  count=$(bsdtar -tf "$work/one.tar" | grep -vc ':Zone.Identifier' || true)
  [ "$count" = 700 ] || fail "$os: 700 entries asked for, $count made"
  tar -tf "$work/one.tar" >/dev/null 2>&1 || fail "$os: GNU tar cannot read it"
  size=$(stat -c %s "$work/one.tar")
  [ "$size" -gt 4000000 ] && [ "$size" -lt 7000000 ] || fail "$os: 4 MiB asked for, tar of $size bytes"

  "$generate" --os $os --seed 7 --child 5 --parent-entries 700 --entries 300 --bytes 1M -o "$work/child.tar"
  bsdtar -tf "$work/child.tar" | grep -q '/\.wh\.' || fail "$os: the child deletes nothing"
done
echo "generated layers are repeatable and readable"
