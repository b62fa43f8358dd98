#!/bin/bash
# A stand-in for an OCI runtime, without namespaces: init is a process that sleeps, an exec's command
# runs on the host. FAKE_RUNTIME_FAIL=VERB makes that command fail,
# FAKE_RUNTIME_BUSY=N the first N pauses. Calls are added to FAKE_RUNTIME_LOG.
set -u
log=/dev/null root= verb= bundle= pidfile= document= socket=
arguments=("$@")
while [ $# -gt 0 ]; do
    case $1 in
    --root) root=$2; shift ;;
    --log) log=$2; shift ;;
    --log-format) shift ;;
    --bundle) bundle=$2; shift ;;
    --pid-file) pidfile=$2; shift ;;
    --process) document=$2; shift ;;
    --console-socket) socket=$2; shift ;;
    --detach | --force) ;;
    *) [ -n "$verb" ] && { id=${id:-$1}; } || verb=$1 ;;
    esac
    shift
done
fail() {
    printf '{"level":"error","msg":"%s"}\n' "$1" >>"$log"
    exit 1
}
[ -z "${FAKE_RUNTIME_LOG-}" ] || echo "$verb $id" >>"$FAKE_RUNTIME_LOG"
[ "${FAKE_RUNTIME_FAIL-}" != "$verb" ] || fail "fake $verb failed on purpose"
state=$root/$id
case $verb in
run)
    mkdir -p "$state" && [ -e "$bundle/config.json" ] || fail "no bundle"
    sleep 100000 3>&- 4>&- &
    echo -n $! >"$state/init"
    echo -n $! >"$bundle/$pidfile"
    ;;
pause | resume)
    [ -e "$state/init" ] || fail "container does not exist"
    if [ "$verb" = pause ] && [ "$(cat "$state/refused" 2>/dev/null || echo 0)" -lt "${FAKE_RUNTIME_BUSY-0}" ]; then
        echo $(($(cat "$state/refused" 2>/dev/null || echo 0) + 1)) >"$state/refused"
        fail "unable to freeze"
    fi
    ;;
exec)
    eval "set -- $(jq -r '.args | @sh' "$document")"
    command -v "$1" >/dev/null || fail "exec failed: $1: executable file not found"
    # A command in the background would lose its standard input. It begins when this shell has ended,
    # which would otherwise take note of its end in place of the supervisor.
    exec 5<&0
    mkfifo "$state/gate.$$" && exec 8<>"$state/gate.$$" 7<"$state/gate.$$"
    rm "$state/gate.$$"
    (
        exec 8>&-
        read -r -u 7 _
        exec "$@" <&5 3>&- 4>&- 5<&- 7<&-
    ) &
    echo -n $! >"$pidfile"
    ;;
kill) kill -KILL "$(cat "$state/init")" ;;
delete)
    [ ! -e "$state/init" ] || kill -KILL "$(cat "$state/init")" 2>/dev/null
    rm -rf "$state"
    ;;
*) fail "no such command: ${arguments[*]}" ;;
esac
exit 0
