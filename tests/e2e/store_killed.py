#!/usr/bin/env python3
"""Killed at any instant: the next start is clean, nothing is wrong, no layer is half there, no mount or loop device
stays. WCL_TEST_KILLS says how often (300 in the long form)."""
import random
import signal
import time

from store_common import *

KILLS = int(os.environ.get("WCL_TEST_KILLS", "60"))


def start(home, arguments):
    environment = dict(os.environ, WCL_HOME=home.home)
    program = [] if os.path.isabs(arguments[0]) else [WCL]
    return subprocess.Popen([*program, *arguments], env=environment, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def time_of(home, arguments):
    """Seconds that it takes when nobody kills it."""
    began = time.monotonic()
    assert start(home, arguments).wait() == 0, arguments
    return time.monotonic() - began


def kill_while(home, arguments, delay):
    process = start(home, arguments)
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    return process.wait()


def settle(home, layers):
    """The next start, and what must hold then. Mounts that were finished may stand; they are undone."""
    there = {layer["id"]: layer for layer in home.json("layers")}
    left = os.listdir(os.path.join(home.home, ".staging"))
    assert not left, left
    for name in list(there):
        if there[name]["mounted"] and there[name]["kind"] == "sandbox":
            home.run("unmount", name)
    for name in list(there):
        if there[name]["kind"] == "sandbox":
            # Activated, but not prepared, is a state that a kill may leave and that can be undone or gone on from.
            home.run("mount", name)
            home.run("unmount", name)
    for name in list(there):
        if os.path.ismount(os.path.join(home.home, name, "merged")):
            home.run("unmount", name)
    assert not mounts_below(home.home), mounts_below(home.home)
    assert not loops_below(home.home), loops_below(home.home)
    verified = home.run("verify", check=False)
    assert verified.returncode == 0, verified.stdout
    for name in list(there):
        if name not in layers:
            home.run("remove", name)


def main():
    need_root()
    rng = random.Random(int(os.environ.get("WCL_TEST_SEED", "1")))
    killed = 0
    with Home() as home:
        generate(home.path("base.tar.gz"), seed=5, entries=800, bytes=12_000_000, base=True, compression="gzip")
        generate(home.path("transport.tar"), seed=6, entries=300, bytes=3_000_000, child=5)
        home.run("import", "-i", home.path("base.tar.gz"), "base")
        sandboxed = {"base"}
        commands = [
            (lambda: None, ["import", "-i", home.path("base.tar.gz"), "new"]),
            (lambda: None, ["import", "-l", "base", "-i", home.path("transport.tar"), "new"]),
            (lambda: None, ["create", "-l", "base", "new"]),
            (lambda: None, ["create", "-l", "base", "--size", "64M", "new"]),
            (lambda: home.run("create", "-l", "base", "new"), ["remove", "new"]),
            (lambda: home.run("import", "-l", "base", "-i", home.path("transport.tar"), "new"), ["remove", "new"]),
            (lambda: home.run("create", "-l", "base", "--size", "64M", "new"), ["expand", "new", "128M"]),
            (lambda: home.run("create", "-l", "base", "new"), ["mount", "new"]),
            (lambda: home.run("create", "-l", "base", "--size", "64M", "new"), ["mount", "new"]),
            (lambda: (home.run("create", "-l", "base", "new"), home.run("mount", "new")), ["unmount", "new"]),
            (lambda: None, ["mount", "base"]),
            (lambda: None, [os.path.join(BUILD, "tests/tools/wcl-copy-layer"), home.home, "base", "new"]),
        ]
        longest = []
        for prepare, arguments in commands:
            prepare()
            longest.append(time_of(home, arguments))
            settle(home, sandboxed)
        for number in range(KILLS):
            prepare, arguments = commands[number % len(commands)]
            prepare()
            if kill_while(home, arguments, rng.uniform(0, longest[number % len(commands)])) == -signal.SIGKILL:
                killed += 1
            try:
                settle(home, sandboxed)
            except AssertionError:
                print("after being killed in:", arguments, "kill", number)
                raise
        assert killed >= KILLS // 3, "only %d of %d were killed before they ended" % (killed, KILLS)
        home.assert_clean()
    print("store_killed: passed, %d commands, %d of them killed before they ended" % (KILLS, killed))


main()
