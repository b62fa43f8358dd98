#!/usr/bin/env python3
"""Docker 29 with its images in a containerd on wcl: built, run, committed, saved, loaded, pushed, pulled, and none of it
lost when dockerd, containerd and the snapshotter are killed."""
import graphdriver_common
from containerd_common import *

BUILD = """
FROM %s
RUN echo made > /made && rm /etc/first && mkdir /full && touch /full/a /full/b
COPY copied /copied
RUN mv /full /moved && echo more >> /copied
CMD ["/bin/cat", "/made"]
"""
SEE = "cat /made /copied; ls /moved; ls /etc/first 2>/dev/null || echo gone"
SEEN = "made\ncopied\nmore\na\nb\ngone"


def started(bench):
    """A dockerd on the bench's containerd."""
    graphdriver_common.DOCKER = shutil.which("docker")
    docker = graphdriver_common.Docker(bench.work, "wcl")
    with open(os.path.join(docker.work, "daemon.json"), "w") as file:
        json.dump({"features": {"containerd-snapshotter": True}, "insecure-registries": [bench.registry.host]}, file)
    name = bench.containerd.namespace
    docker.options = ("--config-file", file.name, "--containerd", bench.containerd.socket, "--containerd-namespace", name,
                      "--containerd-plugins-namespace", name + "-plugins")
    return docker.start(*docker.options)


def sees(docker, image):
    assert docker.container(image, "/bin/sh", "-c", SEE) == SEEN, docker.container(image, "/bin/sh", "-c", SEE)


def builds(bench, docker, reference):
    context = os.path.join(bench.work, "context")
    os.makedirs(context)
    for name, data in (("Dockerfile", BUILD % reference), ("copied", "copied\n")):
        with open(os.path.join(context, name), "w") as file:
            file.write(data)
    docker.run("pull", reference)
    assert "wcl" in docker.text("info", "-f", "{{.Driver}}")
    docker.run("build", "--network", "none", "-t", "built", context)
    sees(docker, "built")
    assert docker.container("built") == "made"
    if shutil.which("buildx"):
        subprocess.run(["buildx", "build", "-q", "--network", "none", "--load", "-t", "built", context], check=True,
                       stdout=subprocess.DEVNULL,
                       env=dict(os.environ, DOCKER_HOST="unix://" + docker.socket, DOCKER_CONFIG=bench.work))
        sees(docker, "built")


def commits_and_copies(bench, docker):
    docker.run("run", "--name", "changed", "--network", "none", "built", "/bin/sh", "-c", "rm /made; echo c > /committed")
    changes = set(docker.text("diff", "changed").splitlines())
    assert {"D /made", "A /committed"} <= changes, changes
    docker.run("commit", "changed", "committed")
    docker.run("cp", "changed:/committed", os.path.join(bench.work, "copy"))
    docker.run("rm", "changed")
    assert docker.container("committed", "/bin/sh", "-c", "cat /committed; ls /made 2>/dev/null || echo gone") == "c\ngone"
    with open(os.path.join(bench.work, "copy")) as file:
        assert file.read() == "c\n"


def leaves_and_comes_back(bench, docker):
    archive, other = os.path.join(bench.work, "saved.tar"), bench.registry.name("by-docker")
    layers = docker.text("image", "inspect", "-f", "{{.RootFS.Layers}}", "built")
    docker.run("save", "-o", archive, "built")
    docker.run("tag", "built", other)
    docker.run("push", other)
    docker.run("rmi", "-f", "built", other)
    docker.run("load", "-i", archive)
    assert docker.text("image", "inspect", "-f", "{{.RootFS.Layers}}", "built") == layers
    sees(docker, "built")
    docker.run("rmi", "-f", "built")
    docker.run("pull", other)
    assert docker.text("image", "inspect", "-f", "{{.RootFS.Layers}}", other) == layers
    sees(docker, other)
    return other


def outlives_kills(bench, docker, image):
    docker.run("run", "-d", "--name", "kept", "--network", "none", image, "/bin/sh", "-c", "echo k > /kept; exec sleep 100000")
    wait_for("the container", lambda: docker.run("exec", "kept", "cat", "/kept", check=False).stdout == b"k\n")
    bench.snapshotter.stop(signal.SIGKILL)
    bench.snapshotter.start()
    assert docker.text("exec", "kept", "cat", "/kept") == "k"
    # A new one, as soon as containerd has connected again.
    wait_for("another container", lambda: docker.run("run", "--rm", "--network", "none", image, check=False).stdout == b"made\n")
    docker.stop(signal.SIGKILL)
    bench.containerd.stop(signal.SIGKILL)
    bench.containerd.start()
    docker.start(*docker.options)
    docker.run("restart", "-t", "0", "kept")
    assert docker.text("exec", "kept", "cat", "/kept") == "k"
    docker.run("rm", "-f", "kept")
    sees(docker, image)


def main():
    need_peers("containerd", "ctr", "containerd-shim-runc-v2", "dockerd", "runc")
    need_tools("docker")
    with Bench() as bench:
        reference = put(bench.registry, os.path.join(bench.work, "layout"), runnable(), "test")
        docker = started(bench)
        try:
            builds(bench, docker, reference)
            commits_and_copies(bench, docker)
            outlives_kills(bench, docker, leaves_and_comes_back(bench, docker))
            subprocess.run([WCL, "verify", "--home", bench.snapshotter.home], check=True)
            docker.remove_everything()
            bench.forget_everything()
            bench.assert_nothing_left()
        finally:
            docker.stop()
    print("containerd_docker: ok")


main()
