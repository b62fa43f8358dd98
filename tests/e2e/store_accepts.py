#!/usr/bin/env python3
"""What engines put up with is put up with; what could act on the host or on the mount is not."""
import io
import tarfile
import time

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
    # And they can be deleted by a layer above.
    tar = tar_of(home.path("long-gone.tar"), [("Files/%s/.wh.%s" % (long, long), {})])
    home.run("import", "-l", "long", "-i", tar, "long-gone")
    where = home.mount("long-gone")
    (inner,) = os.listdir(where)
    assert os.listdir(os.path.join(where, inner)) == []
    home.run("unmount", "long-gone")
    home.run("verify")


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
    refuse("empty link target", [("l", dict(type=tarfile.SYMTYPE, linkname=""))], ["l: ", "is empty"])
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
        ("e", dict(type=FOLDER, mode=0o755, pax_headers={
            "LIBARCHIVE.xattr.trusted.overlay.opaque": "eQ", "LIBARCHIVE.xattr.trusted%2Eoverlay.redirect": "Lw",
            "LIBARCHIVE.xattr.user.good": "a2VwdA"})),
    ])
    home.run("import", "-i", home.path("x.tar"), "x")
    where = home.mount("x")
    for name in "de":
        names = os.listxattr(os.path.join(where, name))
        assert names == ["user.good"], names
        assert os.getxattr(os.path.join(where, name), "user.good") == b"kept"
    home.run("unmount", "x")


def xattrs_of_others(home):
    """As GNU tar and bsdtar write them: values whose base64 is not padded, names with what they escape, and names that
    Linux does not know."""
    folder = home.path("attributes")
    os.mkdir(folder)
    for number in range(4):
        name = os.path.join(folder, str(number))
        with open(name, "w"):
            pass
        os.setxattr(name, "user.a", b"abcd"[:number])
        os.setxattr(name, "user.k=v%q%3D", b"odd")
    shown = {}
    for name, command in (("gnu", ["tar", "--format=posix", "--xattrs", "--xattrs-include=*"]),
                          ("bsd", ["bsdtar", "--format=pax"])):
        tar = home.path(name + ".tar")
        subprocess.run([*command, "-C", folder, "-cf", tar, "."], check=True)
        home.run("import", "--os", "linux", "-i", tar, name)
        where = home.mount(name)
        shown[name] = {file: {key: os.getxattr(os.path.join(where, file), key)
                              for key in os.listxattr(os.path.join(where, file))} for file in os.listdir(where)}
        assert_reads_as_mounted(home, name, where)
        home.run("unmount", name)
    real = {file: {key: os.getxattr(os.path.join(folder, file), key) for key in os.listxattr(os.path.join(folder, file))}
            for file in os.listdir(folder)}
    assert shown["gnu"] == real, shown["gnu"]
    # bsdtar 3.6 leaves the equals sign as it is in one form, which GNU tar cannot read either.
    for file in real:
        assert shown["bsd"][file].get("user.a") == real[file]["user.a"], shown["bsd"]
    tar = tar_of(home.path("apple.tar"), [("f", dict(data=b"f", pax_headers={
        "SCHILY.xattr.com.apple.provenance": "x", "SCHILY.xattr.user.good": "kept"}))])
    home.run("import", "-i", tar, "apple")
    where = home.mount("apple")
    assert os.listxattr(os.path.join(where, "f")) == ["user.good"]
    home.run("unmount", "apple")


def notes_beneath_files(home):
    """A whiteout, or a folder that was replaced, says nothing beneath what became a file."""
    link = lambda name: dict(type=tarfile.LNKTYPE, linkname=name)
    tar_of(home.path("notes-low.tar"), [("b", folder()), ("b/d", folder()), ("o", folder()), ("o/p", folder()),
                                        ("o/p/q", dict(data=b"q"))])
    tar_of(home.path("notes-up.tar"), [
        ("b/.wh.d", {}), ("b", dict(data=b"now file")), ("o/p/.wh..wh..opq", {}), ("o", dict(data=b"a file")),
        ("d/c", dict(data=b"1")), ("d/c/c", dict(data=b"2")), ("d", link("d/c/c"))])
    home.run("import", "-i", home.path("notes-low.tar"), "notes-low")
    home.run("import", "-l", "notes-low", "-i", home.path("notes-up.tar"), "notes-up")
    where = home.mount("notes-up")
    read = lambda name: open(os.path.join(where, name), "rb").read()
    assert sorted(os.listdir(where)) == ["b", "d", "o"]
    assert (read("b"), read("o"), read("d")) == (b"now file", b"a file", b"2")
    home.run("unmount", "notes-up")


def old_sparse(*ranges):
    """The header of GNU tar's old sparse file of 9,216 bytes, and its data: a block of the range's number for each."""
    header = bytearray(512)
    header[0:1] = b"s"
    header[100:108], header[108:116], header[116:124] = b"0000644\0", b"0000000\0", b"0000000\0"
    header[124:136] = b"%011o\0" % (512 * len(ranges))
    header[136:148], header[156:157], header[257:265] = b"00000000000\0", b"S", b"ustar  \0"
    for number, offset in enumerate(ranges):
        header[386 + 24 * number:410 + 24 * number] = b"%011o\0%011o\0" % (offset, 512)
    header[483:495] = b"%011o\0" % 9216
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + b"".join(bytes([65 + number]) * 512 for number in range(len(ranges))) + bytes(1024)


def maps_out_of_order(home):
    for name, ranges in (("ordered", (1024, 4096, 8192)), ("unordered", (4096, 1024)), ("twice", (1024, 1024, 4096))):
        with open(home.path(name + ".tar"), "wb") as tar:
            tar.write(old_sparse(*ranges))
        done = home.run("import", "--os", "linux", "-i", home.path(name + ".tar"), name, check=False)
        if name != "ordered":
            assert done.returncode == 1 and b"s: the map of the sparse file is out of order" in done.stderr, done.stderr
            continue
        assert done.returncode == 0, done.stderr
        data = home.run("cat", name, "s").stdout
        assert len(data) == 9216 and data[1024:1536] == b"A" * 512 and data[8192:8704] == b"C" * 512


def links_into_parents(home):
    """Many of them: each is looked up once."""
    count = 40000
    tar_of(home.path("target.tar"), [("target", dict(data=b"t"))])
    tar_of(home.path("links-up.tar"), [("l%d" % number, dict(type=tarfile.LNKTYPE, linkname="target"))
                                       for number in range(count)])
    home.run("import", "-i", home.path("target.tar"), "target")
    begin = time.monotonic()
    home.run("import", "-l", "target", "-i", home.path("links-up.tar"), "links-up")
    assert time.monotonic() - begin < 10, "the time grows with the square of the number"
    assert len(home.entries("links-up")) == count


def trailing_bytes(home):
    tar_of(home.path("t.tar"), [("x", dict(data=b"x"))])
    with open(home.path("t.tar"), "ab") as tar:
        tar.write(b"\0" * 5000 + b"behind the end" + b"\1" * 100)
    home.run("import", "-i", home.path("t.tar"), "t")
    home.run("export", "-o", home.path("t2.tar"), "t")
    assert sha256(home.path("t.tar")) == sha256(home.path("t2.tar"))


def slashes_in_links_of_windows(home):
    attributes = {"MSWINDOWS.fileattr": "1024"}
    links = {"drive": "C:/app/x", "rooted": "/app/x", "relative": "app/x", "spelled": "C:\\app\\x"}
    tar_of(home.path("links.tar"), [("Files", folder(pax_headers={"MSWINDOWS.fileattr": "16"})), ("Files/app", folder()),
                                ("Files/app/x", dict(data=b"there"))] +
           [("Files/" + name, dict(type=tarfile.SYMTYPE, linkname=target, pax_headers=attributes))
            for name, target in links.items()])
    home.run("import", "-i", home.path("links.tar"), "slashes")
    where = home.mount("slashes")
    for name in links:
        assert open(os.path.join(where, name), "rb").read() == b"there", name
    home.run("unmount", "slashes")


def os_by_roots(home):
    tar_of(home.path("w.tar"), [("Files", folder()), ("Files/x", dict(data=b"x")), ("Hives", folder())])
    assert home.json("import", "-i", home.path("w.tar"), "w")["os"] == "windows"
    tar_of(home.path("f.tar"), [("Files", folder()), ("Files/x", dict(data=b"x")), ("etc", folder())])
    assert home.json("import", "-i", home.path("f.tar"), "f")["os"] == "linux"
    where = home.mount("f")
    assert os.path.exists(os.path.join(where, "Files/x"))
    home.run("unmount", "f")


def main():
    need_tools("bsdtar")
    need_root()
    with Home() as home:
        for test in (odd_shapes, links_to_what_is_replaced, long_names, whiteouts, refused, hostile_xattrs, xattrs_of_others,
                     notes_beneath_files, maps_out_of_order, links_into_parents, trailing_bytes, os_by_roots,
                     slashes_in_links_of_windows):
            test(home)
            print("store_accepts:", test.__name__)
        home.assert_clean()
    print("store_accepts: passed")


main()
