#!/usr/bin/env python3
"""What a read of a mounted layer that ends early leaves in the cache: wcl info says what the kernel does, and where it
is sound, readers that are killed leave nothing wrong for those who read after them."""
import random
import signal

from store_common import *

SIZE = 48 << 20
STEP = 64 << 10
ROUNDS = 60


def told():
    """What wcl info says of it; None where layers are not mounted on files here."""
    features = json.loads(subprocess.run([WCL, "info", "--json"], check=True, stdout=subprocess.PIPE,
                                         env=dict(os.environ, WCL_HOME=tempfile.gettempdir())).stdout)["features"]
    known = {feature["name"]: feature["available"] for feature in features}
    if not any(feature["name"] == "mount" and "straight" in feature["detail"] for feature in features):
        skip("layers are not mounted on their files here")
    return known["short reads"]


def forget(*paths):
    """Takes the files' pages out of the cache; they are on disk."""
    for path in paths:
        fd = os.open(path, os.O_RDONLY)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)


def make_layer(home, content):
    os.makedirs(home.path("root"))
    with open(home.path("root/file"), "wb") as file:
        file.write(content)
    subprocess.run(["tar", "-C", home.path("root"), "-cf", home.path("layer.tar"), "file"], check=True)
    home.run("import", "-q", "--os", "linux", "-i", home.path("layer.tar"), "base")
    os.sync()
    return os.path.join(home.home, "base/layer.tar"), os.path.join(home.mount("base"), "file")


def missing_bytes(home, content, sound):
    """A tar that ends early under its mount: the kernel does as wcl info says."""
    tar, file = make_layer(home, content)
    forget(tar, file)
    os.truncate(tar, SIZE // 2)
    with open(file, "rb") as reader:
        try:
            got = reader.read()
        except OSError:
            got = None
    if sound:
        assert got is None, "the kernel gave %d bytes where there are none" % len(got)
    else:
        assert got is not None, "the kernel is said not to tell, but does"
    home.run("unmount", "base")
    home.run("remove", "base")
    shutil.rmtree(home.path("root"))


def killed_reader(file, steps):
    """Reads the file and is killed somewhere in the read after so many steps."""
    ready, told_ready = os.pipe()
    pid = os.fork()
    if pid == 0:
        fd = os.open(file, os.O_RDONLY)
        while os.read(fd, STEP):
            os.write(told_ready, b".")
        os.write(told_ready, b"e")
        signal.pause()
    os.close(told_ready)
    seen = b""
    while len(seen) < steps and not seen.endswith(b"e"):
        seen += os.read(ready, steps - len(seen))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(ready)


def killed_readers(home, content):
    tar, file = make_layer(home, content)
    wrong = 0
    for turn in range(ROUNDS):
        forget(tar, file)
        killed_reader(file, random.randrange(1, SIZE // STEP))
        with open(file, "rb") as reader:
            wrong += reader.read() != content
    home.run("unmount", "base")
    return wrong


need_root()
sound = told()
with Home() as home:
    content = random.randbytes(SIZE)
    missing_bytes(home, content, sound)
    wrong = killed_readers(home, content)
    if wrong and not sound:
        skip("this kernel gave wrong bytes after %d of %d killed readers, as wcl info says" % (wrong, ROUNDS))
    assert not wrong, "wrong bytes after %d of %d killed readers" % (wrong, ROUNDS)
print("store_short_reads: passed")
