#!/usr/bin/env python3
"""The programs of examples/ do what they say: examples.py NAME PROGRAM."""
from image_registry_common import *
import hns_common

PROGRAM = os.path.abspath(sys.argv[2])
TAR = make_tar([("etc", None), ("etc/motd", b"hello\n"), ("etc/again", ("symlink", "motd"))])


def run(*arguments, code=0, **options):
    done = subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    said = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == code, "exit %d: %r" % (done.returncode, said)
    return said


def assert_equal(found, wanted):
    assert found == wanted, "%r, not %r" % (found, wanted)


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)
    return path


def list_tar(home):
    out, _ = run(write(home.path("layer.tar.gz"), gzip.compress(TAR)))
    assert_equal([line.split() for line in out.splitlines()],
                 [["folder", "0", "etc"], ["file", "6", "etc/motd"], ["symlink", "0", "etc/again", "->", "motd"]])
    _, error = run(write(home.path("cut.tar"), TAR[:700]), code=1)
    assert "ends after 700 bytes" in error, error


def import_and_mount(home):
    need_root()
    tar = write(home.path("layer.tar"), TAR)
    out, error = run(home.home, "base", tar, "etc/motd")
    assert_equal((out, error), ("base is %s\nhello\n" % digest_of(TAR), ""))
    home.assert_clean()
    _, error = run(home.home, "base", tar, "etc/motd", code=1)
    assert "there is a layer 'base' already" in error, error


def pull_and_read(home):
    need("docker-registry")
    layout = Layout(home.path("layout"))
    layout.image([layout.layer(TAR)], name="motd")
    with Registry(home.path("registry")) as registry:
        name = registry.name("examples/motd")
        home.run("load", "-i", layout.folder, "--name", name)
        home.run("push", name, name)
        other = home.path("other")
        assert_equal(run(other, name, "etc/motd"), ("hello\n", ""))
        _, error = run(other, name, "etc/none", code=1)
        assert "no file 'etc/none'" in error, error
        _, error = run(other, registry.name("examples/none"), "etc/motd", code=1)
        assert "examples/none" in error, error


def run_process(_):
    root = os.environ["WCL_TEST_ROOT"]
    assert_equal(run(root, "sh -c \"echo out of $(hostname); exit 7\"", code=7)[0], "out of example\n")
    _, error = run(root, "no-such-program", code=1)
    assert "no-such-program" in error, error


def attach_endpoint(home):
    before = hns_common.links(), hns_common.rules()
    out, error = run(home.path("state"), home.path("run"))
    address, folder = out.split("/24 is attached to ")
    assert address.startswith("10.66.0.") and folder.startswith(home.path("run")) and not error, (out, error)
    assert_equal((hns_common.links(), hns_common.rules()), before)


if sys.argv[1] == "attach_endpoint":
    hns_common.enter_private_namespaces()
with Home() as scratch:
    globals()[sys.argv[1]](scratch)
print("example %s: passed" % sys.argv[1])
