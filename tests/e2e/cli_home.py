#!/usr/bin/env python3
"""A mistyped home: what reads makes none, and says that there is no store at that path."""
from store_common import *

READING = [["layers"], ["images"], ["list", "x"], ["list", "--merged", "x"], ["stat", "x", "y"], ["cat", "x", "y"],
           ["diff", "x"], ["verify"], ["verify", "x"], ["export", "-o", "/dev/null", "x"], ["inspect", "x"],
           ["inspect", "--html", "/dev/null", "x"], ["save", "-o", "/dev/null", "x"], ["tag", "x", "y"], ["rmi", "x"],
           ["rmi", "--unused"], ["remove", "x"], ["mount", "x"], ["unmount", "x"], ["expand", "x", "1G"],
           ["create", "-l", "x", "y"], ["push", "x", "localhost:1/x"], ["import", "-l", "x", "-i", "/dev/null", "y"],
           ["run", "x", "y"], ["append", "-t", "y", "x", "/dev/null"], ["network", "list"], ["endpoint", "list"],
           ["network", "remove", "x"], ["endpoint", "remove", "x"]]


def main():
    with Home() as home:
        os.mkdir(home.path("folder"))
        for place in (home.path("missing"), home.path("folder")):
            for command in READING:
                done = home.run("--home", place, *command, check=False)
                left = os.listdir(place) if os.path.exists(place) else None
                assert left == ([] if place.endswith("folder") else None), (command, place, left)
                if command[0] != "push":  # which asks the registry first
                    assert done.returncode == 1, (command, done)
                    assert b"there is no store at '%s'" % place.encode() in done.stderr, (command, done.stderr)
        # What makes a layer makes the home.
        for place in (home.path("missing"), home.path("folder")):
            home.run("--home", place, "import", "-i", LAYER_TAR, "layer")
            assert home.run("--home", place, "layers").stdout.startswith(b"layer ")
    print("cli_home: passed")


main()
