#!/usr/bin/env python3
"""Images to and from this machine's files: layouts and archives that skopeo and umoci make are loaded, mounted and
compared; what is saved has the digests that it came with, and is taken by skopeo."""
from image_common import *


def run(*arguments):
    done = subprocess.run(list(map(str, arguments)), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, "%s: %s" % (arguments, done.stderr.decode()[-1500:])
    return done.stdout


def many_layers(hows=("gzip",)):
    image = Image(Cmd=["/bin/sh"], Env=["A=b"])
    for number, tar in enumerate(linux_layers()):
        image.add(tar, hows[number % len(hows)])
    return image.make()


def skopeo_forms_are_loaded_and_equal_what_umoci_unpacks(home):
    image = many_layers()
    layout = layout_of(home.path("layout"), image)
    run("skopeo", "copy", "oci:" + layout, "oci:" + home.path("copied") + ":tag")
    run("skopeo", "copy", "oci:" + layout, "oci-archive:" + home.path("copied.tar") + ":some.test/a/b:2")
    run("skopeo", "copy", "oci:" + layout, "docker-archive:" + home.path("docker.tar") + ":docker/archive:3")
    run("umoci", "unpack", "--image", home.path("copied") + ":tag", home.path("bundle"))
    for path, name, digest in ((layout, "test:1", image.digest), (home.path("copied"), "copied:tag", image.digest),
                               (home.path("copied.tar"), "some.test/a/b:2", image.digest),
                               (home.path("docker.tar"), "docker/archive:3", None)):
        loaded = home.json("load", "-i", path)
        assert len(loaded) == 1 and name in loaded[0]["names"], loaded
        # A docker archive has no manifest; its config is the same but for skopeo's conversion to Docker's form.
        assert loaded[0]["digest"] == digest or digest is None
        assert loaded[0]["os"] == "linux" and len(loaded[0]["layers"]) == 6
        place = home.mount(name)
        assert_same_tree(snapshot(place, folder_times=False), snapshot(home.path("bundle/rootfs"), folder_times=False),
                         name, ("kind", "mode", "owner", "size", "sha256", "target", "names"))
        home.run("unmount", name)
    assert len(home.json("layers")) == 6, "the layers are shared"
    assert len(home.json("images")) == 2, "layouts of one image are one image"
    home.assert_clean()


def saved_images_have_every_digest(home):
    image = many_layers(("gzip", "zstd", "none"))
    layout = layout_of(home.path("mixed"), image, "docker.io/library/mixed:1")
    home.run("load", "-i", layout)
    home.run("save", "-o", home.path("mixed.tar"), "mixed:1")
    home.run("save", "-o", home.path("mixed-folder"), "--format", "oci-dir", "mixed:1")
    with open(home.path("mixed-piped.tar"), "wb") as file:
        file.write(home.run("save", "mixed:1").stdout)
    for form in ("mixed.tar", "mixed-folder", "mixed-piped.tar"):
        assert blobs_of(home.path(form)) == image.blobs, form
    assert sha256(home.path("mixed.tar")) == sha256(home.path("mixed-piped.tar")), "the same bytes each time"
    assert run("skopeo", "inspect", "--raw", "oci-archive:" + home.path("mixed.tar")) == image.manifest
    assert run("skopeo", "inspect", "--raw", "oci:" + home.path("mixed-folder")) == image.manifest
    run("skopeo", "copy", "oci-archive:" + home.path("mixed.tar"), "dir:" + home.path("mixed-dir"))
    gzipped = many_layers()
    home.run("load", "-i", layout_of(home.path("gzipped"), gzipped, "docker.io/library/gzipped:1"))
    home.run("save", "-o", home.path("gzipped-folder"), "--format", "oci-dir", "gzipped:1")
    run("umoci", "unpack", "--image", home.path("gzipped-folder") + ":1", home.path("gzipped-bundle"))
    with Home() as other:
        with open(home.path("mixed.tar"), "rb") as file:
            loaded = json.loads(other.run("load", "--json", stdin=file).stdout)
        assert loaded[0]["digest"] == image.digest and loaded[0]["names"] == ["mixed:1"]
        gzipped = subprocess.run(["gzip", "-1", "-c", home.path("mixed.tar")], stdout=subprocess.PIPE).stdout
        loaded = json.loads(other.run("load", "--json", "--name", "again:2", input=gzipped).stdout)
        assert loaded[0]["names"] == ["again:2", "mixed:1"], loaded
        other.run("save", "-o", other.path("again.tar"), "again:2", "mixed:1")
        assert blobs_of(other.path("again.tar")) == image.blobs
        with tarfile.open(other.path("again.tar")) as tar:
            members = [member.name for member in tar]
            listed = json.load(tar.extractfile("manifest.json"))
        assert len(members) == len(set(members)), "nothing is in it twice"
        assert [item["RepoTags"] for item in listed] == [["again:2"], ["mixed:1"]]
        other.assert_clean()
    home.assert_clean()


def docker_archives_keep_configs_and_layers(home):
    image = many_layers(("none",))
    archive = docker_archive(home.path("plain.tar"), image, "plain:1")
    loaded = home.json("load", "-i", archive)
    assert loaded[0]["config"] == image.config_digest
    again = home.json("load", "-i", archive)
    assert again[0]["digest"] == loaded[0]["digest"], "the manifest that is made up is always the same"
    home.run("save", "-o", home.path("plain-saved.tar"), "--format", "docker", "plain:1", loaded[0]["digest"])
    with tarfile.open(home.path("plain-saved.tar")) as tar:
        listed = json.load(tar.extractfile("manifest.json"))
        assert listed[0]["RepoTags"] == ["plain:1"] and listed[1]["RepoTags"] is None, listed
        assert listed[0]["Layers"] == listed[1]["Layers"]
        config = tar.extractfile(listed[0]["Config"]).read()
        layers = [tar.extractfile(name).read() for name in listed[0]["Layers"]]
    assert digest_of(config) == image.config_digest
    assert [digest_of(layer) for layer in layers] == image.diff_ids
    run("skopeo", "copy", "docker-archive:" + home.path("plain-saved.tar") + ":plain:1",
        "oci:" + home.path("plain-copied") + ":1")
    # Old archives have a layer that is there twice as a link, and compressed layers.
    linked = docker_archive(home.path("linked.tar"), Image().add(linux_layers(1)[0]).add(linux_layers(1)[0]).make(),
                            "linked:1", extra={"%064x/layer.tar" % 1: ("symlink", "../%064x/layer.tar" % 0)})
    loaded = home.json("load", "-i", linked)
    assert len(loaded[0]["layers"]) == 2
    # So do those whose names all begin with "./".
    plain = docker_archive(home.path("undotted.tar"), Image().add(linux_layers(3)[2]).add(linux_layers(3)[2]).make(),
                           "dotted:1", extra={"%064x/layer.tar" % 1: ("symlink", "../%064x/layer.tar" % 0)})
    with tarfile.open(plain) as old, tarfile.open(home.path("dotted.tar"), "w") as new:
        for member in old:
            member.name = "./" + member.name
            new.addfile(member, old.extractfile(member) if member.isfile() else None)
    loaded = home.json("load", "-i", home.path("dotted.tar"))
    assert len(loaded[0]["layers"]) == 2
    home.assert_clean()


def windows_images_with_foreign_layers_are_loaded(home):
    with open(LAYER_TAR, "rb") as file:
        base = file.read()
    app = tar_of({"Files": None, "Files/app.txt": b"app\r\n", "Files/.wh.gone.txt": b"", "Hives": None})
    image = Image("windows", os_version="10.0.17763.1817")
    image.add(base, media_type=FOREIGN_LAYER, urls=["https://example.test/base.tar.gz"]).add(app).make()
    layout = layout_of(home.path("windows"), image, "some.test/windows:1809")
    loaded = home.json("load", "-i", layout)
    assert loaded[0]["os"] == "windows" and loaded[0]["os_version"] == "10.0.17763.1817"
    assert "Files/app.txt" in [entry["path"] for entry in home.entries("some.test/windows:1809")]
    home.run("save", "-o", home.path("windows.tar"), "some.test/windows:1809")
    assert blobs_of(home.path("windows.tar")) == image.blobs
    home.run("create", "-l", "some.test/windows:1809", "sandbox")
    place = home.mount("sandbox")
    assert open(os.path.join(place, "app.txt"), "rb").read() == b"app\r\n"
    home.run("unmount", "sandbox")
    # A layout may leave a foreign layer out: the error says where to get it.
    del image.blobs[image.layers[0]["digest"]]
    with Home() as other:
        absent = layout_of(other.path("absent"), image)
        failed = other.run("load", "-i", absent, check=False)
        assert failed.returncode == 1 and b"https://example.test/base.tar.gz" in failed.stderr, failed.stderr
        assert_empty_images(other)
    home.assert_clean()


def an_index_gives_the_platform_that_is_asked_for(home):
    images = [Image("linux", "amd64"), Image("linux", "arm64"), Image("windows", "amd64", "10.0.14393.1"),
              Image("windows", "amd64", "10.0.17763.1"), Image("windows", "amd64", "10.0.17763.9"),
              Image("windows", "amd64", "10.0.20348.5")]
    blobs = {}
    for number, image in enumerate(images):
        content = b"image %d\n" % number
        linux = image.config["os"] == "linux"
        image.add(tar_of({"number": content} if linux else {"Files": None, "Files/number": content})).make()
        blobs.update(image.blobs)
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [
        image.descriptor(platform=image.platform()) for image in images]}).encode()
    blobs[digest_of(index)] = index
    layout = write_layout(home.path("index"), blobs, [dict(
        {"mediaType": OCI_INDEX, "digest": digest_of(index), "size": len(index)}, **named("x.test/index:1"))])
    for platform, number in ((None, 0), ("linux/amd64", 0), ("linux/arm64", 1), ("windows(10.0.17763.9)", 4),
                             ("windows(10.0.17763.5)", 4), ("windows(10.0.19041.1)", 4),
                             ("windows(10.0.14393.100)/amd64", 2), ("windows/amd64", 5)):
        loaded = home.json("load", "-i", layout, *(["--platform", platform] if platform else []))
        assert loaded[0]["digest"] == images[number].digest, platform
        assert loaded[0]["names"] == ["x.test/index:1"], "the name goes over to the last"
    failed = home.run("load", "-i", layout, "--platform", "linux/s390x", check=False)
    assert failed.returncode == 1 and b"windows(10.0.17763.9)/amd64" in failed.stderr, failed.stderr
    home.assert_clean()


def artifacts_beside_an_image_are_passed_over(home):
    def artifact(number):
        made = Image().add(b"chart %d" % number, "none", media_type="application/vnd.cncf.helm.chart.content.v1.tar+gzip")
        return made.make(lambda m: m["config"].update(mediaType="application/vnd.cncf.helm.config.v1+json"))

    image, charts = Image().add(linux_layers(1)[0]).make(), [artifact(1), artifact(2)]
    blobs = dict(image.blobs, **charts[0].blobs, **charts[1].blobs)
    entries = [charts[0].descriptor(**named("x.test/chart:1")), image.descriptor(**named("x.test/image:1")),
               charts[1].descriptor(), charts[0].descriptor(), image.descriptor(**named("x.test/image:2"))]
    layout = write_layout(home.path("mixed"), blobs, entries)
    loaded = home.json("load", "-i", layout)
    assert [item["names"] for item in loaded] == [["x.test/image:1", "x.test/image:2"]], loaded
    # One name will do, since there is one image.
    loaded = home.json("load", "-i", layout, "--name", "x.test/image:3")
    assert loaded[0]["digest"] == image.digest and "x.test/image:3" in loaded[0]["names"], loaded
    failed = home.run("load", "-i", write_layout(home.path("charts"), blobs, entries[:1]), check=False)
    assert failed.returncode == 1 and b"an artifact and no image" in failed.stderr and b"helm" in failed.stderr, failed.stderr
    home.assert_clean()


def names_do_not_promise_another_content(home):
    image, other = Image().add(linux_layers(1)[0]).make(), Image().add(linux_layers(2)[1]).make()
    wrong = "x.test/wrong:1@sha256:" + "b" * 64

    def refuse(*arguments):
        failed = home.run(*arguments, check=False)
        assert failed.returncode == 1 and b"has a digest other than" in failed.stderr, (arguments, failed.stderr)

    home.run("load", "-i", layout_of(home.path("right"), image))
    refuse("tag", "test:1", wrong)
    refuse("tag", "test:1", "x.test/wrong@" + other.digest)
    home.run("tag", "test:1", "x.test/right:1@" + image.digest)
    assert home.json("images")[0]["names"] == ["test:1", "x.test/right:1@" + image.digest]
    refuse("load", "-i", layout_of(home.path("named"), other), "--name", wrong)
    os.makedirs(home.path("files/a"))
    refuse("append", "-t", wrong, "test:1", home.path("files"))
    assert len(home.json("images")) == 1 and len(home.json("layers")) == 1, "nothing came of these"
    # What an archive says of itself is no reason not to load it.
    loaded = home.json("load", "-i", layout_of(home.path("lying"), other, wrong))
    assert loaded[0]["digest"] == other.digest and loaded[0]["names"] == [], loaded
    loaded = home.json("load", "-i", docker_archive(home.path("lying.tar"), image, wrong))
    assert loaded[0]["config"] == image.config_digest and loaded[0]["names"] == [], loaded
    loaded = home.json("load", "-i", layout_of(home.path("true"), other, "x.test/true@" + other.digest))
    assert loaded[0]["names"] == ["x.test/true@" + other.digest], loaded
    # The index that led to an image is one that it may be named by.
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [
        image.descriptor(platform=image.platform())]}).encode()
    name = "x.test/index@" + digest_of(index)
    layout = write_layout(home.path("by-index"), dict(image.blobs, **{digest_of(index): index}), [dict(
        {"mediaType": OCI_INDEX, "digest": digest_of(index), "size": len(index)}, **named(name))])
    assert name in home.json("load", "-i", layout)[0]["names"]
    assert not any("wrong" in name for item in home.json("images") for name in item["names"])
    home.assert_clean()


def layers_and_blobs_are_kept_once_and_go_with_the_last_image(home):
    tars = linux_layers(4)
    short = Image().add(tars[0]).add(tars[1]).make()
    long = Image().add(tars[0]).add(tars[1]).add(tars[2]).make()
    zstd = Image().add(tars[0], "zstd").add(tars[1], "zstd").make()
    for name, image in (("short", short), ("long", long), ("zstd", zstd)):
        home.run("load", "-i", layout_of(home.path(name), image, "docker.io/library/%s:1" % name))
    assert len(home.json("layers")) == 3, "the same tars in other blobs are the same layers"
    home.run("save", "-o", home.path("zstd.tar"), "zstd:1")
    assert blobs_of(home.path("zstd.tar")) == zstd.blobs, "and each blob comes back as it was"
    # One that is there is not even looked at.
    layout = layout_of(home.path("hollow"), long, "docker.io/library/hollow:1")
    for layer in long.layers:
        os.unlink(os.path.join(layout, "blobs/sha256", layer["digest"].split(":")[1]))
    assert home.json("load", "-i", layout)[0]["digest"] == long.digest
    home.run("tag", "long:1", "another.test/name:2")
    removed = home.json("rmi", "long:1")
    assert [item["removed"] for item in removed] == ["untagged"]
    failed = home.run("rmi", long.digest, check=False)
    assert failed.returncode == 1 and b"2 names" in failed.stderr, failed.stderr
    removed = home.json("rmi", "-f", long.digest[:20])
    assert sorted(item["removed"] for item in removed) == sorted(
        ["untagged", "untagged", "deleted", "layer", "blob", "blob", "blob"]), removed
    home.assert_clean()
    home.run("create", "-l", "zstd:1", "box")
    home.run("rmi", "zstd:1", "short:1")
    assert home.json("images") == []
    assert len(home.json("layers")) == 3, "a sandbox holds its layers"
    home.run("mount", "box")
    home.run("unmount", "box")
    home.run("load", "-i", home.path("short"))
    assert len(home.json("layers")) == 3
    home.run("rmi", "short:1")
    home.run("remove", "box")
    home.run("rmi", "--unused")
    # A layer of one's own that stands on an image's.
    home.run("load", "-i", home.path("short"))
    top = home.json("images")[0]["layers"][0]
    with open(home.path("own.tar"), "wb") as file:
        file.write(tars[3])
    home.run("import", "-l", "short:1", "-i", home.path("own.tar"), "own")
    home.run("rmi", "short:1")
    assert {layer["id"] for layer in home.json("layers")} >= {"own", top}
    home.run("remove", "own")
    home.run("rmi", "--unused")
    assert_empty_images(home)


def another_layer_in_the_place_of_one_is_not_taken_for_it(home):
    tars = linux_layers(2)
    image = Image().add(tars[0]).add(tars[1]).make()
    layout = layout_of(home.path("occupied"), image)
    home.run("load", "-i", layout)
    top = home.json("images")[0]["layers"][0]
    home.run("rmi", "test:1")
    with open(home.path("other.tar"), "wb") as file:
        file.write(tars[1])
    # The same tar, but on nothing.
    home.run("import", "-i", home.path("other.tar"), top)
    failed = home.run("load", "-i", layout, check=False)
    assert failed.returncode == 1 and b"another layer" in failed.stderr, failed.stderr
    assert [layer["id"] for layer in home.json("layers")] == [top], "what is not an image's own stays"
    home.run("remove", top)
    home.run("load", "-i", layout)
    home.assert_clean()


def empty_and_repeated_layers_are_layers(home):
    some = linux_layers(2)
    empty = bytes(1024)
    for number, (os_name, first) in enumerate((("linux", some[0]), ("windows", tar_of({"Files": None, "Files/a": b"a"})))):
        image = Image(os_name).add(first)
        for how in ("gzip", "gzip", "none", "zstd"):
            image.add(empty, how)
        image.add(first).make()
        home.run("load", "-i", layout_of(home.path("repeated-%d" % number), image, "x.test/repeated:%d" % number))
        home.run("save", "-o", home.path("repeated.tar"), "x.test/repeated:%d" % number)
        assert blobs_of(home.path("repeated.tar")) == image.blobs
        home.mount("x.test/repeated:%d" % number)
        home.run("unmount", "x.test/repeated:%d" % number)
    # An image without any layer.
    image = Image().make()
    home.run("load", "-i", layout_of(home.path("hollow"), image, "x.test/hollow:1"))
    home.run("save", "-o", home.path("hollow.tar"), "x.test/hollow:1")
    assert blobs_of(home.path("hollow.tar")) == image.blobs
    failed = home.run("create", "-l", "x.test/hollow:1", "box", check=False)
    assert failed.returncode == 1 and b"has no layers" in failed.stderr, failed.stderr
    home.assert_clean()


def verify_names_what_is_wrong_with_images(home):
    image = many_layers()
    home.run("load", "-i", layout_of(home.path("verified"), image))
    images = os.path.join(home.home, ".images")
    blob = os.path.join(images, "blobs/sha256", image.layers[2]["digest"].split(":")[1])
    manifest = os.path.join(images, "blobs/sha256", image.digest.split(":")[1])
    for path, wrong in ((blob, b"has the digest"), (manifest, b"manifest or config is damaged")):
        with open(path, "r+b") as file:
            old = file.read(1)
            file.seek(0)
            file.write(bytes([old[0] ^ 1]))
        found = home.run("verify", check=False)
        assert found.returncode == 1 and wrong in found.stdout, found.stdout
        with open(path, "r+b") as file:
            file.write(old)
    os.rename(blob, blob + "x")
    found = home.run("verify", check=False).stdout
    assert b"is not there" in found and b"used by no image" in found, found
    os.rename(blob + "x", blob)
    home.assert_clean()
    home.run("rmi", "test:1")
    assert_empty_images(home)


def main():
    need_root()
    for tool in ("skopeo", "umoci", "zstd"):
        if not shutil.which(tool):
            skip("there is no " + tool)
    tests = [skopeo_forms_are_loaded_and_equal_what_umoci_unpacks, saved_images_have_every_digest,
             docker_archives_keep_configs_and_layers, windows_images_with_foreign_layers_are_loaded,
             an_index_gives_the_platform_that_is_asked_for, names_do_not_promise_another_content,
             artifacts_beside_an_image_are_passed_over,
             layers_and_blobs_are_kept_once_and_go_with_the_last_image,
             another_layer_in_the_place_of_one_is_not_taken_for_it, empty_and_repeated_layers_are_layers,
             verify_names_what_is_wrong_with_images]
    for test in tests:
        with Home() as home:
            test(home)
        print("passed:", test.__name__)


main()
