#!/usr/bin/env python3
"""What layers of real images and of strangers have that is unusual: names too long for the index, extended attributes
that Linux cannot give a file, aufs' pseudo links, links that lead nowhere, layers of the wrong system."""
import hashlib
import os
import stat
import struct

from store_common import LAYER_TAR, Home
from tar_common import END, entry, header

XATTR = b"SCHILY.xattr."


def put(home, name, *parts):
    path = home.path(name)
    with open(path, "wb") as file:
        file.write(b"".join(parts) + END)
    return path


def refused(home, words, *arguments):
    done = home.run(*arguments, check=False)
    assert done.returncode == 1, (arguments, done)
    for word in words:
        assert word in done.stderr, "%r is not in: %s" % (word, done.stderr)


def two_names_of_one_hash():
    """Names of over 255 bytes that begin alike and agree in 32 bits of their SHA-1."""
    seen = {}
    for number in range(1 << 22):
        name = "ü" * 130 + "%d" % number
        key = hashlib.sha1(name.encode()).digest()[:4]
        if key in seen:
            return seen[key], name
        seen[key] = name
    raise AssertionError("no two names agree")


def long_names_are_told_apart(home):
    one, two = two_names_of_one_hash()
    tar = put(home, "long.tar", header(b"Files", b"5"), header(b"Hives", b"5"),
              entry(("Files/" + one).encode(), data=b"one"), entry(("Files/" + two).encode(), data=b"two!"))
    home.run("import", "--os", "windows", "-i", tar, "long")
    for merged in ((), ("--merged",)):
        paths = {item["path"] for item in home.entries("long", *merged)}
        assert {"Files/" + one, "Files/" + two} <= paths, (merged, paths)
    for system, folder in (("windows", "Files/"), ("linux", "")):
        home.run("import", "--os", system, "-i",
                 put(home, "l.tar", *([header(b"Files", b"5"), header(b"Hives", b"5")] if folder else []),
                     entry((folder + one).encode(), data=b"one")), "l-" + system)
        short = short_name_of(home, "l-" + system)
        fake = put(home, "fake.tar", *([header(b"Files", b"5"), header(b"Hives", b"5")] if folder else []),
                   entry((folder + one).encode(), data=b"one"), entry((folder + short).encode(), data=b"fake"))
        refused(home, [b"cannot be told from"], "import", "--os", system, "-i", fake, "fake")


def long_names_that_differ_in_case_are_one(home):
    """In their tail, in their head, and where upper case has more bytes."""
    for low, high in (("ü" * 130 + "x", "ü" * 130 + "X"), ("ü" * 140, "Ü" + "ü" * 139), ("\u0250" * 130, "\u2c6f" * 130)):
        parts = [entry(("%s" % name).encode(), data=b"f") for name in ("Files/" + low, "Files/" + high)]
        tar = put(home, "case.tar", header(b"Files", b"5"), header(b"Hives", b"5"), *parts)
        refused(home, [b"in case only", low.encode()], "import", "--os", "windows", "-i", tar, "case")
        # What a layer above has in the other spelling takes the place of the first.
        for name, part, more in (("lower", parts[0], ()), ("upper", parts[1], ("-l", "lower"))):
            home.run("import", "--os", "windows", *more, "-i",
                     put(home, name + ".tar", header(b"Files", b"5"), header(b"Hives", b"5"), part), name)
        seen = [item["path"] for item in home.entries("upper", "--merged") if item["path"].startswith("Files/")]
        assert seen == ["Files/" + high], seen
        for name in ("upper", "lower"):
            home.run("remove", name)
        # To Linux they are two.
        home.run("import", "--os", "linux", "-i", put(home, "two.tar", *parts), "two")
        assert {"Files/" + low, "Files/" + high} <= {item["path"] for item in home.entries("two")}
        home.run("remove", "two")


def short_name_of(home, layer):
    """The name that the layer's index has for its only long one."""
    with open(os.path.join(home.home, layer, "layer.erofs"), "rb") as image:
        data = image.read()
    at = data.index("ü".encode() * 70)
    end = data.index(b"~", at) + 33
    return data[at:end].decode()


def impossible_attributes_hinder_nothing(home):
    user = [(XATTR + b"user.overlay.origin", b"o")]
    acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", tag, 7, 0xFFFFFFFF) for tag in (1, 4, 32))
    good = struct.pack("<III", 0x02000001, 1, 0) + bytes(8)
    first = struct.pack("<III", 0x01000001, 1, 0)  # a revision that Linux does not give to who copies a file
    tar = put(home, "attributes.tar", entry(b"d", b"5", records=user),
              entry(b"d/link", b"2", link=b"target", records=user), entry(b"d/fifo", b"6", records=user),
              entry(b"d/null", b"3", records=user, major=1, minor=3), entry(b"d/file", data=b"f", records=user),
              entry(b"d/bad-capability", data=b"f", records=[(XATTR + b"security.capability", b"nonsense")]),
              entry(b"d/capability", data=b"f", records=[(XATTR + b"security.capability", good)]),
              entry(b"d/old-capability", data=b"f", records=[(XATTR + b"security.capability", first)]),
              entry(b"d/bad-acl", data=b"f", records=[(XATTR + b"system.posix_acl_access", acl[:-1])]),
              entry(b"d/link-acl", b"2", link=b"x", records=[(XATTR + b"system.posix_acl_access", acl)]))
    home.run("import", "-i", tar, "attributes")
    home.run("create", "-l", "attributes", "box")
    folder = os.path.join(home.mount("box"), "d")
    assert os.getxattr(folder + "/file", "user.overlay.origin") == b"o"
    assert os.getxattr(folder + "/capability", "security.capability") == good
    assert os.listxattr(folder + "/bad-capability") == os.listxattr(folder + "/old-capability") == []
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        os.utime(path, (5, 5), follow_symlinks=False)
        os.rename(path, path + "-renamed")
        os.chown(path + "-renamed", 1, 1, follow_symlinks=False)
    assert os.readlink(folder + "/link-renamed") == "target"
    assert stat.S_ISFIFO(os.lstat(folder + "/fifo-renamed").st_mode)
    home.run("unmount", "box")


def pseudo_links_are_links(home):
    tar = put(home, "aufs.tar", entry(b".wh..wh.aufs"), entry(b".wh..wh.orph/", b"5"), entry(b".wh..wh.plnk/", b"5"),
              entry(b".wh..wh.plnk/12.34", data=b"kept aside"), entry(b"a", b"1", link=b".wh..wh.plnk/12.34"),
              entry(b"b", b"1", link=b"/.wh..wh.plnk/12.34"), entry(b"c", data=b"c"))
    home.run("import", "-i", tar, "aufs")
    paths = [item["path"] for item in home.entries("aufs", "--merged")]
    assert paths == ["a", "b", "c"], paths
    if os.geteuid() != 0:
        return
    mounted = home.mount("aufs")
    with open(os.path.join(mounted, "b"), "rb") as file:
        assert file.read() == b"kept aside"
    assert os.stat(os.path.join(mounted, "a")).st_ino == os.stat(os.path.join(mounted, "b")).st_ino
    home.run("unmount", "aufs")


def an_opaque_root_is_converted(home):
    """What stands on it hides all that is below, whatever form it has had meanwhile."""
    home.run("import", "-i", put(home, "below.tar", entry(b"below", data=b"b"), entry(b"etc/", b"5")), "below")
    tar = put(home, "root.tar", entry(b".wh..wh..opq"), entry(b".wh.gone"), entry(b"above", data=b"a"))
    home.run("convert", "--to", "oci", tar, home.path("straight.tar"))
    home.run("convert", "--to", "dir", tar, home.path("root"))
    home.run("convert", "--to", "oci", home.path("root"), home.path("back.tar"))
    for number, made in enumerate((tar, home.path("straight.tar"), home.path("back.tar"))):
        layer = "root-%d" % number
        home.run("import", "-l", "below", "-i", made, layer)
        paths = [item["path"] for item in home.entries(layer, "--merged")]
        assert paths == ["above"], (made, paths)


def the_last_of_a_name_counts(home):
    tar = put(home, "twice.tar", entry(b"f", data=b"first"), entry(b"g", b"1", link=b"f"), entry(b"f", data=b"last"))
    home.run("import", "-i", tar, "twice")
    assert home.run("cat", "twice", "f").stdout == home.run("cat", tar, "f").stdout == b"last"
    with open(tar, "rb") as file:
        assert home.run("cat", "-", "f", stdin=file).stdout == b"last"
    with open(tar, "rb") as file:
        assert home.run("cat", "-", "f", input=file.read()).stdout == b"last"
    assert home.json("stat", tar, "f")["size"] == 4
    refused(home, [b"no such entry"], "cat", tar, "nothing")


def errors_say_what_is_meant(home):
    link = put(home, "link.tar", entry(b"etc/link", b"1", link=b"etc/nothing"))
    refused(home, [b"etc/link", b"etc/nothing"], "import", "-i", link, "link")
    home.run("import", "-i", put(home, "base.tar", entry(b"f")), "base")
    refused(home, [b"etc/link", b"etc/nothing"], "import", "-l", "base", "-i", link, "link")
    home.run("import", "-i", LAYER_TAR, "windows")
    for parts in ([entry(b"etc/passwd", data=b"root")], [entry(b"dev/null", b"3", major=1, minor=3)]):
        refused(home, [b"looks like one of Linux", b"'windows' is a Windows layer"], "import", "-l", "windows", "-i",
                put(home, "linux.tar", *parts), "child")


def main():
    for test in (long_names_are_told_apart, long_names_that_differ_in_case_are_one, pseudo_links_are_links,
                 an_opaque_root_is_converted, the_last_of_a_name_counts, errors_say_what_is_meant):
        with Home() as home:
            test(home)
            home.assert_clean()
        print("ok:", test.__name__)
    if os.geteuid() != 0:
        print("skipped: impossible_attributes_hinder_nothing: only root can mount")
        return
    with Home() as home:
        impossible_attributes_hinder_nothing(home)
        home.assert_clean()
    print("ok: impossible_attributes_hinder_nothing")


main()
