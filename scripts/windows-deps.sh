#!/usr/bin/env bash
# Builds the libraries that wcl needs on Windows (zlib, libarchive, cJSON, and cmocka for the tests) with
# mingw-w64, from Debian's source packages, into build/windows-deps. What is built already is left as it is.
#
#   scripts/windows-deps.sh [FOLDER]     FOLDER instead of build/windows-deps
set -euo pipefail
cd "$(dirname "$0")/.."
source_folder=$PWD
work=$(realpath -m "${1:-build/windows-deps}")
prefix=$work/prefix
mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial" "$work/apt/parts" "$work/source" "$prefix"/{include,lib}

# This machine's own package sources, as source packages.
write_sources() {
  local list
  for list in /etc/apt/sources.list.d/*.sources; do
    [ -e "$list" ] && sed -E 's/^Types:.*/Types: deb-src/' "$list" >"$work/apt/parts/$(basename "$list")"
  done
  for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -e "$list" ] && sed -nE 's/^deb(-src)?[[:space:]]/deb-src /p' "$list" >"$work/apt/parts/$(basename "$list" .list).list"
  done
  return 0
}

apt=(-q -o "Dir::Etc::sourcelist=/dev/null" -o "Dir::Etc::sourceparts=$work/apt/parts"
  -o "Dir::State::lists=$work/apt/lists" -o "Dir::Cache=$work/apt/cache" -o "APT::Get::List-Cleanup=0"
  -o "APT::Sandbox::User=root")

# A source of others' packages that has no source packages is no harm, so an update may fail in part.
update() {
  [ -e "$work/apt/updated" ] && return
  write_sources
  if apt-get "${apt[@]}" update >"$work/apt/update.log" 2>&1; then
    touch "$work/apt/updated"
  fi
}

# Each version of a source package, the newest first. That one is listed does not say that it can be downloaded.
versions() {
  apt-cache "${apt[@]}" showsrc "$1" 2>/dev/null | sed -n 's/^Version: //p' | sort -Vru
}

# download NAME: into $work/download, the newest version that can be downloaded.
download() {
  local name=$1 version
  : >"$work/$name.download.log"
  for version in $(versions "$name"); do
    rm -rf "$work/download" && mkdir "$work/download"
    (cd "$work/download" && apt-get "${apt[@]}" source "$name=$version" >>"$work/$name.download.log" 2>&1) && return
  done
  return 1
}

# Downloads and unpacks one source package; its folder becomes $work/source/NAME.
unpack() {
  local name=$1 folder
  [ -d "$work/source/$name" ] && return
  update
  if ! download "$name"; then
    rm -f "$work/apt/updated" # what is listed may be out of date
    cat "$work/apt/update.log" "$work/$name.download.log" >&2
    echo "windows-deps: cannot download the source package $name" >&2
    exit 1
  fi
  folder=$(find "$work/download" -mindepth 1 -maxdepth 1 -type d)
  mv "$folder" "$work/source/$name"
  rm -rf "$work/download"
}

# build NAME TARGET CMAKE_OPTIONS...: builds one of them, once; the target is `install` where the package can.
build() {
  local name=$1 target=$2 mark
  shift 2
  mark=$work/$name.$(printf '%s' "$*" | cksum | cut -d' ' -f1).built
  [ -e "$mark" ] && return
  unpack "$name"
  echo "windows-deps: building $name"
  if ! { cmake -S "$work/source/$name" -B "$work/build/$name" -G Ninja \
    -DCMAKE_TOOLCHAIN_FILE="$source_folder/cmake/mingw-w64.cmake" -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_BUILD_TYPE=Release \
    -DBUILD_SHARED_LIBS=OFF "$@" &&
    cmake --build "$work/build/$name" --target "$target"; } >"$work/$name.log" 2>&1; then
    tail -n 40 "$work/$name.log" >&2
    echo "windows-deps: $name does not build; all of it: $work/$name.log" >&2
    exit 1
  fi
  touch "$mark"
}

# Only the static libraries are built; what Debian leaves out of zlib its own installation would need.
build zlib zlibstatic
cp "$work/source/zlib/zlib.h" "$work/build/zlib/zconf.h" "$prefix/include"
cp "$work/build/zlib/libzlibstatic.a" "$prefix/lib/libz.a"
build cjson install -DCMAKE_C_FLAGS=-DCJSON_HIDE_SYMBOLS -DENABLE_CJSON_TEST=OFF -DENABLE_CUSTOM_COMPILER_FLAGS=OFF
build libarchive archive_static -DENABLE_TEST=OFF -DENABLE_TAR=OFF -DENABLE_CPIO=OFF -DENABLE_CAT=OFF \
  -DENABLE_OPENSSL=OFF -DENABLE_LIBXML2=OFF -DENABLE_EXPAT=OFF -DENABLE_LZMA=OFF -DENABLE_BZip2=OFF \
  -DENABLE_ZSTD=OFF -DENABLE_LZ4=OFF -DENABLE_ICONV=OFF -DENABLE_PCREPOSIX=OFF -DENABLE_LIBB2=OFF \
  -DENABLE_NETTLE=OFF -DENABLE_WERROR=OFF -DWINDOWS_VERSION=WIN10
cp "$work"/source/libarchive/libarchive/archive{,_entry}.h "$prefix/include"
cp "$work/build/libarchive/libarchive/libarchive_static.a" "$prefix/lib/libarchive.a"
build cmocka cmocka-static -DWITH_STATIC_LIB=ON -DWITH_EXAMPLES=OFF
cp "$work"/source/cmocka/include/cmocka.h "$prefix/include"
cp "$(find "$work/build/cmocka" -name 'libcmocka*.a' ! -name '*.dll.a')" "$prefix/lib/libcmocka.a"
echo "windows-deps: zlib, cJSON, libarchive and cmocka are in $prefix"
