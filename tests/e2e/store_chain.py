#!/usr/bin/env python3
"""A chain of many layers looks as if its layers had been applied one by one, which a simple program here does."""
import io
import random
import tarfile

from store_common import *

LAYERS = int(os.environ.get("WCL_TEST_LAYERS", "200"))


def add(tar, name, data=b"", **change):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    info.mode = 0o644
    info.mtime = change.pop("mtime", 1_600_000_000)
    for key, value in change.items():
        setattr(info, key, value)
    tar.addfile(info, io.BytesIO(data))


class Reference:
    """The tree as a dict: path -> (kind, content, mode, mtime); hard links share a list."""

    def __init__(self):
        self.tree = {}

    def remove(self, path):
        for other in [p for p in self.tree if p == path or p.startswith(path + "/")]:
            del self.tree[other]

    def clear(self, path):
        for other in [p for p in self.tree if p.startswith(path + "/")]:
            del self.tree[other]

    def put(self, path, item):
        old = self.tree.get(path)
        if old and not (old[0] == "dir" and item[0] == "dir"):
            self.remove(path)
        self.tree[path] = item


def random_layer(rng, number, path, reference):
    """Writes a layer of random changes and applies it to the reference: deletions first, as the rules say."""
    changes, deleted, opaque = [], set(), set()
    existing = sorted(reference.tree)
    folders = [p for p in existing if reference.tree[p][0] == "dir"]
    for _ in range(rng.randrange(3, 12)):
        kind = rng.choice(["file", "file", "file", "dir", "symlink", "delete", "opaque", "replace", "link", "linkdown"])
        parent = rng.choice(folders) + "/" if folders and rng.random() < 0.8 else ""
        name = parent + "n%03d" % rng.randrange(60)
        if kind == "delete" and existing:
            deleted.add(rng.choice(existing))
        elif kind == "opaque" and folders:
            opaque.add(rng.choice(folders))
        elif kind == "replace" and existing:
            changes.append((rng.choice(["file", "dir"]), rng.choice(existing)))
        elif kind == "linkdown":
            changes.append(("linkdown", name))
        elif kind not in ("delete", "opaque", "replace"):
            changes.append((kind, name))
    # Marks below something that is deleted or replaced contradict themselves; no engine writes them.
    above = lambda path, others: any(path.startswith(other + "/") for other in others)
    replaced = {name for kind, name in changes if kind != "dir"}
    deleted = {item for item in deleted if not above(item, deleted | opaque | replaced)}
    opaque = {item for item in opaque if item not in deleted | replaced and not above(item, deleted | opaque | replaced)}
    for item in sorted(deleted):
        reference.remove(item)
    for item in sorted(opaque):
        if reference.tree.get(item, ("",))[0] == "dir":
            reference.clear(item)
    low = {p: v for p, v in reference.tree.items() if v[0] == "file"}
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        made = set()

        def parents(name):
            parts = name.split("/")[:-1]
            for i in range(len(parts)):
                folder = "/".join(parts[:i + 1])
                if folder not in made:
                    made.add(folder)
                    mtime = 1_500_000_000 + number
                    add(tar, folder, type=tarfile.DIRTYPE, mode=0o755, mtime=mtime)
                    reference.put(folder, ("dir", None, 0o755, mtime))

        for item in sorted(deleted):
            base = os.path.dirname(item)
            add(tar, (base + "/" if base else "") + ".wh." + os.path.basename(item))
        for item in sorted(opaque):
            add(tar, item + "/.wh..wh..opq")
        for kind, name in changes:
            parents(name)
            mtime = 1_500_000_000 + number
            if kind in ("file", "link"):
                data = b"%d %s\n" % (number, name.encode()) * rng.randrange(1, 300)
                made.discard(name)
                made -= {m for m in made if m.startswith(name + "/")}
                add(tar, name, data, mtime=mtime)
                content = [data]
                reference.put(name, ("file", content, 0o644, mtime))
                if kind == "link":
                    add(tar, name + ".second", type=tarfile.LNKTYPE, linkname=name)
                    reference.put(name + ".second", ("file", content, 0o644, mtime))
            elif kind == "linkdown" and low:
                target = rng.choice(sorted(low))
                if reference.tree.get(target) is not low[target] or target == name:
                    continue
                made.discard(name)
                made -= {m for m in made if m.startswith(name + "/")}
                add(tar, name, type=tarfile.LNKTYPE, linkname=target)
                reference.put(name, low[target])
            elif kind == "dir":
                made.add(name)
                add(tar, name, type=tarfile.DIRTYPE, mode=0o711, mtime=mtime)
                reference.put(name, ("dir", None, 0o711, mtime))
            elif kind == "symlink":
                made.discard(name)
                made -= {m for m in made if m.startswith(name + "/")}
                add(tar, name, type=tarfile.SYMTYPE, linkname="../x%d" % number, mtime=mtime)
                reference.put(name, ("link", "../x%d" % number, 0o777, mtime))


def assert_mounted(where, reference):
    seen = snapshot(where)
    del seen[""]
    assert set(seen) == set(reference.tree), (sorted(set(seen) ^ set(reference.tree))[:10])
    groups = {}
    for path, (kind, content, mode, mtime) in reference.tree.items():
        item = seen[path]
        assert item["mode"] == mode and item["mtime"] == mtime * 10**9, (path, item, mode, mtime)
        if kind == "file":
            assert item["sha256"] == hashlib.sha256(content[0]).hexdigest(), path
            groups.setdefault(id(content), []).append(path)
        elif kind == "link":
            assert item["target"] == content, path
    for names in groups.values():
        for name in names:
            assert seen[name]["names"] == tuple(sorted(names)), (names, seen[name]["names"])


def many_layers(home):
    rng = random.Random(20)
    reference = Reference()
    parent = []
    for number in range(LAYERS):
        tar = home.path("layer.tar")
        random_layer(rng, number, tar, reference)
        home.run("import", *(["-l", parent[-1]] if parent else []), "-i", tar, "n%d" % number)
        parent.append("n%d" % number)
        if number in (0, 1, 17, LAYERS // 2):
            where = home.mount(parent[-1])
            assert_mounted(where, reference)
            home.run("unmount", parent[-1])
    assert len(reference.tree) > 20
    where = home.mount(parent[-1])
    assert_mounted(where, reference)
    # Merged listing says the same.
    listed = {entry["path"]: entry for entry in home.entries(parent[-1], "--merged")}
    assert set(listed) == set(reference.tree)
    home.run("unmount", parent[-1])
    home.run("verify", parent[-1])
    for layer in reversed(parent):
        home.run("remove", layer)


def windows_case(home):
    def windows(name, entries):
        with tarfile.open(home.path(name), "w", format=tarfile.PAX_FORMAT) as tar:
            for path, data in entries:
                info = tarfile.TarInfo(path)
                info.size = len(data or b"")
                info.type = tarfile.DIRTYPE if data is None else tarfile.REGTYPE
                info.pax_headers = {"MSWINDOWS.fileattr": "16" if data is None else "32"}
                tar.addfile(info, io.BytesIO(data or b""))
        return home.path(name)

    home.run("import", "-i", windows("b.tar", [
        ("Files", None), ("Files/Windows", None), ("Files/Windows/System32", None),
        ("Files/Windows/System32/X", b"base X"), ("Files/Windows/System32/stra\u00dfe", b"1"),
        ("Files/Windows/System32/\u00c4rger", b"base"), ("Files/Gone.txt", b"gone"), ("Hives", None)]), "cb")
    home.run("import", "-l", "cb", "-i", windows("c.tar", [
        ("files", None), ("files/windows", None), ("files/windows/SYSTEM32", None),
        ("files/windows/SYSTEM32/x", b"child x"), ("files/windows/SYSTEM32/\u00e4RGER", b"child"),
        ("files/windows/SYSTEM32/STRASSE", b"2"), ("files/.wh.GONE.TXT", b""), ("Hives", None)]), "cc")
    where = home.mount("cc")
    names = {path.lower(): item for path, item in snapshot(where).items()}
    assert len(names) == len(snapshot(where)), "two spellings of one name"
    folder = os.path.join(where, "Windows/System32")
    assert sorted(os.listdir(folder)) == sorted(["x", "stra\u00dfe", "STRASSE", "\u00e4RGER"]), os.listdir(folder)
    assert open(os.path.join(folder, "x"), "rb").read() == b"child x"
    assert open(os.path.join(folder, "\u00e4RGER"), "rb").read() == b"child"
    assert "gone.txt" not in names
    home.run("unmount", "cc")


def index_out_of_reach(home):
    """A layer whose index cannot even be looked for is not left out of the chain that is made and kept."""
    for name, parent in (("one", []), ("two", ["-l", "one"])):
        with tarfile.open(home.path(name + ".tar"), "w") as tar:
            add(tar, name, b"data")
        home.run("import", *parent, "--os", "linux", "-i", home.path(name + ".tar"), name)
    index = os.path.join(home.home, "two/layer.erofs")
    os.rename(index, index + ".kept")
    os.symlink("layer.erofs", index)
    assert home.run("mount", "two", check=False).returncode == 1
    os.rename(index + ".kept", index)
    assert sorted(os.listdir(home.mount("two"))) == ["one", "two"]
    for name in ("two", "one"):
        home.run("unmount", name, check=False)
        home.run("remove", name)


def main():
    need_root()
    with Home() as home:
        index_out_of_reach(home)
        windows_case(home)
        many_layers(home)
        home.assert_clean()
    print("store_chain: passed, %d layers" % LAYERS)


main()
