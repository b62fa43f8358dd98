#!/usr/bin/env python3
"""Each allocation of a command fails once: it may get along without, or ends with status 1 and a message; never with
another status, and never without a word.

WCL_TEST_ALLOCATIONS (4) of each command's allocations are tried beside its first 4, spread over all; 0: all of them.
Commands are added to COMMANDS: {base} is a layer's tar, {out} a place that is cleared before each run."""
from store_common import *

MOST = int(os.environ.get("WCL_TEST_ALLOCATIONS", "4"))
FIRST = 4
PRELOAD = os.path.join(BUILD, "tests/tools/wcl-fail-allocation.so")
COMMANDS = [
    "import -q -i {base} {new}",
    "import -q -l base -i {child} {new}",
    "import -q -l child -l base -i {child} {new}",
    "export -o {out} base",
    "export -z -o {out} base",
    "convert --to oci {base} {out}",
    "convert --to dir {base} {out}",
    "convert --to transport {base} {out}",
    "convert --to oci {dir} {out}",
    "convert --to oci {transport} {out}",
    "list -R child",
    "list -R --merged child",
    "stat base Files/Windows/notepad.exe",
    "cat base Files/Windows/notepad.exe",
    "layers",
    "diff child",
    "verify child",
]
MOUNTING = ["export -o {out} box", "diff box", "mount box"]


def step_of(count):
    return 1 if MOST == 0 else max(1, count // MOST)


def run(home, names, command, **environment):
    shutil.rmtree(names["out"], ignore_errors=True)
    if os.path.exists(names["out"]):
        os.unlink(names["out"])
    if "{new}" in command:
        home.run("remove", "new", check=False)
    if command == "mount box":
        home.run("unmount", "box", check=False)
    return home.run(*command.format(**names).split(), check=False, env=environment)


def sweep(home, names, command):
    count = home.path("count")
    done = run(home, names, command, LD_PRELOAD=PRELOAD, WCL_COUNT_ALLOCATIONS=count)
    assert done.returncode == 0, (command, done.stderr)
    with open(count) as file:
        all_of_them = int(file.read())
    step = step_of(all_of_them)
    numbers = sorted({*range(1, min(FIRST, all_of_them) + 1), *range(1, all_of_them + 1, step)})
    for number in numbers:
        done = run(home, names, command, LD_PRELOAD=PRELOAD, WCL_FAIL_ALLOCATION=str(number))
        assert done.returncode in (0, 1), (command, number, done.returncode, done.stderr)
        assert done.returncode == 0 or done.stderr.strip(), (command, number, "ended without a word")
    print("allocations: %s: %d of %d" % (command, len(numbers), all_of_them), flush=True)


def an_image_is_not_missing_for_want_of_memory(home):
    """Nor is another one, or the only one, that the digits could mean."""
    files = home.path("files")
    home.run("append", "--os", "linux", "-t", "made:1", "scratch", files)
    digest = home.json("images")[0]["digest"]
    for name in (digest[7:19], "made@" + digest):
        count = home.path("count")
        tag = ("tag", name, "other:1")
        home.run(*tag, env={"LD_PRELOAD": PRELOAD, "WCL_COUNT_ALLOCATIONS": count})
        with open(count) as file:
            all_of_them = int(file.read())
        numbers = set(range(1, min(all_of_them, 24) + 1)) | set(range(1, all_of_them + 1, step_of(all_of_them)))
        for number in sorted(numbers):
            done = home.run(*tag, check=False, env={"LD_PRELOAD": PRELOAD, "WCL_FAIL_ALLOCATION": str(number)})
            assert done.returncode in (0, 1) and b"there is no image" not in done.stderr, (name, number, done.stderr)
            assert done.returncode == 0 or done.stderr.strip(), (name, number, "ended without a word")
        print("allocations: tag %s: %d of %d" % (name[:19], len(numbers), all_of_them), flush=True)


def main():
    if not os.path.exists(PRELOAD):
        skip("there is no %s" % PRELOAD)
    with Home() as home:
        names = {name: home.path(name) for name in ("out", "dir", "transport", "child")}
        names.update(base=LAYER_TAR, new="new")
        os.makedirs(home.path("files", "Files"))
        with open(home.path("files", "Files", "new.txt"), "w") as file:
            file.write("new")
        subprocess.run(["tar", "-C", home.path("files"), "-cf", names["child"], "Files"], check=True)
        home.run("import", "-i", LAYER_TAR, "base")
        home.run("import", "-l", "base", "-i", names["child"], "child")
        for form in ("dir", "transport"):
            home.run("convert", "--to", form, LAYER_TAR, names[form])
        commands = list(COMMANDS)
        if os.geteuid() == 0:
            home.run("create", "-l", "base", "box")
            with open(os.path.join(home.mount("box"), "made.txt"), "w") as file:
                file.write("made")
            home.run("unmount", "box")
            commands += MOUNTING
        for command in commands:
            sweep(home, names, command)
        home.run("unmount", "box", check=False)
        home.run("layers")
        an_image_is_not_missing_for_want_of_memory(home)
    print("allocations: passed")


main()
