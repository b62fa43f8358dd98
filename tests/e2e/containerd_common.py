"""What the tests of containerd share: a containerd with folders and sockets of the test's own, the snapshotter that it
uses, and images for it in a registry on loopback."""
import re
import signal
import time

from image_common import *
from image_registry_common import Registry, skopeo, wait_for
from private_common import LayerTar, capability


def need_peers(*programs):
    """Skips where the folder WCL_PEERS, which scripts/peers.sh fills, lacks one; else they come before the host's own."""
    folder = os.environ.get("WCL_PEERS", "")
    missing = [name for name in programs if not os.access(os.path.join(folder, name), os.X_OK)]
    if not folder or missing:
        skip("not in WCL_PEERS (scripts/peers.sh): " + ", ".join(missing))
    os.environ["PATH"] = os.path.abspath(folder) + ":" + os.environ["PATH"]
    need_root()
    need_tools("runc", "docker-registry", "skopeo", "busybox")


class Snapshotter:
    """`wcl snapshotter`."""

    def __init__(self, work, content_socket):
        self.work = work
        self.socket = os.path.join(work, "wcl.sock")
        self.home = os.path.join(work, "home")
        self.content_socket = content_socket
        self.process = None

    def start(self):
        self.log = os.path.join(self.work, "snapshotter-%d.log" % time.monotonic_ns())
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([WCL, "snapshotter", "--home", self.home, "--socket", self.socket,
                                             "--content-socket", self.content_socket], stdout=log, stderr=log)
        wait_for("the snapshotter", self.serves)
        return self

    def serves(self):
        with open(self.log, errors="replace") as log:
            said = log.read()
        assert self.process.poll() is None, "the snapshotter ended: " + said
        return "serving containerd's snapshotter" in said

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            code = self.process.wait(60)
            assert how == signal.SIGKILL or code == 0, "the snapshotter ended with %s" % code
        self.process = None

    def layers(self):
        """The ids of the layers that snapshots are made of."""
        done = subprocess.run([WCL, "layers", "--home", self.home, "--json"], stdout=subprocess.PIPE, check=True)
        return [layer["id"] for layer in json.loads(done.stdout) if layer["id"].startswith("snapshot-")]

    def mounted(self):
        return mounts_below(self.home)


# containerd 2 takes differs too, and unpacks by its transfer service, which must be told of both.
DIFFER = '''
  capabilities = ["rebase"]
[proxy_plugins.wcl-diff]
  type = "diff"
  address = "%(work)s/wcl.sock"
  platform = "linux/amd64"
[plugins."io.containerd.service.v1.diff-service"]
  default = ["wcl-diff", "walking"]
[plugins."io.containerd.transfer.v1.local"]
  max_concurrent_unpacks = 4
[[plugins."io.containerd.transfer.v1.local".unpack_config]]
  platform = "linux/amd64"
  snapshotter = "wcl"
  differ = "wcl-diff"
[[plugins."io.containerd.transfer.v1.local".unpack_config]]
  platform = "linux/amd64"
  snapshotter = "overlayfs"
'''


class Containerd:
    """A containerd, of which nothing is shared with another one of the host: its namespace has a name of its own, for
    runc's folders and the cgroups are the host's."""

    def __init__(self, work, more=""):
        """`more` is added to its configuration."""
        self.work = work
        self.namespace = os.path.basename(work).replace("_", "")
        version = subprocess.run(["containerd", "--version"], stdout=subprocess.PIPE, check=True).stdout.decode()
        self.has_differs = int(re.search(r" v?(\d+)\.\d+\.\d+", version).group(1)) >= 2
        self.socket = os.path.join(work, "c.sock")
        self.process = None
        self.config = os.path.join(work, "containerd.toml")
        with open(self.config, "w") as file:
            file.write('''version = %(version)d
root = "%(work)s/root"
state = "%(work)s/state"
disabled_plugins = [%(disabled)s]
[grpc]
  address = "%(work)s/c.sock"
[ttrpc]
  address = "%(work)s/t.sock"
[proxy_plugins.wcl]
  type = "snapshot"
  address = "%(work)s/wcl.sock"
%(differ)s%(more)s''' % {"work": work, "version": 3 if self.has_differs else 2, "more": more,
                          "disabled": ", ".join('"io.containerd.%s"' % name for name in self.disabled(more)),
                          "differ": DIFFER % {"work": work} if self.has_differs else ""})

    @staticmethod
    def disabled(more):
        """The plugins that are shared with the host's containerd, and CRI, unless it is configured."""
        yield from ("internal.v1.opt", "internal.v1.tracing", "nri.v1.nri")
        if ".cri." not in more:
            yield from ("grpc.v1.cri", "cri.v1.images", "cri.v1.runtime")

    def start(self):
        with open(os.path.join(self.work, "containerd.log"), "ab") as log:
            self.process = subprocess.Popen(["containerd", "--config", self.config], stdout=log, stderr=log)
        wait_for("containerd", self.answers)
        return self

    def log(self):
        return open(os.path.join(self.work, "containerd.log"), errors="replace").read()

    def answers(self):
        assert self.process.poll() is None, "containerd ended: " + self.log()[-3000:]
        return self.ctr("version", check=False).returncode == 0

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(60)
        self.process = None

    def ctr(self, *arguments, check=True, **options):
        done = subprocess.run(["ctr", "-a", self.socket, "-n", self.namespace, *map(str, arguments)], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=300, **options)
        if check and done.returncode != 0:
            raise AssertionError("ctr %s: %s\n%s" % (" ".join(map(str, arguments)), done.stderr.decode(errors="replace"),
                                                     self.log()[-2000:]))
        return done

    def snapshots(self, snapshotter="wcl"):
        """{key: (parent, kind)}"""
        lines = self.ctr("snapshots", "--snapshotter", snapshotter, "ls").stdout.decode().splitlines()[1:]
        found = {}
        for line in lines:
            words = line.split()
            found[words[0]] = (words[1] if len(words) > 2 else "", words[-1])
        return found


def chain_ids(image):
    chain = []
    for diff_id in image.diff_ids:
        chain.append(digest_of(("%s %s" % (chain[-1], diff_id)).encode()) if chain else diff_id)
    return chain


def shell():
    """A layer that busybox is in, with the folders that a container mounts on."""
    layer = LayerTar()
    for folder in ("bin", "proc", "dev", "sys", "tmp"):
        layer.add(folder, kind=tarfile.DIRTYPE, mode=0o1777 if folder == "tmp" else 0o755)
    with open(shutil.which("busybox"), "rb") as file:
        layer.add("bin/busybox", file.read(), 0o755)
    for applet in ("sh", "cat", "find", "stat", "sort", "ls", "sleep", "md5sum", "echo", "mkdir", "rm", "mv", "touch"):
        layer.add("bin/" + applet, kind=tarfile.SYMTYPE, linkname="busybox")
    return layer


def runnable(**config):
    """An image whose layers add, replace, delete and hide, with a shell to look at it."""
    image = Image(Cmd=["/bin/sh"], Env=["PATH=/bin"], **config)
    layer = shell()
    for folder in ("etc", "opaque", "opaque/below", "gone"):
        layer.add(folder, kind=tarfile.DIRTYPE, mode=0o755)
    layer.add("etc/owned", b"1:2\n", 0o640, uid=1, gid=2)
    layer.add("etc/setuid", b"s\n", 0o4755)
    layer.add("etc/first", b"one file\n")
    layer.add("etc/second", kind=tarfile.LNKTYPE, linkname="etc/first")
    layer.add("etc/replaced", b"as it was\n")
    layer.add("etc/fifo", kind=tarfile.FIFOTYPE)
    layer.add("gone/file", b"to be deleted\n")
    layer.add("opaque/below/hidden", b"to be hidden\n")
    image.add(layer.bytes())
    image.add(tar_of({"etc": None, "etc/replaced": b"as it is now, which is longer\n", "gone": None,
                      "gone/.wh.file": b"", "opaque": None, "opaque/.wh..wh..opq": b"", "opaque/shown": b"shown\n"}))
    image.add(tar_of({"etc": None, "etc/third": b"three\n", "etc/fourth": ("link", "etc/third"), "data": None,
                      "data/big": bytes(range(256)) * 20000}), how="none")
    return image.make()


def put(registry, folder, image, name, *options):
    """The image, in the registry, with more options of skopeo's; its reference."""
    layout = write_layout(folder, image.blobs, [image.descriptor(
        annotations={"org.opencontainers.image.ref.name": "test"})])
    skopeo("copy", "--preserve-digests", "--dest-tls-verify=false", *options, "oci:%s:test" % layout, "docker://" + registry.name(name))
    return registry.name(name)


class Bench:
    """A registry, a containerd and a snapshotter, of which nothing is left at the end."""

    def __init__(self, more="", auth=None):
        """`more` of containerd's configuration may name the folder `work` and the `registry`, which wants `auth`."""
        self.work = tempfile.mkdtemp(prefix="wclc-")
        self.registry = Registry(os.path.join(self.work, "registry"), auth)
        self.containerd = Containerd(self.work, more % {"work": self.work, "registry": self.registry.host})
        self.snapshotter = Snapshotter(self.work, self.containerd.socket)

    def __enter__(self):
        self.registry.__enter__()
        try:
            self.snapshotter.start()
            self.containerd.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in self.containerd.ctr("tasks", "ls", "-q", check=False).stdout.decode().split():
            self.containerd.ctr("tasks", "rm", "-f", name, check=False)
        self.containerd.stop()
        self.snapshotter.stop()
        self.registry.__exit__()
        unmount_below(self.work)
        shutil.rmtree(self.work, ignore_errors=True)

    def pull(self, reference, snapshotter="wcl", *options):
        self.containerd.ctr("images", "pull", "--plain-http", "--snapshotter", snapshotter, *options, reference)

    def forget_everything(self):
        """Removes all images, and the leases that clients keep on what they made."""
        for kind in ("images", "leases"):
            for name in self.containerd.ctr(kind, "ls", "-q").stdout.decode().split():
                self.containerd.ctr(kind, "rm", "--sync", name)

    def assert_nothing_left(self):
        """Once containerd has collected its garbage."""
        wait_for("the removal of all snapshots", lambda: not self.containerd.snapshots())
        wait_for("the removal of all layers", lambda: not self.snapshotter.layers())
        wait_for("the end of all mounts", lambda: not self.snapshotter.mounted())
        assert os.listdir(os.path.join(self.snapshotter.home, ".snapshots")) == []
