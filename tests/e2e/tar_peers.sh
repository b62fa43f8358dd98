#!/usr/bin/env bash
# Tars with records of our own are valid for bsdtar, GNU tar, Python and Go, and tars of theirs read
# alike here.
set -euo pipefail

for tool in bsdtar tar python3; do
  command -v "$tool" >/dev/null || { echo "skipped: not installed: $tool"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
samples="$WCL_BUILD/tests/e2e/tar_samples"
fail() { echo "tar_peers: $*" >&2; exit 1; }

# ---- Ours, to them ---------------------------------------------------------------------------
"$samples" write "$work/ours.tar"
grep -aq 'WCL.streams=' "$work/ours.tar" || fail "the sample has no records of our own"

bsdtar -tf "$work/ours.tar" >"$work/bsdtar.list" 2>"$work/bsdtar.err" || fail "bsdtar: $(cat "$work/bsdtar.err")"
[ -s "$work/bsdtar.err" ] && fail "bsdtar warns: $(cat "$work/bsdtar.err")"
tar --warning=no-unknown-keyword -tf "$work/ours.tar" >"$work/tar.list" 2>"$work/tar.err" || fail "tar: $(cat "$work/tar.err")"
[ -s "$work/tar.err" ] && fail "tar warns: $(cat "$work/tar.err")"
python3 - "$work/ours.tar" >"$work/python.list" <<'PYTHON'
import sys, tarfile
for member in tarfile.open(sys.argv[1]):
    print(member.name)
PYTHON
"$samples" names "$work/ours.tar" >"$work/our.list"
for list in bsdtar tar python; do
  cmp "$work/$list.list" "$work/our.list" || fail "$list lists other names"
done

# The contents of a sparse file and of streams are what others unpack.
mkdir "$work/out"
bsdtar -xf "$work/ours.tar" -C "$work/out"
[ "$(sha256sum <"$work/out/Files/sparse")" = "$(python3 -c '
import sys
data = bytearray(300000)
data[65536:65546] = b"0123456789"
data[200000:200004] = b"tail"
sys.stdout.buffer.write(data)' | sha256sum)" ] || fail "the sparse file unpacks to something else"
[ "$(cat "$work/out/Files/reparse")" = "data of a deduplicated file" ] || fail "the reparse point's data is lost"

# ---- Theirs, to us ---------------------------------------------------------------------------
mkdir -p "$work/in/sub/$(printf 'd%.0s' {1..90})/$(printf 'e%.0s' {1..120})" "$work/in/日本"
cd "$work/in"
echo content >a
ln a hard
ln -s a soft
truncate -s 2M sparse
printf data | dd of=sparse bs=1 seek=300000 conv=notrunc status=none
printf tail | dd of=sparse bs=1 seek=1500000 conv=notrunc status=none
truncate -s 100000 hole
echo long >"sub/$(printf 'd%.0s' {1..90})/$(printf 'e%.0s' {1..120})/file"
echo unicode >日本/ñ
mkfifo fifo
touch -d '2001-02-03 04:05:06.789' a
cd ..
check() {
  "$samples" digests "$work/theirs.tar" | sort >"$work/ours.sums" || fail "$1 cannot be read"
  (cd in && find . -type f -printf '%P\n' | while read -r file; do
    echo "$(sha256sum <"$file" | cut -d' ' -f1) $file"
  done | sort) >"$work/their.sums"
  # A hard link is read as a link to the first of its names, so one of the two is missing.
  grep -v -e ' a$' -e ' hard$' "$work/ours.sums" >"$work/ours.rest"
  grep -v -e ' a$' -e ' hard$' "$work/their.sums" >"$work/their.rest"
  cmp "$work/ours.rest" "$work/their.rest" || fail "$1 reads to something else"
  grep -q -e ' a$' -e ' hard$' "$work/ours.sums" || fail "$1 lost the linked file"
}
for format in gnu oldgnu pax; do
  tar --format=$format -C in -cf theirs.tar . && check "tar $format"
  tar --format=$format -C in -cSf theirs.tar . && check "tar $format, sparse"
done
for version in 0.0 0.1 1.0; do
  tar --format=pax --sparse-version=$version -C in -cSf theirs.tar . && check "tar pax, sparse $version"
done
for format in pax gnutar; do
  bsdtar --format=$format -C in -cf theirs.tar . && check "bsdtar $format"
done
rm -r in/sub/d*
for format in v7 ustar; do
  tar --format=$format --exclude=fifo -C in -cf theirs.tar . 2>/dev/null && check "tar $format"
done
python3 -c 'import tarfile; t = tarfile.open("theirs.tar", "w:gz", format=tarfile.PAX_FORMAT); t.add("in", "."); t.close()'
check "python pax, gzip"
echo "tars agree with bsdtar, GNU tar and Python"
