#!/usr/bin/env python3
"""The snapshotter and containerd, killed at random moments of a pull, a run, a commit and a removal: what was
acknowledged is there, the rest can be done again, a container that runs goes on, and nothing stays behind.
WCL_TEST_KILLS says how often (6; 400 in the long form); WCL_PEERS has another containerd than Debian's."""
import random
import threading

from containerd_common import *

KILLS = int(os.environ.get("WCL_TEST_KILLS", "6"))


class World:
    def __init__(self, bench):
        self.bench = bench
        self.kept, self.victim = [], "victim"
        image = runnable()
        self.parent = chain_ids(image)[-1]
        self.lives = put(bench.registry, os.path.join(bench.work, "lives"), image, "lives")
        deep = Image(Cmd=["/bin/sh"], Env=["PATH=/bin"]).add(shell().bytes())
        for number in range(8):
            deep.add(tar_of({"etc": None, "etc/%d" % number: b"%d\n" % number,
                             "noise%d" % number: hashlib.shake_128(b"%d" % number).digest(400000)}))
        self.deep = put(bench.registry, os.path.join(bench.work, "deep"), deep.make(), "deep")
        bench.pull(self.lives)
        bench.containerd.ctr("run", "-d", "--snapshotter", "wcl", self.lives, "lives", "/bin/sh", "-c",
                             "echo before > /etc/state; while :; do sleep 1; done")
        wait_for("the container", lambda: self.execute("cat /etc/state; true") == "before\n")
        self.mounted = set(bench.snapshotter.mounted())

    def execute(self, script):
        return self.bench.containerd.ctr("tasks", "exec", "--exec-id", "e%d" % time.monotonic_ns(), "lives", "/bin/sh", "-c",
                                         script).stdout.decode()

    def snapshots(self, *arguments, **options):
        return self.bench.containerd.ctr("snapshots", "--snapshotter", "wcl", *arguments, **options)

    # What is done, and what it was good for.

    def pull(self, check=True):
        return self.bench.containerd.ctr("images", "pull", "--plain-http", "--snapshotter", "wcl", self.deep, check=check)

    def pulled(self):
        assert self.run_deep().stdout.decode().split() == [*map(str, range(8)), "400000"]

    def run_deep(self, check=True):
        # A name of its own each time: what containerd leaves of one that it was killed with stands in the next one's way.
        self.victim = "victim-%d" % time.monotonic_ns()
        return self.bench.containerd.ctr("run", "--rm", "--snapshotter", "wcl", self.deep, self.victim, "/bin/sh", "-c",
                                         "cat /etc/*; echo x > /etc/x; busybox wc -c < /noise7", check=check)

    def clear_run(self):
        for arguments in (("tasks", "rm", "-f", self.victim), ("containers", "rm", self.victim),
                          ("snapshots", "--snapshotter", "wcl", "rm", self.victim)):
            self.bench.containerd.ctr(*arguments, check=False)

    def commit(self, check=True):
        """A snapshot that is written to and committed; its name is noted once that was acknowledged."""
        name, where = "kept-%d" % time.monotonic_ns(), tempfile.mkdtemp(dir=self.bench.work)
        done = self.snapshots("prepare", "by-hand", self.parent, check=check)
        if done.returncode == 0:
            done = self.snapshots("mounts", where, "by-hand", check=check)
        if done.returncode == 0:
            for command in done.stdout.decode().splitlines():
                subprocess.run(command.split(), check=True)
            with open(where + "/etc/by-hand", "w") as file:
                file.write(name)
            subprocess.run(["umount", where], check=True)
            done = self.snapshots("commit", name, "by-hand", check=check)
        if done.returncode == 0:
            self.kept.append(name)
        os.rmdir(where)
        return done

    def clear_commit(self):
        self.snapshots("rm", "by-hand", check=False)
        for name in self.bench.containerd.snapshots():
            if name.startswith("kept-") and name not in self.kept:
                self.snapshots("rm", name)

    def remove(self, check=True):
        return self.bench.containerd.ctr("images", "rm", "--sync", self.deep, check=check)

    # What must hold after a kill, once both serve again.

    def settle(self):
        wait_for("containerd's connection", lambda: self.snapshots("ls", check=False).returncode == 0)
        found = self.bench.containerd.snapshots()
        lost = [name for name in self.kept if name not in found]
        assert not lost, "these commits are lost: %s" % lost
        assert found["lives"][1] == "Active"
        assert self.execute("echo more >> /etc/state; cat /etc/state").startswith("before\nmore\n")
        for name in self.kept[-1:]:
            assert self.content_of(name) == name

    def content_of(self, name):
        where = tempfile.mkdtemp(dir=self.bench.work)
        self.snapshots("prepare", "look", name)  # which ctr holds, and a view it does not
        for command in self.snapshots("mounts", where, "look").stdout.decode().splitlines():
            subprocess.run(command.split(), check=True)
        with open(where + "/etc/by-hand") as file:
            found = file.read()
        subprocess.run(["umount", where], check=True)
        os.rmdir(where)
        self.snapshots("rm", "look")
        return found

    def clean(self):
        """All that a round made is removed; then only the container's mounts stand."""
        self.clear_run()
        self.clear_commit()
        self.remove(check=False)
        for lease in self.bench.containerd.ctr("leases", "ls", "-q").stdout.decode().split():
            self.bench.containerd.ctr("leases", "rm", "--sync", lease)
        wait_for("the end of mounts", lambda: set(self.bench.snapshotter.mounted()) == self.mounted)
        assert not loops_below(self.bench.work), loops_below(self.bench.work)
        subprocess.run([WCL, "verify", "-q", "--home", self.bench.snapshotter.home], check=True)


def kill_in(world, dice, victim, prepare, act, clear, check, whole):
    """Whether the act was broken off."""
    prepare()
    results = []
    worker = threading.Thread(target=lambda: results.append(act(check=False).returncode))
    worker.start()
    time.sleep(dice.uniform(0, whole))
    victim.stop(signal.SIGKILL)
    victim.start()
    worker.join(120)
    assert not worker.is_alive() and results, "%s hangs" % act.__name__
    world.settle()
    if results[0] != 0:
        clear()
        act()
    check()
    world.clean()
    return results[0] != 0


def main():
    if "WCL_PEERS" in os.environ:
        need_peers("containerd", "ctr", "containerd-shim-runc-v2")
    need_root()
    need_tools("containerd", "ctr", "runc", "docker-registry", "skopeo", "busybox")
    dice = random.Random(int(os.environ.get("WCL_TEST_SEED", "1")))
    with Bench() as bench:
        world = World(bench)
        nothing = lambda: None
        acts = [(nothing, world.pull, nothing, world.pulled), (world.pull, world.run_deep, world.clear_run, world.pulled),
                (nothing, world.commit, world.clear_commit, nothing), (world.pull, world.remove, nothing, nothing)]
        times = []
        for prepare, act, _, _ in acts:
            prepare()
            begin = time.monotonic()
            act()
            times.append(time.monotonic() - begin)
            world.clean()
        broken = 0
        for number in range(KILLS):
            turn = number % len(acts)
            victim = (bench.snapshotter, bench.containerd)[number // len(acts) % 2 ^ number % 2]
            try:
                broken += kill_in(world, dice, victim, *acts[turn], times[turn])
            except BaseException:
                print("kill %d: %s killed during %s" % (number, type(victim).__name__, acts[turn][1].__name__), flush=True)
                raise
        bench.containerd.ctr("tasks", "rm", "-f", "lives")
        bench.containerd.ctr("containers", "rm", "lives")
        for name in reversed(world.kept):
            world.snapshots("rm", name)
        bench.forget_everything()
        bench.assert_nothing_left()
    print("containerd_killed: ok, %d kills, %d of them broke something off, %d commits kept" % (KILLS, broken, len(world.kept)))


main()
