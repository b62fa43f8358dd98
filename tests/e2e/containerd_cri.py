#!/usr/bin/env python3
"""Kubernetes' way to containerd, CRI, by crictl: images are pulled with credentials, and a pod goes on while the
snapshotter and containerd are killed and come again."""
from containerd_common import *

CRI = '''
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "wcl"
  disable_snapshot_annotations = false
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "%(registry)s/pause:latest"
[plugins."io.containerd.cri.v1.runtime"]
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["%(work)s/cni"]
    conf_dir = "%(work)s/cni"
'''
USER = "ann:secret"


class Cri:
    def __init__(self, bench):
        self.bench = bench
        bench.containerd.namespace = "k8s.io"

    def try_to(self, *arguments):
        return subprocess.run(["crictl", "-r", "unix://" + self.bench.containerd.socket, "-i",
                               "unix://" + self.bench.containerd.socket, "-t", "60s", *map(str, arguments)],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)

    def run(self, *arguments):
        done = self.try_to(*arguments)
        assert done.returncode == 0, "crictl %s: %s\n%s" % (arguments, done.stderr.decode(), self.bench.containerd.log()[-2000:])
        return done.stdout.decode().strip()

    def file(self, name, **content):
        path = os.path.join(self.bench.work, name + ".json")
        with open(path, "w") as file:
            json.dump(content, file)
        return path

    def pod(self, name):
        """The pod's id and its configuration's file: it has the host's network, for which no plugin is needed."""
        config = self.file(name, metadata={"name": name, "namespace": "test", "uid": name + self.bench.work, "attempt": 0},
                           log_directory=self.bench.work, linux={"security_context": {"namespace_options": {"network": 2}}})
        return self.run("runp", config), config

    def container(self, pod, config, name, reference, script):
        """A container that runs in the pod."""
        own = self.file(name, metadata={"name": name}, image={"image": reference}, command=["/bin/sh", "-c", script],
                        log_path=name + ".log", linux={"security_context": {"namespace_options": {"network": 2}}})
        container = self.run("create", "--no-pull", pod, own, config)
        self.run("start", container)
        return container

    def execute(self, container, script):
        return self.run("exec", "-s", container, "/bin/sh", "-c", script)

    def state(self, container):
        return json.loads(self.run("inspect", container))["status"]["state"]

    def log(self, name):
        with open(os.path.join(self.bench.work, name + ".log")) as file:
            return file.read()


def only_who_may_pulls(cri, reference):
    for credentials in ((), ("--creds", "ann:wrong")):
        assert cri.try_to("pull", *credentials, reference).returncode != 0
    assert json.loads(cri.run("images", "-o", "json"))["images"] == []
    assert not cri.bench.containerd.snapshots()
    cri.run("pull", "--creds", USER, reference)
    image, = json.loads(cri.run("images", "-o", "json"))["images"]
    assert image["repoTags"] == [reference], image
    assert int(json.loads(cri.run("imagefsinfo", "-o", "json"))["status"]["imageFilesystems"][0]["usedBytes"]["value"]) >= 0


def pods_outlive_both(cri, reference):
    pod, config = cri.pod("lives")
    container = cri.container(pod, config, "long", reference, "echo said; echo before > /etc/state; exec sleep 100000")
    wait_for("what the container writes", lambda: cri.execute(container, "cat /etc/state; true") == "before")
    wait_for("the container's log", lambda: "said" in cri.log("long"))
    for ends, how in ((cri.bench.snapshotter, signal.SIGKILL), (cri.bench.containerd, signal.SIGKILL),
                      (cri.bench.containerd, signal.SIGTERM), (cri.bench.snapshotter, signal.SIGTERM)):
        ends.stop(how)
        ends.start()
        wait_for("CRI", lambda: cri.try_to("ps").returncode == 0)
        assert cri.state(container) == "CONTAINER_RUNNING"
        cri.execute(container, "echo more >> /etc/state; cat /data/big > /data/copy")
        wait_for("containerd's connection", lambda: cri.bench.containerd.ctr(
            "snapshots", "--snapshotter", "wcl", "ls", check=False).returncode == 0)
        other = cri.container(pod, config, "beside", reference, "cat /etc/replaced; cat /etc/state")
        wait_for("its end", lambda: cri.state(other) == "CONTAINER_EXITED")
        assert "as it is now, which is longer" in cri.log("beside") and "before" not in cri.log("beside"), cri.log("beside")
        cri.run("rm", other)
    assert cri.execute(container, "cat /etc/state").split() == ["before"] + ["more"] * 4
    assert int(json.loads(cri.run("stats", "-o", "json", "--id", container))["stats"][0]["writableLayer"]["usedBytes"]["value"]) >= 0
    cri.run("stopp", pod)
    cri.run("rmp", pod)


def main():
    need_peers("containerd", "ctr", "containerd-shim-runc-v2", "crictl")
    need_tools("htpasswd")
    with tempfile.NamedTemporaryFile(prefix="wclc-") as words:
        words.write(subprocess.run(["htpasswd", "-Bbn", *USER.split(":")], stdout=subprocess.PIPE, check=True).stdout)
        words.flush()
        with Bench(CRI, {"htpasswd": {"realm": "test", "path": words.name}}) as bench:
            cri = Cri(bench)
            pause = Image(Cmd=["/bin/sleep", "100000"], Env=["PATH=/bin"]).add(shell().bytes()).make()
            held = put(bench.registry, os.path.join(bench.work, "pause"), pause, "pause", "--dest-creds", USER)
            reference = put(bench.registry, os.path.join(bench.work, "layout"), runnable(), "test", "--dest-creds", USER)
            only_who_may_pulls(cri, reference)
            cri.run("pull", "--creds", USER, held)
            pods_outlive_both(cri, reference)
            subprocess.run([WCL, "verify", "--home", bench.snapshotter.home], check=True)
            cri.run("rmi", reference)
            bench.forget_everything()
            bench.assert_nothing_left()
    print("containerd_cri: ok")


main()
