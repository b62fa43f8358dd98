#!/usr/bin/env python3
"""A container's root is a mount of its own: set-uid files count in the container and nowhere else on the host, its
device nodes cannot be opened even there, and no other user reaches it or its layer."""
from private_common import *

RUN = os.environ["WCL_RUN"]
ROOT = os.environ["WCL_TEST_ROOT"]
PROGRAMS = ("/usr/bin/id", "/usr/bin/cat")


def in_container(home, name, user, *command):
    done = home.run("exec", "-u", user, name, "--", *command, check=False)
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def files_of_root():
    libraries = {path for program in PROGRAMS for path in needs_of(program)}
    return sorted(libraries) + ["/bin/busybox"]


def check_inside(home, name, has_suid):
    code, told = in_container(home, name, "1234", "/suid/id")
    assert code == 0 and ("euid=0" in told) == has_suid, told
    code, told = in_container(home, name, "0", "/bin/busybox", "head", "-c1", "/node")
    assert code != 0, "a device node of the layer was opened in the container"


def layer_container(home):
    home.import_layer(roots=files_of_root())
    home.run("create", "-l", "base", "box")
    home.run("run", "-d", "--name", "private", "box", "/bin/busybox", "sleep", "100000")
    try:
        check_inside(home, "private", True)
        home.assert_unreachable("the home of a container's layer")
        reached = reachable_below(RUN)
        assert not [path for path in reached if path != os.path.join(RUN, "containers")], reached[:10]
        seen = os.path.join(home.home, "box/merged")
        power = power_in(seen, home.secret)
        assert not power, "in the sandbox's mount another user has %s" % sorted(power)
        for place in mounts_below(home.work) + mounts_below(RUN):
            assert "node" not in power_in_if_layer(place, home.secret), place
    finally:
        home.run("kill", "private")
        home.run("wait", "private", check=False)


def power_in_if_layer(place, secret):
    return power_in(place, secret) if os.path.exists(os.path.join(place, "readme")) else set()


def folder_container(home):
    """A plain folder as the root: nothing but device nodes is taken from it, and it stays as it is."""
    tree = home.path("tree")
    os.makedirs(tree)
    subprocess.run(["tar", "-x", "--xattrs", "--xattrs-include=*", "-C", tree], input=dangerous_layer(files_of_root()),
                   check=True)
    before = snapshot(tree, folder_times=False)
    home.run("run", "-d", "--name", "plain", tree, "/bin/busybox", "sleep", "100000")
    try:
        check_inside(home, "plain", not os.statvfs(tree).f_flag & os.ST_NOSUID)
    finally:
        home.run("kill", "plain")
        home.run("wait", "plain", check=False)
    after = snapshot(tree, folder_times=False)
    assert set(before) - set(after) == set(), "the root's files went with the container"


need_tools()
with OpenHome() as home:
    layer_container(home)
    folder_container(home)
print("container_private: passed")
