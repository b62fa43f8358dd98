#!/usr/bin/env python3
"""dockerd and the plugin restarted, and the plugin killed in the middle of things: what was acknowledged is there,
everything else can be done again, and no mount stays. WCL_TEST_KILLS is how often each is killed (4)."""
import random
import threading

from graphdriver_common import *

KILLS = int(os.environ.get("WCL_TEST_KILLS", "4"))


def restart_dockerd(world):
    """A container that runs while dockerd ends and comes again, gracefully and not."""
    docker = world.docker
    docker.run("run", "-d", "--name", "lives", "--stop-timeout", "1", "--network", "none", "bb", "sh", "-c", "echo kept > /kept; sleep 600")
    docker.stop()
    assert not mounts_below(docker.home), "dockerd ended and left mounts"
    docker.start()
    docker.run("start", "lives")
    assert docker.text("exec", "lives", "cat", "/kept") == "kept"
    docker.stop(signal.SIGKILL)
    forget_containerd(docker)
    docker.start()
    docker.run("rm", "-f", "lives")
    assert docker.container("bb", "echo", "again") == "again"
    wait_for("the mounts to go", lambda: not mounts_below(docker.home))


def forget_containerd(docker):
    """Its containerd ends with a dockerd that is killed. Where nobody reaps it, the next dockerd takes it for alive."""
    pid_file = os.path.join(docker.work, "exec", "containerd", "containerd.pid")
    if not os.path.exists(pid_file):
        return
    with open(pid_file) as file:
        pid = int(file.read())

    def has_ended():
        try:
            with open("/proc/%d/stat" % pid) as file:
                return file.read().rsplit(")", 1)[1].split()[0] == "Z"
        except (FileNotFoundError, ProcessLookupError):
            return True

    wait_for("containerd to end", has_ended)
    if os.path.exists(pid_file):
        os.unlink(pid_file)


def restart_live(world):
    """With live-restore a container goes on while dockerd and the plugin are gone."""
    docker = world.docker
    docker.stop()
    docker.start("--live-restore")
    docker.run("run", "-d", "--name", "live", "--network", "none", "bb", "sh", "-c", "echo on > /on; sleep 600")
    docker.stop()
    world.plugin.stop()
    world.plugin.start()
    docker.start("--live-restore")
    assert docker.text("exec", "live", "cat", "/on") == "on"
    docker.run("cp", "live:/on", world.path("on"))
    assert docker.text("exec", "live", "sh", "-c", "echo more >> /on; cat /on").split() == ["on", "more"]
    docker.run("rm", "-f", "live")
    wait_for("the mounts to go", lambda: not mounts_below(docker.home))
    docker.stop()
    docker.start()


def restart_plugin(world):
    """The plugin ends and comes again under a dockerd that knows nothing of it."""
    docker = world.docker
    docker.run("run", "-d", "--name", "lives", "--stop-timeout", "1", "--network", "none", "bb", "sleep", "600")
    for how in (signal.SIGTERM, signal.SIGKILL):
        world.plugin.stop(how)
        world.plugin.start()
        docker.run("exec", "lives", "sh", "-c", "echo x > /x")
        docker.run("cp", "lives:/x", world.path("x"))
        assert docker.text("exec", "lives", "cat", "/x") == "x"
        assert "A /x" in docker.text("diff", "lives").splitlines()
        assert docker.container("bb", "echo", "new") == "new"
    docker.run("rm", "-f", "lives")
    assert not mounts_below(docker.home), mounts_below(docker.home)


def killed_during(world, seed, name, command, undo, check):
    """Kills the plugin at a random moment of `command`, and then does it again."""
    docker = world.docker
    dice = random.Random(seed)
    begin = time.monotonic()
    command()
    whole = time.monotonic() - begin
    undo()
    broken = 0
    for _ in range(KILLS):
        failure = []

        def work():
            try:
                command()
            except AssertionError as error:
                failure.append(error)

        worker = threading.Thread(target=work)
        worker.start()
        time.sleep(whole * dice.uniform(0.05, 0.95))
        world.plugin.stop(signal.SIGKILL)
        world.plugin.start()
        worker.join(120)
        assert not worker.is_alive(), "%s hangs" % name
        broken += bool(failure)
        if failure:
            command()
        check()
        undo()
        assert docker.container("bb", "cat", "/opt/old/one") == "opt/old/one", "what was there is gone"
        wait_for("the mounts to go after %s" % name, lambda: not mounts_below(docker.home), 10)
    print("  %s: %d of %d broke off" % (name, broken, KILLS))


def killed_between_removes(world, seed):
    """Kills the plugin when some layers of an image are removed and others are not yet."""
    docker = world.docker
    dice = random.Random(seed)
    context, archive = world.path("deep"), world.path("deep.tar")
    os.makedirs(context)
    with open(os.path.join(context, "Dockerfile"), "w") as file:
        file.write("FROM bb\n" + "".join("COPY Dockerfile /deep%d\n" % n for n in range(40)))
    docker.run("build", "-t", "deep", context)
    docker.run("save", "-o", archive, "deep")
    docker.run("rmi", "deep")
    middle = 0
    for _ in range(KILLS):
        docker.run("load", "-i", archive)
        before = len(docker.layers())
        wanted = before - dice.randrange(1, 35)
        remover = docker.popen("rmi", "-f", "deep", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("layers to go", lambda: len(docker.layers()) <= wanted or remover.poll() is not None)
        middle += remover.poll() is None and len(docker.layers()) < before
        world.plugin.stop(signal.SIGKILL)
        world.plugin.start()
        remover.wait(120)
        docker.run("rmi", "-f", "deep", check=False)
        docker.run("image", "prune", "-f")
        docker.run("load", "-i", archive)
        assert docker.container("deep", "sh", "-c", "ls -d /deep* | wc -l") == "40"
        assert docker.container("bb", "cat", "/opt/old/one") == "opt/old/one", "what was there is gone"
        docker.run("rmi", "-f", "deep")
        wait_for("the mounts to go after a remove", lambda: not mounts_below(docker.home), 10)
    assert middle, "no kill was in the middle of a remove"
    print("  remove: %d of %d killed between layers" % (middle, KILLS))


def main():
    with World("crash") as world:
        docker = world.docker
        world.import_busybox()
        os.makedirs(world.path("context"))
        with open(world.path("context", "Dockerfile"), "w") as file:
            file.write("FROM bb\n" + "".join("RUN echo %d > /made%d\nCOPY big /big%d\n" % (n, n, n) for n in range(3)))
        with open(world.path("context", "big"), "wb") as file:
            file.write(os.urandom(8 << 20))
        archive = world.path("image.tar")
        docker.run("build", "--network", "none", "--no-cache", "-t", "big", world.path("context"))
        docker.run("save", "-o", archive, "big")
        docker.run("rmi", "big")

        def check():
            assert docker.container("big", "sh", "-c", "cat /made0 /made1 /made2").split() == ["0", "1", "2"]

        def remove():
            docker.run("rm", "-f", *docker.text("ps", "-aq").split(), check=False)
            docker.run("rmi", "-f", "big", check=False)
            docker.run("image", "prune", "-f")

        def load_again():
            docker.run("load", "-i", archive)

        for test in (restart_dockerd, restart_live, restart_plugin):
            begin = time.monotonic()
            test(world)
            print("%-20s %.1f s" % (test.__name__, time.monotonic() - begin), flush=True)
        killed_during(world, 1, "load", load_again, remove, check)
        killed_during(world, 2, "build", lambda: docker.run("build", "--network", "none", "--no-cache", "--force-rm", "-t",
                                                            "big", world.path("context")), remove, check)
        load_again()

        def gone():
            assert "big" not in docker.text("images", "--format", "{{.Repository}}").split()

        killed_during(world, 3, "remove", lambda: docker.run("rmi", "-f", "big") if "big" in docker.text(
            "images", "--format", "{{.Repository}}").split() else None, load_again, gone)
        remove()
        killed_between_removes(world, 4)
        docker.remove_everything()
        print("layers that dockerd forgot: %d" % len(docker.layers()))
        docker.stop()
        world.plugin.stop()
        world.plugin.start()
        world.plugin.init(docker.home)
        left = mounts_below(docker.home)
        assert not left, "still mounted: %s" % left
        wait_for("the plugin to remove files behind", lambda: not os.listdir(os.path.join(docker.home, ".staging")))


main()
