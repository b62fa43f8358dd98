#!/usr/bin/env python3
"""What a command costs grows as what it is given: each shape of layer that an attacker would choose is taken at n and
at 2n, and instructions are counted, not seconds. Twice as much may cost two and a half times as much; where paths of
folders in folders are the output, which grows with their square, the same of that.

Each shape is tried with its first command; WCL_TEST_COSTS=1 has larger ones, and all commands."""
import os
import re
import shutil
import subprocess
import tempfile

from store_common import WCL, skip
from tar_common import END, entry, header, pax, sparse

GROWTH = 2.5
ALL = bool(os.environ.get("WCL_TEST_COSTS"))
FEW, DEPTH = (500, 400) if ALL else (150, 150)


def colliding(number, bits):
    """Names in groups of 16 bytes, each in one of two forms, which agree in a hash that folds words in by one
    multiplication, whatever its seed."""
    name = b""
    for bit in range(bits):
        one, two = bytearray(b"abcdefgh"), bytearray(b"ijklmnop")
        if number >> bit & 1:
            one[7] ^= 0x80
            two[7] ^= 0x80
            two[4] ^= 0x04
            two[2] ^= 0x01
        name += bytes(one + two)
    return name


def in_windows(parts):
    return [header(b"Files", b"5"), header(b"Hives", b"5"), *parts]


def deep(depth, end=b"f"):
    return b"/".join([b"a"] * depth) + b"/" + end


SHAPES = {
    # name: (entries for n, n, commands); the depth of folders is what grows where the name says so
    "flat": (lambda n: [header(b"d/%08d" % (n - i)) for i in range(n)], FEW, "import convert"),
    "whiteouts": (lambda n: [header(b"d/.wh.%d" % i) for i in range(n)], FEW, "import-on"),
    "links in a row": (lambda n: [header(b"f0")] + [header(b"f%d" % i, b"1", link=b"f%d" % (i - 1))
                                                   for i in range(1, n)], FEW, "import"),
    "links to one": (lambda n: [entry(b"f", data=b"x" * 2000)] + [header(b"l%d" % i, b"1", link=b"f")
                                                                 for i in range(n)], FEW, "import diff"),
    "one name": (lambda n: [header(b"same") for _ in range(n)], FEW, "import"),
    "links replaced": (lambda n: [part for i in range(n) for part in (header(b"f"), header(b"l%d" % i, b"1", link=b"f"))],
                       FEW, "list"),
    "folders after their files": (lambda n: [header(b"d%d/f" % i) for i in range(n)] +
                                  [header(b"d%d/" % i, b"5") for i in range(n)], FEW, "import list"),
    "folders and links by turns": (lambda n: [part for i in range(n) for part in
                                              (header(b"d/%d" % i), header(b"d", b"2", link=b"x"))], FEW,
                                   "import"),
    "attributes": (lambda n: [part for i in range(n // 50) for part in
                              (pax([(b"SCHILY.xattr.user.%d" % j, b"%d" % i) for j in range(200)]),
                               header(b"f%d" % i))], FEW, "import diff"),
    "records": (lambda n: [pax([(b"comment.%d" % j, b"v") for j in range(10 * n)]), header(b"f")], FEW, "import"),
    "global records": (lambda n: [part for i in range(n) for part in
                                  (header(b"g", b"g", 12), b"12 a=bcdefg\n" + bytes(500), header(b"f%d" % i))], FEW,
                       "import"),
    "holes": (lambda n: [sparse(b"f", n * 1024, [(i * 1024, b"x" * 512) for i in range(n)])], FEW,
              "import diff"),
    "names that collide": (lambda n: [entry(colliding(i, 12)) for i in range(n)], 4 * FEW, "convert"),
    "folders that collide": (lambda n: [entry(colliding(i, 11), b"5") for i in range(n)], FEW, "list"),
    "streams": (lambda n: in_windows([header(b"Files/f")] + [header(b"Files/f:s%d" % i) for i in range(n)]), FEW,
                "import"),
    "depth": (lambda n: [entry(b"%d/" % i + deep(n)) for i in range(5)], DEPTH, "import"),
    "depth given as paths": (lambda n: [entry(b"%d/" % i + deep(n)) for i in range(5)], DEPTH, "list merged convert"),
    "depth of whiteouts": (lambda n: [entry(b"%d/" % i + deep(n, b".wh.f")) for i in range(5)], DEPTH,
                           "import-on"),
    "depth of links": (lambda n: [entry(deep(n))] + [entry(b"l%d" % i, b"1", link=deep(n)) for i in range(20)], DEPTH,
                       "import"),
    "depth in Windows": (lambda n: in_windows([entry(b"Files/%d/" % i + deep(n)) for i in range(5)]), DEPTH, "import"),
}


def instructions(home, *arguments):
    done = subprocess.run(["valgrind", "--tool=cachegrind", "--vgdb=no", "--cache-sim=no", "--cachegrind-out-file=/dev/null", WCL,
                           *arguments], env=dict(os.environ, WCL_HOME=home), stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE)
    assert done.returncode == 0, (arguments, done.stderr.decode(errors="replace"))
    return int(re.search(rb"I\s+refs:\s+([\d,]+)", done.stderr).group(1).replace(b",", b""))


def run(home, *arguments):
    subprocess.run([WCL, *arguments], env=dict(os.environ, WCL_HOME=home), check=True, stdout=subprocess.DEVNULL)


def costs(parts, commands):
    """Instructions of each command on a layer of the parts."""
    work = tempfile.mkdtemp(prefix="wcl-e2e-")
    try:
        home, tar, moved = (os.path.join(work, name) for name in ("home", "t.tar", "moved.tar"))
        with open(tar, "wb") as file:
            file.write(b"".join(parts) + END)
        with open(moved, "wb") as file:
            file.write(entry(b"Files/moved" if parts and b"Hives" in parts[1:2] else b"moved") + b"".join(parts) + END)
        made = {"import": ("import", "-i", tar, "x"), "import-on": ("import", "-l", "x", "-i", moved, "y"),
                "list": ("list", "-R", "x"), "merged": ("list", "-R", "--merged", "x"), "diff": ("diff", "x", "z"),
                "convert": ("convert", "--to", "oci", tar, os.path.join(work, "o.tar")),
                "to-dir": ("convert", "--to", "dir", tar, os.path.join(work, "folder"))}
        counted = {}
        if "import" not in commands and commands != ["convert"]:
            run(home, *made["import"])
        for command in commands:
            if command == "diff":
                run(home, "import", "-i", moved, "z")
            counted[command] = instructions(home, *made[command])
        return counted
    finally:
        subprocess.run(["rm", "-rf", work], check=True)


def chosen(commands):
    return commands.split() if ALL else commands.split()[:1]


def check(name, make, few, commands, nothing):
    commands = chosen(commands)
    once, twice = (costs(make(count), commands) for count in (few, 2 * few))
    worst = 0
    for command in commands:
        base = nothing[command]
        growth = (twice[command] - base) / (once[command] - base)
        allowed = GROWTH * 2 if "paths" in name else GROWTH
        worst = max(worst, growth / allowed)
        print("%-28s %-10s %12d %12d  x%.2f" % (name, command, once[command], twice[command], growth), flush=True)
    return worst


def main():
    if not shutil.which("valgrind"):
        skip("valgrind counts the instructions, and is not there")
    kinds = {command for _, _, commands in SHAPES.values() for command in chosen(commands)}
    nothing = costs([header(b"f")], sorted(kinds))
    wrong = [name for name, (make, few, commands) in SHAPES.items() if check(name, make, few, commands, nothing) > 1]
    assert not wrong, "these cost more than they should: %s" % ", ".join(wrong)


main()
