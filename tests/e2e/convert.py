#!/usr/bin/env python3
"""Conversions lose nothing, what they write is read by everybody else's programs, and hostile input gets an error that
says which entry and why, and leaves nothing."""
import io
import re
import resource
import struct
import tarfile

from store_common import *


def tar_entries(path):
    """Name -> the bytes of all of the entry's blocks, headers and data, by the offsets that Python's tarfile has."""
    found = {}
    with tarfile.open(path) as tar:
        members = tar.getmembers()
        data = open(path, "rb").read()
        starts = [member.offset for member in members]
        for i, member in enumerate(members):
            end = starts[i + 1] if i + 1 < len(starts) else member.offset_data + (member.size + 511) // 512 * 512
            found[member.name] = data[starts[i]:end]
    return found


def there_and_back(home):
    original = tar_entries(LAYER_TAR)
    home.run("convert", "--to", "transport", LAYER_TAR, home.path("transport"))
    home.run("convert", "--to", "oci", home.path("transport"), home.path("from-transport.tar"))
    home.run("convert", "--to", "dir", LAYER_TAR, home.path("dir"))
    home.run("convert", "--to", "oci", home.path("dir"), home.path("from-dir.tar"))
    for name in ("from-transport.tar", "from-dir.tar"):
        again = tar_entries(home.path(name))
        assert set(again) == set(original), (name, set(again) ^ set(original))
        for entry, data in original.items():
            # A transport folder keeps a hard link's two names only, in links.txt; its own times are not there.
            if name == "from-transport.tar" and entry == "Files/Windows/link-to-notepad.exe":
                continue
            assert again[entry] == data, (name, entry)
    # And a generated layer with everything in it, by its listing (order aside).
    generate(home.path("gen.tar"), seed=11, entries=1500, bytes=20_000_000, base=True)
    key = lambda entry: entry["path"]
    expected = sorted(home.entries(home.path("gen.tar")), key=key)
    for to in ("transport", "dir"):
        home.run("convert", "--to", to, home.path("gen.tar"), home.path("gen." + to))
        home.run("convert", "--to", "oci", home.path("gen." + to), home.path("gen2.tar"))
        got = sorted(home.entries(home.path("gen2.tar")), key=key)
        for a, b in zip(expected, got):
            if a["kind"] == "hardlink" or b["kind"] == "hardlink":
                continue  # which of a file's names is the first is the folder's order
            assert a == b, (to, a, b)
        assert [e["path"] for e in got] == [e["path"] for e in expected], to
        assert sum(e["kind"] == "hardlink" for e in got) == sum(e["kind"] == "hardlink" for e in expected), to
        shutil.rmtree(home.path("gen." + to))


def others_read_it(home):
    """bsdtar, GNU tar and Python see the same names, sizes, times and links, without a warning."""
    home.run("convert", "--to", "oci", home.path("gen.tar"), home.path("out.tar.gz"))
    ours = {}
    for entry in home.entries(home.path("out.tar.gz")):
        name = entry["path"]
        if entry["deleted"]:
            name = os.path.join(os.path.dirname(name), ".wh." + os.path.basename(name))
        ours[name] = entry
    with tarfile.open(home.path("out.tar.gz")) as tar:
        for member in tar:
            base, colon, stream = member.name.partition(":")
            entry = ours[base]
            if colon:
                assert {"name": ":%s:$DATA" % stream, "size": member.size} in entry["streams"], member.name
                continue
            if member.isreg():
                assert member.size == entry["size"], member.name
            if member.islnk():
                assert member.linkname == entry["target"], member.name
            if member.issym():
                assert member.linkname == entry["target"], member.name
            if entry["kind"] in ("file", "directory"):
                ticks = entry["last_write_time"] - 116444736000000000
                assert abs(float(member.mtime) - ticks / 1e7) < 1e-3, (member.name, member.mtime, ticks)
    names = sorted(member for member in tarfile.open(home.path("out.tar.gz")).getnames())
    for command in (["bsdtar", "-tf"], ["tar", "--warning=no-unknown-keyword", "-tf"]):
        done = subprocess.run([*command, home.path("out.tar.gz")], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=dict(os.environ, LC_ALL="C.UTF-8"), check=True)
        assert not done.stderr, (command, done.stderr)
        unquoted = [re.sub(r"\\([0-7]{3})", lambda m: chr(int(m.group(1), 8)), line)
                    .encode("latin-1", "surrogateescape") if "\\" in line else line.encode()
                    for line in done.stdout.decode("utf-8", "surrogateescape").splitlines()]
        assert sorted(line.rstrip(b"/") for line in unquoted) == sorted(name.encode() for name in names), command


def add(tar, name, data=b"", **change):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in change.items():
        setattr(info, key, value)
    tar.addfile(info, io.BytesIO(data))


def make(path, entries):
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        add(tar, "Files", type=tarfile.DIRTYPE, pax_headers={"MSWINDOWS.fileattr": "16"})
        for name, change in entries:
            add(tar, name, **change)
    return path


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))


def refuse(home, tar, words, *options):
    """Every conversion fails with all of the words, within bounded memory, and leaves nothing."""
    outside = sorted(os.listdir(home.work))
    for to in ("oci", "transport", "dir"):
        done = home.run("convert", *options, "--to", to, tar, home.path("target"), check=False, preexec_fn=limited)
        text = done.stderr.decode(errors="replace")
        assert done.returncode == 1, (to, tar, done.returncode, text)
        for word in words:
            assert word in text, (to, word, text)
        assert sorted(os.listdir(home.work)) == outside, (to, set(os.listdir(home.work)) ^ set(outside))


def hostile(home):
    bad = home.path("bad.tar")
    whole = open(LAYER_TAR, "rb").read()
    open(bad, "wb").write(whole[:700_000])
    refuse(home, bad, ["sparse.db"])
    open(bad, "wb").write(whole[:900])
    refuse(home, bad, [])
    open(bad, "wb").write(b"this is no tar at all\n" * 100)
    refuse(home, bad, ["tar"])
    open(bad, "wb").write(b"")
    refuse(home, bad, ["empty"])
    # A header that says 5 GB, and nothing behind it.
    make(bad, [("Files/huge", dict(data=b"x"))])
    data = bytearray(open(bad, "rb").read())
    at = data.find(b"Files/huge\0")
    data[at + 124:at + 136] = b"\x80" + b"\0" * 3 + struct.pack(">Q", 5 << 30)
    data[at + 148:at + 156] = b" " * 8
    data[at + 148:at + 156] = b"%06o\0 " % sum(data[at:at + 512])
    open(bad, "wb").write(data)
    refuse(home, bad, ["Files/huge"])
    for name, words in (("Files/../../../etc/passwd", ["..", "Files/../../../etc/passwd"]),
                        ("Files/C:/Windows", ["C:"]), ("Files/a:b/c", ["a:b"]), ("Files/back\\slash", ["back"])):
        make(bad, [(name, dict(data=b"x"))])
        refuse(home, bad, words)
    make(bad, [("Files/" + "d/" * 10_000 + "x", dict(data=b"x"))])
    refuse(home, bad, ["Files/d/d"])
    make(bad, [("Files/x", dict(data=b"x", pax_headers={"MSWINDOWS.rawsd": "not base64!"}))])
    refuse(home, bad, ["Files/x", "MSWINDOWS.rawsd"])
    make(bad, [("Files/x", dict(data=b"x", pax_headers={"MSWINDOWS.xattr.BIG": "A" * (100 << 20)}))])
    refuse(home, bad, [])
    # A gzip bomb, stopped by --max-size.
    bomb = home.path("bomb.tar.gz")
    with open(bomb, "wb") as out:
        packer = subprocess.Popen(["gzip", "-1"], stdin=subprocess.PIPE, stdout=out)
        with tarfile.open(fileobj=packer.stdin, mode="w|", format=tarfile.PAX_FORMAT) as tar:
            info = tarfile.TarInfo("Files/zeros")
            info.size = 600 << 20
            info.pax_headers = {"MSWINDOWS.fileattr": "32"}

            class Zeros:
                def read(self, size):
                    return bytes(size)

            tar.addfile(info, Zeros())
        packer.stdin.close()
        assert packer.wait() == 0
    refuse(home, bomb, ["Files/zeros"], "--max-size", "100M")
    # Bits flipped in the compressed form are always noticed.
    packed = bytearray(subprocess.run(["gzip", "-c", LAYER_TAR], stdout=subprocess.PIPE, check=True).stdout)
    for at in range(1000, len(packed), len(packed) // 7):
        damaged = bytearray(packed)
        damaged[at] ^= 0x10
        open(home.path("bad.tar.gz"), "wb").write(damaged)
        refuse(home, home.path("bad.tar.gz"), [])


def usage(home):
    assert home.run("convert", check=False).returncode == 2
    assert home.run("convert", "--to", "zip", "a", "b", check=False).returncode == 2
    assert home.run("frobnicate", check=False).returncode == 2
    done = home.run("list", home.path("nowhere.tar"), check=False)
    assert done.returncode == 1 and done.stderr.startswith(b"wcl: ") and b"(code " in done.stderr, done.stderr
    os.mkdir(home.path("full"))
    open(home.path("full", "x"), "w").close()
    done = home.run("convert", "--to", "dir", LAYER_TAR, home.path("full"), check=False)
    assert done.returncode == 1 and os.listdir(home.path("full")) == ["x"], done.stderr
    sddl = "O:BAG:SYD:(A;OICI;FA;;;SY)"
    raw = home.run("sddl", sddl).stdout.decode().strip()
    assert home.run("sddl", raw).stdout.decode().strip() == sddl
    assert b"d2b9750a-3588-5ff4-a2bc-7c0f86a95eb4" in home.run("guid", "cowork-vm-929216c6").stdout
    assert home.json("info")["version"]
    path = "Files/Windows/zone.url"
    assert home.run("cat", LAYER_TAR, path + ":Zone.Identifier").stdout == b"[ZoneTransfer]\r\nZoneId=3\r\n"
    assert len(home.run("cat", LAYER_TAR, path.lower()).stdout) == 77
    assert home.run("cat", LAYER_TAR, "Files/Windows/link-to-notepad.exe").stdout == home.run(
        "cat", LAYER_TAR, "Files\\Windows\\notepad.exe").stdout
    assert home.json("stat", LAYER_TAR, path)["streams"][1] == {"name": ":second stream:$DATA", "size": 1500}
    # From a pipe, and to one.
    piped = home.run("convert", "--to", "oci", "-", "-", stdin=open(LAYER_TAR, "rb")).stdout
    assert hashlib.sha256(piped).hexdigest() == sha256(LAYER_TAR)


def main():
    need_tools("bsdtar")
    with Home() as home:
        for test in (usage, there_and_back, others_read_it, hostile):
            test(home)
            print("convert:", test.__name__)
    print("convert: passed")


main()
