#!/usr/bin/env python3
"""DOCKER_BUILDKIT=1 docker build on a dockerd that keeps its images in wcl: stages, caches, every kind of mount."""
from graphdriver_common import *

STAGES = """
FROM bb AS base
RUN mkdir /w && echo base > /w/base && ln /w/base /w/hard && ln -s base /w/soft && mkfifo /w/pipe
FROM base AS left
RUN echo left > /w/left && rm /w/base
FROM base AS right
RUN --mount=from=base,source=/w,target=/other test -e /other/base && echo right > /w/right
FROM base AS middle
RUN --mount=from=left,source=/w,target=/left --mount=from=right,source=/w,target=/right \\
    test -p /w/pipe && test /w/base -ef /w/hard && test -h /w/soft && cat /left/left /right/right > /w/both
COPY --from=left /w/left /copied/
FROM scratch
COPY --from=base /bin /bin
COPY --from=middle /w /w
COPY --from=middle /copied /copied
ADD packed.tar /unpacked/
RUN rm /w/soft && echo more >> /w/base
CMD ["cat", "/w/both"]
"""

MOUNTS = """
FROM bb
RUN --mount=type=cache,target=/cache sh -c 'echo TURN >> /cache/count; wc -l < /cache/count > /seen'
RUN --mount=type=tmpfs,target=/scratch sh -c 'mount | grep -q " /scratch type tmpfs" && echo t > /scratch/t'
RUN test ! -e /scratch/t
RUN --mount=type=bind,target=/context sh -c 'cat /context/copied > /bound; touch /context/no 2>/dev/null && exit 1; true'
RUN --mount=type=bind,target=/context,rw touch /context/yes
RUN --mount=type=secret,id=word sh -c 'wc -c < /run/secrets/word > /length'
RUN test ! -s /run/secrets/word
RUN echo TURN > /turn
"""


class Builder:
    def __init__(self, world):
        self.docker, self.context = world.docker, world.path("context")
        self.secret = world.path("secret")
        os.makedirs(self.context)
        self.write("copied", "copied\n")
        self.write("packed.tar", make_tar(("inner", b"inner\n")))
        with open(self.secret, "w") as file:
            file.write("open sesame")

    def write(self, name, content):
        with open(os.path.join(self.context, name), "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())

    def build(self, dockerfile, tag, *options):
        self.write("Dockerfile", dockerfile)
        done = subprocess.run(self.docker.command("build", "--progress=plain", "--network", "none", "-t", tag, *options,
                                                  self.context),
                              env=dict(os.environ, DOCKER_BUILDKIT="1"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        text = done.stdout.decode(errors="replace")
        assert done.returncode == 0, text[-4000:]
        return text


def digests_hold(docker, world, image):
    """Every layer leaves with the digest that it was registered with, and comes back."""
    before = json.loads(docker.text("image", "inspect", image))[0]["RootFS"]["Layers"]
    archive = world.path("saved.tar")
    docker.run("save", "-o", archive, image)
    with tarfile.open(archive) as tar:
        manifest = json.load(tar.extractfile("manifest.json"))[0]
        found = ["sha256:" + hashlib.sha256(tar.extractfile(name).read()).hexdigest() for name in manifest["Layers"]]
    assert found == before, (found, before)
    os.unlink(archive)


def stages(builder, docker, world):
    # What BuildKit's copies do with FIFOs and hard links depends on its version.
    first = builder.build(STAGES, "stages")
    assert "CACHED" not in first, first
    again = builder.build(STAGES, "stages")
    assert again.count("CACHED") >= 9, again
    assert docker.container("stages") == "left\nright"
    seen = docker.container("stages", "sh", "-c", "cat /w/base /unpacked/inner /copied/left; ls -d /w/* | grep -v pipe")
    assert seen == "base\nmore\ninner\nleft\n/w/base\n/w/both\n/w/hard", seen
    digests_hold(docker, world, "stages")


def mounts(builder, docker, turns=range(3)):
    for turn in turns:
        builder.build(MOUNTS.replace("TURN", str(turn)), "mounts", "--secret", "id=word,src=" + builder.secret)
        seen = docker.container("mounts", "cat", "/seen", "/bound", "/length", "/turn").split()
        assert seen == [str(turn + 1), "copied", "11", str(turn)], seen


def many_at_once(builder, docker):
    """Stages on one layer that run side by side, while others read it."""
    lines = ["FROM bb AS root", "RUN seq 1000 > /numbers"]
    for n in range(12):
        lines += ["FROM root AS s%d" % n, "RUN --mount=from=root,target=/root%d cmp /numbers /root%d/numbers && echo %d > /n%d"
                  % (n, n, n, n), "RUN rm /numbers"]
    lines += ["FROM root"] + ["COPY --from=s%d /n%d /n/" % (n, n) for n in range(12)]
    builder.build("\n".join(lines) + "\n", "many")
    assert docker.container("many", "sh", "-c", "cat /n/* | sort -n | tr '\\n' ' '; wc -l < /numbers").split() == [
        *map(str, range(12)), "1000"]


def deep(builder, docker, world):
    """What one build made is what the next ones stand on: built, committed, squashed, loaded."""
    builder.build("FROM stages\n" + "".join("RUN echo %d > /deep%d\n" % (n, n) for n in range(30)), "deep")
    assert docker.container("deep", "sh", "-c", "ls -d /deep* | wc -l").split() == ["30"]
    digests_hold(docker, world, "deep")
    docker.run("run", "--name", "changed", "--network", "none", "deep", "sh", "-c", "rm /deep3; echo c > /c")
    docker.run("commit", "changed", "committed")
    docker.run("rm", "changed")
    builder.build("FROM committed\nRUN test ! -e /deep3 && rm /deep4\n", "on-committed")
    docker.container("on-committed", "sh", "-c", "test ! -e /deep4 && test -e /deep5 && cat /c")
    builder.write("Dockerfile", "FROM deep\nRUN rm /deep1 && echo s > /s\nRUN rm /s /deep2 && ln -s deep7 /link\n")
    before = len(json.loads(docker.text("image", "inspect", "deep"))[0]["RootFS"]["Layers"])
    docker.run("build", "--squash", "--network", "none", "-t", "squashed", builder.context)
    assert len(json.loads(docker.text("image", "inspect", "squashed"))[0]["RootFS"]["Layers"]) == before + 1
    docker.container("squashed", "sh", "-c", "test ! -e /deep1 && test ! -e /deep2 && test ! -e /s && test $(cat /link) = 7")
    digests_hold(docker, world, "squashed")


def restarted(builder, docker, world):
    """A cache that was made before the plugin and dockerd ended is used after it."""
    docker.stop()
    world.plugin.stop()
    world.plugin.start()
    docker.start()
    assert "CACHED" in builder.build(STAGES, "stages")
    assert docker.container("stages") == "left\nright"
    mounts(builder, docker, range(3, 4))


def main():
    with World("buildkit") as world:
        docker = world.docker
        world.import_busybox()
        builder = Builder(world)
        for step, arguments in ((stages, (builder, docker, world)), (mounts, (builder, docker)),
                                (many_at_once, (builder, docker)), (deep, (builder, docker, world)),
                                (restarted, (builder, docker, world))):
            begin = time.monotonic()
            step(*arguments)
            print("%-20s %.1f s" % (step.__name__, time.monotonic() - begin), flush=True)
        docker.run("builder", "prune", "-af")
        docker.remove_everything()
        docker.assert_empty()


main()
