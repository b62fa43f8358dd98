"""What the graph driver's end-to-end tests share: the plugin, a client of its protocol, and a dockerd that uses it, all
in folders of the test's own."""
import http.client
import io
import signal
import socket
import tarfile
import time

from store_common import *

DOCKER = "/usr/bin/docker"
PLUGINS = "/run/docker/plugins"


def wait_for(what, condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("waited %d s in vain for %s" % (seconds, what))
        time.sleep(0.05)


class PluginError(Exception):
    def __init__(self, status, text):
        super().__init__("%d: %s" % (status, text))
        self.status, self.text = status, text


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=120):
        super().__init__("plugin", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Plugin:
    """`wcl graphdriver`, and its protocol as dockerd speaks it."""

    def __init__(self, work, name="wcl-e2e-%d" % os.getpid(), socket_path=None):
        self.work = work
        self.name = name
        self.socket = socket_path or os.path.join(PLUGINS, name + ".sock")
        self.log = os.path.join(work, "plugin.log")
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([WCL, "graphdriver", "--socket", self.socket, "-v", "--home",
                                             os.path.join(self.work, "plugin")], stderr=log)
        wait_for("the plugin's socket", self.answers)
        return self

    def answers(self):
        assert self.process.poll() is None, "the plugin ended: " + open(self.log, errors="replace").read()[-2000:]
        try:
            return self.call("Plugin.Activate") == {"Implements": ["GraphDriver"]}
        except OSError:
            return False

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            code = self.process.wait(30)
            assert how == signal.SIGKILL or code == 0, "the plugin ended with %s" % code
        self.process = None

    def request(self, path, body, headers=None):
        connection = UnixConnection(self.socket)
        try:
            connection.request("POST", "/" + path, body, headers or {},
                               encode_chunked="Transfer-Encoding" in (headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    @staticmethod
    def judge(status, data):
        document = json.loads(data)
        if status != 200 or document.get("Err"):
            assert document.get("Err"), "an error that says nothing: %r" % data
            raise PluginError(status, document["Err"])
        return document

    def call(self, name, **arguments):
        return self.judge(*self.request(name, json.dumps(arguments)))

    def driver(self, name, identity, parent="", **more):
        return self.call("GraphDriver." + name, ID=identity, Parent=parent, **more)

    def init(self, home, **more):
        return self.call("GraphDriver.Init", Home=home, **more)

    def apply(self, identity, parent, data):
        return self.judge(*self.request("GraphDriver.ApplyDiff?id=%s&parent=%s" % (identity, parent), data,
                                        {"Transfer-Encoding": "chunked"}))["Size"]

    def diff(self, identity, parent=""):
        status, data = self.request("GraphDriver.Diff", json.dumps({"ID": identity, "Parent": parent}))
        return data if status == 200 else self.judge(status, data)

    def changes(self, identity, parent=""):
        kinds = {0: "C", 1: "A", 2: "D"}
        return [(kinds[c["Kind"]], c["Path"]) for c in self.driver("Changes", identity, parent)["Changes"] or []]

    def resident(self):
        with open("/proc/%d/status" % self.process.pid) as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) * 1024

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.process.pid))

    def threads(self):
        return len(os.listdir("/proc/%d/task" % self.process.pid))


def chunks(data, size=65536):
    for at in range(0, len(data), size):
        yield data[at:at + size]


def make_tar(*members):
    """(name, content) or (name, None) for a folder."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.mtime = 1700000000
            if content is None:
                info.type, info.mode = tarfile.DIRTYPE, 0o755
            else:
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content or b""))
    return out.getvalue()


class Docker:
    """A dockerd on the plugin: the one that is installed, or WCL_DOCKERD."""

    def __init__(self, work, driver, name="docker"):
        self.work = os.path.join(work, name)
        os.makedirs(self.work, exist_ok=True)
        self.driver = driver
        self.root = os.path.join(self.work, "root")
        self.home = os.path.join(self.root, driver)
        self.socket = os.path.join(self.work, "docker.sock")
        self.log = os.path.join(self.work, "dockerd.log")
        self.process = None

    def start(self, *options):
        with open(self.log, "ab") as log:
            # Docker 27 wants to be told that one means it.
            environment = dict(os.environ, DOCKERD_DEPRECATED_GRAPHDRIVER_PLUGINS="1")
            self.process = subprocess.Popen(
                [os.environ.get("WCL_DOCKERD", "dockerd"), "--experimental", "--bridge=none", "--iptables=false", "--ip-forward=false",
                 "--data-root", self.root, "--exec-root", os.path.join(self.work, "exec"),
                 "--pidfile", os.path.join(self.work, "dockerd.pid"), "--storage-driver", self.driver,
                 "-H", "unix://" + self.socket, *options], stdout=log, stderr=log, env=environment)
        wait_for("dockerd", self.answers, 60)
        return self

    def answers(self):
        assert self.process.poll() is None, "dockerd ended: " + open(self.log, errors="replace").read()[-3000:]
        return subprocess.run([DOCKER, "-H", "unix://" + self.socket, "version"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(60)
        self.process = None

    def command(self, *arguments):
        return [DOCKER, "-H", "unix://" + self.socket, *map(str, arguments)]

    def run(self, *arguments, check=True, **options):
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        environment = dict(os.environ, DOCKER_BUILDKIT="0")
        done = subprocess.run(self.command(*arguments), env=environment, **options)
        if check and done.returncode != 0:
            raise AssertionError("docker %s: exit %d: %s%s" % (
                " ".join(map(str, arguments)), done.returncode, (done.stdout or b"").decode(errors="replace")[-1500:],
                (done.stderr or b"").decode(errors="replace")[-1500:]))
        return done

    def text(self, *arguments, **options):
        return self.run(*arguments, **options).stdout.decode(errors="replace").strip()

    def popen(self, *arguments, **options):
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.STDOUT)
        return subprocess.Popen(self.command(*arguments), env=dict(os.environ, DOCKER_BUILDKIT="0"), **options)

    def container(self, *arguments, **options):
        return self.text("run", "--rm", "--network", "none", *arguments, **options)

    def remove_everything(self):
        containers = self.text("ps", "-aq").split()
        if containers:
            self.run("rm", "-f", *containers)
        self.run("system", "prune", "-af")
        images = self.text("images", "-aq").split()
        if images:
            self.run("rmi", "-f", *set(images), check=False)

    def layers(self):
        if not os.path.isdir(self.home):
            return []
        return [name for name in os.listdir(self.home) if not name.startswith(".")]

    def assert_empty(self):
        """No layers, no notes, nothing staged, no mounts, no loop devices."""
        assert not self.layers(), "layers left: %s" % self.layers()
        left = os.listdir(os.path.join(self.home, ".graphdriver"))
        assert not left, "notes left: %s" % left
        wait_for("the plugin to remove files behind", lambda: not os.listdir(os.path.join(self.home, ".staging")))
        assert not mounts_below(self.home), "still mounted: %s" % mounts_below(self.home)
        assert not loops_below(self.home), "loop devices left: %s" % loops_below(self.home)


def need_docker():
    need_root()
    for program in ("dockerd", DOCKER, "containerd"):
        if not shutil.which(program):
            skip("%s is not installed" % program)


class World:
    """A plugin and a dockerd in a folder of their own."""

    def __init__(self, name):
        need_docker()
        self.work = tempfile.mkdtemp(prefix="wcl-gd-")
        os.chmod(self.work, 0o755)
        self.plugin = Plugin(self.work, "wcl-%s-%d" % (name, os.getpid()))
        self.docker = Docker(self.work, self.plugin.name)

    def __enter__(self):
        self.plugin.start()
        self.docker.start()
        return self

    def __exit__(self, kind, *_):
        if kind:
            for log in (self.plugin.log, self.docker.log):
                print("---- %s\n%s" % (log, open(log, errors="replace").read()[-3000:]), file=sys.stderr)
        try:
            if self.docker.process and not kind:
                self.docker.stop()
            else:
                self.docker.stop(signal.SIGTERM)
            self.plugin.stop()
        finally:
            for process in (self.docker.process, self.plugin.process):
                if process and process.poll() is None:
                    process.kill()
            if os.path.exists(self.plugin.socket):
                os.unlink(self.plugin.socket)
            unmount_below(self.work)
            shutil.rmtree(self.work, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.work, *names)

    def busybox_tar(self):
        """The root of a small image: one static program under many names."""
        root = self.path("busybox")
        if not os.path.isdir(root):
            os.makedirs(os.path.join(root, "bin"))
            os.makedirs(os.path.join(root, "etc"))
            shutil.copy(shutil.which("busybox") or "/bin/busybox", os.path.join(root, "bin/busybox"))
            for name in ("sh cat true echo touch rm mkdir sleep mv ln chmod chown id mount df dd mknod mkfifo ls cp "
                         "test head wc find sha256sum seq setfattr getfattr tar sync").split():
                os.symlink("busybox", os.path.join(root, "bin", name))
            os.makedirs(os.path.join(root, "opt/old/deeper"))
            for name in ("opt/old/one", "opt/old/deeper/two"):
                with open(os.path.join(root, name), "w") as file:
                    file.write(name)
            with open(os.path.join(root, "etc/passwd"), "w") as file:
                file.write("root:x:0:0::/:/bin/sh\n")
        return subprocess.run(["tar", "-C", root, "--sort=name", "--numeric-owner", "--owner=0", "--group=0", "-c", "."],
                              check=True, stdout=subprocess.PIPE).stdout

    def import_busybox(self, name="bb"):
        return self.docker.text("import", "-", name, input=self.busybox_tar())
