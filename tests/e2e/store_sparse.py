#!/usr/bin/env python3
"""Sparse files of far more hole than the index can list in pieces of the size of their data, as /var/log/lastlog is where
a user has a large number: in a layer, in its child's chain, mounted in every way, read and written by wcl."""
import os
import subprocess

from store_common import WCL, Home
from tar_common import END, entry, sparse

KIB, GIB, TERABYTE = 1 << 10, 1 << 30, 10**12


def text(seed, size):
    return bytes((seed * 37 + at // 7 + at) % 255 + 1 for at in range(size))


FILES = {
    "log/one": (78 * GIB + 8 * KIB, [(78 * GIB + 4 * KIB, text(1, 4 * KIB))]),
    "log/several": (78 * GIB + 300,
                    [(4 * KIB, text(2, 4 * KIB)), (8 * KIB + 512, text(3, 512)), (40 * GIB - 512, text(4, 3 * KIB)),
                     (60 * GIB, text(5, 4 << 20)), (78 * GIB, text(6, 300))]),
    "log/terabytes": (12 * TERABYTE // 10 // 512 * 512 + 100,
                      [(512, text(7, 512))] + [(number * 77777777 * 512, text(8 + number, 4 * KIB))
                                               for number in range(1, 25)] +
                      [(12 * TERABYTE // 10 // 512 * 512, text(9, 100))]),
}
LATER = {
    "log/one": (80 * GIB + 512, [(0, text(40, 512)), (80 * GIB, text(41, 512))]),
    "log/new": (12 * TERABYTE // 10, [(TERABYTE // 512 * 512, text(42, 1 * KIB))]),
}


def put(home, name, *parts):
    path = home.path(name)
    with open(path, "wb") as file:
        file.write(b"".join(parts) + END)
    return path


def tar_of(home, name, files, *more):
    return put(home, name, *(sparse(path.encode(), size, pieces) for path, (size, pieces) in files.items()), *more)


def around(pieces, size):
    """What to read of a file: each piece with what is before and behind it, and some of the holes far from them."""
    places = [(max(0, at - 5000), min(size, at + len(data) + 5000)) for at, data in pieces]
    places += [(size // 3, size // 3 + 4096), (size - 600, size)]
    return [(begin, end - begin) for begin, end in places]


def expected(pieces, offset, length):
    wanted = bytearray(length)
    for at, data in pieces:
        begin, end = max(at, offset), min(at + len(data), offset + length)
        if begin < end:
            wanted[begin - offset:end - offset] = data[begin - at:end - at]
    return bytes(wanted)


def assert_file(path, size, pieces):
    assert os.stat(path).st_size == size, (path, os.stat(path).st_size, size)
    with open(path, "rb", buffering=0) as file:
        for offset, length in around(pieces, size):
            got = b""
            while len(got) < length:
                part = os.pread(file.fileno(), length - len(got), offset + len(got))
                assert part, (path, offset, length, len(got))
                got += part
            assert got == expected(pieces, offset, length), (path, offset, length)


def assert_mounted(home, layer, files):
    mounted = home.mount(layer)
    for path, (size, pieces) in files.items():
        assert_file(os.path.join(mounted, path), size, pieces)
    home.run("unmount", layer)


def assert_small(home, layer):
    for name in ("layer.erofs", "chain.erofs"):
        path = os.path.join(home.home, layer, name)
        assert not os.path.exists(path) or os.stat(path).st_size < 256 << 20, (layer, name, os.stat(path).st_size)


def assert_begins(home, file, *arguments):
    """The command writes the file; only its beginning is read."""
    command = subprocess.Popen([WCL, *arguments], env=dict(os.environ, WCL_HOME=home.home), stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    got = command.stdout.read(64 * KIB)
    command.stdout.close()
    command.wait()
    assert got == expected(file[1], 0, 64 * KIB), arguments


def import_both(home):
    base = tar_of(home, "base.tar", FILES, entry(b"log/small", data=b"small"))
    child = tar_of(home, "child.tar", LATER, entry(b"log/.wh.small"))
    home.run("import", "-i", base, "base")
    home.run("import", "-l", "base", "-i", child, "child")
    return base, child


def layers_hold_them(home):
    """Listed, read from, checked and exported as they came."""
    base, child = import_both(home)
    merged = dict(FILES, **LATER)
    listed = home.run("list", "-R", "--merged", "child").stdout.decode().splitlines()
    for path, (size, _) in merged.items():
        line = [line for line in listed if line.endswith(path)]
        assert len(line) == 1 and " %d " % size in line[0], (path, size, line)
    assert_begins(home, FILES["log/several"], "cat", "base", "log/several")
    changes = home.run("diff", "child", "base").stdout.decode().splitlines()
    assert sorted(changes) == ["A /log/new", "C /log/one", "D /log/small"], changes
    for layer, tar in (("base", base), ("child", child)):
        out = home.path(layer + "-out.tar")
        home.run("export", "-o", out, layer)
        with open(tar, "rb") as one, open(out, "rb") as two:
            assert one.read() == two.read(), layer
        done = home.run("verify", layer)
        assert done.returncode == 0, done.stdout
        assert_small(home, layer)


def the_same_index_each_time(home):
    base, _ = import_both(home)
    home.run("import", "-i", base, "again")
    with open(os.path.join(home.home, "base/layer.erofs"), "rb") as one, \
            open(os.path.join(home.home, "again/layer.erofs"), "rb") as two:
        assert one.read() == two.read()


def copies_are_checked(home):
    """A byte of an index that was copied from the tar is compared with the tar."""
    home.run("import", "-i", tar_of(home, "one.tar", {"f": FILES["log/one"]}), "one")
    index = os.path.join(home.home, "one/layer.erofs")
    with open(index, "r+b") as file:
        at = file.read().index(text(1, 4 * KIB))
        file.seek(at + 77)
        file.write(b"\0")
    done = home.run("verify", "one", check=False)
    assert done.returncode == 1 and b"layer.erofs" in done.stdout + done.stderr, done


def mounts_read_them(home):
    import_both(home)
    assert_mounted(home, "base", FILES)
    assert_mounted(home, "child", dict(FILES, **LATER))
    assert_small(home, "child")
    home.run("create", "-l", "child", "box")
    assert_mounted(home, "box", dict(FILES, **LATER))


def unpacked_they_are_the_same(home):
    """Where the kernel's EROFS cannot be used; the file system below has to hold such files."""
    probe = home.path("probe")
    with open(probe, "wb") as file:
        try:
            file.truncate(max(size for size, _ in FILES.values()))
        except OSError:
            print("skipped: unpacked_they_are_the_same: files here are smaller")
            return
    os.environ["WCL_MOUNT"] = "unpack"
    try:
        import_both(home)
        assert_mounted(home, "child", dict(FILES, **LATER))
    finally:
        del os.environ["WCL_MOUNT"]


def what_would_take_too_much_is_refused(home):
    """A few bytes from a stranger do not stand for an index that fills the disk."""
    far = [(number << 50 | 512, b"x" * 512) for number in range(1000)]
    for name, size, pieces in (("scattered", 1 << 60, far), ("lonely", 1 << 60, far[500:501])):
        tar = tar_of(home, name + ".tar", {"f": (size, pieces)})
        done = home.run("import", "-i", tar, name, check=False)
        assert done.returncode == 1 and b"holes too small" in done.stderr, done
    many = {"f%d" % number: (1 << 49, [(1 << 48, b"x" * 512)]) for number in range(100)}
    done = home.run("import", "-i", tar_of(home, "many.tar", many), "many", check=False)
    assert done.returncode == 1 and b"holes too small" in done.stderr, done


def main():
    tests = [layers_hold_them, the_same_index_each_time, copies_are_checked, what_would_take_too_much_is_refused]
    if os.geteuid() == 0:
        tests += [mounts_read_them, unpacked_they_are_the_same]
    for test in tests:
        with Home() as home:
            test(home)
            if test is not copies_are_checked:
                home.assert_clean()
        print("ok:", test.__name__)


main()
