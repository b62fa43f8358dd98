#!/usr/bin/env bash
# Installs every Debian 12 package that building and testing wcl needs. Safe to run again and again.
#
#   scripts/setup.sh          all of them
#   scripts/setup.sh build    only what building and the demo need
set -euo pipefail

# To build, and for the demo.
packages=(
  gcc libc6-dev cmake ninja-build pkg-config
  zlib1g-dev libarchive-dev libcjson-dev libssl-dev libzstd-dev libisal-dev libdeflate-dev
  libnl-3-dev libnl-route-3-dev libnftables-dev libmicrohttpd-dev libcurl4-openssl-dev
  libcmocka-dev e2fsprogs jq runc catatonit
)
# To test.
tests=(
  libutf8proc-dev g++ git clang clang-format clang-tidy cppcheck libclang-rt-14-dev llvm valgrind python3
  # peers that the tests compare with
  tar libarchive-tools pigz isal zstd time attr libcap2-bin golang-go erofs-utils
  iproute2 nftables
  # Windows: the cross compiler, what builds Debian's source packages with it, and what runs the result
  gcc-mingw-w64-x86-64 g++-mingw-w64-x86-64 mingw-w64 dpkg-dev wine64
  # containers
  busybox-static debootstrap docker.io docker-registry
  # images
  skopeo umoci apache2-utils openssl curl ca-certificates
  # pages
  chromium chromium-driver fonts-dejavu-core
)

if [ "${1:-}" != build ]; then
  packages+=("${tests[@]}")
fi

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
  if [ "$(id -u)" -ne 0 ]; then
    echo "setup: these packages are missing and only root can install them: ${missing[*]}" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
echo "setup: all ${#packages[@]} packages are there"
