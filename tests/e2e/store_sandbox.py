#!/usr/bin/env python3
"""What is done in a mounted sandbox is what its export says, and limits hold."""
import errno

from store_common import *


def work_in(where, windows):
    """Everything that a program does to a tree; returns nothing, the tree tells."""
    inside = lambda *names: os.path.join(where, *names)
    files = sorted(os.path.relpath(os.path.join(folder, name), where)
                   for folder, _, names in os.walk(where) for name in names
                   if not os.path.islink(os.path.join(folder, name)) and os.path.isfile(os.path.join(folder, name)))
    folders = sorted(os.path.relpath(os.path.join(folder, name), where)
                     for folder, names, _ in os.walk(where) for name in names
                     if not os.path.islink(os.path.join(folder, name)))
    full = [f for f in folders if any(x.startswith(f + "/") for x in files) and f.count("/") >= 1]
    files = [f for f in files if not f.startswith(full[0] + "/")]
    changed, appended, renamed, deleted, linked = files[3], files[10], files[20], files[30], files[40]
    with open(inside(changed), "wb") as file:
        file.write(b"written anew")
    with open(inside(appended), "ab") as file:
        file.write(b"appended")
    os.rename(inside(renamed), inside("renamed.bin"))
    os.remove(inside(deleted))
    subprocess.run(["mv", inside(full[0]), inside("moved folder")], check=True)
    gone = next(f for f in full[1:] if os.path.isdir(inside(f)) and not changed.startswith(f + "/")
                and not appended.startswith(f + "/") and not linked.startswith(f + "/")
                and not full[0].startswith(f + "/"))
    shutil.rmtree(inside(gone))
    with open(inside(gone), "wb") as file:
        file.write(b"a file where a folder was")
    os.mkdir(inside("new folder"))
    with open(inside("new folder", "new file"), "wb") as file:
        file.write(os.urandom(70000))
    os.link(inside("new folder", "new file"), inside("second name"))
    os.symlink("new folder/new file", inside("a link"))
    if not windows:
        os.chmod(inside(linked), 0o4711)
        os.chown(inside(linked), 5, 6)
        os.setxattr(inside("new folder"), "user.mark", b"x")
        os.setxattr(inside("new folder"), "user.k=v%3D", b"a name that a tar has to escape")
        os.mknod(inside("node"), 0o020600, os.makedev(5, 1))
        os.mkfifo(inside("pipe"))
        with open(inside("holes"), "wb") as file:
            file.truncate(10 << 20)
            file.seek(5 << 20)
            file.write(b"middle")
    return changed, appended


def round_trip(home, base, windows):
    box, again = base + "-box", base + "-again"
    home.run("create", "-l", base, box)
    where = home.mount(box)
    changed, appended = work_in(where, windows)
    before = snapshot(where, folder_times=False)
    home.run("export", "-z", "-o", home.path("change.tar.gz"), box)
    home.run("import", "-l", base, "-i", home.path("change.tar.gz"), again)
    after = snapshot(home.mount(again), folder_times=False)
    fields = ["kind", "sha256", "target", "size", "names"]
    if not windows:
        fields += ["mode", "owner", "xattrs", "device", "mtime"]
    assert_same_tree(before, after, base, fields)
    listed = home.run("diff", box).stdout.decode().splitlines()
    prefix = "/Files/" if windows else "/"
    assert "C %s%s" % (prefix, changed) in listed, listed[:20]
    assert "A %snew folder/new file" % prefix in listed, listed[:20]
    assert any(line.startswith("D ") for line in listed)
    if windows:
        old = {e["path"]: e for e in home.entries(base)}
        new = {e["path"]: e for e in home.entries(again)}
        for path in (changed, appended):
            a, b = old["Files/" + path], new["Files/" + path]
            assert a["sddl"] == b["sddl"] and a["sddl"], (path, a["sddl"], b["sddl"])
            assert a["creation_time"] == b["creation_time"] and b["last_write_time"] != a["last_write_time"], path
        made = new["Files/new folder/new file"]
        assert made["sddl"], made
        assert new["Files/a link"]["reparse_tag"] == 0xA000000C, new["Files/a link"]
        assert "Hives" in new
    home.run("unmount", again)
    home.run("unmount", box)
    # Unmounted, the sandbox reads the same.
    home.run("export", "-o", home.path("unmounted.tar"), box)
    home.run("import", "-l", base, "-i", home.path("unmounted.tar"), again + "2")
    assert_same_tree(before, snapshot(home.mount(again + "2"), folder_times=False), base, fields)
    home.run("unmount", again + "2")
    for layer in (again + "2", again, box):
        home.run("remove", layer)


def fill(path):
    """Writes until there is no more room; the bytes that went in."""
    written = 0
    block = os.urandom(1 << 20)
    try:
        with open(path, "wb", buffering=0) as file:
            while written < 4 << 30:
                written += file.write(block)
    except OSError as error:
        assert error.errno == errno.ENOSPC, error
        return written
    raise AssertionError("there is no limit")


def limits(home, base):
    size = int(os.environ.get("WCL_TEST_LIMIT", str(1 << 30)))
    home.run("create", "-l", base, "--size", str(size), "limited")
    where = home.mount("limited")
    written = fill(os.path.join(where, "big"))
    assert 0.93 * size <= written <= size, (written, size)
    home.run("expand", "limited", str(2 * size))
    written += fill(os.path.join(where, "more"))
    assert 0.93 * 2 * size <= written <= 2 * size, (written, 2 * size)
    assert os.path.getsize(os.path.join(where, "big")) >= 0.93 * size
    home.run("unmount", "limited")
    home.run("expand", "limited", str(3 * size))
    assert home.json("layers")[[l["id"] for l in home.json("layers")].index("limited")]["limit"] == 3 * size
    where = home.mount("limited")
    os.remove(os.path.join(where, "big"))
    home.run("unmount", "limited")
    home.run("remove", "limited")


def shared_mount(home, base):
    """Two sandboxes at once on one chain; the other goes on when one goes."""
    for name in ("one", "two"):
        home.run("create", "-l", base, name)
    first, second = home.mount("one"), home.mount("two")
    with open(os.path.join(first, "mine"), "w") as file:
        file.write("x")
    assert not os.path.exists(os.path.join(second, "mine"))
    refused = home.run("remove", "one", check=False)
    assert refused.returncode == 1 and b"mounted" in refused.stderr, refused.stderr
    refused = home.run("remove", base, check=False)
    assert refused.returncode == 1, refused.stderr
    home.run("unmount", "one")
    assert os.listdir(second)
    home.run("unmount", "two")
    for name in ("one", "two"):
        home.run("remove", name)


def release_that_fails(home, base):
    """The shared mount cannot be undone, for a reason other than that somebody uses it: the error says so."""
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=umount2"]
    if not shutil.which("strace") or subprocess.run([*strace, "true"], stderr=subprocess.DEVNULL).returncode:
        print("store_sandbox: without strace, no unmounting is made to fail")
        return
    home.run("create", "-l", base, "stuck")
    home.mount("stuck")
    # The first is the sandbox's own.
    failed = subprocess.run([*strace, "-e", "inject=umount2:error=EIO:when=2", WCL, "unmount", "stuck"],
                            env=dict(os.environ, WCL_HOME=home.home), capture_output=True)
    assert failed.returncode == 1 and b"stays mounted" in failed.stderr, failed
    home.mount("stuck")
    home.run("unmount", "stuck")
    home.run("remove", "stuck")
    home.assert_clean()


def sandboxes_on_sandboxes(home, base):
    """Each on the one before, and more than the kernel takes in one option."""
    names = ["deep%d" % i for i in range(24)]
    below = base
    for name in names:
        home.run("create", "-l", below, name)
        with open(os.path.join(home.mount(name), name), "w") as file:
            file.write(name)
        home.run("unmount", name)
        below = name
    home.run("create", "-l", below, "top")
    where = home.mount("top")
    for name in names:
        assert open(os.path.join(where, name)).read() == name
    home.run("unmount", "top")
    for name in ["top"] + names[::-1]:
        home.run("remove", name)


REPLACED = {
    "nested": "rm -r d; mkdir -p d/sub",
    "moved": "mv d e; mkdir -p d/sub/deep",
    "below": "rm -r d/sub; mkdir -p d/sub/deep",
    "elsewhere": "rm -r d; mkdir -p d/new/newer; echo new >d/new/newer/z",
    "partly": "rm -r d; mkdir -p d/sub/deep; echo new >d/sub/deep/z",
}


def deleted(home, layer):
    lines = home.run("diff", layer).stdout.decode().splitlines()
    return sorted(line for line in lines if line.startswith("D "))


def replaced_folders(home, os_name):
    """What a folder hid stays away when it is made anew, however deep in another new one it is."""
    top = home.path("old-" + os_name)
    inside = os.path.join(top, "Files") if os_name == "windows" else top
    os.makedirs(os.path.join(inside, "d/sub/deep"))
    if os_name == "windows":
        os.mkdir(os.path.join(top, "Hives"))
    for name in ("d/a", "d/sub/x", "d/sub/deep/y"):
        with open(os.path.join(inside, name), "w") as file:
            file.write(name)
    base = "old-" + os_name
    subprocess.run(["tar", "-cf", home.path(base + ".tar"), "-C", top, *sorted(os.listdir(top))], check=True)
    home.run("import", "--os", os_name, "-i", home.path(base + ".tar"), base)
    for name, change in REPLACED.items():
        box, again = "box-%s-%s" % (name, os_name), "again-%s-%s" % (name, os_name)
        home.run("create", "-l", base, box)
        where = home.mount(box)
        subprocess.run(["sh", "-ec", change], cwd=where, check=True)
        before = snapshot(where, folder_times=False)
        home.run("unmount", box)
        home.run("export", "-o", home.path("change.tar"), box)
        home.run("import", "-l", base, "-i", home.path("change.tar"), again)
        after = snapshot(home.mount(again), folder_times=False)
        home.run("unmount", again)
        assert_same_tree(before, after, again, ["kind", "sha256"])
        assert deleted(home, box) == deleted(home, again), (deleted(home, box), deleted(home, again))
        assert deleted(home, box), change


def main():
    need_root()
    with Home() as home:
        generate(home.path("base.tar"), seed=3, entries=1500, bytes=15_000_000, base=True)
        generate(home.path("linux.tar"), seed=4, entries=1500, bytes=15_000_000, os="linux", base=True)
        home.run("import", "-i", home.path("base.tar"), "windows")
        home.run("import", "-i", home.path("linux.tar"), "linux")
        round_trip(home, "linux", False)
        round_trip(home, "windows", True)
        shared_mount(home, "windows")
        release_that_fails(home, "windows")
        replaced_folders(home, "linux")
        replaced_folders(home, "windows")
        limits(home, "linux")
        sandboxes_on_sandboxes(home, "linux")
        home.assert_clean()
    print("store_sandbox: passed")


main()
