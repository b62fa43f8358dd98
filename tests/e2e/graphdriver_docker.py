#!/usr/bin/env python3
"""What people do with docker, on a dockerd that keeps its images in wcl."""
import threading

from graphdriver_common import *

LAYERS = 40


def image_layers(docker, image):
    return json.loads(docker.text("image", "inspect", image))[0]["RootFS"]["Layers"]


def archive_layers(path):
    """The digests of an image's layers as they are in an archive that docker saved."""
    with tarfile.open(path) as archive:
        manifest = json.load(archive.extractfile("manifest.json"))[0]
        found = []
        for name in manifest["Layers"]:
            digest = hashlib.sha256()
            member = archive.extractfile(name)
            while part := member.read(1 << 20):
                digest.update(part)
            found.append("sha256:" + digest.hexdigest())
        return found


def run_and_exec(docker):
    assert docker.container("bb", "cat", "/etc/passwd").startswith("root:")
    docker.container("bb", "sh", "-c", "echo left > /left; test -f /left")
    assert docker.run("run", "--rm", "--network", "none", "bb", "cat", "/left", check=False).returncode != 0, \
        "a file of one run is in the next"
    docker.run("run", "-d", "--name", "lives", "--network", "none", "bb", "sleep", "600")
    assert docker.text("exec", "lives", "sh", "-c", "echo there > /there; cat /there") == "there"
    assert docker.run("exec", "lives", "sh", "-c", "exit 7", check=False).returncode == 7


def copy_both_ways(docker, world):
    with open(world.path("in.txt"), "w") as file:
        file.write("into the container")
    docker.run("cp", world.path("in.txt"), "lives:/etc/in.txt")
    assert docker.text("exec", "lives", "cat", "/etc/in.txt") == "into the container"
    docker.run("cp", "lives:/there", world.path("out.txt"))
    assert open(world.path("out.txt")).read() == "there\n"
    docker.run("exec", "lives", "rm", "/etc/passwd")
    changes = docker.text("diff", "lives").splitlines()
    for expected in ("A /there", "C /etc", "A /etc/in.txt", "D /etc/passwd"):
        assert expected in changes, changes
    assert len(changes) == 4, changes
    docker.run("rm", "-f", "lives")
    docker.run("create", "--name", "still", "--network", "none", "bb", "true")
    docker.run("cp", world.path("in.txt"), "still:/in.txt")
    docker.run("cp", "still:/in.txt", world.path("back.txt"))
    assert open(world.path("back.txt")).read() == "into the container"
    docker.run("rm", "still")


def commit_everything(docker):
    """What a tar must carry: links, devices, capabilities, holes, opaque folders, no sockets."""
    script = """set -ex
        mkdir /new; echo 1 > /new/one; ln /new/one /new/two; ln -s one /new/three
        mknod /new/node c 1 3; mkfifo /new/pipe; chown 5:6 /new/one; chmod 4711 /new/one
        dd if=/dev/zero of=/new/holes bs=1 count=1 seek=33554431 2>/dev/null
        rm -r /opt/old; mkdir /opt/old; echo fresh > /opt/old/fresh; mv /bin/wc /bin/words"""
    docker.run("run", "--name", "work", "--network", "none", "--cap-add", "MKNOD", "bb", "sh", "-c", script)
    docker.run("commit", "work", "bb:work")
    seen = docker.container("bb:work", "sh", "-c", """set -ex
        [ "$(cat /new/two)" = 1 ]; [ /new/one -ef /new/two ] ; [ -c /new/node ]; [ -p /new/pipe ]; [ -h /new/three ]
        [ -u /new/one ]; [ "$(busybox stat -c %u:%g /new/one)" = 5:6 ]
        [ "$(busybox stat -c %s /new/holes)" = 33554432 ]; [ "$(cat /opt/old/fresh)" = fresh ]; [ ! -e /opt/old/one ]; [ ! -e /opt/old/deeper ]
        [ -h /bin/words ]; [ ! -e /bin/wc ]; echo all""")
    assert seen == "all", seen
    history = docker.text("history", "--no-trunc", "bb:work")
    assert "rm -r /opt/old" in history and "Imported" in history, history
    names = tarfile.open(fileobj=io.BytesIO(docker.run("export", "work").stdout)).getnames()
    assert "new/one" in names and "opt/old/fresh" in names and "opt/old/one" not in names
    docker.run("rm", "work")


def build(docker, world):
    context = world.path("context")
    os.makedirs(context)
    with open(os.path.join(context, "Dockerfile"), "w") as file:
        file.write("""FROM bb AS first
RUN echo made > /made && mkdir /deep && seq 1000 > /deep/numbers
COPY copied /copied
ADD packed.tar /unpacked/
FROM scratch AS second
COPY --from=first /bin /bin
COPY --from=first /deep /deep
FROM second
COPY --from=first /unpacked /unpacked
RUN rm /deep/numbers && echo done > /deep/done
CMD ["cat", "/deep/done"]
""")
    with open(os.path.join(context, "copied"), "w") as file:
        file.write("copied\n")
    with open(os.path.join(context, "packed.tar"), "wb") as file:
        file.write(make_tar(("inner", b"inner\n")))
    first = docker.text("build", "--network", "none", "-t", "built", context)
    assert "Using cache" not in first, first
    again = docker.text("build", "--network", "none", "-t", "built", context)
    assert again.count("Using cache") >= 7, again
    assert docker.container("built") == "done"
    assert docker.container("built", "cat", "/unpacked/inner") == "inner"
    assert docker.run("run", "--rm", "--network", "none", "built", "cat", "/deep/numbers", check=False).returncode != 0
    with open(os.path.join(context, "copied"), "w") as file:
        file.write("other\n")
    assert "Using cache" in docker.text("build", "--network", "none", "-t", "built", context)


def many_layers(docker, world):
    """An image of many layers, saved, removed and loaded: every digest is the same, everything is read through."""
    dockerfile = "FROM bb\n" + "".join("COPY f /layer%d\n" % n for n in range(LAYERS))
    context = world.path("many")
    os.makedirs(context)
    with open(os.path.join(context, "Dockerfile"), "w") as file:
        file.write(dockerfile)
    with open(os.path.join(context, "f"), "w") as file:
        file.write("f")
    docker.run("build", "-t", "many", context)
    before = image_layers(docker, "many")
    archive = world.path("many.tar")
    docker.run("save", "-o", archive, "many")
    assert archive_layers(archive) == before, "the archive's layers have other digests than the image's"
    docker.run("rmi", "many")
    docker.run("load", "-i", archive)
    assert image_layers(docker, "many") == before, "a loaded layer has another digest"
    docker.run("save", "-o", archive + "2", "many")
    assert archive_layers(archive + "2") == before
    assert docker.container("many", "sh", "-c", "ls -d /layer* | wc -l").split()[0] == str(LAYERS)
    subprocess.run(["gzip", "-1", archive], check=True)
    docker.run("rmi", "many")
    docker.run("load", "-i", archive + ".gz")
    assert image_layers(docker, "many") == before


def debian(docker, world):
    docker.run("import", debian_tree(world.path("debian")), "debian")
    assert docker.container("debian", "sh", "-c", ". /etc/os-release; echo $ID") == "debian"
    docker.container("debian", "dpkg", "--verify")
    docker.run("run", "--name", "apt", "--network", "none", "debian", "sh", "-c",
               "set -e; rm -rf /usr/share/doc; adduser --disabled-password --gecos '' me; "
               "perl -e 'use Socket; socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un(\"/sock\")) or die'")
    docker.run("commit", "apt", "debian:me")
    assert docker.container("debian:me", "id", "-u", "me") == "1000"
    docker.run("rm", "apt")
    before = image_layers(docker, "debian:me")
    docker.run("save", "-o", world.path("debian.tar"), "debian:me")
    assert archive_layers(world.path("debian.tar")) == before
    names = tarfile.open(fileobj=io.BytesIO(docker.run("save", "debian:me").stdout)).getnames()
    assert names
    docker.run("rmi", "debian:me", "debian")
    docker.run("load", "-i", world.path("debian.tar"))
    assert image_layers(docker, "debian:me") == before
    assert docker.run("run", "--rm", "--network", "none", "debian:me", "sh", "-c",
                      "[ ! -e /sock ] && [ ! -e /usr/share/doc ] && id me").returncode == 0


def limited(docker):
    done = docker.run("run", "--rm", "--network", "none", "--storage-opt", "size=40M", "bb", "sh", "-c",
                      "dd if=/dev/zero of=/fill bs=1M count=100; echo; df -m / | tail -n 1", check=False)
    text = (done.stdout + done.stderr).decode()
    assert "No space left" in text or "quota" in text.lower(), text
    docker.container("--storage-opt", "size=40M", "bb", "dd", "if=/dev/zero", "of=/fill", "bs=1M", "count=20")
    wrong = docker.run("run", "--rm", "--network", "none", "--storage-opt", "speed=3", "bb", "true", check=False)
    assert wrong.returncode != 0 and b"speed" in wrong.stderr, wrong.stderr


def registry(docker, world):
    if not shutil.which("docker-registry"):
        print("no docker-registry here: push and pull are not tested")
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    configuration = world.path("registry.yml")
    with open(configuration, "w") as file:
        file.write("version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s}}\n"
                   "http: {addr: '127.0.0.1:%d'}\n" % (world.path("registry"), port))
    with open(world.path("registry.log"), "wb") as log:
        server = subprocess.Popen(["docker-registry", "serve", configuration], stdout=log, stderr=log)
    try:
        def answers():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0
        wait_for("the registry", answers)
        name = "127.0.0.1:%d/many:1" % port
        before = image_layers(docker, "many")
        docker.run("tag", "many", name)
        docker.run("push", name)
        docker.run("rmi", name, "many")
        docker.run("pull", name)
        assert image_layers(docker, name) == before
        assert docker.container(name, "cat", "/layer%d" % (LAYERS - 1)) == "f"
        docker.run("rmi", name)
    finally:
        server.terminate()
        server.wait(10)


def metadata(docker):
    info = json.loads(docker.text("image", "inspect", "bb"))[0]["GraphDriver"]
    assert info["Name"] == docker.driver and info["Data"]["dir"].startswith(docker.home + "/"), info
    docker.run("create", "--name", "sized", "--network", "none", "bb", "true")
    assert "virtual" in docker.text("ps", "-as", "--format", "{{.Size}}")
    docker.run("rm", "sized")


def refused(world):
    """What keeps dockerd from starting is in its log, in the plugin's words."""
    docker = Docker(world.work, world.plugin.name, "refused")
    try:
        docker.start("--storage-opt", "colour=red")
        raise AssertionError("dockerd took an option that nobody knows")
    except AssertionError as error:
        assert "dockerd ended" in str(error), error
    log = open(docker.log, errors="replace").read()
    line = next(line for line in log.splitlines() if "Failed to GetDriver graph" in line)
    assert "the storage option 'colour=red' is not known" in line.replace("\\", ""), line
    assert "error initializing graphdriver: driver not supported" in log, log[-500:]


def main():
    with World("docker") as world:
        docker = world.docker

        def step(function, *arguments):
            begin = time.monotonic()
            function(*arguments)
            print("%-20s %.1f s" % (function.__name__, time.monotonic() - begin), flush=True)

        step(world.import_busybox)
        step(run_and_exec, docker)
        step(copy_both_ways, docker, world)
        step(commit_everything, docker)
        step(metadata, docker)
        step(build, docker, world)
        step(many_layers, docker, world)
        step(registry, docker, world)
        step(limited, docker)
        step(refused, world)
        step(debian, docker, world)
        step(docker.remove_everything)
        docker.assert_empty()


main()
