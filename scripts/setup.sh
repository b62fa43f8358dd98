#!/usr/bin/env bash
# Installs the Debian 12 packages that building and testing wcl needs. Safe to run again and again.
#
#   scripts/setup.sh [GROUP...]             those groups of packages, by default all
#   scripts/setup.sh --missing [GROUP...]   installs nothing, and says which packages of which group are missing
#
# A group that cannot be installed leaves the others as they are; the exit code is then 1.
set -euo pipefail

order=(build containerd demo test peers go lint fuzz memory windows containers networks faults images pages manual registry)
declare -A groups=(
  [build]="gcc libc6-dev cmake ninja-build pkg-config zlib1g-dev libarchive-dev libcjson-dev libssl-dev libzstd-dev liblzma-dev
    libisal-dev libdeflate-dev libnl-3-dev libnl-route-3-dev libnftables-dev libmicrohttpd-dev libcurl4-openssl-dev"
  # What the snapshotter for containerd is built with, and who asks it.
  [containerd]="libnghttp2-dev libprotobuf-c-dev protobuf-c-compiler containerd runc docker-registry skopeo busybox-static"
  # What the demo calls, and the program for a sandbox of limited size.
  [demo]="e2fsprogs jq"
  [test]="libcmocka-dev libutf8proc-dev python3 git g++ util-linux"
  # Other implementations that tests and benchmarks compare with.
  [peers]="tar libarchive-tools pigz isal zstd time attr libcap2-bin erofs-utils"
  [go]="golang-go"
  # What makes a manual of the headers' comments.
  [manual]="doxygen"
  [lint]="clang clang-format clang-tidy cppcheck jq"
  [fuzz]="clang libclang-rt-14-dev llvm"
  [memory]="valgrind"
  # The cross compiler, what builds Debian's source packages with it, and what runs the result.
  [windows]="gcc-mingw-w64-x86-64 g++-mingw-w64-x86-64 mingw-w64 dpkg-dev wine64"
  [containers]="runc catatonit busybox-static debootstrap docker.io"
  [networks]="iproute2 nftables"
  # What makes calls fail, and the file systems of the disks whose power is cut.
  [faults]="strace e2fsprogs xfsprogs"
  [images]="docker-registry skopeo umoci apache2-utils openssl curl ca-certificates"
  # Readers of registry hives.
  [registry]="libhivex-bin python3-hivex libwin-hivex-perl"
  [pages]="chromium chromium-driver fonts-dejavu-core"
)

# missing GROUP: sets `missing` to what of it is not installed.
missing() {
  local package
  missing=()
  for package in ${groups[$1]}; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
}

updated=false
# install_packages PACKAGE...: says on standard error why not.
install_packages() {
  if [ "$(id -u)" -ne 0 ]; then
    echo "only root can install packages" >&2
    return 1
  fi
  $updated || apt-get update -qq || return 1
  updated=true
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

only_say=false
if [ "${1:-}" = --missing ]; then
  only_say=true
  shift
fi
wanted=("$@")
[ "${#wanted[@]}" -gt 0 ] || wanted=("${order[@]}")
for group in "${wanted[@]}"; do
  if [ -z "${groups[$group]:-}" ]; then
    echo "setup: there is no group '$group' of packages; they are: ${order[*]}" >&2
    exit 2
  fi
done

result=0
for group in "${wanted[@]}"; do
  missing "$group"
  [ "${#missing[@]}" -gt 0 ] || continue
  if $only_say; then
    echo "$group: ${missing[*]}"
  elif ! install_packages "${missing[@]}"; then
    echo "setup: the group '$group' is not complete, these packages are missing: ${missing[*]}" >&2
    result=1
  fi
done
$only_say || [ "$result" -ne 0 ] || echo "setup: everything is there (${wanted[*]})"
exit "$result"
