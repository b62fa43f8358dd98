#!/usr/bin/env python3
"""Measures wcl as containerd's snapshotter and differ beside containerd's own, overlayfs and erofs, on one containerd, in
alternated runs; prints medians and ratios.

    containerd.py [--files N] [--bytes N] [--windows-bytes N] [--runs N] [--only IMAGE,...] [--unpacks N] [--work DIR] [--check]

The images are `files` (60,000 files in five layers), `debian` (debootstrap) and `windows` (one layer that compresses as
Windows' own), in a registry on loopback. WCL_CONTAINERD names the program of a containerd 2.4 or later; its folder has
its ctr and its shim, and may have a newer mkfs.erofs (1.7 or later). WCL and WCL_BUILD name wcl. Needs root."""
import argparse
import statistics
import sys
import threading

sys.path.insert(0, __import__("os").path.join(__import__("os").path.dirname(__file__), "../e2e"))
from containerd_common import *
from image_registry_common import EPOCH, LAYER as OCI_LAYER, Layout, make_tar

parser = argparse.ArgumentParser()
parser.add_argument("--files", type=int, default=60_000)
parser.add_argument("--bytes", type=int, default=300_000_000)
parser.add_argument("--windows-bytes", type=int, default=400_000_000)
parser.add_argument("--runs", type=int, default=5)
parser.add_argument("--only", default="files,debian,windows")
parser.add_argument("--unpacks", type=int, default=2, help="layers that containerd unpacks at once, of each snapshotter")
parser.add_argument("--work")
parser.add_argument("--check", action="store_true", help="exit with 1 where a target is missed")
options = parser.parse_args()

LAYERS = 5
EROFS = '''
[plugins."io.containerd.differ.v1.erofs"]
  enable_tar_index = true
[[plugins."io.containerd.transfer.v1.local".unpack_config]]
  platform = "linux/amd64"
  snapshotter = "erofs"
  differ = "erofs"
'''


# ---- Images ----------------------------------------------------------------------------------------------------------


def packed(layout, tar):
    """The tar file as a layer of the layout: (descriptor, diff ID). It is removed."""
    diff_id = "sha256:" + file_digest(tar)
    subprocess.run(["pigz", "-6", "-n", "-f", tar], check=True)
    digest = file_digest(tar + ".gz")
    size = os.path.getsize(tar + ".gz")
    os.rename(tar + ".gz", os.path.join(layout.folder, "blobs", "sha256", digest))
    return {"mediaType": OCI_LAYER + "+gzip", "digest": "sha256:" + digest, "size": size}, diff_id


def file_digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def shell_tar():
    """What a container needs to run: the last layer of each image."""
    with open(shutil.which("busybox"), "rb") as file:
        busybox = file.read()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo("busybox")
        info.size, info.mode, info.mtime = len(busybox), 0o755, EPOCH
        tar.addfile(info, io.BytesIO(busybox))
    return out.getvalue()


def files_layers(work, layout):
    for number in range(LAYERS):
        tar = generate(os.path.join(work, "layer.tar"), seed=number + 1, os="linux", entries=options.files // LAYERS,
                       bytes=options.bytes // LAYERS, compression="none")
        yield packed(layout, tar)


def debian_layers(work, layout):
    tree = os.path.join(work, "debian")
    made = subprocess.run([os.path.join(SOURCE, "tests/e2e/container_root.sh"), tree, "debian",
                           os.path.join(BUILD, "debian-minbase.tar")], stdout=subprocess.DEVNULL)
    if made.returncode != 0:
        return
    tar = os.path.join(work, "layer.tar")
    subprocess.run(["tar", "-C", tree, "--sort=name", "-cf", tar, "."], check=True)
    shutil.rmtree(tree)
    yield packed(layout, tar)


def windows_layers(work, layout):
    yield packed(layout, generate(os.path.join(work, "layer.tar"), seed=1, os="windows", entries=options.files // 6,
                                  bytes=options.windows_bytes, compression="none"))


def make_image(bench, name):
    work = os.path.join(bench.work, "images", name)
    os.makedirs(work)
    layout = Layout(os.path.join(work, "layout"))
    layers = list({"files": files_layers, "debian": debian_layers, "windows": windows_layers}[name](work, layout))
    if not layers:
        return None
    if name != "windows":
        layers.append(layout.layer(shell_tar()))
    layout.image(layers, name="test")
    reference = bench.registry.name(name)
    skopeo("copy", "--dest-tls-verify=false", "oci:%s:test" % layout.folder, "docker://" + reference)
    shutil.rmtree(work)
    return reference


# ---- Measuring -------------------------------------------------------------------------------------------------------


def timed(work):
    os.sync()
    start = time.monotonic()
    work()
    return time.monotonic() - start


def memory(process, what):
    """Of VmHWM, which counts the pages of libraries, or RssAnon, which does not, in MiB."""
    with open("/proc/%d/status" % process.pid) as file:
        return int(re.search(what + r":\s+(\d+) kB", file.read()).group(1)) / 1024


def forget_peak(process):
    with open("/proc/%d/clear_refs" % process.pid, "w") as file:
        file.write("5")


def taken(folders):
    """MB that are allocated below the folders; what is mounted there is not."""
    return sum(int(subprocess.run(["du", "-sx", "-B1000", "--exclude=merged", folder], stdout=subprocess.PIPE, check=False)
                   .stdout.split()[0]) for folder in folders if os.path.exists(folder)) / 1000


class Contender:
    def __init__(self, bench, snapshotter, image):
        self.bench = bench
        self.snapshotter = snapshotter
        plugin = os.path.join(bench.work, "root", "io.containerd.snapshotter.v1." + snapshotter)
        self.folders = [bench.snapshotter.home] if snapshotter == "wcl" else [plugin]
        self.figures = {}
        # Of what it made with a tar index, containerd 2.4.2 does not mount what mkfs.erofs 1.9 made.
        self.can_start = snapshotter != "erofs" and image != "windows"

    def note(self, name, value):
        self.figures.setdefault(name, []).append(value)

    def run(self, reference, number):
        ctr, platform = self.bench.containerd.ctr, "linux/amd64"
        before = taken(self.folders)
        if self.snapshotter == "wcl":
            forget_peak(self.bench.snapshotter.process)
        self.note("pull", timed(lambda: ctr("images", "pull", "--plain-http", "--platform", platform, "--snapshotter",
                                            self.snapshotter, reference)))
        if self.snapshotter == "wcl":
            self.note("peak", memory(self.bench.snapshotter.process, "VmHWM"))
        self.note("disk", taken(self.folders) - before)
        start = lambda turn: ctr("run", "--rm", "--net-host", "--snapshotter", self.snapshotter, reference,
                                 "%s-%d-%d" % (self.snapshotter, number, turn), "/busybox", "true")
        if self.can_start:
            self.note("first start", timed(lambda: start(0)))
            for turn in range(1, 4):
                self.note("start", timed(lambda: start(turn)))
        self.note("removal", timed(lambda: ctr("images", "rm", "--sync", reference)))
        wait_for("the removal", lambda: not self.bench.containerd.snapshots(self.snapshotter))

    def median(self, name):
        return statistics.median(self.figures[name])


class ManyBench(Bench):
    def __init__(self):
        super().__init__()
        self.containerd.namespace = "bench"
        with open(self.containerd.config) as file:
            text = file.read()
        if not self.containerd.has_differs:
            return
        text = re.sub(r"max_concurrent_unpacks = \d+", "max_concurrent_unpacks = %d" % options.unpacks, text) + EROFS
        with open(self.containerd.config, "w") as file:
            file.write(text)

    def has(self, snapshotter):
        plugins = self.containerd.ctr("plugins", "ls").stdout.decode()
        words = [line.split() for line in plugins.splitlines()]
        return all(any(line[:2] == [kind, snapshotter] and line[-1] == "ok" for line in words)
                   for kind in (["io.containerd.snapshotter.v1"] + ["io.containerd.differ.v1"] * (snapshotter == "erofs")))


# ---- Telling ---------------------------------------------------------------------------------------------------------

missed = []


def tell(what, value, limit, at_least=False, unit=""):
    good = value >= limit if at_least else value <= limit
    if not good:
        missed.append(what)
    print("  %-52s %7.2f%s  (at %s %g%s) %s" % (what, value, unit, "least" if at_least else "most", limit, unit,
                                                "ok" if good else "short"))


def compare(image, contenders):
    print("%s, medians of %d, in seconds, MiB of memory and MB of disk:" % (image, options.runs))
    for name, contender in contenders.items():
        print("  %-10s %s" % (name, ", ".join("%s %.3f" % (figure, contender.median(figure))
                                             for figure in contender.figures)))
    wcl = contenders["wcl"]
    for name, more, less in (("overlayfs", 4, 10), ("erofs", 1.5, None)):
        if name in contenders:
            other = contenders[name]
            tell("pull and unpack: %s' time by wcl's" % name, other.median("pull") / wcl.median("pull"), more, True)
            if less:
                tell("removal: %s' time by wcl's" % name, other.median("removal") / wcl.median("removal"), less, True)
            if other.can_start:
                tell("container start: wcl's time by %s'" % name, wcl.median("start") / other.median("start"), 1.05)
    tell("peak memory of wcl snapshotter in a pull", max(wcl.figures["peak"]), 64, unit=" MiB")


def main():
    need_root()
    program = os.environ.get("WCL_CONTAINERD")
    if program:
        os.environ["PATH"] = os.path.dirname(os.path.abspath(program)) + ":" + os.environ["PATH"]
    else:
        print("WCL_CONTAINERD is not set: Debian's containerd is measured, which has neither differs nor erofs")
    need_tools("containerd", "ctr", "runc", "docker-registry", "skopeo", "busybox", "pigz")
    tempfile.tempdir = options.work
    with ManyBench() as bench:
        print(subprocess.run(["containerd", "--version"], stdout=subprocess.PIPE).stdout.decode().strip())
        names = [name for name in ("overlayfs", "erofs", "wcl") if bench.has(name)]
        print("skipped: " + ", ".join({"overlayfs", "erofs"} - set(names)) if len(names) < 3 else "all are there")
        tell("idle memory of wcl snapshotter, libraries aside", memory(bench.snapshotter.process, "RssAnon"), 8, unit=" MiB")
        for image in options.only.split(","):
            reference = make_image(bench, image)
            if not reference:
                print("skipped: %s cannot be made here" % image)
                continue
            contenders = {name: Contender(bench, name, image) for name in names}
            for number in range(options.runs):
                for contender in contenders.values():
                    contender.run(reference, number)
            compare(image, contenders)
        wait_for("the snapshotter's rest", lambda: not bench.snapshotter.layers())
        tell("idle memory afterwards, libraries aside", memory(bench.snapshotter.process, "RssAnon"), 8, unit=" MiB")
    sys.exit(1 if options.check and missed else 0)


if __name__ == "__main__":
    main()
