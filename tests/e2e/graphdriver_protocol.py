#!/usr/bin/env python3
"""The plugin's protocol without dockerd: layers of both systems, bad requests, clients that vanish, restarts."""
import hashlib
import threading

from graphdriver_common import *


def refused(word, call, *arguments, **more):
    """The call fails with words that hold `word`."""
    try:
        answer = call(*arguments, **more)
    except PluginError as error:
        assert word in error.text, "%r is not in %r" % (word, error.text)
        return error
    raise AssertionError("%s %s was answered: %s" % (call, arguments, answer))


def windows_layer(plugin):
    data = open(LAYER_TAR, "rb").read()
    plugin.driver("Create", "win")
    size = plugin.apply("win", "", chunks(data))
    assert plugin.diff("win") == data, "the diff differs from what was applied"
    changes = plugin.changes("win")
    assert changes and all(kind == "A" for kind, _ in changes), changes
    assert any(path == "/Files" or path.startswith("/Files/") for _, path in changes)
    listed = plugin.driver("DiffSize", "win")["Size"]
    assert size == listed > 0, (size, listed)
    plugin.driver("CreateReadWrite", "winbox", "win")
    where = plugin.driver("Get", "win", MountLabel="")["Dir"]
    names = os.listdir(where)
    assert names and "Files" not in names, "the volume is what is in Files: %s" % names
    plugin.driver("Put", "win")
    where = plugin.driver("Get", "winbox")["Dir"]
    with open(os.path.join(where, "made.txt"), "w") as file:
        file.write("twelve bytes")
    plugin.driver("Put", "winbox")
    changes = plugin.changes("winbox", "win")
    assert ("A", "/Files/made.txt") in changes and not [c for c in changes if c[0] == "D"], changes
    assert plugin.driver("DiffSize", "winbox", "win")["Size"] == 12
    tar = tarfile.open(fileobj=io.BytesIO(plugin.diff("winbox", "win")))
    assert "Files/made.txt" in tar.getnames(), tar.getnames()
    plugin.driver("Remove", "winbox")
    plugin.driver("Remove", "win")


def linux_layers(plugin):
    plugin.driver("Create", "base")
    assert plugin.apply("base", "", chunks(make_tar(("a", b"1"), ("d", None), ("d/b", b"22")))) == 3
    plugin.driver("Create", "next", "base")
    second = make_tar(("a", b"changed"), ("d/.wh.b", b""), ("d/c", b"333"))
    assert plugin.apply("next", "base", chunks(second)) == 10
    assert plugin.diff("next", "base") == second
    assert sorted(plugin.changes("next", "base")) == [("A", "/d/c"), ("C", "/a"), ("D", "/d/b")]
    whole = tarfile.open(fileobj=io.BytesIO(plugin.diff("next", "")))
    assert sorted(whole.getnames()) == ["a", "d", "d/c"], whole.getnames()
    where = plugin.driver("Get", "next")["Dir"]
    assert sorted(os.listdir(os.path.join(where, "d"))) == ["c"]
    try:
        open(os.path.join(where, "new"), "w").close()
        raise AssertionError("a read-only layer can be written to")
    except OSError:
        pass
    assert plugin.driver("Get", "next")["Dir"] == where
    plugin.driver("Put", "next")
    assert os.path.exists(os.path.join(where, "a")), "the second reference does not hold the mount"
    plugin.driver("Put", "next")
    assert not mounts_below(plugin.home), mounts_below(plugin.home)
    metadata = plugin.driver("GetMetadata", "next")["Metadata"]
    assert metadata["parent"] == "base" and metadata["os"] == "linux", metadata
    assert ["home", plugin.home] in plugin.call("GraphDriver.Status")["Status"]
    assert plugin.call("GraphDriver.Capabilities") == {"Capabilities": {"ReproducesExactDiffs": True}}


def bad_requests(plugin):
    plain = make_tar(("x", b"x"))
    refused("no layer", plugin.driver, "Get", "unknown")
    refused("no layer", plugin.driver, "Put", "unknown")
    refused("no layer", plugin.driver, "GetMetadata", "unknown")
    refused("no layer", plugin.diff, "unknown")
    refused("no layer", plugin.driver, "Changes", "unknown")
    refused("no layer", plugin.driver, "DiffSize", "unknown")
    refused("no layer", plugin.apply, "unknown", "", chunks(plain))
    for bad in ("a/b", "../escape", "..", ".", "", "/etc", "x" * 200, ".graphdriver"):
        for name in ("Create", "CreateReadWrite", "Remove", "Get", "Put", "Exists", "GetMetadata", "Changes", "DiffSize"):
            refused("id", plugin.driver, name, bad)
        refused("id", plugin.diff, bad)
        if bad:
            refused("id", plugin.driver, "Create", "fine", bad)
            refused("id", plugin.driver, "CreateReadWrite", "fine", bad)
    refused("id", plugin.apply, "..%2f..%2fetc", "", chunks(plain))
    refused("does not exist", plugin.driver, "Create", "orphan", "nobody")
    refused("does not exist", plugin.driver, "CreateReadWrite", "orphan", "nobody")
    refused("already", plugin.driver, "Create", "base")
    refused("filled already", plugin.apply, "base", "", chunks(plain))
    refused("stands on it", plugin.driver, "Remove", "base")
    refused("cannot tell", plugin.diff, "next", "next")
    plugin.driver("Create", "waiting", "next")
    refused("stands on it", plugin.driver, "Remove", "next")
    refused("created on", plugin.apply, "waiting", "base", chunks(plain))
    refused("", plugin.apply, "waiting", "next", chunks(b"this is no tar at all " * 4000))
    refused("", plugin.apply, "waiting", "next", chunks(plain[:700]))
    refused("", plugin.apply, "waiting", "next", chunks(make_tar(("../../escape", b"x"))))
    assert plugin.apply("waiting", "next", chunks(plain)) == 1, "it cannot be applied after failures"
    plugin.driver("Remove", "waiting")
    plugin.driver("Remove", "waiting")
    assert plugin.driver("Exists", "waiting")["Exists"] is False
    refused("storage option", plugin.driver, "CreateReadWrite", "odd", "next", StorageOpt={"colour": "red"})
    refused("not a size", plugin.driver, "CreateReadWrite", "odd", "next", StorageOpt={"size": "much"})
    refused("writable", plugin.driver, "Create", "odd", "next", StorageOpt={"size": "1G"})
    refused("map ids", plugin.init, plugin.home, UIDMaps=[{"container_id": 0, "host_id": 100000, "size": 65536}])
    refused("absolute", plugin.init, "relative/home")
    refused("not a text", plugin.init, plugin.home, Opts=[1])
    for broken in (b"{", b"[1]", b"\xff\xfe", b'{"ID":1}', b'{"ID":"a\\u0000b"}', b'{"ID":"' + b"a" * 5000, b"[" * 100000, b'"text"', b"nonsense"):
        status, data = plugin.request("GraphDriver.Get", broken)
        assert status >= 400 and json.loads(data)["Err"], (broken[:20], status, data)
    status, data = plugin.request("GraphDriver.Nonsense", b"{}")
    assert status == 404 and json.loads(data)["Err"]
    assert plugin.driver("Exists", "base")["Exists"] is True


def labels(plugin):
    """A label becomes the mount's context, which a kernel without SELinux refuses."""
    plugin.driver("CreateReadWrite", "labelled", "next")
    if not os.path.exists("/sys/fs/selinux/enforce"):
        refused("context", plugin.driver, "Get", "labelled", MountLabel="system_u:object_r:container_file_t:s0:c1,c2")
        assert not mounts_below(plugin.home)
    plugin.driver("Remove", "labelled")


def huge_json(plugin):
    before = plugin.resident()
    block = b" " * (1 << 20)
    size = 1 << 30

    def body():
        yield b'{"ID":"'
        for _ in range(size // len(block)):
            yield block
        yield b'"}'

    for headers in ({"Transfer-Encoding": "chunked"}, {"Content-Length": str(size + 9)}):
        status, data = plugin.request("GraphDriver.Get", body(), headers)
        assert status == 413 and "bytes" in json.loads(data)["Err"], (status, data)
    assert plugin.resident() - before < 32 << 20, "1 GiB of JSON took %d bytes" % (plugin.resident() - before)


def big_layer(plugin, megabytes=int(os.environ.get("WCL_TEST_MEGABYTES", "256"))):
    """A large tar both ways, in constant memory."""
    content = hashlib.sha256()
    block = os.urandom(1 << 20)
    info = tarfile.TarInfo("big")
    info.size = megabytes << 20
    before = plugin.resident()

    def body():
        for part in (info.tobuf(tarfile.PAX_FORMAT), *([block] * megabytes), b"\0" * 1024):
            content.update(part)
            yield part

    plugin.driver("Create", "big")
    assert plugin.apply("big", "", body()) == megabytes << 20
    connection = UnixConnection(plugin.socket)
    connection.request("POST", "/GraphDriver.Diff", json.dumps({"ID": "big"}))
    answer, back = connection.getresponse(), hashlib.sha256()
    while part := answer.read(1 << 20):
        back.update(part)
    connection.close()
    assert back.digest() == content.digest()
    grown = plugin.resident() - before
    assert grown < 64 << 20, "a layer of %d MiB took %d bytes of memory" % (megabytes, grown)


def vanishing_clients(plugin):
    """Clients that go in the middle of a Diff or an ApplyDiff."""
    descriptors, threads = plugin.descriptors(), plugin.threads()
    plugin.driver("Create", "half")
    for cut in (0, 100, 5000, 3 << 20):
        raw = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        raw.connect(plugin.socket)
        raw.sendall(b"POST /GraphDriver.ApplyDiff?id=half&parent= HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        data = make_tar(("file", b"z" * (8 << 20)))[:cut]
        if data:
            raw.sendall(b"%x\r\n" % (len(data) + 10) + data)
        time.sleep(0.1)
        raw.close()
        raw = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        raw.connect(plugin.socket)
        body = json.dumps({"ID": "big"}).encode()
        raw.sendall(b"POST /GraphDriver.Diff HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        raw.recv(cut + 1)
        raw.close()
    raw = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    raw.connect(plugin.socket)
    raw.sendall(b"POST /GraphDriver.ApplyDiff?id=half&parent= HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\nshort")
    raw.close()
    wait_for("the plugin to forget the clients",
             lambda: plugin.threads() <= threads + 1 and plugin.descriptors() <= descriptors + 2)
    wait_for("the plugin to remove files behind", lambda: not os.listdir(os.path.join(plugin.home, ".staging")))
    assert "half" not in os.listdir(plugin.home)
    assert plugin.apply("half", "", chunks(make_tar(("file", b"whole")))) == 5
    plugin.driver("Remove", "half")


def many_at_once(plugin):
    failures = []

    def work(number):
        try:
            mine = "crowd%d" % number
            for turn in range(5):
                plugin.driver("CreateReadWrite", mine, "next")
                where = plugin.driver("Get", mine)["Dir"]
                with open(os.path.join(where, "mine"), "w") as file:
                    file.write(mine)
                shared = plugin.driver("Get", "next")["Dir"]
                assert os.listdir(shared), "nothing is mounted at " + shared
                found = plugin.changes(mine, "next")
                assert found == [("A", "/mine")], found
                plugin.driver("Put", mine)
                plugin.driver("Put", "next")
                plugin.driver("Remove", mine)
        except Exception as error:
            failures.append("%d: %r" % (number, error))

    workers = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failures, failures
    assert not mounts_below(plugin.home), mounts_below(plugin.home)


def restarts(plugin):
    plugin.driver("CreateReadWrite", "box", "next")
    where = plugin.driver("Get", "box")["Dir"]
    with open(os.path.join(where, "kept"), "w") as file:
        file.write("kept")
    plugin.stop(signal.SIGKILL)
    plugin.start()
    assert plugin.driver("Exists", "box")["Exists"] is True, "the home is forgotten"
    assert plugin.driver("Get", "box")["Dir"] == where
    assert open(os.path.join(where, "kept")).read() == "kept"
    plugin.driver("Put", "box")
    assert not mounts_below(plugin.home), "a mount stays that nobody lives in"
    plugin.driver("Get", "box")
    plugin.driver("Get", "next")
    plugin.stop()
    plugin.start()
    plugin.init(plugin.home)
    assert not mounts_below(plugin.home), "Init leaves mounts of an earlier daemon"
    plugin.driver("Get", "box")
    plugin.call("GraphDriver.Cleanup")
    assert not mounts_below(plugin.home)
    plugin.driver("Remove", "box")


def passed_socket(plugin):
    """A socket that was made by somebody else, as systemd does, and stays when the plugin ends."""
    path = os.path.join(plugin.work, "passed.sock")
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(path)
    listening.listen()
    other = Plugin(plugin.work, socket_path=path)
    for _ in range(2):
        other.process = subprocess.Popen(
            ["sh", "-c", 'exec 3<&%d; LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" graphdriver -q --home "$1"' %
             listening.fileno(), WCL, os.path.join(plugin.work, "other")], pass_fds=[listening.fileno()])
        assert other.call("Plugin.Activate") == {"Implements": ["GraphDriver"]}
        other.stop()
        assert os.path.exists(path), "the plugin removed a socket that is not its own"
    listening.close()
    second = subprocess.run([WCL, "graphdriver", "--socket", plugin.socket, "--home", os.path.join(plugin.work, "other")],
                            stderr=subprocess.PIPE, timeout=20)
    assert second.returncode == 1 and b"serves this socket" in second.stderr, second.stderr
    assert plugin.answers()


def scratch_and_size(plugin):
    plugin.driver("CreateReadWrite", "alone")
    where = plugin.driver("Get", "alone")["Dir"]
    open(os.path.join(where, "first"), "w").close()
    plugin.driver("Put", "alone")
    assert plugin.changes("alone", "") == [("A", "/first")], plugin.changes("alone", "")
    assert tarfile.open(fileobj=io.BytesIO(plugin.diff("alone", ""))).getnames() == ["first"]
    plugin.driver("CreateReadWrite", "small-init", "next", StorageOpt={"size": "20M"})
    where = plugin.driver("Get", "small-init")["Dir"]
    open(os.path.join(where, "from-init"), "w").write("init")
    plugin.driver("Put", "small-init")
    plugin.driver("CreateReadWrite", "small", "small-init", StorageOpt={"size": "20M"})
    refused("stands on it", plugin.driver, "Remove", "small-init")
    where = plugin.driver("Get", "small")["Dir"]
    assert open(os.path.join(where, "from-init")).read() == "init"
    try:
        with open(os.path.join(where, "fill"), "wb") as file:
            for _ in range(64):
                file.write(b"f" * (1 << 20))
        raise AssertionError("more than the limit could be written")
    except OSError:
        pass
    os.truncate(os.path.join(where, "fill"), 4)
    open(os.path.join(where, "from-init"), "w").write("changed")
    open(os.path.join(where, "a"), "w").write("changed too")
    os.remove(os.path.join(where, "d/c"))
    plugin.driver("Put", "small")
    assert sorted(plugin.changes("small", "small-init")) == \
        [("A", "/fill"), ("C", "/a"), ("C", "/d"), ("C", "/from-init"), ("D", "/d/c")], plugin.changes("small", "small-init")
    assert plugin.driver("DiffSize", "small", "small-init")["Size"] == 4 + 7 + 11
    for name in ("small", "small-init", "alone"):
        plugin.driver("Remove", name)


def main():
    need_root()
    work = tempfile.mkdtemp(prefix="wcl-gd-")
    plugin = Plugin(work, socket_path=os.path.join(work, "sockets", "plugin.sock"))
    plugin.home = os.path.join(work, "home")
    try:
        plugin.start()
        refused("Init", plugin.driver, "Get", "x")
        plugin.init(plugin.home, Opts=None, UIDMaps=None, GIDMaps=None)
        for test in (windows_layer, linux_layers, bad_requests, labels, huge_json, big_layer,
                     vanishing_clients, many_at_once, passed_socket, scratch_and_size, restarts):
            begin = time.monotonic()
            test(plugin)
            print("%-20s %.1f s" % (test.__name__, time.monotonic() - begin), flush=True)
        for name in ("big", "next", "base"):
            plugin.driver("Remove", name)
        left = [n for n in os.listdir(plugin.home) if not n.startswith(".")]
        assert not left, "layers left: %s" % left
        assert not os.listdir(os.path.join(plugin.home, ".graphdriver"))
        plugin.stop()
        assert not os.path.exists(plugin.socket), "the socket is left"
    except BaseException:
        print(open(plugin.log, errors="replace").read()[-3000:], file=sys.stderr)
        raise
    finally:
        if plugin.process and plugin.process.poll() is None:
            plugin.process.kill()
        unmount_below(work)
        shutil.rmtree(work, ignore_errors=True)


main()
