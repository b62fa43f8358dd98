#!/usr/bin/env python3
"""Measures docker on wcl against docker on overlay2, under the same dockerd on the same machine, in turns: load, run,
commit, build and save, and the lives of containers. Prints ratios of medians. Needs root.

    tests/bench/graphdriver.py [--build DIR] [--runs N] [--files N] [--short] [--lives] [--check]
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--build", default=os.environ.get("WCL_BUILD", "build/release"))
parser.add_argument("--runs", type=int, default=5)
parser.add_argument("--files", type=int, default=60000, help="of the image of many small files; 0: without it")
parser.add_argument("--short", action="store_true", help="three runs, fewer files, no Debian")
parser.add_argument("--lives", action="store_true", help="only the lives of containers")
parser.add_argument("--check", action="store_true", help="exit with 1 when a target is missed")
options = parser.parse_args()
os.environ["WCL_BUILD"] = options.build
os.environ["WCL"] = os.path.join(options.build, "cli", "wcl")

from graphdriver_common import *  # noqa: E402

if options.short:
    options.runs, options.files = 3, min(options.files, 5000)


class Side:
    """A dockerd on one of the drivers."""

    def __init__(self, world, name, driver):
        self.name = name
        self.docker = Docker(world.work, driver, name)
        self.seconds = {}

    def time(self, what, function):
        subprocess.run(["sync"], check=True)
        begin = time.perf_counter()
        function()
        self.seconds.setdefault(what, []).append(time.perf_counter() - begin)


missed = []


def compare(title, what, ours, peer, target):
    """Prints wcl's time over overlay2's."""
    mine, theirs = (statistics.median(side.seconds[what]) for side in (ours, peer))
    ratio = mine / theirs
    good = ratio <= target
    print("%-44s wcl %7.3f s, overlay2 %7.3f s: %.2f times (target: at most %.2f)%s" % (
        title, mine, theirs, ratio, target, "" if good else "  MISSED"), flush=True)
    if not good:
        missed.append(title)


def many_files_tar(world, count):
    """A root of `count` small files, by the look of a language's package folder."""
    root = world.path("many")
    world.busybox_tar()
    shutil.copytree(world.path("busybox"), root, symlinks=True)
    for n in range(count):
        folder = os.path.join(root, "lib", "p%d" % (n % 97), "m%d" % (n % 389))
        if n < 97 * 389:
            os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "f%d.js" % n), "wb") as file:
            file.write((b"module.exports = %d;\n" % n) * (1 + n % 200))
    tar = world.path("many.tar")
    subprocess.run(["tar", "-C", root, "--numeric-owner", "-cf", tar, "."], check=True)
    shutil.rmtree(root)
    return tar


def archive_of(side, world, name, tar):
    """What `docker save` makes of an image of the tar."""
    side.docker.run("import", tar, name)
    archive = world.path(name + ".archive.tar")
    side.docker.run("save", "-o", archive, name)
    side.docker.run("rmi", name)
    subprocess.run(["gzip", "-k", "-6", archive], check=True)
    return archive


def measure_image(sides, world, name, archive):
    for suffix in ("", ".gz"):
        for _ in range(options.runs):
            for side in sides:
                side.docker.run("rmi", "-f", name, check=False)
                side.time("load %s%s" % (name, suffix), lambda: side.docker.run("load", "-i", archive + suffix))
        compare("docker load, %s, %s" % (name, "gzip" if suffix else "uncompressed"), "load " + name + suffix, *sides,
                1.0 if suffix else 0.5)
    for _ in range(options.runs):
        for side in sides:
            side.time("save " + name, lambda: side.docker.run("save", "-o", world.path("saved.tar"), name))
            os.unlink(world.path("saved.tar"))
    compare("docker save, %s" % name, "save " + name, *sides, 1.0)


def measure_work(sides, world, name):
    context = world.path("bench-context")
    os.makedirs(context, exist_ok=True)
    with open(os.path.join(context, "Dockerfile"), "w") as file:
        file.write("FROM %s\nRUN mkdir /made && cp /bin/sh /made/\nCOPY data /data\nRUN rm /data\n" % name)
    with open(os.path.join(context, "data"), "wb") as file:
        file.write(os.urandom(4 << 20))
    for side in sides:
        side.docker.run("run", "--network", "none", "--name", "changed", name, "sh", "-c",
                        "mkdir /c; for i in 1 2 3 4 5 6 7 8 9; do cp /bin/sh /c/$i; done; rm -rf /lib/p1 /usr/share/doc")
        side.docker.container(name, "true")
    for turn in range(options.runs):
        for side in sides if turn % 2 == 0 else reversed(sides):
            side.time("run", lambda: side.docker.container(name, "true"))
            side.time("commit", lambda: side.docker.run("commit", "changed", "committed"))
            side.docker.run("rmi", "-f", "committed")
            side.time("build", lambda: side.docker.run("build", "--network", "none", "--no-cache", "-t", "made", context))
            side.docker.run("rmi", "-f", "made")
    for side in sides:
        side.docker.run("rm", "changed")
    compare("docker run --rm, %s" % name, "run", *sides, 1.05)
    compare("docker commit, %s" % name, "commit", *sides, 1.0)
    compare("docker build, %s" % name, "build", *sides, 1.0)
    for side in sides:
        for what in ("run", "commit", "build"):
            del side.seconds[what]


def layered_image(world, docker, count):
    """An image of so many layers; its name."""
    context = world.path("layers%d" % count)
    os.makedirs(context, exist_ok=True)
    with open(os.path.join(context, "Dockerfile"), "w") as file:
        file.write("FROM bb\n" + "".join("COPY f /layer%d\n" % n for n in range(count - 1)))
    with open(os.path.join(context, "f"), "w") as file:
        file.write("f")
    docker.run("build", "-t", "layers%d" % count, context)
    return "layers%d" % count


class Engine:
    """dockerd's own protocol, on one connection: no program is started for a call."""

    def __init__(self, docker):
        self.connection = UnixConnection(docker.socket)

    def call(self, method, path, body=None, kind="application/json"):
        self.connection.request(method, path, body, {"Content-Type": kind} if body is not None else {})
        answer = self.connection.getresponse()
        data = answer.read()
        assert answer.status < 300, "%s %s: %d %r" % (method, path, answer.status, data)
        return json.loads(data) if data and answer.headers.get("Content-Type") == "application/json" else None

    def life(self, image):
        """Made, mounted, written to, unmounted, removed."""
        made = self.call("POST", "/containers/create", json.dumps({"Image": image, "Cmd": ["true"],
                                                                   "NetworkDisabled": True}))["Id"]
        self.call("PUT", "/containers/%s/archive?path=/" % made, WRITTEN, "application/x-tar")
        self.call("DELETE", "/containers/" + made)


WRITTEN = make_tar(*(("written%d" % n, b"x" * 1000) for n in range(4)))
LIVES = 10  # one after another: what is left to be done behind one of them is there during the next


def measure_lives(sides, world, layers):
    engines = {}
    for side in sides:
        side.docker.text("import", "-", "bb", input=world.busybox_tar())
        image = layered_image(world, side.docker, layers)
        engines[side] = Engine(side.docker)
        engines[side].life(image)
    what = "lives %d" % layers
    for turn in range(options.runs * 4):
        for side in sides if turn % 2 == 0 else reversed(sides):
            side.time(what, lambda: [engines[side].life(image) for _ in range(LIVES)])
    compare("%d lives of a container on %d layers" % (LIVES, layers), what, *sides, 1.0)


def main():
    with World("bench") as world:
        ours, peer = Side(world, "wcl", world.plugin.name), Side(world, "overlay2", "overlay2")
        world.docker.stop()
        sides = (ours, peer)
        try:
            for side in sides:
                side.docker.start()
            for layers in (5, 40):
                measure_lives(sides, world, layers)
            if options.lives:
                options.files, options.short = 0, True
            images = [("many", many_files_tar(world, options.files))] if options.files else []
            debian = os.path.join(options.build, "debian-minbase.tar")
            if not options.short:
                made = subprocess.run([os.path.join(SOURCE, "tests/e2e/container_root.sh"), world.path("debian"), "debian",
                                       os.path.abspath(debian)])
                if made.returncode == 0:
                    images.append(("debian", os.path.abspath(debian)))
            for name, tar in images:
                archive = archive_of(peer, world, name, tar)
                measure_image(sides, world, name, archive)
                measure_work(sides, world, name)
        finally:
            for side in sides:
                side.docker.stop()
    if missed and options.check:
        sys.exit(1)


main()
