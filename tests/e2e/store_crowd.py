#!/usr/bin/env python3
"""Eight processes import, mount, export and remove at once: no error that a serial run would not give.
WCL_TEST_SECONDS says for how long (60 in the long form)."""
import multiprocessing
import random
import time

from store_common import *

SECONDS = float(os.environ.get("WCL_TEST_SECONDS", "12"))


def worker(home, number, until, failures):
    rng = random.Random(number)
    rounds = 0
    try:
        while time.monotonic() < until:
            layer, box = "l%d" % number, "b%d" % number
            home.run("import", "-l", "base", "-i", home.path("child.tar.gz"), layer)
            home.run("create", "-l", rng.choice(["base", layer]), box)
            where = home.mount(box)
            with open(os.path.join(where, "mine"), "w") as file:
                file.write(str(number))
            out = home.path("out%d.tar" % number)
            home.run("export", "-o", out, layer)
            assert sha256(out) == home.child_digest
            home.run("export", "-o", out, box)
            home.run("layers")
            home.run("unmount", box)
            home.run("remove", box)
            home.run("remove", layer)
            rounds += 1
    except Exception as error:
        failures.put("process %d, round %d: %s" % (number, rounds, error))
    failures.put(rounds)


def main():
    need_root()
    with Home() as home:
        generate(home.path("base.tar"), seed=5, entries=600, bytes=6_000_000, base=True)
        generate(home.path("child.tar"), seed=6, entries=200, bytes=2_000_000, child=5)
        subprocess.run(["gzip", "-k", home.path("child.tar")], check=True)
        home.child_digest = sha256(home.path("child.tar"))
        home.run("import", "-i", home.path("base.tar"), "base")
        failures = multiprocessing.Queue()
        until = time.monotonic() + SECONDS
        crowd = [multiprocessing.Process(target=worker, args=(home, n, until, failures)) for n in range(8)]
        for process in crowd:
            process.start()
        rounds, wrong = 0, []
        for _ in crowd:
            while not isinstance(said := failures.get(), int):
                wrong.append(said)
            rounds += said
        for process in crowd:
            process.join()
        assert not wrong, "\n".join(wrong)
        assert rounds >= 8, rounds
        home.assert_clean()
    print("store_crowd: passed, %d rounds" % rounds)


main()
