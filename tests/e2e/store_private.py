#!/usr/bin/env python3
"""Another user of the host gets nothing of a store: no path below its home, and in each kind of mount neither set-uid
files nor capabilities nor device nodes, should a way in be left."""
from private_common import *


def check_mount(home, layer, what):
    where = home.mount(layer)
    home.assert_unreachable(what)
    power = power_in(where, home.secret)
    assert not power, "%s: inside the mount another user has %s" % (what, sorted(power))
    home.run("unmount", layer)


def ways_of_mounting():
    told = {feature["name"]: feature for feature in json.loads(subprocess.run(
        [WCL, "info", "--json"], check=True, stdout=subprocess.PIPE).stdout)["features"]}
    best = told["mount"]["detail"]
    ways = ["unpack"]
    if "loop" in best or "straight" in best:
        ways.append("loop")
    if "straight" in best:
        ways.append("files")
    return ways


def mounts_give_no_power():
    for way in ways_of_mounting():
        os.environ["WCL_MOUNT"] = way
        with OpenHome() as home:
            home.import_layer()
            check_mount(home, "base", "a layer mounted by " + way)
            home.run("create", "-l", "base", "box")
            check_mount(home, "box", "a sandbox on a layer mounted by " + way)
            home.run("create", "-l", "base", "--size", "16M", "limited")
            check_mount(home, "limited", "a sandbox with a size on a layer mounted by " + way)
            home.assert_unreachable("what is left of mounts by " + way)
            if way == "unpack":
                assert os.path.exists(os.path.join(home.home, "base/unpacked/suid/id"))
            loose = loose_below(home.home)
            assert not loose, "others have rights to %s" % loose[:10]
    del os.environ["WCL_MOUNT"]


def add_image(home):
    os.makedirs(home.path("files"), exist_ok=True)
    with open(home.path("files/file"), "w") as file:
        file.write("contents")
    home.run("append", "-q", "--os", "linux", "-e", "PASSWORD=secret", "-t", "image", "scratch", home.path("files"))


def images_are_private():
    with OpenHome() as home:
        add_image(home)
        home.assert_unreachable("images")
        loose = loose_below(home.home)
        assert not loose, "others have rights to %s" % loose[:10]


def loosen(folder):
    """As stores were before they were private."""
    os.chmod(folder, 0o755)
    for path in everything_below(folder):
        if not os.path.islink(path):
            os.chmod(path, 0o755 if os.path.isdir(path) else 0o644)


def stores_that_exist_are_closed():
    with OpenHome() as home:
        home.import_layer()
        add_image(home)
        home.run("create", "-l", "base", "box")
        with open(os.path.join(home.home, ".graphdriver.json"), "w") as file:
            file.write("{}")
        loosen(home.home)
        assert reachable_below(home.home), "the test could not loosen the store"
        home.run("layers")
        home.assert_unreachable("a store that was open")
        loose = loose_below(home.home)
        assert not loose, "others have rights to %s" % loose[:10]
        home.run("verify")


def a_shared_home_keeps_its_mode():
    """What is beside the layers is somebody else's: the home stays passable, its layers do not."""
    with OpenHome() as home:
        home.import_layer()
        with open(os.path.join(home.home, "notes.txt"), "w") as file:
            file.write("of somebody else")
        loosen(home.home)
        home.run("layers")
        notes = os.path.join(home.home, "notes.txt")
        reached = [path for path in reachable_below(home.home)
                   if os.path.dirname(path) != home.home]
        assert not reached, "another user reaches %s" % reached[:10]
        assert as_nobody(lambda: opens(notes)), "what is not the store's was closed"


need_tools()
mounts_give_no_power()
images_are_private()
stores_that_exist_are_closed()
a_shared_home_keeps_its_mode()
print("store_private: passed")
