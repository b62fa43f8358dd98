#!/usr/bin/env python3
"""Many at once: fifty containers of one image, ten pulls of images that share their layers, and everything removed
together. WCL_PEERS has another containerd than Debian's."""
from concurrent.futures import ThreadPoolExecutor

from containerd_common import *

CONTAINERS = 50
IMAGES = 10
SHARED = 5


def all_at_once(act, items):
    with ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(act, items))


def many_containers(bench, reference):
    names = ["c%d" % n for n in range(CONTAINERS)]
    all_at_once(lambda name: bench.containerd.ctr(
        "run", "-d", "--snapshotter", "wcl", reference, name, "/bin/sh", "-c",
        "echo %s > /etc/replaced; rm /etc/first; echo done > /etc/done; while :; do sleep 1000; done" % name), names)
    lines = [line.split() for line in bench.containerd.ctr("tasks", "ls").stdout.decode().splitlines()[1:]]
    running = {words[0]: words[1] for words in lines if words[2] == "RUNNING"}
    assert sorted(running) == sorted(names), lines
    for name, pid in running.items():
        root = "/proc/%s/root" % pid
        wait_for("what %s writes" % name, lambda: os.path.exists(root + "/etc/done"))
        with open(root + "/etc/replaced") as file:
            assert file.read() == name + "\n"
        assert not os.path.exists(root + "/etc/first") and os.path.exists(root + "/etc/second")
    all_at_once(lambda name: bench.containerd.ctr("tasks", "rm", "-f", name), names)
    all_at_once(lambda name: bench.containerd.ctr("containers", "rm", name), names)
    wait_for("the end of mounts", lambda: not [key for key in bench.containerd.snapshots() if key in names])


def many_pulls(bench):
    below = shell().bytes()
    references = []
    for number in range(IMAGES):
        image = Image(Cmd=["/bin/sh"], Env=["PATH=/bin"]).add(below)
        for shared in range(1, SHARED):
            image.add(tar_of({"shared%d" % shared: hashlib.shake_128(b"%d" % shared).digest(300000)}))
        image.add(tar_of({"own": b"%d\n" % number})).make()
        references.append(put(bench.registry, os.path.join(bench.work, "many%d" % number), image, "many%d" % number))
    before = len(bench.snapshotter.layers())
    all_at_once(bench.pull, references)
    for lease in bench.containerd.ctr("leases", "ls", "-q").stdout.decode().split():
        bench.containerd.ctr("leases", "rm", "--sync", lease)
    wait_for("what was unpacked twice to go",
             lambda: len(bench.snapshotter.layers()) == before + SHARED + IMAGES)
    for number, reference in enumerate(references):
        assert bench.containerd.ctr("run", "--rm", "--snapshotter", "wcl", reference, "m%d" % number, "/bin/sh", "-c",
                                    "cat /own; busybox wc -c < /shared%d" % (SHARED - 1)).stdout.decode() == "%d\n300000\n" % number
    return references


def main():
    if "WCL_PEERS" in os.environ:
        need_peers("containerd", "ctr", "containerd-shim-runc-v2")
    need_root()
    need_tools("containerd", "ctr", "runc", "docker-registry", "skopeo", "busybox")
    with Bench() as bench:
        reference = put(bench.registry, os.path.join(bench.work, "layout"), runnable(), "test")
        bench.pull(reference)
        many_containers(bench, reference)
        references = many_pulls(bench)
        with open("/proc/%d/status" % bench.snapshotter.process.pid) as file:
            peak = int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1))
        print("containerd_crowd: the snapshotter took %d KiB at most" % peak)
        assert peak < 64 << 10
        subprocess.run([WCL, "verify", "-q", "--home", bench.snapshotter.home], check=True)
        all_at_once(lambda name: bench.containerd.ctr("images", "rm", "--sync", name), [reference, *references])
        bench.assert_nothing_left()
    print("containerd_crowd: ok")


main()
