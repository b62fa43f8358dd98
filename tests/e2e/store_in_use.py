#!/usr/bin/env python3
"""A sandbox that is in use in another mount namespace is neither unmounted nor removed, from whichever namespace that is
tried; copies of its mount that nobody made for a purpose do not count."""
from store_common import *

HERE = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


class Elsewhere:
    """A shell in a mount namespace of its own, to which nothing comes from here and from which nothing comes."""

    def __init__(self, begin="exec sh"):
        self.shell = subprocess.Popen(["unshare", "-m", "--propagation", "private", "sh", "-c", begin], **HERE)

    def __enter__(self):
        self.do("true")
        return self

    def __exit__(self, *_):
        self.shell.stdin.close()
        self.shell.wait()

    def do(self, command):
        """The exit code and what was printed."""
        self.shell.stdin.write("{ %s; } 2>&1; echo \"\n=$?\"\n" % command)
        self.shell.stdin.flush()
        text = ""
        for line in self.shell.stdout:
            if line.startswith("="):
                return int(line[1:]), text
            text += line
        raise AssertionError("the shell ended: " + text)


def refused(home, *arguments):
    done = home.run(*arguments, check=False)
    assert done.returncode != 0, "wcl %s succeeded" % " ".join(arguments)
    return done.stderr.decode()


def what_is_a_root_elsewhere_stays(home):
    where = home.mount("box")
    with open(os.path.join(where, "file"), "w") as file:
        file.write("contents")
    shutil.copy("/bin/busybox", os.path.join(where, "busybox"))
    bound = home.path("bound")
    os.makedirs(bound)
    with Elsewhere("mount --bind %s %s && exec chroot %s /busybox sh" % (where, bound, bound)) as other:
        assert other.do("/busybox cat /file") == (0, "contents\n")
        told = refused(home, "unmount", "box")
        assert "in use by" in told and str(other.shell.pid) in told, told
        refused(home, "remove", "box")
        assert other.do("/busybox cat /file") == (0, "contents\n"), "its files went"
        assert os.path.exists(os.path.join(where, "file"))
    home.run("unmount", "box")


def what_is_bound_here_stays(home):
    where = home.mount("box")
    bound = home.path("bound")
    os.makedirs(os.path.join(where, "folder"))
    subprocess.run(["mount", "--bind", os.path.join(where, "folder"), bound], check=True)
    told = refused(home, "unmount", "box")
    assert bound in told, told
    subprocess.run(["umount", bound], check=True)
    home.run("unmount", "box")


def copies_do_not_count(home):
    """Neither of its own place nor of another one that it had."""
    where = home.mount("box")
    bound = home.path("bound")
    subprocess.run(["mount", "--bind", where, bound], check=True)
    with Elsewhere() as other:
        assert other.do("cat %s/file %s/file" % (where, bound))[0] == 0, "the namespace has no copy"
        subprocess.run(["umount", bound], check=True)
        home.run("unmount", "box")
        home.mount("box")
        home.run("unmount", "box")


def who_does_not_see_the_mount_cannot_remove_it(home):
    where = home.mount("box")
    with Elsewhere() as other:
        wcl = "WCL_HOME=%s %s" % (home.home, WCL)
        assert other.do("umount %s" % where)[0] == 0
        code, told = other.do(wcl + " remove box")
        assert code != 0 and "in use by" in told, told
        assert other.do(wcl + " unmount box")[0] != 0
    assert os.path.exists(os.path.join(where, "file")), "the sandbox's files went"
    home.run("unmount", "box")


need_root()
if not shutil.which("unshare"):
    skip("unshare is missing")
if not os.path.exists("/bin/busybox"):
    skip("busybox-static is not installed")
with Home() as home:
    home.run("import", "-q", "-i", LAYER_TAR, "base")
    home.run("create", "-l", "base", "box")
    what_is_a_root_elsewhere_stays(home)
    what_is_bound_here_stays(home)
    copies_do_not_count(home)
    who_does_not_see_the_mount_cannot_remove_it(home)
    home.run("remove", "box")
    home.assert_clean()
print("store_in_use: passed")
