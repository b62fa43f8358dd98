#!/usr/bin/env python3
"""Many at once: loads, removals, tags, saves and lists of images that share layers, in one home. Each command ends right
or says what is missing, and in the end nothing is wrong."""
import random
import threading
import time

from image_common import *

SECONDS = int(os.environ.get("WCL_TEST_SECONDS", "10"))
WORKERS = 6
# What may be said when another worker removed it.
MISSING = (b"there is no image", b"there is no layer and no image", b"names; remove these")


def work(home, number, layouts, images, until, counts, failures):
    rng = random.Random(number)
    while time.monotonic() < until and not failures:
        name = rng.choice(sorted(layouts))
        kind = rng.choice(("load", "load", "rmi", "rmi", "tag", "save", "list", "unused"))
        out = home.path("out-%d" % number)
        arguments = {"load": ["load", "-i", layouts[name]], "rmi": ["rmi", "-f", name], "tag": ["tag", name, "t%d" % number],
                     "save": ["save", "-o", out, name], "list": ["list", "-R", name], "unused": ["rmi", "--unused"]}[kind]
        done = home.run(*arguments, check=False, timeout=120)
        if done.returncode == 0:
            counts[kind] = counts.get(kind, 0) + 1
            if kind == "save" and blobs_of(out) != images[name].blobs:
                failures.append("saved other blobs of " + name)
            if kind == "save":
                os.unlink(out)
        elif kind == "load" or not any(text in done.stderr for text in MISSING + (
                (b"there is no layer", b"cannot open") if kind in ("list", "save") else ())):
            failures.append("%s: exit %d: %s" % (arguments, done.returncode, done.stderr))


def main():
    need_tools("zstd")
    with Home() as home:
        tars = linux_layers(5, files=20, size=20000)
        choices = {"one:1": [0, 1, 2], "two:1": [0, 1, 3], "three:1": [0], "four:1": [0, 1, 2, 3, 4]}
        images, layouts = {}, {}
        for name, numbers in choices.items():
            image = Image()
            for number in numbers:
                image.add(tars[number], "zstd" if name == "two:1" else "gzip")
            images[name] = image.make()
            layouts[name] = layout_of(home.path(name.split(":")[0]), image, "docker.io/library/" + name)
        # The store is made by what writes first.
        home.run("load", "-i", layouts["one:1"])
        counts, failures = {}, []
        until = time.monotonic() + SECONDS
        threads = [threading.Thread(target=work, args=(home, number, layouts, images, until, counts, failures))
                   for number in range(WORKERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures, failures[0]
        assert all(counts.get(kind) for kind in ("load", "rmi", "tag", "save", "list", "unused")), counts
        home.assert_clean()
        for item in home.json("images"):
            home.run("rmi", "-f", item["digest"])
        home.run("rmi", "--unused")
        assert_empty_images(home)
    print("image_crowd: passed,", counts)


main()
