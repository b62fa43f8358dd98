#!/usr/bin/env python3
"""The portable provider and the conversions say and write on Windows what they say and write on Linux."""
import gzip
import json
import os
import subprocess

from windows_common import *


def stored_layers(place):
    """Imports the vector, plain and compressed, and a child; every question has the same answer."""
    homes = {windows: ["--home", windows_path(f"{place}/windows/home")], linux: ["--home", f"{place}/linux/home"]}
    tars = {windows: windows_path, linux: str}
    for path in (f"{place}/windows", f"{place}/linux"):
        os.mkdir(path)
    with open(f"{place}/layer.tar.gz", "wb") as packed:
        packed.write(gzip.compress(open(LAYER_TAR, "rb").read(), mtime=0))
    child = open(f"{SOURCE}/tests/data/vectors/layer.tar", "rb").read()
    questions = [
        (["import", "--json", "-i", LAYER_TAR, "base"], b""),
        (["import", "--json", "-i", f"{place}/layer.tar.gz", "again"], b""),
        (["import", "--json", "-l", "base", "child"], child),
        (["list", "--json", "-R", "base"], b""),
        (["list", "--json", "-R", "--merged", "child"], b""),
        (["stat", "--json", "base", "files/WINDOWS/notepad.EXE"], b""),
        (["cat", "base", "Files/Windows/notepad.exe"], b""),
        (["diff", "--json", "base"], b""),
        (["diff", "--json", "child"], b""),
        (["verify", "--json"], b""),
        (["export", "base"], b""),
        (["export", "--gzip", "child"], b""),
    ]
    for question, given in questions:
        answers = []
        for ask in (windows, linux):
            arguments = [tars[ask](argument) if argument.startswith("/") else argument for argument in question]
            answers.append(ask(*homes[ask], *arguments, given=given))
        if "--gzip" in question:
            answers = [gzip.decompress(answer) for answer in answers]
        assert answers[0] == answers[1], (question, answers[0][:600], answers[1][:600])
        assert answers[0] or question[0] in ("verify", "diff"), question
    assert windows(*homes[windows], "export", "base") == child
    # What one system wrote, the other reads.
    assert linux("--home", f"{place}/windows/home", "verify") == linux(*homes[linux], "verify")
    windows("--home", windows_path(f"{place}/linux/home"), "verify")

    said = windows(*homes[windows], "mount", "base", fails=True)
    assert "needs vmcompute" in said, said
    said = windows(*homes[windows], "create", "-l", "base", "box", fails=True)
    assert "needs vmcompute" in said, said
    said = windows(*homes[windows], "remove", "base", fails=True)
    assert "stands on it" in said, said
    for name in ("child", "base", "again"):
        windows(*homes[windows], "remove", name)
    assert windows(*homes[windows], "layers") == b""
    assert os.listdir(f"{place}/windows/home/.staging") == []


def conversions(place):
    for form in ("transport", "dir"):
        by_windows, by_linux = f"{place}/windows-{form}", f"{place}/linux-{form}"
        windows("convert", "--to", form, windows_path(LAYER_TAR), windows_path(by_windows))
        linux("convert", "--to", form, LAYER_TAR, by_linux)
        windows("convert", "--to", "oci", windows_path(by_windows), windows_path(by_windows + ".tar"))
        linux("convert", "--to", "oci", by_linux, by_linux + ".tar")
        assert same_file(by_windows + ".tar", by_linux + ".tar"), form
        listed = windows("list", "--json", "-R", windows_path(by_windows))
        assert listed == linux("list", "--json", "-R", by_linux), form
    # Backslashes are separators too, and a target that is taken is refused.
    windows("convert", "--to", "dir", windows_path(LAYER_TAR), f"Z:{place}/backslashed".replace("/", "\\"))
    assert os.path.isdir(f"{place}/backslashed/Files")
    said = windows("convert", "--to", "dir", windows_path(LAYER_TAR), windows_path(f"{place}/backslashed"), fails=True)
    assert "not empty" in said, said


def linux_layers(place):
    """Names that Windows cannot hold, owners and modes come back from a folder."""
    tar = f"{place}/odd.tar"
    os.makedirs(f"{place}/odd/etc")
    for name in ("etc/a:b", "etc/what?", "etc/back\\slash", "etc/\"quoted\"", "etc/plain"):
        with open(f"{place}/odd/{name}", "w") as file:
            file.write(name)
        os.chmod(f"{place}/odd/{name}", 0o4751)
    subprocess.run(["tar", "-C", f"{place}/odd", "--format=pax", "-cf", tar, "etc"], check=True)
    windows("convert", "--to", "dir", windows_path(tar), windows_path(f"{place}/odd-dir"))
    windows("convert", "--to", "oci", windows_path(f"{place}/odd-dir"), windows_path(f"{place}/odd-again.tar"))
    linux("convert", "--to", "dir", tar, f"{place}/linux-dir")
    linux("convert", "--to", "oci", f"{place}/linux-dir", f"{place}/linux-again.tar")
    assert same_file(f"{place}/odd-again.tar", f"{place}/linux-again.tar")
    listed = linux("list", "--json", "-R", f"{place}/odd-again.tar").decode()
    assert "back\\\\slash" in listed and '"mode":"4751"' in listed, listed


def refusals(place):
    packed = subprocess.run(["zstd", "-q", "-c", LAYER_TAR], capture_output=True)
    if packed.returncode == 0:
        said = windows("list", "-", fails=True, given=packed.stdout)
        assert "compressed with zstd, which this build of wcl cannot read" in said, said
    home = ["--home", windows_path(f"{place}/refusing")]
    said = windows(*home, "import", "--expect-digest", "sha256:" + "0" * 64, "-i", windows_path(LAYER_TAR), "x", fails=True)
    assert "digest" in said, said
    said = windows(*home, "import", "-i", windows_path(f"{place}/missing"), "x", fails=True)
    assert "No such file" in said, said
    damaged = open(LAYER_TAR, "rb").read()[:100000]
    windows(*home, "import", "x", fails=True, given=damaged)
    assert windows(*home, "layers") == b""
    assert os.listdir(f"{place}/refusing/.staging") == []


def long_paths(place):
    """Homes and targets far beyond MAX_PATH."""
    deep = place + ("/" + "long-" * 20) * 5
    os.makedirs(deep)
    home = ["--home", windows_path(deep + "/home")]
    windows(*home, "import", "-i", windows_path(LAYER_TAR), "deep")
    windows(*home, "verify")
    windows("convert", "--to", "transport", windows_path(LAYER_TAR), windows_path(deep + "/transport"))
    windows("convert", "--to", "oci", windows_path(deep + "/transport"), windows_path(deep + "/again.tar"))
    assert os.path.getsize(deep + "/again.tar") > 1000000


def small_commands(place):
    text = "O:BAG:SYD:(A;;FA;;;WD)"
    for arguments in (["guid", "name"], ["guid", "n\u00e4me \U0001f600"], ["sddl", text], ["--version"],
                      ["sddl", linux("sddl", text).decode().strip()]):
        assert windows(*arguments) == linux(*arguments), arguments
    features = {feature["name"]: feature["available"] for feature in json.loads(windows("info", "--json"))["features"]}
    assert features["vmcompute"] is False and features["inflate"] is True, features


with folder() as scratch:
    for number, part in enumerate((stored_layers, conversions, linux_layers, refusals, long_paths, small_commands)):
        os.mkdir(f"{scratch}/{number}")
        part(f"{scratch}/{number}")
        print("ok", part.__name__)
