#!/usr/bin/env python3
"""`wcl registry` of layers: what the hives of a chain make up, and what each of them says."""
import resource

from registry_common import *

APP = "HKLM\\SOFTWARE\\App"


def base():
    return {"Software_Base": Key(keys={
        "App": Key({"Path": sz("C:\\app"), "Level": dword(1), "Gone": sz("x")},
                   {"Plugins": Key(keys={"One": Key({"": sz("one")}), "Two": Key()}),
                    "Cache": Key({"Size": dword(5)}, {"Old": Key()})}),
        "Removed": Key({"v": dword(1)}, {"Below": Key()})}),
        "System_Base": Key(keys={"ControlSet001": Key({"n": dword(7)})})}


def middle():
    return {"Software_Delta": Key(keys={
        "app": Key({"LEVEL": dword(2), "Gone": None},
                   {"Plugins": Key({"new": sz("n")}, semantics=SUPERSEDE_KEY),
                    "Cache": Key({"Fresh": dword(9)}, semantics=SUPERSEDE_TREE)}),
        "Removed": Key(semantics=TOMBSTONE)})}


def top():
    return {"Software_Delta": Key(keys={"App": Key({"Level": dword(3)}),
                                        "Removed": Key({"back": sz("again")})})}


def the_chain_is_merged(home):
    keys = shown(home, "-r", "top", "HKLM\\software")
    names = {name[len("HKLM\\software"):].lower() for name in keys}
    assert names == {"", "\\app", "\\app\\plugins", "\\app\\plugins\\one", "\\app\\plugins\\two", "\\app\\cache",
                     "\\removed"}, names
    app = next(key for name, key in keys.items() if name.lower().endswith("\\app"))
    values = {name.lower(): value["data"] for name, value in values_of(app).items()}
    assert values == {"path": "C:\\app", "level": 3}, values
    layers = {value["name"].lower(): value["layer"] for value in app["values"]}
    assert layers == {"path": "base", "level": "top"}, layers
    cache = next(key for name, key in keys.items() if name.endswith("\\Cache"))
    assert values_of(cache) == expected({"Fresh": dword(9)})
    plugins = next(key for name, key in keys.items() if name.endswith("\\Plugins"))
    assert values_of(plugins) == expected({"new": sz("n")})
    removed = next(key for name, key in keys.items() if name.endswith("\\Removed"))
    assert values_of(removed) == expected({"back": sz("again")})
    # Below the topmost layer the chain is another.
    assert "HKLM\\SOFTWARE\\Removed" not in shown(home, "-r", "middle", "HKLM\\SOFTWARE")
    assert "HKLM\\SOFTWARE\\Removed\\Below" in shown(home, "-r", "base", "HKLM\\SOFTWARE")


def a_layer_tells_what_it_deletes(home):
    text = home.run("registry", "--layer", "-r", "middle", "HKLM\\SOFTWARE").stdout.decode()
    assert "HKLM\\SOFTWARE\\Removed    (deleted)\n" in text, text
    assert "    Gone    (deleted)\n" in text and "\\Cache    (supersedes-tree)\n" in text, text
    key = shown(home, "--layer", "middle", APP)[APP]
    assert {value["name"]: value["deleted"] for value in key["values"]} == {"LEVEL": False, "Gone": True}, key
    reg = home.run("registry", "--layer", "--reg", "-r", "middle", "HKLM\\SOFTWARE").stdout.decode("utf-16")
    lines = reg.split("\r\n")
    assert lines[0] == "Windows Registry Editor Version 5.00"
    for line in ("[-HKEY_LOCAL_MACHINE\\SOFTWARE\\Removed]", '"Gone"=-', '"LEVEL"=dword:00000002',
                 "[-HKEY_LOCAL_MACHINE\\SOFTWARE\\app\\Cache]"):
        assert line in lines, (line, lines)
    assert lines.index("[-HKEY_LOCAL_MACHINE\\SOFTWARE\\app\\Cache]") < lines.index("[HKEY_LOCAL_MACHINE\\SOFTWARE\\app\\Cache]")


def keys_and_values_are_named_as_on_windows(home):
    for path in ("HKLM\\SOFTWARE\\APP", "hkey_local_machine\\software\\app", "\\HKLM\\Software\\aPP\\"):
        done = home.run("registry", "--value", "level", "top", path).stdout.decode()
        assert done.splitlines()[-1].split() == ["Level", "REG_DWORD", "0x3"], done
    assert home.run("registry", "top").stdout == b"HKLM\\SOFTWARE\nHKLM\\SYSTEM\n"
    assert home.run("registry", "top", "HKLM").stdout == b"HKLM\\SOFTWARE\nHKLM\\SYSTEM\n"
    shallow = home.run("registry", "top", APP).stdout.decode()
    assert "\\Plugins\n" in shallow and "One" not in shallow, shallow


def what_is_not_there_is_said(home, tar):
    for arguments, words in ((["top", "HKLM\\SOFTWARE\\Nope"], b"Nope"), (["top", "HKU\\.DEFAULT"], b"neither the layer nor what it stands on has a hive"),
                             (["--value", "nope", "top", APP], b"nope"), (["missing", APP], b"missing")):
        done = home.run("registry", *arguments, check=False)
        assert done.returncode == 1 and words in done.stderr, (arguments, done)
    for arguments in (["top", "HKCU\\X"], ["--json", "--reg", "top", APP], ["--json", "top"],
                      ["-r", "--value", "x", "top", APP]):
        assert home.run("registry", *arguments, check=False).returncode == 2, arguments
    # A tar stands on nothing.
    assert list(shown(home, "-r", tar, "HKLM\\SYSTEM")) == ["HKLM\\SYSTEM", "HKLM\\SYSTEM\\ControlSet001"]


def a_damaged_hive_is_refused(home, tar):
    with open(tar, "rb") as file:
        data = bytearray(file.read())
    data[data.index(b"hbin") + 32 + 4 + 28] ^= 0xFF
    with open(home.path("damaged.tar"), "wb") as file:
        file.write(data)
    done = home.run("registry", "-r", home.path("damaged.tar"), "HKLM\\SOFTWARE", check=False)
    assert done.returncode == 1 and b"HKLM\\SOFTWARE" in done.stderr, done


def a_hole_takes_no_memory(home):
    """A sparse file of 20 GiB in a tar of 10 KiB."""
    tar = home.path("sparse.tar")
    with open(home.path("Software_Base"), "wb") as file:
        file.truncate(20 << 30)
        file.seek(10 << 30)
        file.write(b"regf")
    os.makedirs(home.path("sparse/Files"))
    os.makedirs(home.path("sparse/Hives"))
    os.rename(home.path("Software_Base"), home.path("sparse/Hives/Software_Base"))
    subprocess.run(["tar", "--sparse", "--format=pax", "-cf", tar, "-C", home.path("sparse"), "Files", "Hives"], check=True)
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))
    done = home.run("registry", tar, "HKLM\\SOFTWARE", check=False, preexec_fn=limit)
    assert done.returncode == 1 and b"it has holes of more than 64 MiB" in done.stderr, done


def names_cannot_act_on_a_terminal(home):
    odd = "\x1b[31m\u202eexe.txt\n\"quoted\" \u00e4\U0001F600"
    tar = layer_tar(home, "odd", {"System_Base": Key(keys={odd: Key({odd: sz(odd)})})})
    text = home.run("registry", "-r", tar, "HKLM\\SYSTEM").stdout
    assert b"\x1b" not in text and "\u202e".encode() not in text and text.count(b"\n") == 5, text
    keys = shown(home, "-r", tar, "HKLM\\SYSTEM")
    assert values_of(keys["HKLM\\SYSTEM\\" + odd]) == expected({odd: sz(odd)}), keys
    done = home.run("registry", "--reg", "-r", tar, "HKLM\\SYSTEM", check=False)
    assert done.returncode == 1 and b"line break" in done.stderr, done


def main():
    with Home() as home:
        tars = {name: layer_tar(home, name, hives)
                for name, hives in (("base", base()), ("middle", middle()), ("top", top()))}
        home.run("import", "-i", tars["base"], "base")
        home.run("import", "-l", "base", "-i", tars["middle"], "middle")
        home.run("import", "-l", "middle", "-i", tars["top"], "top")
        the_chain_is_merged(home)
        a_layer_tells_what_it_deletes(home)
        keys_and_values_are_named_as_on_windows(home)
        what_is_not_there_is_said(home, tars["base"])
        a_damaged_hive_is_refused(home, tars["base"])
        a_hole_takes_no_memory(home)
        names_cannot_act_on_a_terminal(home)
    print("registry_layers: passed")


main()
