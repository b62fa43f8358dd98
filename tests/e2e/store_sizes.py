#!/usr/bin/env python3
"""What a tar declares costs nothing: holes of a petabyte are compared and passed over as holes, and whatever has to be
written in full, inflated or held in memory is refused over a limit that an option raises. A command that does work
without an end here is ended by the test's time limit."""
import gzip
import json
import os

from store_common import Home
from tar_common import END, entry, header, sparse

PETABYTE = 1 << 50


def put(home, name, data):
    path = home.path(name)
    with open(path, "wb") as file:
        file.write(data)
    return path


def refused(home, words, *arguments):
    done = home.run(*arguments, check=False)
    message = done.stderr.decode()
    assert done.returncode == 1, "%s: exit %d: %s" % (arguments, done.returncode, message)
    for word in words:
        assert word in message, "%r is not in: %s" % (word, message)


def holes_are_compared_as_holes(home):
    big = sparse(b"big", PETABYTE + 512, [(PETABYTE, b"x" * 512)])
    one, two = put(home, "one.tar", big + END), put(home, "two.tar", entry(b"pad") + big + END)
    home.run("import", "-i", one, "one")
    home.run("import", "-i", two, "two")
    assert home.run("diff", "two", "one").stdout == b"A /pad\n", home.run("diff", "two", "one").stdout
    other = sparse(b"big", PETABYTE + 512, [(PETABYTE, b"y" * 512)])
    home.run("import", "-i", put(home, "other.tar", other + END), "other")
    assert home.run("diff", "one", "other").stdout == b"C /big\n", home.run("diff", "one", "other").stdout


def zeros_equal_holes(home):
    data = b"x" * 4096
    plain = entry(b"f", data=data + bytes(1 << 20) + data)
    holed = sparse(b"f", (1 << 20) + 8192, [(0, data), ((1 << 20) + 4096, data)])
    links = entry(b"g", b"1", link=b"f") + entry(b"h", b"1", link=b"f")
    for name, tar in (("plain", plain), ("holed", holed), ("plain-linked", plain + links),
                      ("holed-linked", holed + links)):
        home.run("import", "-i", put(home, name + ".tar", tar + END), name)
    assert home.run("diff", "plain", "holed").stdout == b""
    assert home.run("diff", "plain-linked", "holed-linked").stdout == b""
    changed = put(home, "changed.tar", holed.replace(b"x" * 512, b"z" * 512, 1) + links + END)
    home.run("import", "-i", changed, "changed")
    assert home.run("diff", "plain-linked", "changed").stdout == b"C /f\nC /g\nC /h\n"


def holes_are_listed_and_shown_as_holes(home):
    """In layers of both systems, of one layer and of what a chain comes to."""
    for name, path, folder in (("linux", b"big", b""), ("windows", b"Files/big", header(b"Files", b"5"))):
        tar = folder + sparse(path, PETABYTE, [(0, b"x" * 512)]) + END
        home.run("import", "--os", name, "-i", put(home, name + ".tar", tar), name)
        for options in ([], ["--merged"]):
            rows = [json.loads(line) for line in home.run("list", "-R", "--json", *options, name).stdout.splitlines()]
            assert [row["size"] for row in rows if row["path"] == path.decode()] == [PETABYTE], rows
        small = folder + sparse(path, 1 << 20, [(4096, b"y" * 512)]) + END
        home.run("import", "--os", name, "-i", put(home, "small.tar", small), name + "-small")
        shown = home.run("cat", name + "-small", path.decode()).stdout
        assert shown == bytes(4096) + b"y" * 512 + bytes((1 << 20) - 4608), len(shown)


def what_is_written_in_full_is_limited(home):
    tar = put(home, "petabyte.tar", sparse(b"big", PETABYTE, [(0, b"x" * 512)]) + END)
    out = home.path("out.tar")
    refused(home, ["big", "holes", "137438953472 bytes", "--max-size"], "convert", "--to", "oci", tar, out)
    refused(home, ["big", "1048576 bytes", "--max-size"], "convert", "--max-size", "1M", "--to", "oci", tar, out)
    refused(home, ["big", "holes"], "append", "-t", "it", "scratch", tar)
    assert not os.path.exists(out)
    small = put(home, "small.tar", sparse(b"big", 1 << 20, [(0, b"x" * 512)]) + END)
    refused(home, ["big", "1048576 bytes"], "convert", "--max-size", "1M", "--to", "oci", small, out)
    home.run("import", "-i", small, "small")
    home.run("convert", "--max-size", "2M", "--to", "oci", small, out)
    assert os.path.getsize(out) > 1 << 20
    home.run("convert", "--to", "dir", small, home.path("folder"))
    assert os.path.getsize(home.path("folder", "big")) == 1 << 20


def limits_name_themselves(home):
    many = put(home, "many.tar", b"".join(header(b"%d" % i) for i in range(100)) + END)
    refused(home, ["99 entries", "--max-entries"], "import", "-i", many, "--max-entries", "99", "many")
    refused(home, ["99 entries", "--max-entries"], "convert", "--max-entries", "99", "--to", "oci", many, "-")
    refused(home, ["1048576 bytes of memory", "--max-memory"], "import", "-i", many, "--max-memory", "1M", "many")
    refused(home, ["51200 bytes", "--max-size"], "import", "-i", many, "--max-size", "50K", "many")
    assert home.run("import", "-i", many, "--max-entries", "x", "many", check=False).returncode == 2
    home.run("import", "-i", many, "--max-entries", "100", "many")
    # A path implies folders, which cost as much as entries do; those of a whiteout are made when all else is there.
    for kind, end in (("file", b"/f"), ("whiteout", b"/.wh.f")):
        deep = put(home, kind + ".tar", entry(b"/".join([b"a"] * 1000) + end) + END)
        for command in (("import", "-i", deep), ("import", "-l", "many", "-i", deep)):
            refused(home, ["999 entries", "imply"], *command, "--max-entries", "999", "deep")
        refused(home, ["999 entries", "imply"], "convert", "--max-entries", "999", "--to", "dir", deep, home.path("o"))
        home.run("import", "-l", "many", "-i", deep, "--max-entries", "1001", kind)
    deep = put(home, "deep.tar", b"".join(entry(b"%d/" % i + b"/".join([b"a"] * 1000) + b"/.wh.f") for i in range(40)) + END)
    refused(home, ["2097152 bytes of memory"], "import", "-l", "many", "-i", deep, "--max-memory", "2M", "deep")
    # Zeros are inflated to a thousand times their size and more.
    bomb = put(home, "bomb.tar.gz", gzip.compress(entry(b"zeros", data=bytes(200 << 20)) + END, 9))
    refused(home, ["1000 times", "--max-ratio"], "import", "-i", bomb, "bomb")
    refused(home, ["1000 times", "--max-ratio"], "convert", "--to", "oci", bomb, os.devnull)
    refused(home, ["10 times", "--max-ratio"], "import", "-i", bomb, "--max-ratio", "10", "bomb")
    home.run("import", "-i", bomb, "--max-ratio", "none", "bomb")


def main():
    for test in (holes_are_compared_as_holes, zeros_equal_holes, holes_are_listed_and_shown_as_holes, what_is_written_in_full_is_limited,
                 limits_name_themselves):
        with Home() as home:
            test(home)
            home.assert_clean()
        print("ok:", test.__name__)


main()
