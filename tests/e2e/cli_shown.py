#!/usr/bin/env python3
"""Names that would move a terminal's cursor, end a line or turn the writing around are shown escaped, in what commands
print and in their errors; as JSON they are UTF-8, and come back byte for byte."""
import io
import tarfile
import unicodedata

from store_common import *

NAMES = [b"plain", b"caf\xe9", "café".encode(), b"\xff\xfe", b"red\x1b[31m", b"line\nA forged", b"back\r\x08space",
         "gnp\u202etxt.exe".encode(), "\u2066isolate\ufeff".encode(), b"c1\xc2\x9b2J", b"half\xed\xa0\x80", b"\\x1b",
         b"quote\"back\\slash", b"\x7f"]


def fit(output, what):
    """Valid UTF-8 of characters that one can see, in lines."""
    text = output.decode()  # raises where it is not UTF-8
    for character in text.replace("\n", ""):
        assert unicodedata.category(character) not in ("Cc", "Cf", "Cs"), (what, output)
    return text


def shown(name):
    """As docs/wcl.1 says it."""
    text = ""
    for character in name.decode("utf-8", "surrogateescape"):
        as_is = unicodedata.category(character) not in ("Cc", "Cf", "Cs")
        text += character if as_is else "".join("\\x%02x" % byte for byte in
                                                character.encode("utf-8", "surrogateescape"))
    return text.replace("\\x1b", "\\x5cx1b") if b"\\x1b" in name else text


def bytes_of(text):
    return text.encode("utf-8", "surrogateescape")


def make_tar(path):
    with tarfile.open(path, "w", encoding="utf-8", errors="surrogateescape") as out:
        for name in NAMES:
            info = tarfile.TarInfo(name.decode("utf-8", "surrogateescape"))
            info.size = 1
            out.addfile(info, io.BytesIO(b"1"))
        link = tarfile.TarInfo("a link")
        link.type = tarfile.SYMTYPE
        link.linkname = NAMES[4].decode()
        out.addfile(link)


def tables(home, tar):
    for layer in ("layer", tar):
        text = fit(home.run("list", "-R", layer).stdout, "list")
        lines = text.splitlines()
        assert len(lines) == len(NAMES) + 1, lines
        for name in NAMES:
            assert any(line.endswith(" " + shown(name)) for line in lines), (name, text)
        assert any(line.endswith("a link -> " + shown(NAMES[4])) for line in lines), text
    changes = fit(home.run("diff", "layer").stdout, "diff").splitlines()
    assert sorted(changes) == sorted("A /" + shown(name) for name in NAMES + [b"a link"]), changes
    for name in NAMES:
        if b"\\" not in name:
            text = fit(home.run("stat", "layer", name.decode("utf-8", "surrogateescape")).stdout, "stat")
            assert text.splitlines()[0] == "path:        " + shown(name), text


def documents(home):
    lines = home.run("list", "-R", "--json", "layer").stdout
    assert sorted(bytes_of(json.loads(line)["path"]) for line in fit(lines, "list").splitlines()) == \
        sorted(NAMES + [b"a link"])
    changes = json.loads(fit(home.run("diff", "--json", "layer").stdout, "diff"))
    assert sorted(bytes_of(change["path"]) for change in changes) == sorted(b"/" + name for name in NAMES + [b"a link"])
    one = json.loads(fit(home.run("stat", "--json", "layer", "caf\udce9").stdout, "stat"))
    assert bytes_of(one["path"]) == b"caf\xe9", one
    link = json.loads(fit(home.run("stat", "--json", "layer", "a link").stdout, "stat"))
    assert bytes_of(link["target"]) == NAMES[4], link
    if shutil.which("jq"):
        done = subprocess.run(["jq", "-r", ".path"], input=lines, stdout=subprocess.PIPE, check=True)
        assert "plain\n" in done.stdout.decode()


def errors(home):
    for name in NAMES[1:]:
        text = name.decode("utf-8", "surrogateescape")
        for command in ([text], ["list", text], ["stat", "layer", text + "?"], ["cat", "layer", text + "?"],
                        ["import", "-i", "/dev/null/" + text, "new"], ["import", "-i", "/dev/null", text],
                        ["export", text], ["remove", text], ["mount", text], ["pull", text], ["tag", text, "x"],
                        ["inspect", text], ["rmi", text], ["load", "-i", "/dev/null/" + text], ["list", "--" + text],
                        ["layers", text], ["create", "-l", text, "new"], ["convert", "--to", text, "a", "b"],
                        ["convert", "--to", "oci", "/dev/null/" + text, "-"], ["guid", "x", text], ["sddl", text],
                        ["append", "-t", text, "scratch", "/dev/null"], ["network", text], ["wait", text]):
            done = home.run(*command, check=False)
            assert done.returncode in (1, 2), (command, done)
            lines = fit(done.stderr, command).splitlines()
            assert len(lines) == (1 if done.returncode == 1 else len(lines)) and len(lines) <= 2, (command, lines)


def main():
    with Home() as home:
        tar = home.path("in.tar")
        make_tar(tar)
        home.run("import", "--os", "linux", "-i", tar, "layer")
        tables(home, tar)
        documents(home)
        errors(home)
        home.assert_clean()
    print("cli_shown: passed")


main()
