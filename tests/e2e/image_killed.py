#!/usr/bin/env python3
"""Killed at any instant in load and rmi: after the next start an image is there wholly or not at all, with all that it
needs and nothing else. WCL_TEST_KILLS says how often (100 in the long form)."""
import random
import signal
import time

from image_common import *

KILLS = int(os.environ.get("WCL_TEST_KILLS", "60"))


def kill_while(home, arguments, delay):
    process = subprocess.Popen([WCL, *arguments], env=dict(os.environ, WCL_HOME=home.home), stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def settle(home, expected):
    """The next start. Only whole images are there, and only what they use."""
    images = home.json("images")
    digests = {item["digest"] for item in images}
    assert digests <= expected.keys(), digests
    layers = {layer for item in images for layer in item["layers"]}
    blobs = set()
    for digest in digests:
        image = expected[digest]
        blobs |= {image.digest, image.config_digest}
        blobs |= {layer["digest"] for layer, diff in zip(image.layers, image.diff_ids) if layer["digest"] != diff}
    found = {layer["id"] for layer in home.json("layers")}
    assert found == layers, "layers that no image has: %s, that are missing: %s" % (found - layers, layers - found)
    folder = os.path.join(home.home, ".images")
    # A name with a dot is of a file that was being written; the next one that is written takes its place.
    there = {"sha256:" + name for name in os.listdir(os.path.join(folder, "blobs/sha256")) if name[0] != "."}
    assert there == blobs, "blobs that no image has: %s, that are missing: %s" % (there - blobs, blobs - there)
    for name in ("partial", "leases"):
        assert not os.listdir(os.path.join(folder, name)), (name, os.listdir(os.path.join(folder, name)))
    assert not os.path.exists(os.path.join(folder, "unclean"))
    left = os.listdir(os.path.join(home.home, ".staging"))
    assert not left, left
    verified = home.run("verify", check=False)
    assert verified.returncode == 0, verified.stdout


def main():
    need_tools("zstd")
    rng = random.Random(int(os.environ.get("WCL_TEST_SEED", "1")))
    killed = 0
    with Home() as home:
        tars = linux_layers(5, files=60, size=60000)
        first = Image().add(tars[0]).add(tars[1], "zstd").add(tars[2]).make()
        second = Image().add(tars[0]).add(tars[1]).add(tars[3], "none").add(tars[4]).make()
        expected = {first.digest: first, second.digest: second}
        one = layout_of(home.path("one"), first, "docker.io/library/one:1")
        two = layout_of(home.path("two"), second, "docker.io/library/two:1")
        started = time.monotonic()
        home.run("load", "-i", one)
        loading = time.monotonic() - started
        started = time.monotonic()
        home.run("rmi", "one:1")
        removing = time.monotonic() - started
        for number in range(KILLS):
            there = {name for item in home.json("images") for name in item["names"]}
            if number % 4 < 2:
                arguments, longest = ["load", "-i", (one, two)[number % 2]], loading
            else:
                for name, path in (("one:1", one), ("two:1", two)):
                    if name not in there:
                        home.run("load", "-i", path)
                arguments, longest = ["rmi", ("one:1", "two:1")[number % 2]], removing
            killed += kill_while(home, arguments, rng.uniform(0, longest))
            try:
                settle(home, expected)
            except AssertionError:
                print("after being killed in:", arguments, "kill", number)
                raise
            for item in home.json("images"):
                if not item["names"] or number % 4 == 3:
                    home.run("rmi", "-f", item["digest"])
        assert killed >= KILLS // 4, "only %d of %d were killed before they ended" % (killed, KILLS)
        for item in home.json("images"):
            home.run("rmi", "-f", item["digest"])
        assert_empty_images(home)
    print("image_killed: passed, %d commands, %d of them killed before they ended" % (KILLS, killed))


main()
