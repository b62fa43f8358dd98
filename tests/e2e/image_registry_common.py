"""What the tests of registries share: images made from scratch as OCI layouts, and Debian's docker-registry on loopback
in a folder of the test's own."""
import gzip
import io
import socket
import tarfile
import time
import urllib.error
import urllib.request

from store_common import *

OCI = "application/vnd.oci.image."
MANIFEST = OCI + "manifest.v1+json"
INDEX = OCI + "index.v1+json"
CONFIG = OCI + "config.v1+json"
LAYER = OCI + "layer.v1.tar"
FOREIGN = OCI + "layer.nondistributable.v1.tar"
EPOCH = 1700000000


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            skip("%s is missing" % program)


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(what, condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("waited %d s in vain for %s" % (seconds, what))
        time.sleep(0.02)


# ---- Images ----------------------------------------------------------------------------------------------------------


def make_tar(members):
    """A tar of (name, content) pairs; content None is a folder, a tuple ("link"|"symlink", target) a link."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.mtime, info.mode = EPOCH, 0o644
            if content is None:
                info.type, info.mode = tarfile.DIRTYPE, 0o755
            elif isinstance(content, tuple):
                info.type = tarfile.LNKTYPE if content[0] == "link" else tarfile.SYMTYPE
                info.linkname = content[1]
            else:
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content if isinstance(content, bytes) else b""))
    return out.getvalue()


def noise(size, seed):
    """Bytes that do not compress, the same for the same seed."""
    return hashlib.shake_128(str(seed).encode()).digest(size)


def zstd(data):
    return subprocess.run(["zstd", "-q", "-3"], input=data, stdout=subprocess.PIPE, check=True).stdout


class Layout:
    """An OCI layout that images are put into."""

    def __init__(self, folder):
        self.folder = folder
        self.manifests = []
        os.makedirs(os.path.join(folder, "blobs", "sha256"))
        with open(os.path.join(folder, "oci-layout"), "w") as file:
            file.write('{"imageLayoutVersion":"1.0.0"}')

    def blob(self, data, media_type, write=True, **more):
        digest = digest_of(data)
        if write:
            with open(os.path.join(self.folder, "blobs", "sha256", digest[7:]), "wb") as file:
                file.write(data)
        return {"mediaType": media_type, "digest": digest, "size": len(data), **more}

    def document(self, document, media_type):
        return self.blob(json.dumps(document, separators=(",", ":")).encode(), media_type)

    def layer(self, tar, how="gzip", urls=None):
        """(descriptor, diff ID); with `urls` the layer is a foreign one, that only they have."""
        data, suffix = {"gzip": (lambda: gzip.compress(tar, 6, mtime=0), "+gzip"), "plain": (lambda: tar, ""),
                        "zstd": (lambda: zstd(tar), "+zstd")}[how]
        data = data()
        if urls:
            return {**self.blob(data, FOREIGN + suffix, False), "urls": urls}, digest_of(tar), data
        return self.blob(data, LAYER + suffix), digest_of(tar)

    def image(self, layers, system="linux", version=None, name=None, annotations=None):
        """The descriptor of an image of (descriptor, diff ID) pairs; a name is how the layout calls it."""
        config = {"architecture": "amd64", "os": system, "config": {"Cmd": ["/bin/sh"]},
                  "rootfs": {"type": "layers", "diff_ids": [layer[1] for layer in layers]}}
        if version:
            config["os.version"] = version
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": self.document(config, CONFIG),
                    "layers": [layer[0] for layer in layers]}
        if annotations:
            manifest["annotations"] = annotations
        platform = {"architecture": "amd64", "os": system}
        if version:
            platform["os.version"] = version
        return self.named({**self.document(manifest, MANIFEST), "platform": platform}, name)

    def index(self, images, name):
        return self.named(self.document({"schemaVersion": 2, "mediaType": INDEX, "manifests": images}, INDEX), name)

    def named(self, descriptor, name):
        if name:
            self.manifests.append({**descriptor, "annotations": {"org.opencontainers.image.ref.name": name}})
            with open(os.path.join(self.folder, "index.json"), "w") as file:
                json.dump({"schemaVersion": 2, "manifests": self.manifests}, file)
        return descriptor


def linux_layers(layout, count=12, size=200000, how=("gzip", "zstd", "plain")):
    """Layers that add, change, link and delete, in every compression that `how` has."""
    made = []
    for number in range(count):
        members = [("etc", None), ("data", None), ("data/%d" % number, None)]
        if number == 0:
            members += [("bin", None), ("bin/sh", noise(5000, "sh")), ("bin/bash", ("link", "bin/sh")),
                        ("lib", ("symlink", "usr/lib")), ("usr", None), ("usr/lib", None)]
        members += [("etc/version", b"%d\n" % number), ("data/%d/noise" % number, noise(size, number)),
                    ("data/%d/zeros" % number, bytes(size))]
        if number > 1:
            members += [("data/%d/.wh.zeros" % (number - 2), b"")]
        if number == 5:
            members += [("data/0", None), ("data/0/.wh..wh..opq", b""), ("data/0/new", b"new")]
        made.append(layout.layer(make_tar(members), how[number % len(how)]))
    return made


def windows_tar(members):
    """A Windows layer: (path below Files, content) pairs."""
    return make_tar([("Files", None), ("Hives", None)] + [("Files/" + name, content) for name, content in members])


# ---- Registries ------------------------------------------------------------------------------------------------------


class Registry:
    """docker-registry on loopback. `auth` and `http` are sections of its configuration; `data` is where its images are,
    if not in `folder`."""

    def __init__(self, folder, auth=None, http=None, data=None):
        os.makedirs(folder)
        self.folder = folder
        self.port = free_port()
        self.host = "127.0.0.1:%d" % self.port
        self.process = None
        config = {
            "version": "0.1", "log": {"level": "warn"},
            "storage": {"filesystem": {"rootdirectory": data or os.path.join(folder, "data")}, "delete": {"enabled": True}},
            "http": {"addr": self.host, "secret": "test", **(http or {})},
            "validation": {"manifests": {"urls": {"allow": ["^https?://"]}}},
        }
        if auth:
            config["auth"] = auth
        self.config = os.path.join(folder, "config.yml")
        with open(self.config, "w") as file:
            json.dump(config, file)

    def __enter__(self):
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(["docker-registry", "serve", self.config], stdout=log, stderr=log)
        wait_for("the registry", self.listens)
        return self

    def listens(self):
        assert self.process.poll() is None, "the registry ended: " + open(self.folder + "/log").read()[-2000:]
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def name(self, repository, tag="latest"):
        return "%s/%s:%s" % (self.host, repository, tag)

    def manifest(self, repository, reference):
        request = urllib.request.Request("http://%s/v2/%s/manifests/%s" % (self.host, repository, reference),
                                         headers={"Accept": MANIFEST + "," + INDEX})
        with urllib.request.urlopen(request) as answer:
            return answer.read()

    def has_blob(self, repository, digest):
        request = urllib.request.Request("http://%s/v2/%s/blobs/%s" % (self.host, repository, digest), method="HEAD")
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status == 200
        except urllib.error.HTTPError:
            return False


def skopeo(*arguments, check=True, **options):
    done = subprocess.run(["skopeo", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    if check and done.returncode != 0:
        raise AssertionError("skopeo %s: %s" % (" ".join(map(str, arguments)), done.stderr.decode()))
    return done


def push_layout(layout, name, to, *options):
    """Has skopeo push what the layout calls `name`, digests unchanged."""
    skopeo("copy", "--insecure-policy", "--dest-tls-verify=false", "--preserve-digests", *options,
           "oci:%s:%s" % (layout.folder, name), "docker://" + to)


def umoci_unpack(layout_folder, name, bundle):
    done = subprocess.run(["umoci", "unpack", "--image", "%s:%s" % (layout_folder, name), bundle],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout.decode()
    return os.path.join(bundle, "rootfs")


def assert_image_is(home, image, rootfs, what):
    """The image, mounted, is what umoci unpacked."""
    layer = chain_of(home, image)[0]
    mounted = home.mount(layer)
    try:
        assert_same_tree(snapshot(mounted, folder_times=False), snapshot(rootfs, folder_times=False), what)
    finally:
        home.run("unmount", layer)


def chain_of(home, image):
    for known in home.json("images"):
        if image in known["names"] or known["digest"] == image:
            return known["layers"]
    raise AssertionError("there is no image %s" % image)
