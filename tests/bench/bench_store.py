#!/usr/bin/env python3
"""Measures the store against its peers, in alternated runs on the same machine; prints medians and ratios.

    bench_store.py [--entries N] [--bytes N] [--runs N] [--only import] [--work DIR]

WCL_BUILD names the build folder. Needs root for what mounts."""
import argparse
import hashlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("--entries", type=int, default=60_000)
parser.add_argument("--bytes", type=int, default=1_400_000_000)
parser.add_argument("--runs", type=int, default=5)
parser.add_argument("--only", choices=["import"])
parser.add_argument("--work")
options = parser.parse_args()

build = os.path.abspath(os.environ.get("WCL_BUILD", "build/release"))
WCL = os.path.join(build, "cli/wcl")
GENERATE = os.path.join(build, "tests/tools/wcl-generate-layer")
work = tempfile.mkdtemp(prefix="wcl-bench-", dir=options.work)
home = os.path.join(work, "home")
environment = dict(os.environ, WCL_HOME=home)
path = lambda *names: os.path.join(work, *names)


def run(command, **more):
    return subprocess.run(command, env=environment, check=True, shell=isinstance(command, str),
                          executable="/bin/bash" if isinstance(command, str) else None, **more)


def processor_time():
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def stolen():
    """Ticks of processor time since boot: those that the machine's host kept to itself, and all."""
    with open("/proc/stat") as file:
        ticks = [int(number) for number in file.readline().split()[1:9]]
    return ticks[7], sum(ticks)


def timed(command):
    """Seconds on the clock, and of processors."""
    os.sync()
    spent = processor_time()
    start = time.monotonic()
    run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - start, processor_time() - spent


def wcl(*arguments):
    return [WCL, *arguments]


def alternated(commands, runs=None, before=None, after=None, once=(), processor=None):
    """Name -> median seconds, of runs in turn; `before` and `after` are not timed. `processor` takes the medians of
    processor time."""
    times = {name: [] for name in commands}
    for number in range(runs or options.runs):
        for name, command in commands.items():
            # A peer that takes more than twice as long as another is run once only.
            if number and name in once:
                continue
            if before:
                before(name)
            times[name].append(timed(command))
            if after:
                after(name)
    if processor is not None:
        processor.update({name: statistics.median(value[1] for value in values) for name, values in times.items()})
    return {name: statistics.median(value[0] for value in values) for name, values in times.items()}


def show(title, value, target, good):
    print("%-74s %8.2f   (target %s)  %s" % (title, value, target, "ok" if good else "MISSED"), flush=True)


def peak_rss(command):
    done = subprocess.run(["/usr/bin/time", "-f", "%M", *command], env=environment, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, check=True)
    return int(done.stderr.decode().split()[-1])


def oci_layout(tar_gz, plain_digest):
    """An image layout of one layer, for umoci."""
    root = path("oci")
    blobs = os.path.join(root, "blobs/sha256")
    os.makedirs(blobs)

    def blob(data):
        digest = hashlib.sha256(data).hexdigest()
        open(os.path.join(blobs, digest), "wb").write(data)
        return {"digest": "sha256:" + digest, "size": len(data)}

    digest = hashlib.file_digest(open(tar_gz, "rb"), "sha256").hexdigest()
    os.link(tar_gz, os.path.join(blobs, digest))
    config = blob(json.dumps({"architecture": "amd64", "os": "linux", "config": {},
                              "rootfs": {"type": "layers", "diff_ids": ["sha256:" + plain_digest]}}).encode())
    manifest = blob(json.dumps({
        "schemaVersion": 2,
        "config": dict(config, mediaType="application/vnd.oci.image.config.v1+json"),
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": "sha256:" + digest,
                    "size": os.path.getsize(tar_gz)}]}).encode())
    open(os.path.join(root, "oci-layout"), "w").write('{"imageLayoutVersion":"1.0.0"}')
    json.dump({"schemaVersion": 2, "manifests": [
        dict(manifest, mediaType="application/vnd.oci.image.manifest.v1+json",
             annotations={"org.opencontainers.image.ref.name": "bench"})]}, open(os.path.join(root, "index.json"), "w"))
    return root


def make_layer(name, *contents):
    layer = path(name + ".tar.gz")
    run([GENERATE, "--seed", "1", "--entries", str(options.entries), "--bytes", str(options.bytes), "--base",
         "--compression", "gzip", *contents, "-o", layer])
    print("layer %s: %d entries, %.0f MB, %.0f MB compressed; %d runs" % (
        name, options.entries, options.bytes / 1e6, os.path.getsize(layer) / 1e6, options.runs), flush=True)
    return layer


def bench_import(layer):
    """Leaves the layer imported as `base`, and plain.tar."""
    plain = path("plain.tar")
    run("igzip -dc %s > %s" % (layer, plain))
    digest = hashlib.file_digest(open(plain, "rb"), "sha256").hexdigest()
    commands = {
        "import": wcl("import", "-i", layer, "base"),
        "bsdtar": ["bsdtar", "-xf", layer, "-C", path("out")],
        "igzip | tar": "igzip -dc %s | tar -x -C %s --warning=no-unknown-keyword; sync -f %s" % (layer, path("out"), path("out")),
        "inflate": ["igzip", "-dc", layer],
        "hash": ["openssl", "sha256", plain],
        "hash blob": ["openssl", "sha256", layer],
        "write": "dd if=%s of=%s bs=1M conv=fsync" % (plain, path("copy")),
    }
    if shutil.which("umoci"):
        layout = oci_layout(layer, digest)
        commands["umoci"] = ["umoci", "unpack", "--image", layout + ":bench", path("out/bundle")]

    def before(name):
        shutil.rmtree(path("out"), ignore_errors=True)
        os.makedirs(path("out"))
        run(wcl("remove", "base") + [], stderr=subprocess.DEVNULL) if os.path.exists(os.path.join(home, "base")) else None
        open(plain, "rb").read(1)

    processor = {}
    before_all = stolen()
    times = alternated(commands, before=before, once=("umoci",), processor=processor)
    after_all = stolen()
    shutil.rmtree(path("out"))
    shutil.rmtree(path("oci"), ignore_errors=True)
    os.remove(path("copy"))
    for name, seconds in times.items():
        print("    %-12s %.2f s, %.2f s of processors" % (name, seconds, processor[name]))
    print("    the host kept %.0f %% of the processors' time" % (
        100 * (after_all[0] - before_all[0]) / (after_all[1] - before_all[1])))
    unpack = min(times[name] for name in ("bsdtar", "igzip | tar", "umoci") if name in times)
    floor = sum(processor[name] for name in ("inflate", "hash", "hash blob")) / os.cpu_count()
    print("    inflating and hashing alone, shared out to %d processors: %.2f s; a fifth of the fastest that unpacks: %.2f s"
          % (os.cpu_count(), floor, unpack / 5))
    show("import, fsync included, faster than the fastest that unpacks, times", unpack / times["import"], ">= 5",
         unpack / times["import"] >= 5)
    alone = max(times["inflate"], times["hash"], times["write"])
    show("import / slowest of inflating, hashing, writing with fsync alone", times["import"] / alone, "<= 1.3",
         times["import"] / alone <= 1.3)
    run(wcl("remove", "base")) if os.path.exists(os.path.join(home, "base")) else None
    rss = peak_rss(wcl("import", "-i", layer, "base"))
    show("import, peak RSS in MiB", rss / 1024, "<= 64", rss <= 65536)
    return times["import"], plain


def bench_export():
    """Both into a file that is not there yet: what goes away with one that is costs as much as the copy."""
    out, tar = path("out.tar"), os.path.join(home, "base/layer.tar")
    remove = lambda name: os.remove(out) if os.path.exists(out) else None
    run(["cat", tar], stdout=subprocess.DEVNULL)
    times = alternated({"export": wcl("export", "-o", out, "base"), "cp": ["cp", tar, out]}, before=remove)
    remove("")
    show("cp / export of the plain tar", times["cp"] / times["export"], ">= 0.5", times["cp"] / times["export"] >= 0.5)


def bench_chain(import_time):
    times = []
    for _ in range(options.runs):
        chain = os.path.join(home, "base/chain.erofs")
        if os.path.exists(chain):
            os.remove(chain)
        without = timed(wcl("mount", "base"))[0]
        run(wcl("unmount", "base"), stdout=subprocess.DEVNULL)
        with_chain = timed(wcl("mount", "base"))[0]
        run(wcl("unmount", "base"), stdout=subprocess.DEVNULL)
        times.append(without - with_chain)
    ratio = statistics.median(times) / import_time
    show("writing the chain index / import of the same entries", ratio, "<= 0.1", ratio <= 0.1)


def mount_time(parent, name, runs):
    """The median of preparing and unpreparing a sandbox through the program, less starting the program."""
    run(wcl("create", "-l", parent, name))
    run(wcl("mount", name), stdout=subprocess.DEVNULL)
    run(wcl("unmount", name))
    prepare = []
    for _ in range(runs):
        start = time.monotonic()
        run(wcl("mount", name), stdout=subprocess.DEVNULL)
        prepare.append(time.monotonic() - start)
        run(wcl("unmount", name))
    run(wcl("remove", name))
    return statistics.median(prepare)


def bench_mount():
    lower, upper, workdir, merged = (path("bare", n) for n in ("lower", "upper", "work", "merged"))
    for folder in (lower, upper, workdir, merged):
        os.makedirs(folder)
    bare, start_up = [], []
    for _ in range(21):
        start = time.monotonic()
        run(["mount", "-t", "overlay", "-o", "lowerdir=%s,upperdir=%s,workdir=%s" % (lower, upper, workdir), "none", merged])
        bare.append(time.monotonic() - start)
        run(["umount", merged])
        start = time.monotonic()
        run(wcl("--version"), stdout=subprocess.DEVNULL)
        start_up.append(time.monotonic() - start)
    base = mount_time("base", "box", 21)
    ratio = base / statistics.median(bare)
    show("`wcl mount` of a sandbox / `mount` of a bare overlay of one folder", ratio, "<= 3", ratio <= 3)
    # Depth.
    run([GENERATE, "--seed", "1", "--entries", "300", "--bytes", "300000", "--base", "-o", path("d.tar")])
    run(wcl("import", "-q", "-i", path("d.tar"), "d0"))
    run([GENERATE, "--seed", "2", "--entries", "100", "--bytes", "20000", "--child", "1", "-o", path("c.tar")])
    for i in range(1, 100):
        run(wcl("import", "-q", "-l", "d%d" % (i - 1), "-i", path("c.tar"), "d%d" % i))
    shallow, deep = mount_time("d0", "box", 21), mount_time("d99", "box", 21)
    show("preparing on a chain of 100 layers / of one", deep / shallow, "<= 2", deep / shallow <= 2)
    run([GENERATE, "--seed", "3", "--entries", "600000" if options.entries >= 60000 else "20000", "--bytes", "60000000",
         "--base", "-o", path("many.tar")])
    run(wcl("import", "-q", "-i", path("many.tar"), "many"))
    rss = peak_rss(wcl("import", "-q", "-i", path("many.tar"), "many2"))
    many = mount_time("many", "box", 21)
    show("preparing on 600,000 entries / on 300", many / shallow, "<= 2", many / shallow <= 2)
    small = peak_rss(wcl("import", "-q", "-i", path("d.tar"), "small"))
    entries = json.loads(run(wcl("layers", "--json"), stdout=subprocess.PIPE).stdout)
    count = next(layer["entries"] for layer in entries if layer["id"] == "many2")
    growth = (rss - small) * 1024 / count
    show("growth of the import's peak RSS, bytes an entry", growth, "<= 250", growth <= 250)


def read_all(folder):
    return "find %s -type f -print0 | xargs -0 -n 200 cat > /dev/null" % folder


def drop_caches():
    os.sync()
    open("/proc/sys/vm/drop_caches", "w").write("3")


def bench_reading(plain):
    """The same files through the mount and unpacked on ext4."""
    unpacked = path("unpacked")
    os.mkdir(unpacked)
    run("tar -xf %s -C %s --warning=no-unknown-keyword --exclude='*:*' --exclude='.wh.*' Files; chmod -R u+rwX %s" % (plain, unpacked, unpacked))
    run(wcl("mount", "base"), stdout=subprocess.DEVNULL)
    merged = os.path.join(home, "base/merged")
    places = {"mount": read_all(merged), "ext4": read_all(os.path.join(unpacked, "Files"))}
    cold = alternated(places, before=lambda name: drop_caches())
    for command in places.values():
        run(command)
    warm = alternated(places)
    run(wcl("unmount", "base"))
    show("reading all files, caches dropped: mount / ext4", cold["mount"] / cold["ext4"], "< 1", cold["mount"] < cold["ext4"])
    show("reading all files, caches warm: mount / ext4", warm["mount"] / warm["ext4"], "<= 1.1",
         warm["mount"] <= 1.1 * warm["ext4"])


def main():
    if os.geteuid() != 0:
        sys.exit("bench_store: only root can mount")
    try:
        bench_import(make_layer("repetitive", "--repetitive"))
        import_time, plain = bench_import(make_layer("like-windows"))
        bench_export()
        if options.only == "import":
            return
        bench_chain(import_time)
        bench_mount()
        bench_reading(plain)
    finally:
        for name in os.listdir(home) if os.path.isdir(home) else []:
            subprocess.run(wcl("unmount", name), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(work, ignore_errors=True)


main()
