#!/usr/bin/env python3
"""Layouts and archives that lie: each is refused by what is wrong with it, and nothing of it is left."""
from image_common import *


def spoiled(home, name, change=None, blobs=None, image=None, prepare=None):
    """A layout whose manifest was changed, or whose blobs were."""
    image = image or Image().add(linux_layers(1)[0]).add(linux_layers(2)[1])
    image.make(change)
    if blobs:
        blobs(image)
    layout = layout_of(home.path(name), image)
    if prepare:
        prepare(layout, image)
    return layout


def layer_field(**fields):
    def change(manifest):
        manifest["layers"][1].update(fields)
    return change


def blob_path(layout, digest):
    return os.path.join(layout, "blobs/sha256", digest.split(":")[1])


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def other_bytes(image):
    digest = image.layers[1]["digest"]
    data = bytearray(image.blobs[digest])
    data[len(data) // 2] ^= 1
    image.blobs[digest] = bytes(data)


def other_layer(image):
    """A whole layer, but another one: its diff ID differs."""
    blob = compress(tar_of({"evil": b"x"}), "gzip")
    image.layers[1].update(digest=digest_of(blob), size=len(blob))
    image.blobs[digest_of(blob)] = blob


def cut(image):
    digest = image.layers[1]["digest"]
    image.blobs[digest] = image.blobs[digest][:-100]


def lengthen(image):
    digest = image.layers[1]["digest"]
    image.blobs[digest] += b"\0" * 100_000_000


def huge_manifest(layout, image):
    index = json.load(open(os.path.join(layout, "index.json")))
    index["manifests"][0]["size"] = 1 << 30
    write(os.path.join(layout, "index.json"), json.dumps(index).encode())
    os.truncate(blob_path(layout, image.digest), 1 << 30)


def huge_index(layout, _):
    os.truncate(os.path.join(layout, "index.json"), 1 << 30)


def deep_index(layout, _):
    write(os.path.join(layout, "index.json"), b'{"schemaVersion":2,"manifests":' + b"[" * 1_000_000)


def link_out(layout, image):
    path = blob_path(layout, image.layers[1]["digest"])
    os.rename(path, layout + ".elsewhere")
    os.symlink(layout + ".elsewhere", path)


def fifo(layout, image):
    path = blob_path(layout, image.layers[1]["digest"])
    os.unlink(path)
    os.mkfifo(path)


def no_tar(image):
    blob = compress(b"this is no tar " * 1000, "gzip")
    image.layers[1].update(digest=digest_of(blob), size=len(blob))
    image.diff_ids[1] = digest_of(b"this is no tar " * 1000)
    image.blobs[digest_of(blob)] = blob


def bomb():
    return Image().add(tar_of({"zeros": bytes(200_000_000)})).make()


def refused_layouts(home):
    def with_layer(change):
        image = Image().add(linux_layers(1)[0]).add(linux_layers(2)[1])
        change(image)
        return dict(image=image)

    cases = [
        ("negative-size", dict(change=layer_field(size=-5)), b"size"),
        ("size-of-2-to-the-63", dict(change=layer_field(size=1 << 63)), b"size"),
        ("size-as-text", dict(change=layer_field(size="7")), b"size"),
        ("path-for-a-digest", dict(change=layer_field(digest="sha256:../../../../../../etc/passwd")), b"is not a digest"),
        ("slash-in-a-digest", dict(change=layer_field(digest="sha256:" + "a/" * 32)), b"is not a digest"),
        ("capital-digest", dict(change=layer_field(digest="sha256:" + "A" * 64)), b"is not a digest"),
        ("sha512", dict(change=layer_field(digest="sha512:" + "a" * 128)), b"sha512"),
        ("md5", dict(change=layer_field(digest="md5:" + "a" * 32)), b"md5"),
        ("url-of-a-file", dict(change=layer_field(urls=["file:///etc/passwd"])), b"file:///etc/passwd"),
        ("unknown-layer", dict(change=layer_field(mediaType="text/plain")), b"text/plain"),
        ("encrypted-layer", dict(change=layer_field(mediaType=OCI_LAYER + "+gzip+encrypted")), b"encrypted"),
        ("layer-too-few", dict(change=lambda m: m["layers"].pop() and None), b"2 diff IDs where the manifest has 1"),
        ("both-kinds", dict(change=lambda m: m.update(manifests=[])), b"both layers and manifests"),
        ("artifact", dict(change=lambda m: m["config"].update(mediaType="application/vnd.cncf.helm.config.v1+json")),
         b"helm"),
        ("schema-1", dict(change=lambda m: b'{"schemaVersion":1,"fsLayers":[]}'), b"schema 1"),
        ("deep", dict(change=lambda m: b'{"schemaVersion":2,"layers":' + b"[" * 1_000_000), b"nested"),
        ("no-json", dict(change=lambda m: b"\xff\xfe"), b"JSON"),
        ("other-config-size", dict(change=lambda m: m["config"].update(size=m["config"]["size"] - 1)), b"digest"),
        ("other-bytes", dict(blobs=other_bytes), b""),
        ("cut", dict(blobs=cut), b"ends after"),
        ("size-too-large", dict(change=layer_field(size=10**15)), b"ends after"),
        ("huge-manifest", dict(prepare=huge_manifest), b"1073741824 bytes"),
        ("huge-index", dict(prepare=huge_index), b"1073741824 bytes"),
        ("deep-index", dict(prepare=deep_index), b"nested"),
        ("link-out", dict(prepare=link_out), b"not a regular file"),
        ("fifo", dict(prepare=fifo), b"not a regular file"),
        ("other-layer", with_layer(other_layer), b"has the diff ID"),
        ("no-tar", with_layer(no_tar), b"tar"),
        ("freebsd", dict(image=Image("freebsd").add(linux_layers(1)[0])), b"freebsd"),
        ("no-blob", dict(prepare=lambda layout, image: os.unlink(blob_path(layout, image.layers[1]["digest"]))),
         b"cannot open"),
        ("no-config", dict(prepare=lambda layout, image: os.unlink(blob_path(layout, image.config_digest))),
         b"cannot open"),
        ("no-manifest", dict(prepare=lambda layout, image: os.unlink(blob_path(layout, image.digest))), b"cannot open"),
        ("version-2", dict(prepare=lambda layout, _: write(os.path.join(layout, "oci-layout"),
                                                           b'{"imageLayoutVersion":"2.0"}')), b"version '2.0'"),
    ]
    for name, options, says in cases:
        expect_refusal(home, name, spoiled(home, name, **options), says)
    layout = layout_of(home.path("bomb"), bomb())
    expect_refusal(home, "bomb", layout, b"more than the 1048576 bytes", "--max-size", "1M")
    # What follows a blob is not read, and does no harm.
    longer = spoiled(home, "longer", blobs=lengthen)
    home.run("load", "-i", longer)
    home.run("rmi", "test:1")
    assert_empty_images(home)


def expect_refusal(home, name, path, says, *options):
    done = home.run("load", "-i", path, *options, check=False, timeout=60)
    assert done.returncode == 1, "%s: exit %d: %s" % (name, done.returncode, done.stderr)
    assert says in done.stderr, "%s: %s" % (name, done.stderr)
    assert len(done.stderr) < 3000, "%s: an error of %d bytes" % (name, len(done.stderr))
    assert_empty_images(home)


def refused_archives(home):
    image = Image().add(linux_layers(1)[0], "none").make()
    write(home.path("secret"), b"secret")
    up = "../" * 20 + home.path("secret")[1:]

    def archive(name, **options):
        return docker_archive(home.path(name + ".tar"), image, **options)

    def raw(name, files):
        write(home.path(name + ".tar"), tar_of(files))
        return home.path(name + ".tar")

    whole = open(archive("whole"), "rb").read()
    write(home.path("cut.tar"), whole[:len(whole) // 2])
    write(home.path("noise.tar"), os.urandom(100_000))
    write(home.path("empty.tar"), b"")
    write(home.path("zeros.tar"), bytes(10240))
    os.makedirs(home.path("folder"))
    with tarfile.open(home.path("whole.tar")) as tar:
        tar.extractall(home.path("folder"))
    listed = json.load(open(home.path("folder/manifest.json")))
    os.unlink(home.path("folder", listed[0]["Layers"][0]))
    os.symlink(home.path("secret"), home.path("folder", listed[0]["Layers"][0]))
    cases = [
        ("up", archive("up", layers=[up]), b"there is no"),
        ("up-in-the-tar", archive("up-in-the-tar", layers=["x"], extra={"x": ("symlink", up)}), b"there is no"),
        ("link-to-itself", archive("link-to-itself", layers=["x"], extra={"x": ("symlink", "x")}), b"there is no"),
        ("number-for-a-layer", archive("number-for-a-layer", layers=[7]), b"not a string"),
        ("two-layers", archive("two-layers", layers=["%064x/layer.tar" % 0] * 2), b"1 diff IDs"),
        ("link-out-of-the-folder", home.path("folder"), b"not a regular file"),
        ("cut", home.path("cut.tar"), b"ends within"),
        ("noise", home.path("noise.tar"), b"no tar header"),
        ("empty", home.path("empty.tar"), b"empty"),
        ("zeros", home.path("zeros.tar"), b"empty"),
        ("other-things", raw("other-things", {"a": b"b"}), b"neither an OCI layout nor a docker archive"),
        ("no-list", raw("no-list", {"manifest.json": b"{}"}), b"not a list"),
        ("no-images", raw("no-images", {"manifest.json": b"[]"}), b"no image"),
        ("config-twice", raw("config-twice", {"manifest.json": b'[{"Config":"a","Layers":[],"Config":"b"}]'}),
         b"'Config' twice"),
        ("no-object", raw("no-object", {"manifest.json": b"[7]"}), b"not an object"),
        ("no-config", raw("no-config", {"manifest.json": b'[{"Config":"../x","Layers":[]}]'}), b"there is no"),
        ("deep-config", raw("deep-config", {"manifest.json": b'[{"Config":"c","Layers":[]}]', "c": b"[" * 100_000}),
         b"nested"),
        ("missing", home.path("missing.tar"), b"cannot open"),
    ]
    for name, path, says in cases:
        expect_refusal(home, name, path, says)
    # A layer other than the config says.
    image.diff_ids[0] = "sha256:" + "1" * 64
    image.make()
    expect_refusal(home, "other-diff-id", archive("other-diff-id"), b"has the digest")


def main():
    tests = [refused_layouts, refused_archives]
    for test in tests:
        with Home() as home:
            test(home)
        print("passed:", test.__name__)


main()
