#!/usr/bin/env bash
# Installs a build into a scratch folder and builds a program against it: through pkg-config with the
# shared library, and through the CMake package with the static one.
set -euo pipefail
cd "$(dirname "$0")/.."

build=$(realpath "${1:-build/release}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

if command -v doxygen >/dev/null; then
  cmake --build "$build" --target manual >/dev/null
fi

# Two prefixes, neither the configured one: what is installed stands where it is installed.
for prefix in "$scratch/other" "$scratch/usr"; do
  cmake --install "$build" --prefix "$prefix" >/dev/null
  if ! grep -q "^ExecStart=$prefix/bin/wcl " "$prefix/lib/systemd/system/wcl-graphdriver.service"; then
    echo "check-install: the unit does not start $prefix/bin/wcl" >&2
    exit 1
  fi
done
mv "$scratch/other" "$scratch/moved"
configured=$(sed -n 's/^CMAKE_INSTALL_PREFIX:PATH=//p' "$build/CMakeCache.txt")
if grep -rIl -e "$configured" -e "$scratch/other" "$scratch/moved" --include='*.pc' --include='*.cmake'; then
  echo "check-install: these files name a prefix" >&2
  exit 1
fi
PKG_CONFIG_PATH=$(dirname "$(find "$scratch/moved" -name wcl.pc)") pkg-config --cflags wcl | grep -q "$scratch/moved/"
mkdir -p "$scratch/src"
cat > "$scratch/src/main.c" <<'PROGRAM'
#include <stdio.h>
#include <wcl/backupstream.h>
#include <wcl/image.h>
#include <wcl/layer.h>
#include <wcl/tar.h>
int main(void)
{
    wcl_guid guid = wcl_guid_from_source("x");
    char text[37];
    wcl_guid_format(&guid, text);
    wcl_reference *reference = NULL;
    if (wcl_reference_parse("alpine", &reference, NULL) != WCL_OK)
        return 1;
    printf("%s %s %s\n", wcl_version(), text, reference->name);
    wcl_free(reference);
    return 0;
}
PROGRAM
cat > "$scratch/src/CMakeLists.txt" <<'PROJECT'
cmake_minimum_required(VERSION 3.25)
project(consumer C)
find_package(wcl REQUIRED)
add_executable(consumer main.c)
target_link_libraries(consumer wcl::STATIC)
PROJECT

pc=$(dirname "$(find "$scratch/usr" -name wcl.pc)")
export PKG_CONFIG_PATH=$pc
flags=$(pkg-config --cflags --libs wcl)
# shellcheck disable=SC2086
cc -Wall -Werror "$scratch/src/main.c" -o "$scratch/with-pc" $flags
LD_LIBRARY_PATH=$(dirname "$pc") "$scratch/with-pc"

g++ -x c++ -Wall -Werror -fsyntax-only "$scratch/src/main.c" -I "$scratch/usr/include"

cmake -G Ninja -S "$scratch/src" -B "$scratch/build" -DCMAKE_PREFIX_PATH="$scratch/usr" >/dev/null
cmake --build "$scratch/build" >/dev/null
"$scratch/build/consumer"

# The examples are built as a reader of them would, against what is installed alone.
cmake -G Ninja -S examples -B "$scratch/examples" -DCMAKE_PREFIX_PATH="$scratch/usr" -DCMAKE_C_FLAGS="-Wall -Wextra -Werror" \
  >/dev/null
cmake --build "$scratch/examples" >/dev/null
"$scratch/examples/list_tar" tests/data/vectors/layer.tar | grep -q 'folder .* Files$'
"$scratch/usr/bin/wcl" --version
scripts/check-hardening.sh "$scratch"/usr/bin/wcl "$(dirname "$pc")/libwcl.so" "$scratch"/usr/libexec/wcl/*
test -s "$(find "$scratch/usr" -name wcl.1)"
! command -v doxygen >/dev/null || grep -q wcl_layer_import_tar "$(find "$scratch/usr" -name tar_8h.html)"

# Nothing but the public names may be exported.
exported=$(nm -D --defined-only "$(dirname "$pc")"/libwcl.so | awk '$2 ~ /[TDBR]/ { print $3 }' | sed 's/@.*//' | sort)
declared=$(grep -hoE '\bwcl_[a-z0-9_]+\(' "$scratch"/usr/include/wcl/*.h | tr -d '(' | sort -u)
extra=$(comm -23 <(printf '%s\n' "$exported") <(printf '%s\n' "$declared") | grep -v '^WCL_' || true)
if [ -n "$extra" ]; then
  echo "check-install: exported but not declared in a public header: $extra" >&2
  exit 1
fi
echo "check-install: pkg-config, CMake package, C++ and exports are right, and nothing names a prefix"
