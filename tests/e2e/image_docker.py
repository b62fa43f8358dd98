#!/usr/bin/env python3
"""Images to dockerd and back: what wcl saves it loads, as the image that it was; what it saves wcl loads."""
from graphdriver_common import Docker
from image_common import *


def image_id(docker, name):
    return docker.text("image", "inspect", "--format", "{{.Id}}", name)


def check_image(home, docker, name, image):
    """The image in dockerd is the one that was made, and a container of it shows the same files."""
    assert image_id(docker, name) == image.config_digest
    diff_ids = json.loads(docker.text("image", "inspect", "--format", "{{json .RootFS.Layers}}", name))
    assert diff_ids == image.diff_ids
    container = docker.text("create", name, "/x")
    exported = docker.run("export", container).stdout
    docker.run("rm", container)
    with tarfile.open(fileobj=io.BytesIO(exported)) as tar:
        shown = {member.name: tar.extractfile(member).read() for member in tar if member.isreg()}
    place = home.mount(name)
    compared = 0
    for folder, _, names in os.walk(place):
        for item in names:
            path = os.path.join(folder, item)
            if os.path.islink(path) or os.lstat(path).st_nlink > 1:
                continue
            compared += 1
            assert shown[os.path.relpath(path, place)] == open(path, "rb").read(), path
    home.run("unmount", name)
    assert compared > 50


def main():
    need_root()
    if not shutil.which("dockerd") or not os.path.exists("/usr/bin/docker"):
        skip("there is no docker")
    with Home() as home:
        docker = Docker(home.work, "vfs").start()
        try:
            gzipped, plain = Image(Cmd=["/x"]), Image(Cmd=["/x"], Env=["PLAIN=1"])
            for tar in linux_layers():
                gzipped.add(tar)
                plain.add(tar, "none")
            home.run("load", "-i", layout_of(home.path("gzipped"), gzipped.make(), "docker.io/library/gzipped:1"))
            home.run("load", "-i", layout_of(home.path("plain"), plain.make(), "x.test/plain:2"))
            home.run("save", "-o", home.path("both.tar"), "gzipped:1", "x.test/plain:2")
            said = docker.text("load", "-i", home.path("both.tar"))
            assert "gzipped:1" in said and "x.test/plain:2" in said, said
            check_image(home, docker, "gzipped:1", gzipped)
            check_image(home, docker, "x.test/plain:2", plain)
            docker.run("rmi", "gzipped:1", "x.test/plain:2")
            home.run("save", "--format", "docker", "-o", home.path("archive.tar"), "gzipped:1", "x.test/plain:2")
            docker.run("load", "-i", home.path("archive.tar"))
            check_image(home, docker, "gzipped:1", gzipped)
            saved = docker.run("save", "gzipped:1", "x.test/plain:2").stdout
        finally:
            docker.stop()
        with Home() as other:
            loaded = json.loads(other.run("load", "--json", input=saved).stdout)
            assert {(item["names"][0], item["config"]) for item in loaded} == {
                ("gzipped:1", gzipped.config_digest), ("x.test/plain:2", plain.config_digest)}, loaded
            assert len(other.json("layers")) == 6
            other.assert_clean()
        home.assert_clean()
    print("image_docker: passed")


main()
