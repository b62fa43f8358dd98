#!/usr/bin/env python3
"""nerdctl on wcl: run, commit, save, load, push, pull and, where BuildKit is there too, build."""
from containerd_buildkit import BuildKit
from containerd_common import *


class Nerdctl:
    def __init__(self, bench):
        self.bench = bench
        self.environment = dict(os.environ, CNI_PATH=bench.work, BUILDKIT_HOST="unix://" + os.path.join(bench.work, "b.sock"))

    def run(self, *arguments, check=True):
        done = subprocess.run([
            "nerdctl", "--address", self.bench.containerd.socket, "--namespace", self.bench.containerd.namespace, "--snapshotter",
            "wcl", "--data-root", os.path.join(self.bench.work, "nerdctl"), "--cni-netconfpath", self.bench.work,
            "--insecure-registry", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300,
            env=self.environment)
        assert not check or done.returncode == 0, "nerdctl %s: %s%s" % (arguments, done.stdout.decode(), done.stderr.decode())
        return done.stdout.decode()

    def container(self, image, script):
        return self.run("run", "--rm", "--net", "none", image, "/bin/sh", "-c", script)


def commits(nerdctl, reference):
    nerdctl.run("pull", reference)
    nerdctl.run("run", "-d", "--name", "lives", "--net", "none", reference, "/bin/sh", "-c",
                "rm /etc/first; echo x > /etc/made; mv /opaque /moved; sleep 100000")
    wait_for("what the container does", lambda: nerdctl.run("exec", "lives", "ls", "/moved", check=False) == "shown\n")
    assert "wcl" in nerdctl.run("inspect", "-f", "{{.Driver}}", "lives")
    nerdctl.run("commit", "lives", "committed")
    nerdctl.run("rm", "-f", "lives")
    look = "cat /etc/made; ls /moved; ls /etc/first /opaque 2>/dev/null; cat /etc/third"
    assert nerdctl.container("committed", look) == "x\nshown\nthree\n", nerdctl.container("committed", look)
    return look, nerdctl.container("committed", look)


def manifest_of(reference):
    return json.loads(skopeo("inspect", "--raw", "--tls-verify=false", "docker://" + reference).stdout)


def leaves_and_comes_back(nerdctl, look, seen):
    archive, other = os.path.join(nerdctl.bench.work, "saved.tar"), nerdctl.bench.registry.name("by-nerdctl")
    nerdctl.run("tag", "committed", other)
    nerdctl.run("save", "-o", archive, "committed")
    nerdctl.run("push", other)
    pushed = manifest_of(other)
    assert len(pushed["layers"]) == 4, pushed
    nerdctl.run("rmi", "-f", "committed", other)
    nerdctl.run("load", "-i", archive)
    assert nerdctl.container("committed", look) == seen
    nerdctl.run("rmi", "-f", "committed")
    nerdctl.run("pull", other)
    assert nerdctl.container(other, look) == seen
    nerdctl.run("push", other)
    assert manifest_of(other) == pushed, (manifest_of(other), pushed)
    nerdctl.run("rmi", "-f", other)


def builds(nerdctl, reference):
    if not shutil.which("buildkitd"):
        print("containerd_nerdctl: nothing is built, for WCL_PEERS has no buildkitd")
        return
    with BuildKit(nerdctl.bench) as kit:
        kit.write("Dockerfile", b"FROM %s\nRUN rm /etc/first && echo b > /built\nCOPY copied /\n" % reference.encode())
        kit.write("copied", b"copied\n")
        nerdctl.run("build", "-t", "built", kit.context)
        look = "cat /built /copied; ls /etc/first 2>/dev/null || echo gone"
        assert nerdctl.container("built", look) == "b\ncopied\ngone\n", nerdctl.container("built", look)
        kit.ctl("prune", "--all")


def main():
    need_peers("containerd", "ctr", "containerd-shim-runc-v2", "nerdctl")
    with Bench() as bench:
        nerdctl = Nerdctl(bench)
        reference = put(bench.registry, os.path.join(bench.work, "layout"), runnable(), "test")
        look, seen = commits(nerdctl, reference)
        leaves_and_comes_back(nerdctl, look, seen)
        builds(nerdctl, reference)
        subprocess.run([WCL, "verify", "--home", bench.snapshotter.home], check=True)
        nerdctl.run("rmi", "-f", reference)
        bench.forget_everything()
        bench.assert_nothing_left()
    print("containerd_nerdctl: ok")


main()
