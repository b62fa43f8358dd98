#!/usr/bin/env bash
# Runs each of the README's two commands as a newcomer does: from a fresh clone, in a Debian 12 of its own that
# has nothing but what debootstrap puts there. What is committed is checked, not the working tree.
#
#   scripts/check-readme.sh                     both
#   scripts/check-readme.sh --only demo|test    one of them
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(id -u)" -ne 0 ]; then
  echo "check-readme: skipped: only root can make a Debian" >&2
  exit 77
fi

only=
while [ "$#" -gt 0 ]; do
  case $1 in
    --only)
      case ${2:-} in
        demo | test) only=$2 && shift ;;
        *) echo "check-readme: --only takes demo or test" >&2 && exit 2 ;;
      esac
      ;;
    *) echo "check-readme: there is no option $1" >&2 && exit 2 ;;
  esac
  shift
done

tarball=$PWD/build/debian-minbase.tar
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
mkdir -p build

# This machine's own package sources, where Debian's packages come from.
take_sources() {
  local root=$1 name
  for name in sources.list sources.list.d apt.conf.d trusted.gpg trusted.gpg.d keyrings auth.conf.d; do
    [ -e "/etc/apt/$name" ] || continue
    rm -rf "$root/etc/apt/$name"
    cp -a "/etc/apt/$name" "$root/etc/apt/$name"
  done
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
}

# Runs a command in the root as the first process of its own: nothing of it stays, no process and no mount.
enter() {
  local root=$1
  shift
  unshare --mount --pid --ipc --uts --fork --kill-child --propagation private bash -euc '
    root=$1; shift
    mount --bind "$root" "$root"
    cd "$root"
    mount -t proc proc proc
    mount --rbind /sys sys
    mount --rbind /dev dev
    mount -t tmpfs tmpfs run
    mkdir run/old
    pivot_root . run/old
    umount -l /run/old
    cd /wcl
    exec env -i HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
  ' enter "$root" "$@"
}

# newcomer NAME COMMAND...: a fresh root, a fresh clone, and the command alone in it.
newcomer() {
  local name=$1 root=$work/$1 started=$SECONDS
  shift
  printf '\n== A newcomer runs %s\n' "$*"
  mkdir "$root"
  tests/e2e/container_root.sh "$root" debian "$tarball" || exit "$?"
  take_sources "$root"
  git clone --quiet --no-hardlinks "file://$PWD" "$root/wcl"
  enter "$root" "$@" </dev/null
  rm -rf --one-file-system "$root"
  printf '== A newcomer ran %s in %d s\n' "$name" $((SECONDS - started))
}

case $only in
  "" | demo) newcomer demo scripts/demo.sh ;;&
  "" | test) newcomer test scripts/test.sh ;;&
esac
echo "check-readme: on a fresh Debian 12 this works: ${only:-both}"
