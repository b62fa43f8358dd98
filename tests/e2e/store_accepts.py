#!/usr/bin/env python3
"""What engines put up with is put up with; what could act on the host or on the mount is not."""
import io
import tarfile

from store_common import *


def tar_of(path, entries, **options):
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, change in entries:
            info = tarfile.TarInfo(name)
            data = change.pop("data", b"")
            info.size = len(data)
            for key, value in change.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(data))
    return path


FOLDER = tarfile.DIRTYPE


def folder(**change):
    return dict(type=FOLDER, mode=0o755, **change)


def assert_reads_as_mounted(home, layer, where):
    """The layer's entries, written as a tar by their reader and unpacked by GNU tar, are what the mount shows."""
    tar, folder = home.path(layer + "-read.tar"), home.path(layer + "-read")
    home.run("convert", "--to", "oci", layer, tar)
    os.mkdir(folder)
    subprocess.run(["tar", "-xpf", tar, "-C", folder, "--xattrs", "--xattrs-include=*",
                    "--warning=no-unknown-keyword"], check=True)
    trees = [snapshot(place, folder_times=False) for place in (where, folder)]
    for tree in trees:
        del tree[""]
    assert_same_tree(*trees, layer)


def links_to_what_is_replaced(home):
    link = lambda name: dict(type=tarfile.LNKTYPE, linkname=name)
    xattr = lambda value: {"SCHILY.xattr.user.what": value}
    tar = tar_of(home.path("links.tar"), [
        # Two links to a file that loses its name to another file.
        ("a", dict(data=b"first a", mode=0o640, pax_headers=xattr("of a"))), ("b", link("a")), ("c", link("b")),
        ("a", dict(data=b"second a")),
        # The link between loses its name.
        ("d", dict(data=b"d")), ("e", link("d")), ("f", link("e")), ("e", dict(data=b"another e")),
        # The first heir is gone as well; the second one lives in a folder that is listed in between.
        ("g", dict(data=b"g")), ("h", link("g")), ("in", dict(type=FOLDER, mode=0o700)), ("in/i", link("h")),
        ("g", dict(data=b"new g")), ("h", dict(data=b"new h")),
        # A folder takes the name; a link takes the name of what it links to; a symbolic link.
        ("j", dict(data=b"j" * 200000)), ("k", link("j")), ("j", folder()), ("j/l", link("k")),
        ("m", dict(data=b"m")), ("m", link("m")),
        ("n", dict(type=tarfile.SYMTYPE, linkname="a")), ("o", link("n")), ("n", dict(data=b"no link")),
        # A folder listed late, with attributes.
        ("late/x", dict(data=b"x")), ("late", dict(type=FOLDER, mode=0o711, pax_headers=xattr("of late"))),
        # Nobody's heir.
        ("p", dict(data=b"lost")), ("q", link("p")), ("p", dict(data=b"p")), ("q", dict(data=b"q")),
    ])
    home.run("import", "-i", tar, "links")
    where = home.mount("links")
    read = lambda name: open(os.path.join(where, name), "rb").read()
    assert [read(name) for name in ("a", "b", "c", "e", "f", "in/i", "m")] == \
        [b"second a", b"first a", b"first a", b"another e", b"d", b"g", b"m"]
    assert os.path.samefile(os.path.join(where, "b"), os.path.join(where, "c"))
    assert os.readlink(os.path.join(where, "o")) == "a"
    assert_reads_as_mounted(home, "links", where)
    home.run("unmount", "links")


def long_names(home):
    """Windows' names have 255 UTF-16 units, which may be more bytes than a Linux file system takes."""
    windows = lambda value: {"MSWINDOWS.fileattr": value}
    long = "\u5b57" * 255
    for name, twice in (("long", []), ("scattered", [("Files/%s/%s" % (long, long), dict(data=b"again"))])):
        tar = tar_of(home.path(name + ".tar"), [
            ("Files", dict(type=FOLDER, pax_headers=windows("16"))),
            ("Files/" + long, dict(type=FOLDER, pax_headers=windows("16"))),
            ("Files/%s/%s" % (long, long), dict(data=b"once", pax_headers=windows("32"))), *twice])
        home.run("import", "-i", tar, name)
        assert [entry["path"] for entry in home.entries(name)] == \
            ["Files", "Files/" + long, "Files/%s/%s" % (long, long)]
        assert home.run("cat", name, "Files/%s/%s" % (long, long)).stdout == (b"again" if twice else b"once")


def odd_shapes(home):
    tar = tar_of(home.path("odd.tar"), [
        ("./", folder(mtime=5)),
        ("./a/", folder(mtime=7)),
        ("/a/leading", dict(data=b"one")),
        ("deep/er/without/folders", dict(data=b"two")),
        ("deep", dict(type=FOLDER, mode=0o700)),
        ("twice", dict(data=b"first")),
        ("link-to-first", dict(type=tarfile.LNKTYPE, linkname="./twice")),
        ("twice", dict(data=b"second, longer")),
        ("was-file", dict(data=b"x")),
        ("was-file", folder()),
        ("was-file/in", dict(data=b"in")),
        ("was-folder", folder()),
        ("was-folder/gone", dict(data=b"gone")),
        ("was-folder", dict(data=b"now a file")),
        ("a//b/./c", dict(data=b"tidied")),
    ])
    home.run("import", "-i", tar, "odd")
    where = home.mount("odd")
    read = lambda name: open(os.path.join(where, name), "rb").read()
    assert read("a/leading") == b"one"
    assert read("deep/er/without/folders") == b"two"
    assert os.lstat(os.path.join(where, "deep")).st_mode & 0o777 == 0o700
    assert read("twice") == b"second, longer"
    assert read("link-to-first") == b"first", "a link keeps what it was made to"
    assert read("was-file/in") == b"in"
    assert read("was-folder") == b"now a file"
    assert read("a/b/c") == b"tidied"
    assert_reads_as_mounted(home, "odd", where)
    home.run("unmount", "odd")
    # The reader gives folders first and each path once.
    paths = [entry["path"] for entry in home.entries("odd")]
    assert len(paths) == len(set(paths)), paths
    for path in paths:
        parent = os.path.dirname(path)
        assert not parent or paths.index(parent) < paths.index(path), path


def whiteouts(home):
    tar_of(home.path("low.tar"), [
        ("keep", folder()), ("keep/x", dict(data=b"low x")), ("keep/y", dict(data=b"low y")),
        ("opq", folder()), ("opq/old", dict(data=b"old")),
        ("dir", folder()), ("dir/old", dict(data=b"old")),
        ("file", dict(data=b"low")), ("to-folder", dict(data=b"file")), ("to-file", folder()),
        ("to-file/x", dict(data=b"x")), ("target", dict(data=b"linked")),
    ])
    tar_of(home.path("up.tar"), [
        ("keep/.wh.x", {}),
        (".wh.file", {}), ("file", dict(data=b"new beside its whiteout")),
        ("opq/new", dict(data=b"new")), ("opq/.wh..wh..opq", {}),
        ("dir", folder()), ("dir/new", dict(data=b"new")), (".wh.dir", {}),
        ("to-folder", folder()), ("to-folder/in", dict(data=b"in")),
        ("to-file", dict(data=b"a file now")),
        ("also", dict(type=tarfile.LNKTYPE, linkname="target")), (".wh.target", {}),
        (".wh..wh.plnk", folder()),
    ])
    home.run("import", "-i", home.path("low.tar"), "low")
    home.run("import", "-l", "low", "-i", home.path("up.tar"), "up")
    where = home.mount("up")
    found = {path: item.get("sha256") for path, item in snapshot(where).items()}
    sha = lambda data: hashlib.sha256(data).hexdigest()
    assert set(found) == {"", "keep", "keep/y", "opq", "opq/new", "dir", "dir/new", "file", "to-folder",
                          "to-folder/in", "to-file", "also"}, sorted(found)
    assert found["file"] == sha(b"new beside its whiteout")
    assert found["also"] == sha(b"linked"), "a hard link into the parent"
    home.run("unmount", "up")
    home.run("export", "-o", home.path("again.tar"), "up")
    assert sha256(home.path("again.tar")) == sha256(home.path("up.tar"))


def refused(home):
    def refuse(name, entries, words, *options):
        tar_of(home.path("bad.tar"), entries)
        done = home.run("import", "-i", home.path("bad.tar"), *options, "bad", check=False)
        text = done.stderr.decode()
        assert done.returncode == 1, (name, text)
        for word in words:
            assert word in text, (name, word, text)

    refuse("dot dot", [("ok", {}), ("a/../../etc/passwd", dict(data=b"x"))], ["'..'", "a/../../etc/passwd"])
    refuse("dot dot link", [("l", dict(type=tarfile.LNKTYPE, linkname="../x"))], ["l", "../x"])
    refuse("missing link target", [("l", dict(type=tarfile.LNKTYPE, linkname="no/where"))], ["no/where"])
    refuse("windows device", [("Files", dict(type=FOLDER, pax_headers={"MSWINDOWS.fileattr": "16"})),
                              ("Files/dev", dict(type=tarfile.CHRTYPE))], ["Files/dev"])
    refuse("windows colon", [("Files", dict(type=FOLDER, pax_headers={"MSWINDOWS.fileattr": "16"})),
                             ("Files/a:b/c", {})], ["Files/a:b/c"])
    refuse("wrong digest", [("x", {})], ["sha256:" + "0" * 64], "--expect-digest", "sha256:" + "0" * 64)
    done = home.run("import", "-i", "/dev/null", "bad", check=False)
    assert done.returncode == 1 and b"empty" in done.stderr, done.stderr
    done = home.run("import", "-i", "/bin/ls", "bad", check=False)
    assert done.returncode == 1 and b"tar" in done.stderr, done.stderr


def hostile_xattrs(home):
    tar_of(home.path("x.tar"), [
        ("d", dict(type=FOLDER, mode=0o755, pax_headers={
            "SCHILY.xattr.trusted.overlay.opaque": "y",
            "SCHILY.xattr.trusted.overlay.redirect": "/etc",
            "SCHILY.xattr.trusted.wcl.sd": "forged",
            "SCHILY.xattr.user.good": "kept",
            "LIBARCHIVE.xattr.trusted.overlay.metacopy": ""})),
    ])
    home.run("import", "-i", home.path("x.tar"), "x")
    where = home.mount("x")
    names = os.listxattr(os.path.join(where, "d"))
    assert names == ["user.good"], names
    home.run("unmount", "x")


def trailing_bytes(home):
    tar_of(home.path("t.tar"), [("x", dict(data=b"x"))])
    with open(home.path("t.tar"), "ab") as tar:
        tar.write(b"\0" * 5000 + b"behind the end" + b"\1" * 100)
    home.run("import", "-i", home.path("t.tar"), "t")
    home.run("export", "-o", home.path("t2.tar"), "t")
    assert sha256(home.path("t.tar")) == sha256(home.path("t2.tar"))


def os_by_roots(home):
    tar_of(home.path("w.tar"), [("Files", folder()), ("Files/x", dict(data=b"x")), ("Hives", folder())])
    assert home.json("import", "-i", home.path("w.tar"), "w")["os"] == "windows"
    tar_of(home.path("f.tar"), [("Files", folder()), ("Files/x", dict(data=b"x")), ("etc", folder())])
    assert home.json("import", "-i", home.path("f.tar"), "f")["os"] == "linux"
    where = home.mount("f")
    assert os.path.exists(os.path.join(where, "Files/x"))
    home.run("unmount", "f")


def main():
    need_root()
    with Home() as home:
        for test in (odd_shapes, links_to_what_is_replaced, long_names, whiteouts, refused, hostile_xattrs, trailing_bytes, os_by_roots):
            test(home)
            print("store_accepts:", test.__name__)
        home.assert_clean()
    print("store_accepts: passed")


main()
