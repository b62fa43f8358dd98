"""What the tests of a home's privacy share: a layer whose files would give power over the host, and attempts to use
them as another user, from outside and, should a way in ever be left, from inside a mount."""
import io
import struct
import tarfile

from store_common import *

NOBODY = 65534
READS_ALL = 1 << 2  # CAP_DAC_READ_SEARCH


def need_tools():
    need_root()
    for program in ("/usr/bin/id", "/usr/bin/cat"):
        if not os.path.exists(program):
            skip("%s is missing" % program)


def needs_of(program):
    """The libraries of a program, and what loads them."""
    listed = subprocess.run(["ldd", program], check=True, stdout=subprocess.PIPE).stdout.decode()
    return sorted({word for line in listed.splitlines() for word in line.split() if word.startswith("/")})


def capability(bits):
    """security.capability, version 2: permitted, and effective at once."""
    return struct.pack("<IIIII", 0x02000001, bits, 0, 0, 0).decode("latin-1")


class LayerTar:
    """A tar being made."""

    def __init__(self):
        self.out = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.out, mode="w", format=tarfile.PAX_FORMAT, encoding="latin-1")

    def add(self, name, content=b"", mode=0o644, kind=tarfile.REGTYPE, device=None, xattrs=None, pax=None, **more):
        """`pax` has more headers, `more` the fields of the entry that nothing else here gives."""
        info = tarfile.TarInfo(name)
        info.mode, info.type, info.size, info.mtime = mode, kind, len(content), 1700000000
        if device:
            info.devmajor, info.devminor = device
        for field, value in more.items():
            setattr(info, field, value)
        info.pax_headers = {"SCHILY.xattr." + key: value for key, value in (xattrs or {}).items()}
        info.pax_headers.update(pax or {})
        self.tar.addfile(info, io.BytesIO(content))

    def bytes(self):
        self.tar.close()
        # The capability's bytes are no text: said in UTF-8 they would be others.
        return self.out.getvalue()


def dangerous_layer(roots=()):
    """A layer with a set-uid program, one with a capability, a device node and a readable file, and the files
    of `roots`, as bytes."""
    layer = LayerTar()
    for name in ("suid", "caps"):
        layer.add(name, mode=0o755, kind=tarfile.DIRTYPE)
    layer.add("suid/id", open("/usr/bin/id", "rb").read(), 0o4755)
    layer.add("caps/cat", open("/usr/bin/cat", "rb").read(), 0o755,
              xattrs={"security.capability": capability(READS_ALL)})
    layer.add("node", kind=tarfile.CHRTYPE, mode=0o666, device=(1, 5))
    layer.add("readme", b"what a layer says\n")
    made = set()
    for path in roots:
        parts = path.strip("/").split("/")
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth])
            if folder not in made:
                layer.add(folder, mode=0o755, kind=tarfile.DIRTYPE)
                made.add(folder)
        layer.add("/".join(parts), open(path, "rb").read(), 0o755)
    return layer.bytes()


# ---- As another user -----------------------------------------------------------------------------------------


def as_nobody(function, folder="/"):
    """What a function returns in a process of another user's, which starts in the folder."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.chdir(folder)
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            answer = function()
        except BaseException as error:
            answer = {"failed": repr(error)}
        with os.fdopen(write_end, "w") as file:
            file.write(json.dumps(answer))
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as file:
        answer = json.loads(file.read())
    os.waitpid(pid, 0)
    assert not (isinstance(answer, dict) and "failed" in answer), answer["failed"]
    return answer


def run_here(*command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except PermissionError:
        return "refused"
    return done.stdout.decode(errors="replace")


def opens(path):
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
        return True
    except OSError:
        return False


def power_in(mount, secret):
    """What another user who got into a mount can do there: a set of suid, caps, node."""

    def look():
        found = []
        assert open("readme").read().startswith("what a layer"), "the test is not in the mount"
        if "euid=0" in run_here("./suid/id"):
            found.append("suid")
        if "the secret" in run_here("./caps/cat", secret):
            found.append("caps")
        if opens("node"):
            found.append("node")
        return found

    return set(as_nobody(look, mount))


def everything_below(folder):
    found = []
    for path, folders, files in os.walk(folder):
        found += [os.path.join(path, name) for name in folders + files]
    return found


def reachable_below(folder):
    """What another user can open or list below a folder, by its path."""
    paths = everything_below(folder)
    assert paths, "there is nothing below %s" % folder
    return as_nobody(lambda: [path for path in paths if opens(path) or os.path.exists(path)])


def loose_below(folder, inside=("merged", "upper", "work", "unpacked", "storage")):
    """Files and folders of a store that others have rights to, whoever may pass above them; what is a layer's own
    is left out."""
    found = []
    for path, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in inside]
        found += [os.path.join(path, name) for name in folders + files
                  if os.lstat(os.path.join(path, name)).st_mode & 0o077]
    return found


class OpenHome(Home):
    """A home in a folder that everybody may pass; a secret beside it."""

    def __init__(self):
        super().__init__()
        os.chmod(self.work, 0o755)
        self.secret = self.path("secret")
        with open(self.secret, "w") as file:
            file.write("the secret\n")
        os.chmod(self.secret, 0o600)

    def import_layer(self, name="base", roots=()):
        self.run("import", "-q", "--os", "linux", "-i", "-", name, input=dangerous_layer(roots))

    def assert_unreachable(self, what):
        reached = reachable_below(self.home)
        assert not reached, "%s: another user reaches %s" % (what, reached[:10])
