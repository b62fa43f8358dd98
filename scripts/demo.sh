#!/usr/bin/env bash
# Sets up, builds, and takes a generated image of a base and two layers through the main job:
# import, list, mount, write, export, verify. The first of the README's two commands.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh build demo
cmake --preset demo >/dev/null
cmake --build build/demo --target wcl_program wcl_generate_layer

wcl=build/demo/cli/wcl
generate=build/demo/tests/tools/wcl-generate-layer
work=$(mktemp -d)
export WCL_HOME=$work/home
cleanup() {
  "$wcl" unmount box >/dev/null 2>&1 || true
  "$wcl" unmount again >/dev/null 2>&1 || true
  rm -rf --one-file-system "$work"
}
trap cleanup EXIT

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
run() { printf '$ wcl %s\n' "$*"; "$wcl" "$@"; }

say "What this host can do"
run info

say "A sample image: a Windows-shaped base and two layers on it"
"$generate" --seed 1 --entries 3000 --bytes 60000000 --base --compression gzip -o "$work/base.tar.gz"
"$generate" --seed 2 --entries 300 --bytes 6000000 --child 1 --compression gzip -o "$work/update.tar.gz"
"$generate" --seed 3 --entries 100 --bytes 1000000 --child 1 --compression zstd -o "$work/app.tar.zst"
ls -l "$work"

say "Import"
run import -i "$work/base.tar.gz" base
run import -l base -i "$work/update.tar.gz" update
run import -l update -i "$work/app.tar.zst" app
run layers

say "List"
run list app
run list -R base | sed -n 1,12p
echo "..."
file=$("$wcl" list -R --json base | jq -r 'select(.kind == "file" and .size > 1000 and .sddl != null) | .path' | sed -n 20p)
run stat base "$file"

say "Convert, without a store"
run convert --to transport "$work/update.tar.gz" "$work/update.transport"
run convert --to oci "$work/update.transport" "$work/update.again.tar"
run list -R "$work/update.again.tar" | tail -n 3

if [ "$(id -u)" -ne 0 ]; then
  say "Mounting needs root; the rest is left out"
  run verify
  exit 0
fi

say "Mount a sandbox and write"
run create -l app --size 1G box
mounted=$("$wcl" mount box)
echo "mounted at $mounted"
ls "$mounted"
echo "hello from Linux" > "$mounted/hello.txt"
cp "$mounted/hello.txt" "$mounted/Windows/copied.txt"
first=$(find "$mounted/Windows" -maxdepth 2 -type f | sort | sed -n 5p)
echo "appended" >> "$first"
rm "$(find "$mounted/Windows" -maxdepth 2 -type f | sort | sed -n 8p)"
run diff box
run unmount box

say "Export the change, and import it as a layer of its own"
run export -z -o "$work/change.tar.gz" box
run import -l app -i "$work/change.tar.gz" again
run list -R again | sed -n 1,20p
run stat again Files/hello.txt
run mount again
cat "$WCL_HOME/again/merged/hello.txt"
run unmount again

say "What was imported comes out as it was"
for layer in base update; do
  "$wcl" export "$layer" | sha256sum
  "$wcl" layers --json | jq -r --arg id "$layer" '.[] | select(.id == $id) | .diff_id'
done

say "Verify"
run verify

say "Clean up"
run remove box
run remove again
run layers
echo
echo "demo: everything worked"
