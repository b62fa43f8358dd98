#!/usr/bin/env python3
"""Hives against hivex: what wcl writes hivex reads, and what wcl shows as a .reg file makes the same hive again."""
import random

from registry_common import *

DEBIANS = "/usr/bin/python3"  # which has python3-hivex, if another comes first in the PATH

try:
    import hivex
except ImportError:
    if os.path.exists(DEBIANS) and os.path.realpath(DEBIANS) != os.path.realpath(sys.executable):
        os.execv(DEBIANS, [DEBIANS, *sys.argv])
    skip("not installed: python3-hivex")

SEED = int(os.environ.get("WCL_TEST_SEED", "20"))
KEYS = 3000


ASCII = ["abcXYZ019 .-_"]
ALL = ASCII + ["\u00e4\u00f6\u00df\u00e9", "\u0430\u0431\u0432\u4e2d\U0001F600"]


def random_name(chance, alphabets):
    alphabet = chance.choice(alphabets)
    return "".join(chance.choice(alphabet) for _ in range(chance.randint(1, 24)))


def random_value(chance, alphabets):
    kind = chance.choice([0, 1, 2, 3, 4, 5, 7, 11, 11, 0x1234])
    if kind in (1, 2):
        return kind, sz("".join(chance.choice("ab\"\\% " + alphabets[-1]) for _ in range(chance.randint(0, 40))))[1]
    if kind == 7:
        return kind, "".join("item%d\0" % i for i in range(chance.randint(0, 5))).encode("utf-16-le") + b"\0\0"
    if kind in (4, 5, 11):
        return kind, chance.randbytes(8 if kind == 11 else 4)
    return kind, chance.randbytes(chance.choice([0, 1, 3, 4, 5, 100, 4000, 16344, 16345, 50000 if chance.random() < 0.1 else 7]))


def random_tree(alphabets):
    chance = random.Random(SEED)
    root = Key()
    keys = [root]
    while len(keys) < KEYS:
        parent = chance.choice(keys[-40:] if chance.random() < 0.5 else keys)
        name = random_name(chance, alphabets)
        if name.upper() in (other.upper() for other in parent.keys):
            continue
        parent.keys[name] = Key()
        keys.append(parent.keys[name])
    for key in keys:
        for _ in range(chance.choice([0, 0, 1, 2, 5])):
            name = chance.choice(["", random_name(chance, alphabets)])
            if name.upper() not in (other.upper() for other in key.values):
                key.values[name] = random_value(chance, alphabets)
    return root


def read_by_hivex(path):
    peer = hivex.Hivex(path)
    found = {}

    def walk(node, where):
        values = {}
        for value in peer.node_values(node):
            values[peer.value_key(value)] = peer.value_value(value)
        found[where] = values
        for child in peer.node_children(node):
            walk(child, where + (peer.node_name(child),))
    walk(peer.root(), ())
    return found


def values_by_path(root):
    return {where: key.values for where, key in root.walk()}


def hivex_reads_what_is_written(home):
    root = random_tree(ALL)
    wanted = values_by_path(root)
    print("seed %d: %d keys, %d values" % (SEED, len(wanted), sum(map(len, wanted.values()))))
    make_hive(home.path("made"), root)
    assert read_by_hivex(home.path("made")) == wanted, "hivex reads another hive"
    told = shown(home, "-r", layer_tar(home, "layer", {"Software_Base": root}), "HKLM\\SOFTWARE")
    assert {tuple(name.split("\\")[2:]) for name in told} == set(wanted)
    for name, key in told.items():
        assert values_of(key) == expected(wanted[tuple(name.split("\\")[2:])]), name


def hivexregedit_makes_the_hive_again(home):
    """It takes a .reg file in UTF-8, and of strings what is ASCII."""
    root = random_tree(ASCII)
    tar = layer_tar(home, "layer", {"Software_Base": root})
    reg = home.run("registry", "--reg", "-r", tar, "HKLM\\SOFTWARE").stdout.decode("utf-16").replace("\r\n", "\n")
    with open(home.path("file.reg"), "w") as file:
        file.write(reg)
    make_hive(home.path("again"), Key())
    subprocess.run(["hivexregedit", "--merge", "--prefix", "HKEY_LOCAL_MACHINE\\SOFTWARE", home.path("again"),
                    home.path("file.reg")], check=True)
    again, wanted = read_by_hivex(home.path("again")), values_by_path(root)
    assert again == wanted, next((where, again.get(where), wanted.get(where))
                                 for where in {**again, **wanted} if again.get(where) != wanted.get(where))


def main():
    need_tools("hivexregedit")
    with Home() as home:
        hivex_reads_what_is_written(home)
        hivexregedit_makes_the_hive_again(home)
    print("registry_peers: passed")


main()
