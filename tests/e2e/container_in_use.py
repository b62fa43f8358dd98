#!/usr/bin/env python3
"""A sandbox that a container runs on cannot be unmounted or removed; the refusal says which container."""
from store_common import *

NAME = "web-%d" % os.getpid()


def refused(home, *arguments):
    done = home.run(*arguments, check=False)
    assert done.returncode != 0, "wcl %s succeeded under the container" % " ".join(arguments)
    return done.stderr.decode()


def container_tar(home):
    tar = home.path("root.tar")
    subprocess.run(["tar", "-C", os.environ["WCL_TEST_ROOT"], "-cf", tar, "."], check=True)
    return tar


def read_in_container(home):
    return home.run("exec", NAME, "--", "cat", "/made").stdout


need_root()
with Home() as home:
    home.run("import", "-q", "--os", "linux", "-i", container_tar(home), "base")
    home.run("create", "-l", "base", "box")
    home.run("run", "-d", "--name", NAME, "box", "sh", "-c", "echo made >/made; exec sleep 100000")
    try:
        while home.run("exec", NAME, "--", "cat", "/made", check=False).stdout != b"made\n":
            pass
        told = refused(home, "unmount", "box")
        assert NAME in told, "the refusal does not name the container: " + told
        refused(home, "remove", "box")
        assert read_in_container(home) == b"made\n", "the container's files went"
        assert os.path.exists(os.path.join(home.home, "box/merged/made")), "it was unmounted"
        assert mounts_below(os.environ["WCL_RUN"]), "the container's own mount went"
        # A namespace that is made now has a copy of the container's mount, which is no use of it.
        copy = subprocess.Popen(["unshare", "-m", "--propagation", "private", "sh", "-c", "echo made; read end"],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert copy.stdout.readline() == b"made\n"
    finally:
        home.run("kill", NAME)
        home.run("wait", NAME, check=False)
    while subprocess.run(["pgrep", "-f", "(wcl-supervisor|wcl-container-teardown) " + os.environ["WCL_RUN"]],
                         stdout=subprocess.DEVNULL).returncode == 0:
        pass
    copy.communicate(b"\n")
    assert not os.listdir(os.path.join(os.environ["WCL_RUN"], "containers")), "the container was not given back"
    home.run("remove", "box")
    home.assert_clean()
print("container_in_use: passed")
