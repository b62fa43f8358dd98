#!/usr/bin/env python3
"""Twenty containers at once start and stop, round after round, and ten builds at once. WCL_TEST_ROUNDS is how many rounds
(5)."""
import threading

from graphdriver_common import *

ROUNDS = int(os.environ.get("WCL_TEST_ROUNDS", "5"))
CONTAINERS = 20
BUILDS = 10


def at_once(count, work):
    failures = []

    def one(number):
        try:
            work(number)
        except Exception as error:
            failures.append("%d: %s" % (number, str(error)[:600]))

    workers = [threading.Thread(target=one, args=(n,)) for n in range(count)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failures, failures


def containers(docker):
    for turn in range(ROUNDS):
        def one(number):
            name = "c%d" % number
            docker.run("run", "-d", "--name", name, "--network", "none", "bb", "sh", "-c",
                       "echo %d > /mine; sleep 600" % number)
            shown = docker.text("exec", name, "sh", "-c", "until [ -s /mine ]; do usleep 10000; done; cat /mine")
            assert shown == str(number), shown
            docker.run("stop", "-t", "0", name)
            assert "A /mine" in docker.text("diff", name).splitlines()
            docker.run("rm", name)

        begin = time.monotonic()
        at_once(CONTAINERS, one)
        assert not mounts_below(docker.home), mounts_below(docker.home)
        print("round %d: %.1f s" % (turn + 1, time.monotonic() - begin), flush=True)


def builds(docker, world):
    def one(number):
        context = world.path("context%d" % number)
        os.makedirs(context)
        with open(os.path.join(context, "Dockerfile"), "w") as file:
            file.write("FROM bb\nCOPY number /number\nRUN cat /number > /copied; mkdir /d%d\nRUN mv /number /d%d/\n" %
                       (number, number))
        with open(os.path.join(context, "number"), "w") as file:
            file.write(str(number))
        docker.run("build", "--network", "none", "-t", "b%d" % number, context)
        assert docker.container("b%d" % number, "sh", "-c", "cat /copied /d%d/number" % number) == "%d%d" % (number, number)

    begin = time.monotonic()
    at_once(BUILDS, one)
    print("%d builds: %.1f s" % (BUILDS, time.monotonic() - begin), flush=True)


def main():
    with World("crowd") as world:
        world.import_busybox()
        containers(world.docker)
        builds(world.docker, world)
        world.docker.remove_everything()
        world.docker.assert_empty()


main()
