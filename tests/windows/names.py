#!/usr/bin/env python3
"""Names with every printable character of the BMP, and some beyond it, survive folders of Wine's file system and the
command line of wcl.exe."""
import io
import json
import os
import tarfile

from windows_common import *

# What no Windows name can have.
IMPOSSIBLE = "/\\:\"*<>?|"


def pieces():
    """All printable characters, 60 to a name; a number in front keeps names apart that differ by case only."""
    printable = [chr(point) for point in range(0x20, 0x10000) if chr(point).isprintable() and chr(point) not in IMPOSSIBLE]
    printable += [chr(point) for point in (0x10000, 0x1F600, 0x2F800, 0xE0100, 0x10FFFD)]
    assert len(printable) > 50000
    return ["%04x" % at + "".join(printable[at:at + 60]) + "." for at in range(0, len(printable), 60)]


def add(tar, path, kind, data=b""):
    info = tarfile.TarInfo(path)
    info.type = kind
    info.size = len(data)
    info.mtime = 1700000000
    info.pax_headers = {"MSWINDOWS.fileattr": "16" if kind == tarfile.DIRTYPE else "32", "LIBARCHIVE.creationtime": "1700000000"}
    tar.addfile(info, io.BytesIO(data))


def write_tar(path, paths):
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        add(tar, "Files", tarfile.DIRTYPE)
        for name, is_folder in paths:
            add(tar, name, tarfile.DIRTYPE if is_folder else tarfile.REGTYPE, b"" if is_folder else name[-20:].encode())


def names_of(listing):
    return {json.loads(line)["path"] for line in listing.splitlines()}


def through_folders(place):
    names = ["Files/" + piece for piece in pieces()]
    write_tar(f"{place}/names.tar", [(name, False) for name in names])
    wanted = names_of(linux("list", "--json", "-R", f"{place}/names.tar"))
    assert set(names) <= wanted, sorted(set(names) - wanted)[:3]
    for form in ("transport", "dir"):
        by_windows, by_linux = f"{place}/windows-{form}", f"{place}/linux-{form}"
        windows("convert", "--to", form, windows_path(f"{place}/names.tar"), windows_path(by_windows))
        windows("convert", "--to", "oci", windows_path(by_windows), windows_path(by_windows + ".tar"))
        linux("convert", "--to", form, f"{place}/names.tar", by_linux)
        linux("convert", "--to", "oci", by_linux, by_linux + ".tar")
        assert names_of(linux("list", "--json", "-R", by_windows + ".tar")) == wanted, form
        with tarfile.open(by_windows + ".tar") as a, tarfile.open(by_linux + ".tar") as b:
            ours = {member.name: (member.pax_headers, a.extractfile(member).read()) for member in a if member.isfile()}
            theirs = {member.name: (member.pax_headers, b.extractfile(member).read()) for member in b if member.isfile()}
        assert ours == theirs, form


def through_arguments(place):
    """Deep folders, so that few command lines hold all of the names."""
    names = pieces()
    deep = ["Files/" + "/".join(names[at:at + 40]) for at in range(0, len(names), 40)]
    for path in deep:
        parts = path.split("/")
        above = [("/".join(parts[:count]), True) for count in range(2, len(parts))]
        write_tar(f"{place}/deep.tar", above + [(path, False)])
        answer = windows("stat", "--json", windows_path(f"{place}/deep.tar"), path)
        assert json.loads(answer)["path"] == path
    assert answer == linux("stat", "--json", f"{place}/deep.tar", path)


with folder() as scratch:
    for number, part in enumerate((through_folders, through_arguments)):
        os.mkdir(f"{scratch}/{number}")
        part(f"{scratch}/{number}")
        print("ok", part.__name__)
