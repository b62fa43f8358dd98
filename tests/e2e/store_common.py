"""What the end-to-end tests of the store share: running wcl in a home of the test's own, making layers, and
comparing trees of files in everything that a file has."""
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile

WCL = os.path.abspath(os.environ.get("WCL", "build/release/cli/wcl"))
SOURCE = os.path.abspath(os.environ.get("WCL_SOURCE", "."))
BUILD = os.path.abspath(os.environ.get("WCL_BUILD", "build/release"))
GENERATE = os.path.join(BUILD, "tests/tools/wcl-generate-layer")
LAYER_TAR = os.path.join(SOURCE, "tests/data/vectors/layer.tar")


def skip(reason):
    print("skipped:", reason)
    sys.exit(77)


def need_tools(*tools):
    """Skips where one is missing; scripts/setup.sh has the packages that they are in."""
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing:
        skip("not installed: " + ", ".join(missing))


def need_root():
    if os.geteuid() != 0:
        skip("only root can mount")


def debian_tree(folder):
    """Makes a Debian root in the folder; returns its tar, which is kept in the build folder."""
    kept = os.path.join(BUILD, "debian-minbase.tar")
    made = subprocess.run([os.path.join(SOURCE, "tests/e2e/container_root.sh"), folder, "debian", kept])
    if made.returncode == 77:
        skip("debootstrap reaches no mirror")
    assert made.returncode == 0, "debootstrap failed"
    return kept


class Home:
    """A home in a temporary folder; everything mounted below it is unmounted at the end."""

    def __init__(self, where=None):
        self.work = tempfile.mkdtemp(prefix="wcl-e2e-", dir=where)
        self.home = os.path.join(self.work, "home")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        unmount_below(self.work)
        shutil.rmtree(self.work, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.work, *names)

    def run(self, *arguments, check=True, **options):
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        environment = dict(os.environ, WCL_HOME=self.home, **options.pop("env", {}))
        done = subprocess.run([WCL, *map(str, arguments)], env=environment, **options)
        if check and done.returncode != 0:
            raise AssertionError("wcl %s: exit %d: %s" % (" ".join(map(str, arguments)), done.returncode,
                                                          (done.stderr or b"").decode(errors="replace")))
        return done

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "--json").stdout)

    def entries(self, layer, *options):
        lines = self.run("list", "-R", "--json", *options, layer).stdout.decode().splitlines()
        return [json.loads(line) for line in lines]

    def mount(self, layer):
        return self.run("mount", layer).stdout.decode().rstrip("\n")

    def assert_clean(self):
        """Nothing staged, nothing mounted, nothing wrong."""
        if not os.path.exists(self.home):
            return
        self.run("layers")
        left = os.listdir(os.path.join(self.home, ".staging"))
        assert not left, "left in .staging: %s" % left
        assert not mounts_below(self.home), "still mounted: %s" % mounts_below(self.home)
        loops = loops_below(self.home)
        assert not loops, "loop devices left: %s" % loops
        verified = self.run("verify", check=False)
        assert verified.returncode == 0, verified.stdout.decode() + verified.stderr.decode()


def mounts_below(folder):
    folder = os.path.realpath(folder)
    found = []
    with open("/proc/self/mountinfo") as mounts:
        for line in mounts:
            place = line.split()[4].encode().decode("unicode_escape")
            if place == folder or place.startswith(folder + "/"):
                found.append(place)
    return found


def loops_below(folder):
    folder = os.path.realpath(folder)
    found = []
    for name in os.listdir("/sys/block"):
        try:
            with open("/sys/block/%s/loop/backing_file" % name) as backing:
                file = backing.read().strip()
        except OSError:
            continue
        if file.startswith(folder + "/"):
            found.append((name, file))
    return found


def unmount_below(folder):
    for place in sorted(mounts_below(folder), reverse=True):
        subprocess.run(["umount", "-l", place], stderr=subprocess.DEVNULL)


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for part in iter(lambda: file.read(1 << 20), b""):
            digest.update(part)
    return digest.hexdigest()


def xattrs_of(path, ignore):
    found = {}
    for name in os.listxattr(path, follow_symlinks=False):
        if not name.startswith(ignore):
            found[name] = os.getxattr(path, name, follow_symlinks=False)
    return found


def snapshot(root, contents=True, ignore_xattrs=("trusted.wcl.", "trusted.overlay."), times=True, folder_times=True):
    """Everything below `root`: path -> what it is."""
    tree = {}
    inodes = {}
    stack = [""]
    while stack:
        relative = stack.pop()
        full = os.path.join(root, relative) if relative else root
        info = os.lstat(full)
        kind = stat.S_IFMT(info.st_mode)
        item = {
            "kind": kind,
            "mode": stat.S_IMODE(info.st_mode),
            "owner": (info.st_uid, info.st_gid),
            "xattrs": xattrs_of(full, ignore_xattrs),
        }
        if times and (folder_times or kind != stat.S_IFDIR) and relative:
            item["mtime"] = info.st_mtime_ns
        if kind == stat.S_IFREG:
            item["size"] = info.st_size
            if contents:
                item["sha256"] = sha256(full)
        elif kind == stat.S_IFLNK:
            item["target"] = os.readlink(full)
        elif kind in (stat.S_IFCHR, stat.S_IFBLK):
            item["device"] = info.st_rdev
        if kind != stat.S_IFDIR:
            inodes.setdefault((info.st_dev, info.st_ino), []).append(relative)
        else:
            stack.extend(os.path.join(relative, name) for name in os.listdir(full))
        tree[relative] = item
    for names in inodes.values():
        for name in names:
            tree[name]["names"] = tuple(sorted(names))
    return tree


def assert_same_tree(left, right, what="", fields=None):
    only_left = sorted(set(left) - set(right))
    only_right = sorted(set(right) - set(left))
    assert not only_left, "%s: only on the left: %s" % (what, only_left[:10])
    assert not only_right, "%s: only on the right: %s" % (what, only_right[:10])
    assert left, "%s: nothing was compared" % what
    for path in sorted(left):
        for field in fields or left[path].keys() | right[path].keys():
            a, b = left[path].get(field), right[path].get(field)
            assert a == b, "%s: %s of '%s': %r and %r" % (what, field, path, a, b)


def generate(path, **options):
    arguments = [GENERATE]
    for name, value in options.items():
        arguments.append("--" + name.replace("_", "-"))
        if value is not True:
            arguments.append(str(value))
    subprocess.run([*arguments, "-o", path], check=True)
    return path
