#!/usr/bin/env python3
"""Each allocation of what runs containers fails once: the command gets along without, or ends with status 1 and a
message, and leaves no container behind.

WCL_TEST_ALLOCATIONS (16) of each command's are tried, spread over all; 0: all of them."""
import json
import subprocess
import sys

from allocation_common import *

MOST = int(os.environ.get("WCL_TEST_ALLOCATIONS", "16"))
WCL, ROOT = os.environ["WCL"], os.environ["WCL_TEST_ROOT"]
COMMANDS = [
    ["run", ROOT, "true"],
    ["run", "-m", "/tmp:/mnt:ro", "-e", "A=b", "-u", "0", "-w", "/", ROOT, "true"],
    ["exec", "there", "true"],
    ["ps"],
]


def wcl(*arguments, **environment):
    return subprocess.run([WCL, *arguments], env=dict(os.environ, **environment), capture_output=True, timeout=120)


def running():
    return [item["Id"] for item in json.loads(wcl("ps", "--json").stdout)]


def sweep(command, there):
    count = os.path.join(os.environ["WCL_TEST_WORK"], "count")
    done = wcl(*command, **counting(count))
    assert done.returncode == 0, (command, done)
    numbers = spread(counted(count), MOST)
    failed = 0
    for number in numbers:
        done = wcl(*command, **failing(number))
        assert done.returncode in (0, 1), (command, number, done)
        assert done.returncode == 0 or done.stderr.strip(), (command, number, "ended without a word")
        assert running() == there, (command, number, "left a container", running())
        failed += done.returncode
    assert failed, (command, "no allocation was missed")
    print("allocations: %s: %d of %d, of which %d made it fail" % (command[0], len(numbers), counted(count), failed),
          flush=True)


def main():
    if not os.path.exists(PRELOAD):
        print("skipped: there is no %s" % PRELOAD)
        sys.exit(77)
    started = wcl("run", "-d", "--name", "there", ROOT, "sleep", "1000")
    assert started.returncode == 0, started
    try:
        there = running()
        assert len(there) == 1, there
        for command in COMMANDS:
            sweep(command, there)
    finally:
        wcl("kill", "there")
    assert not running(), running()


main()
