#!/usr/bin/env python3
"""The power is cut: what was acknowledged is there, nothing is half there, and the next command works.

Commands run in a home on a file system whose disk keeps a log of its writes and flushes. For each cut a disk is made
of a prefix of that log, with none, some or torn ones of the writes that no flush followed; it is mounted and looked at.
WCL_TEST_CUTS says how often (30; scripts/power-cuts.sh has the long form), WCL_TEST_SEED repeats a run,
WCL_TEST_FILE_SYSTEMS is "ext4 xfs"."""
import random
import struct

import hns_common as hns
from graphdriver_common import Plugin
from image_common import *

CUTS = int(os.environ.get("WCL_TEST_CUTS", "30"))
SEED = int(os.environ.get("WCL_TEST_SEED", "1"))
POWER_DISK = os.path.join(BUILD, "tests/tools/wcl-power-disk")
# Nothing but a flush makes anything durable, and each has a journal that is as small as it can be.
FILE_SYSTEMS = {
    "ext4": (96 << 20, ["mkfs.ext4", "-q", "-F", "-E", "nodiscard,lazy_itable_init=1"], "commit=300"),
    "xfs": (320 << 20, ["mkfs.xfs", "-q", "-f", "-K"], "nouuid"),
}
WRITE, FLUSH = 1, 2
SECTOR = 512


# ---- The disk --------------------------------------------------------------------------------------------------

class PowerDisk:
    """The file system whose writes are logged."""

    def __init__(self, work, kind):
        self.size, make, self.options = FILE_SYSTEMS[kind]
        self.kind = kind
        self.folder, self.mounted = os.path.join(work, "fuse"), os.path.join(work, "mounted")
        self.base, self.image, self.log = (os.path.join(work, name) for name in ("base", "image", "log"))
        for folder in (self.folder, self.mounted):
            os.makedirs(folder, exist_ok=True)
        with open(self.base, "wb") as file:
            file.truncate(self.size)
        subprocess.run([*make, self.base], check=True, stdout=subprocess.DEVNULL)

    def __enter__(self):
        subprocess.run(["cp", "--sparse=always", self.base, self.image], check=True)
        self.server = subprocess.Popen([POWER_DISK, self.folder, str(self.size), self.image, self.log],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if self.server.stdout.readline() != b"ready\n":
            skip("FUSE cannot be used: " + self.server.communicate()[1].decode())
        done = subprocess.run(["losetup", "--direct-io=on", "--find", "--show", os.path.join(self.folder, "disk")],
                              capture_output=True, text=True)
        if done.returncode:
            self.stop()
            skip("no loop device: " + done.stderr)
        self.loop = done.stdout.strip()
        subprocess.run(["mount", "-t", self.kind, "-o", self.options, self.loop, self.mounted], check=True)
        return self

    def position(self):
        return os.path.getsize(self.log)

    def stop(self):
        subprocess.run(["umount", self.folder], check=True)
        self.server.wait()

    def __exit__(self, *_):
        unmount_below(self.mounted)
        subprocess.run(["losetup", "-d", self.loop], check=True)
        # The loop device lets go of the file only when nobody mounts it any more.
        while subprocess.run(["umount", self.folder], stderr=subprocess.DEVNULL).returncode:
            os.sched_yield()
        self.server.wait()


def read_log(path):
    """(where it ends in the log, kind, offset, data) of each record."""
    records = []
    with open(path, "rb") as file:
        while header := file.read(16):
            offset, size, kind = struct.unpack("<QII", header)
            data = file.read(size) if kind == WRITE else b""
            records.append((file.tell(), kind, offset, data))
    return records


def write_cut(disk, records, position, mode, rng, image):
    """The disk as a cut at that position of the log leaves it."""
    before = [record for record in records if record[0] <= position]
    flushed = max((at for at, record in enumerate(before) if record[1] == FLUSH), default=-1)
    if os.path.exists(image):
        os.unlink(image)
    subprocess.run(["cp", "--sparse=always", disk.base, image], check=True)
    with open(image, "r+b") as file:
        for at, (_, kind, offset, data) in enumerate(before):
            if kind != WRITE:
                continue
            if at > flushed:
                if mode == "none" or rng.random() < 0.5:
                    continue
                if mode == "torn":
                    data = data[:SECTOR * rng.randrange(len(data) // SECTOR + 1)]
            file.seek(offset)
            file.write(data)


# ---- What is done ----------------------------------------------------------------------------------------------

def inputs(work):
    """Layers and an image to make the store's contents of."""
    generate(os.path.join(work, "base.tar"), seed=5, entries=120, bytes=400_000, base=True)
    generate(os.path.join(work, "child.tar"), seed=6, entries=100, bytes=200_000, child=5)
    image = Image()
    for tar in linux_layers(count=2, files=5):
        image.add(tar)
    docker_archive(os.path.join(work, "image.tar"), image.make())
    os.makedirs(os.path.join(work, "more/folder"))
    with open(os.path.join(work, "more/folder/file"), "w") as file:
        file.write("of another layer\n")


COMMANDS = [
    "import -i {work}/base.tar base",
    "import -l base -i {work}/child.tar child",
    "network create -s 10.77.0.0/24 net-a",
    "create -l child box",
    "network create -s 10.78.0.0/24 net-b",
    "endpoint create net-a end-1",
    "load -i {work}/image.tar",
    "tag test:1 other:2",
    "endpoint create -p 8080:80 net-b end-2",
    "rmi other:2",
    "endpoint remove end-1",
    "network remove net-a",
    "append -t app:1 test:1 {work}/more",
    "tag app:1 third:1",
    "rmi app:1",
    "Init",
    "remove box",
    "network create net-c",
    "endpoint create --rate 1M net-c end-3",
    "rmi test:1",
    "rmi third:1",
    "endpoint remove end-2",
    "network remove net-b",
    "remove child",
]


class Subject:
    """wcl with a home on the file system, and a run folder of its own."""

    def __init__(self, work, mounted, run):
        self.work, self.mounted = work, mounted
        self.home = os.path.join(mounted, "home")
        self.environment = dict(os.environ, WCL_HOME=self.home, WCL_RUN=run)

    def wcl(self, *arguments, check=True):
        done = subprocess.run([WCL, *arguments], env=self.environment, capture_output=True)
        if check and done.returncode:
            raise AssertionError("wcl %s: %s" % (" ".join(arguments), done.stderr.decode()))
        return done

    def do(self, command):
        if command != "Init":
            self.wcl(*command.format(work=self.work).split())
            return
        plugin = Plugin(self.mounted, socket_path=os.path.join(self.work, "plugin.sock"))
        try:
            plugin.start()
            plugin.init(os.path.join(self.mounted, "driver"))
        finally:
            plugin.stop()

    def listed(self, *command):
        return json.loads(self.wcl(*command, "--json").stdout or b"[]")

    def state(self):
        """What is there: a name for each thing, and what is to be told of it."""
        found = {}
        for network in self.listed("network", "list"):
            found["network", network["Name"]] = json.dumps(network, sort_keys=True)
        for endpoint in self.listed("endpoint", "list"):
            found["endpoint", endpoint["Name"]] = json.dumps(endpoint, sort_keys=True)
        for image in self.listed("images"):
            for name in image["names"]:
                found["image", name] = image["digest"]
        for layer in self.listed("layers"):
            found["layer", layer["id"]] = json.dumps([layer[key] for key in ("kind", "os", "parents", "diff_id")
                                                      if key in layer])
        for folder, _, names in os.walk(self.mounted):
            if ".graphdriver.json" in names:
                with open(os.path.join(folder, ".graphdriver.json")) as file:
                    found["session", folder] = file.read()
        return found


def record(work, kind):
    """Runs the commands; gives the disk, the log and a row of (position, command, state)."""
    done = []
    with PowerDisk(work, kind) as disk:
        subject = Subject(work, disk.mounted, "/run/wcl-recorded")
        # What only reads makes no store.
        for command in ("import -i {work}/base.tar first", "remove first", "network create first",
                        "network remove first"):
            subject.do(command)
        subprocess.run(["sync", "-f", subject.home], check=True)
        done.append((disk.position(), "nothing", subject.state()))
        for command in COMMANDS:
            subject.do(command)
            position = disk.position()
            done.append((position, command, subject.state()))
    return disk, read_log(disk.log), done


# ---- What is left of it ----------------------------------------------------------------------------------------

def judge(subject, before, after):
    """What is wrong: both states say what must be there, and what must not."""
    wrong = []
    verified = subject.wcl("verify", check=False)
    if verified.returncode:
        wrong.append("verify: %s%s" % (verified.stdout.decode(), verified.stderr.decode()))
    found = subject.state()
    for thing in sorted(before.keys() | after.keys() | found.keys()):
        allowed = {before.get(thing), after.get(thing)}
        if found.get(thing) not in allowed:
            wrong.append("%s '%s' is %s instead of %s" % (*thing, found.get(thing), allowed))
    return wrong


def choose_cuts(done, records, count, rng):
    """(position, mode) of cuts: right after each acknowledged command first, then anywhere."""
    last = done[-1][0]
    cuts = [(position, "none") for position, _, _ in done[1:]]
    # Small changes first: they are the ones that write little, and so flush least.
    cuts.sort(key=lambda cut: COMMANDS[[at for at, _, _ in done].index(cut[0]) - 1].split()[0]
              not in ("network", "endpoint", "rmi", "tag", "Init"))
    positions = [at for at, _, _, _ in records if done[0][0] < at <= last]
    while len(cuts) < count:
        cuts.append((rng.choice(positions), rng.choice(("none", "some", "torn"))))
    return cuts[:count]


def cut(work, disk, records, done, number, position, mode, rng):
    """Makes the cut, and gives what is wrong after it."""
    at = max(i for i, step in enumerate(done) if step[0] <= position)
    before = done[at][2]
    after = before if done[at][0] == position or at + 1 == len(done) else done[at + 1][2]
    image = os.path.join(work, "cut")
    write_cut(disk, records, position, mode, rng, image)
    subprocess.run(["mount", "-t", disk.kind, "-o", "loop," + disk.options, image, disk.mounted], check=True)
    try:
        subject = Subject(work, disk.mounted, "/run/wcl-cut-%d" % number)
        try:
            wrong = judge(subject, before, after)
            if not wrong and number % 5 == 0:
                subject.wcl("network", "create", "next")
                subject.wcl("network", "remove", "next")
                subject.wcl("import", "-i", os.path.join(work, "base.tar"), "next")
        except AssertionError as refusal:
            wrong = [str(refusal)]
        return ["%s, cut %d at %d (%s) after '%s': %s" % (disk.kind, number, position, mode, done[at][1], what)
                for what in wrong]
    finally:
        subprocess.run(["umount", disk.mounted], check=True)
        shutil.rmtree("/run/wcl-cut-%d" % number, ignore_errors=True)


def main():
    hns.enter_private_namespaces()
    rng = random.Random(SEED)
    kinds = os.environ.get("WCL_TEST_FILE_SYSTEMS", "ext4 xfs").split()
    for kind in kinds:
        if not shutil.which("mkfs." + kind):
            skip("there is no program 'mkfs.%s' here" % kind)
    wrong = []
    for kind in kinds:
        # The networks of the last one stay behind.
        assert hns.libc.unshare(hns.CLONE_NEWNET) == 0
        work = tempfile.mkdtemp(prefix="wcl-power-")
        try:
            inputs(work)
            disk, records, done = record(work, kind)
            cuts = choose_cuts(done, records, CUTS // len(kinds), rng)
            for number, (position, mode) in enumerate(cuts):
                wrong += cut(work, disk, records, done, number, position, mode, rng)
            print("%s: %d commands, %d writes and flushes, %d cuts" % (kind, len(COMMANDS), len(records), len(cuts)),
                  flush=True)
        finally:
            unmount_below(work)
            shutil.rmtree(work)
    assert not wrong, "%d things are wrong after %d cuts:\n%s" % (len(wrong), CUTS, "\n".join(wrong))
    print("power_cut: passed")


main()
