#!/usr/bin/env python3
"""A container of wcl for one `true`, beside `docker run` of the same root on overlay2: alternated runs, medians."""
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
from graphdriver_common import *

RUNS = int(os.environ.get("WCL_BENCH_RUNS", "9"))


def seconds(call):
    start = time.monotonic()
    call()
    return time.monotonic() - start


def main():
    need_root()
    with Home() as home:
        root, tar = home.path("root"), home.path("root.tar")
        subprocess.run([os.path.join(SOURCE, "tests/e2e/container_root.sh"), root], check=True)
        subprocess.run(["tar", "-cf", tar, "-C", root, "."], check=True)
        home.run("import", "-i", tar, "base")
        home.run("create", "-l", "base", "box")
        daemon = Docker(home.work, "overlay2").start()
        try:
            daemon.run("import", tar, "bench")
            wcl_run = lambda: home.run("run", "box", "--", "/bin/true")
            docker_run = lambda: daemon.run("run", "--rm", "--network", "none", "bench", "/bin/true")
            wcl_run(), docker_run()
            times = [(seconds(wcl_run), seconds(docker_run)) for _ in range(RUNS)]
        finally:
            daemon.stop()
    ours, docker = (statistics.median(column) for column in zip(*times))
    print("wcl run ID true: %.3f s; docker run --rm IMAGE true: %.3f s; ratio %.2f (target < 1)" % (ours, docker, ours / docker))


main()
