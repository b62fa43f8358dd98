#!/bin/sh
# Makes a root folder for test containers: container_root.sh FOLDER [debian TARBALL]
# From busybox, or from Debian by debootstrap, whose result is kept in TARBALL for the next time.
set -eu
root=$1
mkdir -p "$root"
if [ "${2-}" = debian ]; then
    tarball=$3
    if [ ! -e "$tarball" ]; then
        work=$(mktemp -d)
        debootstrap --variant=minbase bookworm "$work/root" >"$work/log" 2>&1 ||
            { tail -5 "$work/log" >&2; rm -rf "$work"; exit 77; }
        rm -rf "$work/root/var/cache/apt" "$work/root/var/lib/apt/lists"
        tar -C "$work/root" -cf "$work/root.tar" .
        mv "$work/root.tar" "$tarball.$$" && mv "$tarball.$$" "$tarball"
        rm -rf "$work"
    fi
    tar -C "$root" -xf "$tarball"
else
    mkdir -p "$root/bin" "$root/etc" "$root/tmp" "$root/root"
    cp /bin/busybox "$root/bin/"
    for name in $(/bin/busybox --list); do
        [ "$name" = busybox ] || ln -sf busybox "$root/bin/$name"
    done
    printf 'root:x:0:0:root:/root:/bin/sh\ntester:x:1234:1235:Tester:/tmp:/bin/sh\n' >"$root/etc/passwd"
    printf 'root:x:0:\ntester:x:1235:\nstaff:x:1236:tester\n' >"$root/etc/group"
    chmod 1777 "$root/tmp"
fi
