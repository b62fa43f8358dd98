#!/bin/bash
# Runs an end-to-end test of containers, and then checks that nothing of them is left on the host.
# container.sh PROGRAM [ARGUMENTS...]
set -u
[ "$(id -u)" = 0 ] || { echo "skipped: containers need root"; exit 77; }
for tool in runc catatonit; do
    command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed"; exit 77; }
done
[ -x /bin/busybox ] || { echo "skipped: busybox-static is not installed"; exit 77; }

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d /tmp/wcl-container-XXXXXX)
export WCL_RUN=$work/run WCL_TEST_ROOT=$work/root WCL_TEST_WORK=$work
export WCL_SUPERVISOR=${WCL_SUPERVISOR:-$WCL_BUILD/container/wcl-supervisor}
"$here/container_root.sh" "$WCL_TEST_ROOT" || exit 1
timeout 600 "$@"
result=$?

left=
note() { [ -z "$2" ] || left+="left behind: $1: $2"$'\n'; }
for _ in $(seq 200); do
    left=
    note "run files" "$(find "$work/run/containers" -mindepth 1 -maxdepth 1 2>/dev/null)"
    note "mounts" "$(grep -F "$work" /proc/self/mountinfo | cut -d' ' -f5)"
    note "processes" "$(pgrep -af "$work/run" | grep -v "^$$ ")"
    hash=$(python3 -c '
import sys
h = 2166136261
for b in sys.argv[1].encode(): h = ((h ^ b) * 16777619) & 0xffffffff
print("%08x" % h)' "$work/run/containers")
    note "cgroups" "$(find /sys/fs/cgroup -type d -path "*/wcl/$hash-*" -maxdepth 4 2>/dev/null)"
    [ -n "$left" ] || break
    sleep 0.3
done
if [ -n "$left" ]; then
    echo -n "$left"
    [ "$result" != 0 ] || result=1
    # What a failed test left is ended, so that it does not disturb others.
    pgrep -f "^[^ ]*wcl-supervisor $work/run" | xargs -r kill
    for folder in "$work"/run/containers/*; do
        [ -d "$folder/runtime" ] &&
            runc --root "$folder/runtime" delete --force "$(basename "$folder")"
    done
fi
if [ -n "${WCL_TEST_KEEP-}" ]; then echo "kept: $work"; else rm -rf --one-file-system "$work"; fi
exit "$result"
