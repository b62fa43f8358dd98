"""What the end-to-end tests of images share: images made from nothing, as OCI layouts and docker archives, by this
file's own code, and looking into what wcl writes."""
import gzip
import io
import tarfile

from store_common import *

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
FOREIGN_LAYER = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tar_of(members):
    """A tar of {path: contents}; None is a folder, a tuple ("symlink", target) and so on what it says."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, contents in members.items():
            info = tarfile.TarInfo(path)
            info.mtime = 1700000000
            if contents is None:
                info.type, info.mode = tarfile.DIRTYPE, 0o755
            elif isinstance(contents, tuple):
                info.type = {"symlink": tarfile.SYMTYPE, "link": tarfile.LNKTYPE}[contents[0]]
                info.linkname = contents[1]
            else:
                info.size = len(contents)
            tar.addfile(info, io.BytesIO(contents) if isinstance(contents, bytes) else None)
    return out.getvalue()


def compress(data, how):
    if how == "gzip":
        return gzip.compress(data, 1, mtime=0)
    if how == "zstd":
        return subprocess.run(["zstd", "-q", "-1"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


class Image:
    """An image being made: blobs by digest, and its manifest."""

    def __init__(self, os_name="linux", architecture="amd64", os_version=None, **config):
        self.blobs = {}
        self.layers = []
        self.diff_ids = []
        self.config = {"created": "2023-11-14T22:13:20Z", "architecture": architecture, "os": os_name,
                       "config": config}
        if os_version:
            self.config["os.version"] = os_version

    def add(self, tar, how="gzip", media_type=None, **descriptor):
        blob = compress(tar, how)
        suffix = {"gzip": "+gzip", "zstd": "+zstd", "none": ""}[how]
        self.blobs[digest_of(blob)] = blob
        self.layers.append(dict({"mediaType": media_type or OCI_LAYER + suffix, "digest": digest_of(blob),
                                 "size": len(blob)}, **descriptor))
        self.diff_ids.append(digest_of(tar))
        return self

    def make(self, change=None):
        """The manifest's bytes. `change` may spoil config and manifest first."""
        config = dict(self.config, rootfs={"type": "layers", "diff_ids": self.diff_ids})
        config_bytes = json.dumps(config).encode()
        manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST,
                    "config": {"mediaType": OCI_CONFIG, "digest": digest_of(config_bytes), "size": len(config_bytes)},
                    "layers": self.layers}
        self.config_digest = digest_of(config_bytes)
        self.blobs[self.config_digest] = config_bytes
        if change:
            manifest = change(manifest) or manifest
        self.manifest = manifest if isinstance(manifest, bytes) else json.dumps(manifest, indent=1).encode()
        self.digest = digest_of(self.manifest)
        self.blobs[self.digest] = self.manifest
        return self

    def descriptor(self, **more):
        return dict({"mediaType": OCI_MANIFEST, "digest": self.digest, "size": len(self.manifest)}, **more)

    def platform(self):
        names = ("os", "architecture", "os.version")
        return {name: self.config[name] for name in names if name in self.config}


def write_layout(folder, blobs, manifests):
    os.makedirs(os.path.join(folder, "blobs/sha256"))
    with open(os.path.join(folder, "oci-layout"), "w") as file:
        file.write('{"imageLayoutVersion": "1.0.0"}')
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}
    with open(os.path.join(folder, "index.json"), "w") as file:
        json.dump(index, file)
    for digest, data in blobs.items():
        with open(os.path.join(folder, "blobs/sha256", digest.split(":")[1]), "wb") as file:
            file.write(data)
    return folder


def named(name):
    return {"annotations": {"io.containerd.image.name": name}}


def layout_of(folder, image, name="docker.io/library/test:1"):
    return write_layout(folder, image.blobs, [image.descriptor(**named(name))])


def docker_archive(path, image, name="test:1", layers=None, extra=None):
    """What `docker save` wrote before it wrote layouts."""
    files = {}
    names = []
    for number, layer in enumerate(image.layers):
        names.append("%064x/layer.tar" % number)
        files["%064x" % number] = None
        files[names[-1]] = image.blobs[layer["digest"]]
    config = image.config_digest.split(":")[1] + ".json"
    files[config] = image.blobs[image.config_digest]
    files["manifest.json"] = json.dumps(
        [{"Config": config, "RepoTags": [name] if name else None, "Layers": layers or names}]).encode()
    files.update(extra or {})
    with open(path, "wb") as file:
        file.write(tar_of(files))
    return path


def blobs_of(path):
    """The blobs of a layout, by digest, checked."""
    found = {}
    if os.path.isdir(path):
        folder = os.path.join(path, "blobs/sha256")
        items = [(name, open(os.path.join(folder, name), "rb").read()) for name in os.listdir(folder)]
    else:
        with tarfile.open(path) as tar:
            items = [(os.path.basename(m.name), tar.extractfile(m).read()) for m in tar
                     if m.isfile() and m.name.startswith("blobs/sha256/")]
    for name, data in items:
        assert digest_of(data) == "sha256:" + name, "the blob %s has another digest" % name
        found["sha256:" + name] = data
    return found


def linux_layers(count=6, files=40, size=3000, seed=1):
    """Tars of layers that add, change and delete files."""
    import random
    rng = random.Random(seed)
    tars = []
    for number in range(count):
        members = {"layer%d" % number: None, "etc": None}
        for item in range(files):
            members["layer%d/file%d" % (number, item)] = rng.randbytes(rng.randrange(size))
        members["etc/changed"] = b"by layer %d\n" % number
        members["layer%d/link" % number] = ("symlink", "file1")
        members["layer%d/second" % number] = ("link", "layer%d/file0" % number)
        if number:
            members["layer%d/.wh.file3" % (number - 1)] = b""
        tars.append(tar_of(members))
    return tars


def assert_empty_images(home):
    """Nothing of any image is left: no layer, blob, name, lease or part of a blob."""
    home.run("images")
    assert home.json("layers") == [], home.json("layers")
    for folder in ("blobs/sha256", "images", "names", "layers", "partial", "leases"):
        left = os.listdir(os.path.join(home.home, ".images", folder))
        assert not left, "left in %s: %s" % (folder, left)
    assert not os.path.exists(os.path.join(home.home, ".images/unclean"))
    home.assert_clean()
