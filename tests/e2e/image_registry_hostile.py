#!/usr/bin/env python3
"""Registries and networks that fail, lie and attack: a pull ends right or with an error that says what, and leaves the
store clean. WCL_TEST_LONG=1 runs the full numbers."""
import http.server
import random
import resource
import signal
import threading

from image_registry_common import *

LONG = bool(os.environ.get("WCL_TEST_LONG"))
# Faults that are gone at the next attempt, and faults that are not.
PASSING = ("drop", "close", "500", "429", "503", "slow", "no-range")
LASTING = ("long", "short", "flip", "circle", "endless")


class Faulty:
    """A registry that serves one image from memory, as well or badly as `fault` says of each request."""

    def __init__(self):
        self.objects = {}  # path -> (media type, bytes)
        self.answers = {}  # path -> function(handler), instead
        self.fault = lambda path: None
        self.sent = {}  # path -> bytes of bodies; a request counts into the one that was here when it came
        self.lock = threading.Lock()
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                try:
                    registry.serve(self)
                except (ConnectionError, TimeoutError):
                    self.close_connection = True

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # clients that are killed reset their connections
        self.server.daemon_threads = True
        self.server.request_queue_size = 64
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.host = "127.0.0.1:%d" % self.server.server_port

    def put(self, repository, layout, name, image):
        """Serves an image of a layout."""
        path = os.path.join(layout.folder, "blobs", "sha256")
        with open(os.path.join(path, image["digest"][7:]), "rb") as file:
            manifest = file.read()
        self.manifest(repository, name, manifest)
        document = json.loads(manifest)
        for descriptor in [document["config"], *document["layers"]]:
            with open(os.path.join(path, descriptor["digest"][7:]), "rb") as file:
                self.objects["/v2/%s/blobs/%s" % (repository, descriptor["digest"])] = (
                    "application/octet-stream", file.read())

    def manifest(self, repository, name, data, media_type=MANIFEST):
        for called in (name, digest_of(data)):
            self.objects["/v2/%s/manifests/%s" % (repository, called)] = (media_type, data)

    def blob(self, repository, data):
        self.objects["/v2/%s/blobs/%s" % (repository, digest_of(data))] = ("application/octet-stream", data)

    # ---- Answers

    def write_body(self, handler, path, data, sent):
        """Counts what is written before the client can have it, and takes back what it would not have."""
        with self.lock:
            sent[path] = sent.get(path, 0) + len(data)
        try:
            handler.wfile.write(data)
        except OSError:
            with self.lock:
                sent[path] -= len(data)
            raise

    def head(self, handler, status, length=None, **headers):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        if length is not None:
            handler.send_header("Content-Length", str(length))
        handler.end_headers()

    def serve(self, handler):
        path = handler.path
        if path == "/v2/":
            return self.head(handler, 200, 0)
        if path in self.answers:
            return self.answers[path](handler)
        if path not in self.objects:
            return self.head(handler, 404, 0)
        fault = self.fault(path)
        if fault == "close":
            handler.close_connection = True
            return None
        if fault in ("429", "500", "503"):
            return self.head(handler, int(fault), 0, **({"Retry_After": "0"} if fault == "429" else {}))
        if fault == "circle":
            return self.head(handler, 307, 0, Location=path)
        return self.body(handler, path, fault)

    def body(self, handler, path, fault):
        media_type, data = self.objects[path]
        sent = self.sent
        start = 0
        asked = handler.headers.get("Range")
        if asked and fault != "no-range":
            start = int(asked[len("bytes="):].rstrip("-"))
        rest = data[start:]
        if fault == "flip" and rest:
            at = random.randrange(len(rest))
            rest = rest[:at] + bytes([rest[at] ^ 1]) + rest[at + 1:]
        length = len(rest) + {"long": 7, "short": -1}.get(fault, 0)
        headers = {"Content_Type": media_type}
        if start:
            headers["Content_Range"] = "bytes %d-%d/%d" % (start, len(data) - 1, len(data))
        self.head(handler, 206 if start else 200, None if fault == "endless" else length, **headers)
        if fault == "drop" or isinstance(fault, int):
            rest = rest[:fault if isinstance(fault, int) else random.randrange(len(rest) + 1)]
        for at in range(0, len(rest), 65536):
            if fault == "slow":
                time.sleep(0.002)
            self.write_body(handler, path, rest[at:at + 65536], sent)
        while fault == "endless":
            handler.wfile.write(bytes(65536))
        handler.close_connection = fault not in (None, "slow", "no-range")


def pull(home, name, *options, check=False):
    return home.run("pull", "--retry-delay", "5", "--retries", "3", "--stall", "5", *options, name, check=check)


def is_clean(home):
    """Apart from what is kept for the next pull."""
    home.run("rmi", "--unused")
    home.assert_clean()


# ---- Broken pulls ----------------------------------------------------------------------------------------------------


def broken_pulls(home, registry, layout):
    image = layout.image(linux_layers(layout, 5, 150000), name="broken")
    registry.put("broken", layout, "latest", image)
    name = registry.host + "/broken:latest"
    endings = {"right": 0, "error": 0}
    rounds = 200 if LONG else 30
    for number in range(rounds):
        choice = random.Random(number)
        faults = PASSING if number % 2 else PASSING + LASTING
        share = choice.choice((0.1, 0.3, 0.6))
        registry.fault = lambda path: choice.choice(faults) if choice.random() < share else None
        done = pull(home, name)
        if done.returncode == 0:
            endings["right"] += 1
            assert chain_of(home, name) and not home.run("verify").stderr
            home.run("rmi", "-f", name)
        else:
            endings["error"] += 1
            assert done.returncode == 1 and done.stderr.startswith(b"wcl: pull ") and len(done.stderr) > 40, done
            assert not home.json("images"), "an image is there after a pull that failed"
        if number % 10 == 9:
            is_clean(home)
    assert endings["right"] and endings["error"], endings
    registry.fault = lambda path: None
    pull(home, name, check=True)
    assert chain_of(home, name)
    home.run("rmi", "-f", name)
    is_clean(home)
    print("%d broken pulls: %s" % (rounds, endings))


def every_fault_by_itself(home, registry, layout):
    """Each passing fault, at the first request for each thing, is got over; each lasting one is named."""
    image = layout.image(linux_layers(layout, 3, 100000), name="single")
    registry.put("single", layout, "latest", image)
    name = registry.host + "/single:latest"
    for fault in PASSING:
        seen = set()

        def once(path):
            first = path not in seen
            seen.add(path)
            return fault if first else None

        registry.fault = once
        done = pull(home, name)
        assert done.returncode == 0, (fault, done.stderr)
        home.run("rmi", "-f", name)
    for fault, text in (("long", b"bytes by its manifest, but"), ("short", b"bytes by its manifest, but"),
                        ("flip", b"has the digest sha256:"), ("circle", b"was redirected 10 times"),
                        ("endless", b"gives more"), ("429", b"status 429"), ("500", b"status 500"),
                        ("503", b"status 503"), ("close", b"cannot get")):
        registry.fault = lambda path: fault if "/blobs/" in path else None
        done = pull(home, name)
        assert done.returncode == 1 and text in done.stderr, (fault, done.stderr)
        is_clean(home)
    registry.fault = lambda path: None


def resumed_pulls(home, registry, layout):
    """An interrupted pull is resumed: all bytes of all blobs are sent once, by both pulls together."""
    image = layout.image(linux_layers(layout, 5, 3000000), name="resumed")
    registry.put("resumed", layout, "latest", image)
    name = registry.host + "/resumed:latest"
    blobs = [path for path in registry.objects if "/v2/resumed/blobs/" in path]
    layers = [path for path in blobs if len(registry.objects[path][1]) > 100000]
    for broken in layers[1:]:
        size = len(registry.objects[broken][1])
        asked = []

        def stop_in_the_middle(path):
            if path != broken:
                return None
            asked.append(path)
            return size // 2 if len(asked) == 1 else "500"

        registry.fault = stop_in_the_middle
        registry.sent = {}
        done = pull(home, name, "--parallel", "1")
        assert done.returncode == 1 and b"status 500" in done.stderr, done.stderr
        first = dict(registry.sent)
        assert first[broken] == size // 2, first
        registry.fault = lambda path: None
        pull(home, name, "--parallel", "1", check=True)
        for path in layers:
            sent, whole = registry.sent.get(path, 0), len(registry.objects[path][1])
            assert sent == whole, "%s: %d bytes were sent of %d, %d of them at first" % (path, sent, whole,
                                                                                         first.get(path, 0))
        home.run("rmi", "-f", name)
        is_clean(home)


def partial_of(home, digest):
    return os.path.join(home.home, ".images/partial", digest[7:])


def resumed_after_kills(home, registry, layout):
    """What a killed pull has written need not be sent again, whatever the layer came as."""
    registry.put("torn", layout, "latest", layout.image(linux_layers(layout, 3, 8000000), name="torn"))
    name = registry.host + "/torn:latest"
    layers = [path for path in registry.objects
              if "/v2/torn/blobs/" in path and len(registry.objects[path][1]) > 100000]
    assert len(layers) == 3
    for torn in layers:
        data = registry.objects[torn][1]
        kept = partial_of(home, torn.rsplit("/", 1)[1])
        registry.fault = lambda path: "slow" if path == torn else None
        process = subprocess.Popen([WCL, "pull", name], env=dict(os.environ, WCL_HOME=home.home),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 30
        while not (os.path.exists(kept) and os.path.getsize(kept) > len(data) // 4):
            assert process.poll() is None and time.monotonic() < until, (torn, process.returncode)
        process.kill()
        process.wait()
        size = os.path.getsize(kept)
        assert len(data) // 4 < size < len(data), size
        with open(kept, "rb") as file:
            assert file.read() == data[:size], "what was kept is not the beginning of the blob"
        registry.fault = lambda path: None
        registry.sent = {}
        pull(home, name, check=True)
        assert registry.sent[torn] == len(data) - size, (torn, registry.sent[torn], size, len(data))
        assert not os.listdir(os.path.dirname(kept))
        home.run("rmi", "-f", name)
        is_clean(home)


def damaged_rests(home, registry, layout):
    """What is kept of a broken pull is damaged, too long, or a layer's: the pull is right, and so is the layer."""
    tar = make_tar([("a", None), ("a/noise", noise(2000000, "damaged"))])
    plain = layout.layer(tar, "plain")
    below = layout.layer(make_tar([("below", b"below")]), "gzip")
    registry.put("rest", layout, "one", layout.image([plain], name="one"))
    registry.put("rest", layout, "more", layout.image([below, plain], name="more"))
    # The same blob three times, at once.
    registry.put("rest", layout, "thrice", layout.image([plain, below, plain, plain], name="thrice"))
    one, more, thrice = (registry.host + "/rest:" + name for name in ("one", "more", "thrice"))
    kept = partial_of(home, digest_of(tar))
    path = "/v2/rest/blobs/" + digest_of(tar)

    def damaged(at, size):
        return tar[:at] + bytes([tar[at] ^ 1]) + tar[at + 1:size]

    in_header, in_contents = 1000, 1000000
    gone_on_with = 2 * len(tar) - 1500000
    # What is damaged in a header can be seen before the rest has been asked for, or after.
    for rest, least, most in ((damaged(in_contents, 1500000), gone_on_with, gone_on_with),
                              (damaged(in_header, 1500000), len(tar), gone_on_with),
                              (damaged(in_contents, len(tar)), len(tar), len(tar)),
                              (damaged(in_header, len(tar)), len(tar), len(tar)),
                              (tar + b"more", len(tar), len(tar)), (tar, 0, 0)):
        with open(kept, "wb") as file:
            file.write(rest)
        registry.sent = {}
        pull(home, one, check=True)
        assert least <= registry.sent.get(path, 0) <= most, (registry.sent, least, most, len(tar))
        assert chain_of(home, one) and not home.run("verify").stderr
        home.run("rmi", "-f", one)
        is_clean(home)
    # A pull that was killed when its layer was in place: the file is that layer's as well.
    pull(home, one, check=True)
    layer = chain_of(home, one)[-1]
    there = os.path.join(home.home, layer, "layer.tar")
    for size in (len(tar), len(tar) - 5):
        os.link(there, kept)
        os.truncate(there, size)
        registry.sent = {}
        pull(home, more, check=True)
        assert registry.sent.get(path, 0) == (0 if size == len(tar) else len(tar)), (size, registry.sent)
        with open(there, "rb") as file:
            assert file.read() == tar[:size], "another layer's tar was written to"
        for other in chain_of(home, more):
            assert os.stat(os.path.join(home.home, other, "layer.tar")).st_nlink == 1
        assert not os.path.exists(kept)
        home.run("rmi", "-f", more)
    pull(home, thrice, check=True)
    for other in chain_of(home, thrice):
        assert os.stat(os.path.join(home.home, other, "layer.tar")).st_nlink == 1
    home.run("rmi", "-f", thrice)
    os.link(there, kept)
    home.run("rmi", "--unused")
    assert not os.path.exists(kept) and os.stat(there).st_nlink == 1
    home.run("rmi", "-f", one)
    is_clean(home)


class Breaker:
    """Stands in front of a server and breaks connections after a random number of bytes, as often as `share` says."""

    def __init__(self, port):
        self.target = port
        self.share = 0.0
        self.choice = random.Random(3)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(("127.0.0.1", self.target))
            # So many bytes, in both directions together; most breaks are within the first megabytes.
            left = [int(self.choice.expovariate(1 / 3e6)) if self.choice.random() < self.share else 1 << 60]
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self.pump, args=(source, sink, left), daemon=True).start()

    @staticmethod
    def pump(source, sink, left):
        try:
            while data := source.recv(65536):
                sink.sendall(data[:left[0]])
                left[0] -= len(data)
                if left[0] <= 0:
                    break
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()


def broken_transfers(home, registry, layout):
    """docker-registry behind connections that break: what is pushed and pulled is whole, or an error says what."""
    image = layout.image(linux_layers(layout, 3, 11000000, ("gzip",)), name="transfers")
    endings = {"right": 0, "error": 0}
    with Registry(home.path("behind")) as real:
        push_layout(layout, "transfers", real.name("source"))
        home.run("pull", real.name("source"))
        breaker = Breaker(real.port)
        for number in range(60 if LONG else 6):
            breaker.share = (0.3, 0.6, 0.9)[number % 3]
            to = "127.0.0.1:%d/to/%d:latest" % (breaker.port, number)
            done = home.run("push", "--retry-delay", "5", real.name("source"), to, check=False)
            endings["right" if done.returncode == 0 else "error"] += 1
            if done.returncode:
                assert done.stderr.startswith(b"wcl: push ") and len(done.stderr) > 40, done.stderr
                continue
            assert digest_of(real.manifest("to/%d" % number, "latest")) == image["digest"]
            with Home() as other:
                pulled = other.run("pull", "--retry-delay", "5", to, check=False)
                assert pulled.returncode == 0 or pulled.stderr.startswith(b"wcl: pull "), pulled.stderr
                is_clean(other)
                breaker.share = 0
                assert other.json("pull", to)["digest"] == image["digest"]
                other.assert_clean()
        home.assert_clean()
    assert endings["right"], endings
    print("pushes over broken connections: %s" % endings)


# ---- Kills -----------------------------------------------------------------------------------------------------------


def killed(home, arguments, seconds):
    """Runs wcl and kills it after a while; whether it was still at work."""
    process = subprocess.Popen([WCL, *arguments], env=dict(os.environ, WCL_HOME=home.home), stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    was_at_work = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return was_at_work


def killed_pulls(home, registry, layout):
    image = layout.image(linux_layers(layout, 6, 2000000), name="killed")
    registry.put("killed", layout, "latest", image)
    name = registry.host + "/killed:latest"
    choice = random.Random(1)
    registry.fault = lambda path: "slow"
    in_the_middle = 0
    for number in range(100 if LONG else 12):
        in_the_middle += killed(home, ["pull", name], choice.random() * 0.4)
        if number % 5 == 4:
            is_clean(home)
        for known in home.json("images"):
            home.run("rmi", "-f", known["digest"])
    assert in_the_middle
    registry.fault = lambda path: None
    pull(home, name, check=True)
    home.assert_clean()
    print("%d kills of a pull, in the middle" % in_the_middle)


def killed_pushes(home, registry, layout):
    """Kills of a push leave the store as it was, and the next push sends all."""
    registry.put("killed", layout, "latest", layout.image(linux_layers(layout, 6, 2000000), name="killed"))
    name = registry.host + "/killed:latest"
    pull(home, name, check=True)
    choice = random.Random(2)
    in_the_middle = 0
    with Registry(home.path("real")) as real:
        for number in range(100 if LONG else 12):
            to = real.name("killed/%d" % number)
            in_the_middle += killed(home, ["push", name, to], choice.random() * 0.25)
            if number % 5 == 4:
                home.assert_clean()
                home.run("push", name, to)
                assert real.manifest("killed/%d" % number, "latest") == registry.objects[
                    "/v2/killed/manifests/latest"][1]
    assert in_the_middle
    home.assert_clean()
    print("%d kills of a push, in the middle" % in_the_middle)


def interrupted_pulls(home, registry, layout):
    """Ctrl-C ends a pull at once, also while the registry says nothing."""
    registry.put("silent", layout, "latest", layout.image(linux_layers(layout, 3, 100000), name="silent"))
    name = registry.host + "/silent:latest"
    for silent in ("/manifests/", "/blobs/"):
        reached = threading.Event()

        def hang(path):
            if silent in path:
                reached.set()
                time.sleep(6)
            return None

        registry.fault = hang
        process = subprocess.Popen([WCL, "pull", name], env=dict(os.environ, WCL_HOME=home.home),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert reached.wait(10)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        message = process.communicate(timeout=5)[1]
        assert process.returncode == 130 and b"cancelled" in message, (silent, process.returncode, message)
        assert time.monotonic() - began < 2, "it took %.1f s" % (time.monotonic() - began)
        is_clean(home)
    registry.fault = lambda path: None


# ---- Attacks ---------------------------------------------------------------------------------------------------------


def manifest_of(**changes):
    """A manifest that is all right but for the changes."""
    config = {"mediaType": CONFIG, "digest": "sha256:" + "1" * 64, "size": 100}
    layer = {"mediaType": LAYER + "+gzip", "digest": "sha256:" + "2" * 64, "size": 1000}
    config.update(changes.pop("config", {}))
    layer.update(changes.pop("layer", {}))
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer],
                       **changes}).encode()


def hostile_documents(home, registry):
    deep = b'{"schemaVersion":2,"layers":' + b"[" * 100000 + b"]" * 100000 + b"}"
    for data, text in (
            (deep, b"levels"),
            (manifest_of(layer={"size": -1}), b"size"),
            (manifest_of(config={"size": -5}), b"size"),
            (manifest_of(layer={"size": 1 << 65}), b"size"),
            (manifest_of(layer={"size": "1000"}), b"size"),
            (manifest_of(layer={"digest": "sha256:../../../../etc/passwd"}), b"digest"),
            (manifest_of(layer={"digest": "sha256:" + "/" * 64}), b"digest"),
            (manifest_of(layer={"digest": "sha256:" + "A" * 64}), b"digest"),
            (manifest_of(config={"digest": "sha512:" + "1" * 128}), b"sha512"),
            (manifest_of(layer={"digest": "md5:" + "1" * 32}), b"md5"),
            (manifest_of(layer={"mediaType": FOREIGN, "urls": ["file:///etc/passwd"]}), b"file:///etc/passwd"),
            (manifest_of(layer={"mediaType": FOREIGN, "urls": ["ftp://127.0.0.1/x"]}), b"ftp://127.0.0.1/x"),
            (manifest_of(layer={"mediaType": FOREIGN, "urls": [7]}), b"urls"),
            (manifest_of(schemaVersion=1), b""),
            (manifest_of(config={"size": 1 << 40}), b"more than"),
            (b"", b""), (b"null", b""), (b"[]", b""), (b"\xff\xfe", b""), (b'{"a":', b"")):
        registry.manifest("bad", "it", data)
        for options in ((), ("--foreign",)):
            done = pull(home, registry.host + "/bad:it", *options)
            assert done.returncode == 1 and text in done.stderr, (data[:200], text, done.stderr)
    is_clean(home)


def hostile_sizes(home, registry):
    def huge(handler):
        registry.head(handler, 200, 1 << 30, Content_Type=MANIFEST)
        for _ in range(1 << 14):
            handler.wfile.write(bytes(65536))

    def endless(handler):
        registry.head(handler, 200, None, Content_Type=MANIFEST)
        while True:
            handler.wfile.write(b" " * 65536)

    def headers(handler):
        handler.send_response(200)
        for number in range(100):
            handler.send_header("X-%d" % number, "x" * 8000)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    for answer, text in ((huge, b"answers with 1073741824 bytes; at most 4194304"), (endless, b"more than the 4194304"),
                         (headers, b"headers")):
        registry.answers["/v2/huge/manifests/it"] = answer
        done = pull(home, registry.host + "/huge:it", "--retries", "0")
        assert done.returncode == 1 and text in done.stderr, done.stderr
    is_clean(home)


def hostile_contents(home, registry, layout):
    """Manifests that are well-formed and name what does not fit."""
    tar = make_tar([("a", b"a")])
    blob = gzip.compress(tar)
    layer = {"mediaType": LAYER + "+gzip", "digest": digest_of(blob), "size": len(blob)}

    def serve(config, layers):
        config = json.dumps(config).encode()
        registry.blob("odd", config)
        registry.blob("odd", blob)
        data = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "layers": layers, "config": {
            "mediaType": CONFIG, "digest": digest_of(config), "size": len(config)}}).encode()
        registry.manifest("odd", "it", data)
        return data

    def config(*diff_ids, system="linux"):
        return {"os": system, "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": diff_ids}}

    for document, layers, text in (
            (config(digest_of(b"other")), [layer], b"diff ID"),
            (config(digest_of(tar), digest_of(tar)), [layer], b"diff"),
            (config(digest_of(tar), system="plan9"), [layer], b"plan9"),
            (config("sha256:../x"), [layer], b"digest"),
            ({"os": "linux"}, [layer], b""),
            (config(digest_of(tar)), [{**layer, "size": len(blob) - 1}], b"bytes by its manifest"),
            (config(digest_of(tar)), [{**layer, "size": len(blob) + 1}], b"bytes by its manifest"),
            (config(digest_of(tar)), [{**layer, "digest": digest_of(b"gone")}], b"status 404")):
        serve(document, layers)
        done = pull(home, registry.host + "/odd:it")
        assert done.returncode == 1 and text in done.stderr, (document, layers, done.stderr)

    # A document other than the one whose digest was asked for; and a registry that contradicts itself.
    data = serve(config(digest_of(tar)), [layer])
    wrong = "sha256:" + "3" * 64
    registry.objects["/v2/odd/manifests/" + wrong] = (MANIFEST, data)
    done = pull(home, registry.host + "/odd@" + wrong)
    assert done.returncode == 1 and b"instead of " + wrong.encode() in done.stderr, done.stderr

    def lie(handler):
        registry.head(handler, 200, len(data), Content_Type=MANIFEST, Docker_Content_Digest=wrong)
        handler.wfile.write(data)

    registry.answers["/v2/lies/manifests/it"] = lie
    done = pull(home, registry.host + "/lies:it")
    assert done.returncode == 1 and wrong.encode() in done.stderr, done.stderr

    # A bomb: it is stopped by the limit that was given.
    bomb = gzip.compress(bytes(300 << 20), 9)
    registry.blob("bomb", bomb)
    image = layout.image([({"mediaType": LAYER + "+gzip", "digest": digest_of(bomb), "size": len(bomb)},
                           digest_of(bytes(300 << 20)))])
    with open(os.path.join(layout.folder, "blobs", "sha256", image["digest"][7:]), "rb") as file:
        manifest = file.read()
    registry.manifest("bomb", "it", manifest)
    with open(os.path.join(layout.folder, "blobs", "sha256", json.loads(manifest)["config"]["digest"][7:]),
              "rb") as file:
        registry.blob("bomb", file.read())
    done = pull(home, registry.host + "/bomb:it", "--max-size", "10M")
    assert done.returncode == 1 and b"10485760" in done.stderr, done.stderr
    is_clean(home)


def other_hosts(home, registry):
    """Nobody but the registry is asked, whatever it says, unless that is allowed; and no one but it is told secrets."""
    other = Faulty()
    asked = []
    other.answers = {"/x": lambda handler: (asked.append(handler.headers), other.head(handler, 200, 0))}
    url = "http://%s/x" % other.host
    tar = make_tar([("a", b"a")])
    config = json.dumps({"os": "linux", "architecture": "amd64",
                         "rootfs": {"type": "layers", "diff_ids": [digest_of(tar)]}}).encode()
    registry.blob("far", config)
    data = manifest_of(layer={"mediaType": FOREIGN, "urls": [url], "digest": digest_of(tar), "size": len(tar)},
                       config={"digest": digest_of(config), "size": len(config)})
    registry.manifest("far", "it", data)
    done = pull(home, registry.host + "/far:it")
    assert done.returncode == 1 and b"has to be allowed" in done.stderr and not asked, done.stderr
    done = pull(home, registry.host + "/far:it", "--foreign")
    assert done.returncode == 1 and b"bytes by its manifest" in done.stderr and len(asked) == 1, done.stderr

    def redirect(to):
        return lambda handler: registry.head(handler, 302, 0, Location=to)

    for to, text in (("file:///etc/passwd", b"refused"), ("http://192.0.2.7/", b"plain HTTP"),
                     ("https://a:b@127.0.0.1/", b"has a user in it"), ("", b"")):
        registry.answers["/v2/sent/manifests/away"] = redirect(to)
        done = pull(home, registry.host + "/sent:away", "--retries", "0")
        assert done.returncode == 1 and text in done.stderr, (to, done.stderr)

    def log_in(handler):
        if handler.headers.get("Authorization"):
            return registry.head(handler, 307, 0, Location=url)
        return registry.head(handler, 401, 0, WWW_Authenticate='Basic realm="x"')

    del asked[:]
    registry.answers["/v2/secret/manifests/it"] = log_in
    done = home.run("pull", "-u", "ann", "--password-stdin", registry.host + "/secret:it", input=b"secret",
                    check=False)
    assert done.returncode == 1 and len(asked) == 1 and "Authorization" not in asked[0], (asked, done.stderr)
    for challenge in ('Bearer realm="file:///etc/passwd"', 'Bearer realm="http://192.0.2.7/t"', "Bearer x=y", '"',
                      "Digest a=b", "Bearer " + "a=b, " * 20):
        registry.answers["/v2/ask/manifests/it"] = lambda handler: registry.head(handler, 401, 0,
                                                                                WWW_Authenticate=challenge)
        done = pull(home, registry.host + "/ask:it", "--retries", "0")
        assert done.returncode == 1 and len(done.stderr) > 40, (challenge, done.stderr)
    is_clean(home)


def main():
    need_root()
    need("docker-registry", "skopeo", "zstd")
    os.environ["DOCKER_CONFIG"] = "/nonexistent"
    registry = Faulty()
    only = sys.argv[1:]
    with Home() as home:
        layout = Layout(home.path("layout"))
        for test in (every_fault_by_itself, resumed_pulls, resumed_after_kills, damaged_rests, broken_pulls,
                     broken_transfers, killed_pulls, killed_pushes, interrupted_pulls, hostile_documents, hostile_sizes,
                     hostile_contents, other_hosts):
            if not only or test.__name__ in only:
                began = time.monotonic()
                test(*{1: (home,), 2: (home, registry), 3: (home, registry, layout)}[test.__code__.co_argcount])
                print("%s: %.1f s" % (test.__name__, time.monotonic() - began), flush=True)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        assert peak < 192 * 1024, "a pull took %d MiB" % (peak // 1024)
    print("every fault and attack ended right, or with an error that says what")


if __name__ == "__main__":
    main()
