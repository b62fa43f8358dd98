#!/usr/bin/env python3
"""Measures `wcl pull` of an image of five layers and 60,000 files against others that pull it from the same registry, in
alternated runs; prints medians and ratios.

    image_pull.py [--entries N] [--bytes N] [--runs N] [--peer-runs N] [--work DIR] [--only NAME,...]
                  [--image DIR]

Peers: `docker pull` (overlay2), `skopeo copy` with `umoci unpack`, and what cannot be avoided: curl of the blobs to
files, with inflating (igzip) and hashing (openssl) at the same time, as many at a time as wcl takes. With --image the
registry's data is made in that folder, or used again if it is there; with --runs 0 nothing else is done. WCL_BUILD names
the build folder. Needs root."""
import argparse
import statistics
import sys
import time

sys.path.insert(0, __import__("os").path.join(__import__("os").path.dirname(__file__), "../e2e"))
from image_registry_common import *

parser = argparse.ArgumentParser()
parser.add_argument("--entries", type=int, default=60_000)
parser.add_argument("--bytes", type=int, default=700_000_000)
parser.add_argument("--runs", type=int, default=5)
parser.add_argument("--peer-runs", type=int, default=3)
parser.add_argument("--work")
parser.add_argument("--only")
parser.add_argument("--image")
options = parser.parse_args()

LAYERS = 5
WCL = os.path.join(BUILD, "cli/wcl")


def bash(script):
    return ["bash", "-c", "set -eo pipefail; " + script]


def make_image(home, layout):
    layers = []
    for number in range(LAYERS):
        tar = generate(home.path("layer.tar"), seed=number + 1, os="linux", entries=options.entries // LAYERS,
                       bytes=options.bytes // LAYERS, compression="none")
        diff_id = "sha256:" + sha256(tar)
        packed = home.path("layer.tar.gz")
        subprocess.run(bash("pigz -6 -p 2 -n < %s > %s" % (tar, packed)), check=True)
        digest = "sha256:" + sha256(packed)
        size = os.path.getsize(packed)
        os.rename(packed, os.path.join(layout.folder, "blobs", "sha256", digest[7:]))
        os.unlink(tar)
        layers.append(({"mediaType": LAYER + "+gzip", "digest": digest, "size": size}, diff_id))
    layout.image(layers, name="it")
    return layers


class Docker:
    """dockerd on overlay2, in a folder of its own."""

    def __init__(self, work):
        self.work = work
        self.socket = "unix://" + os.path.join(work, "docker.sock")
        self.log = open(os.path.join(work, "log"), "wb")
        self.process = subprocess.Popen(
            ["dockerd", "--bridge=none", "--iptables=false", "--ip-forward=false", "--data-root", work + "/root",
             "--exec-root", work + "/exec", "--pidfile", work + "/pid", "--storage-driver", "overlay2", "-H",
             self.socket], stdout=self.log, stderr=self.log)
        wait_for("dockerd", lambda: subprocess.run(self.command("version"), stdout=subprocess.DEVNULL,
                                                   stderr=subprocess.DEVNULL).returncode == 0, 60)

    def command(self, *arguments):
        return ["docker", "-H", self.socket, *arguments]

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


def timed(command):
    os.sync()
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - start


def commands_of(home, registry, layers):
    name = registry.name("it")
    urls = ["http://%s/v2/it/blobs/%s" % (registry.host, layer[0]["digest"]) for layer in layers]
    floor = "mkdir %s; printf '%%s\\n' %s | xargs -P 3 -n 1 bash -c 'set -eo pipefail; curl -sf \"$0\" | " \
            "tee %s/\"${0##*:}\" >(openssl dgst -sha256 > /dev/null) | igzip -dc | %s'"
    return {
        "wcl": [WCL, "pull", "-q", "--home", home.path("pulled"), name],
        "curl": bash(floor % (home.path("pulled"), " ".join(urls), home.path("pulled"), "cat > /dev/null")),
        "curl+diff": bash(floor % (home.path("pulled"), " ".join(urls), home.path("pulled"),
                                   "openssl dgst -sha256 > /dev/null")),
        "skopeo": bash("skopeo copy --insecure-policy --src-tls-verify=false -q docker://%s oci:%s:it; "
                       "umoci unpack --image %s:it %s" % (name, home.path("pulled"), home.path("pulled"),
                                                          home.path("bundle"))),
    }


def clear(home, docker, name):
    for folder in ("pulled", "bundle"):
        shutil.rmtree(home.path(folder), ignore_errors=True)
    if docker:
        subprocess.run(docker.command("rmi", "-f", name), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measure(home, registry, layers):
    commands = commands_of(home, registry, layers)
    docker = None
    if shutil.which("dockerd") and not (options.only and "docker" not in options.only):
        os.makedirs(home.path("docker"))
        docker = Docker(home.path("docker"))
        commands["docker"] = docker.command("pull", "-q", registry.name("it"))
    if options.only:
        commands = {name: command for name, command in commands.items() if name in options.only.split(",")}
    times = {name: [] for name in commands}
    try:
        for number in range(options.runs):
            for name, command in commands.items():
                if number >= options.peer_runs and name in ("skopeo", "docker"):
                    continue
                clear(home, docker, registry.name("it"))
                times[name].append(timed(command))
                print("  %-10s %.2f s" % (name, times[name][-1]), flush=True)
    finally:
        clear(home, docker, registry.name("it"))
        if docker:
            docker.stop()
            unmount_below(docker.work)
    return {name: statistics.median(values) for name, values in times.items()}


def prepare(home, registry):
    layout = Layout(home.path("layout"))
    layers = make_image(home, layout)
    push_layout(layout, "it", registry.name("it"))
    shutil.rmtree(layout.folder)
    return layers


def compare(home, registry, layers):
    if not options.runs:
        return
    medians = measure(home, registry, layers)
    print("%d files in %d layers, %.0f MB of blobs" % (options.entries, LAYERS,
                                                       sum(layer[0]["size"] for layer in layers) / 1e6))
    for name, seconds in medians.items():
        print("%-10s %6.2f s" % (name, seconds))
    others = [medians[name] for name in ("docker", "skopeo") if name in medians]
    if others and "wcl" in medians:
        print("the fastest of docker pull and skopeo + umoci takes %.2f times as long as wcl (target 4)" % (
            min(others) / medians["wcl"]))
    for name, what in (("curl", "inflating and hashing the blobs"),
                       ("curl+diff", "inflating, hashing the blobs and hashing the tars")):
        if name in medians and "wcl" in medians:
            print("wcl takes %.2f times as long as curl with %s (target 1.3)" % (medians["wcl"] / medians[name], what))


def main():
    need_root()
    need("docker-registry", "skopeo", "umoci", "igzip", "pigz", "curl", "openssl")
    with Home(options.work) as home:
        data = os.path.abspath(options.image or home.path("data"))
        known = os.path.join(data, "layers.json")
        with Registry(home.path("registry"), data=data) as registry:
            if not os.path.exists(known):
                layers = prepare(home, registry)
                with open(known, "w") as file:
                    json.dump(layers, file)
            with open(known) as file:
                compare(home, registry, json.load(file))


if __name__ == "__main__":
    main()
