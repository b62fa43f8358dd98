#!/usr/bin/env python3
"""Images as old and other engines make and serve them: what docker takes is taken, and what is refused says why."""
import bz2
import http.server
import lzma
import ssl
import threading

from image_common import *


class Server:
    """A registry in memory. Blobs and manifests by what is asked for; `uploads` answers all else (method, path) by a
    status and headers."""

    def __init__(self, certificate=None):
        self.objects = {}  # path -> (media type, bytes)
        self.uploads = lambda method, path: (404, {})
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status, data=b"", headers=None):
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            def go(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.path == "/v2/":
                    return self.answer(200)
                if self.path in registry.objects and self.command in ("GET", "HEAD"):
                    media_type, data = registry.objects[self.path]
                    return self.answer(200, data, {"Content-Type": media_type})
                status, headers = registry.uploads(self.command, self.path)
                return self.answer(status, headers=headers)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = go

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.host = "127.0.0.1:%d" % self.server.server_port

    def put(self, image, repository, *names, media_type=OCI_MANIFEST):
        for digest, data in image.blobs.items():
            self.objects["/v2/%s/blobs/%s" % (repository, digest)] = ("application/octet-stream", data)
        for name in names + (image.digest,):
            self.objects["/v2/%s/manifests/%s" % (repository, name)] = (media_type, image.manifest)


def shown(home, name):
    place = home.mount(name)
    try:
        return sorted(os.listdir(place))
    finally:
        home.run("unmount", name)


def configs_of_schema_2_are_taken_by_any_old_name(home, server):
    for number, name in enumerate(("application/octet-stream", "application/json", "text/html", "")):
        def change(manifest):
            manifest["mediaType"] = DOCKER_MANIFEST
            manifest["config"]["mediaType"] = name

        image = Image().add(tar_of({"f%d" % number: b"x"})).make(change)
        server.put(image, "old", "t%d" % number, media_type=DOCKER_MANIFEST)
        home.run("pull", "%s/old:t%d" % (server.host, number))
        assert shown(home, "%s/old:t%d" % (server.host, number)) == ["f%d" % number]
    home.assert_clean()


def layers_of_no_bytes_are_empty_layers(home, server):
    full = tar_of({"f": b"x"})
    image = Image().add(full).add(b"", "none").add(b"", "gzip").make()
    server.put(image, "empty", "1")
    home.run("pull", server.host + "/empty:1")
    assert shown(home, server.host + "/empty:1") == ["f"]
    home.run("save", "-o", home.path("empty.tar"), server.host + "/empty:1")
    assert blobs_of(home.path("empty.tar")) == image.blobs
    home.run("rmi", server.host + "/empty:1")
    home.run("load", "-i", home.path("empty.tar"))
    assert shown(home, server.host + "/empty:1") == ["f"]
    archive = docker_archive(home.path("old.tar"), Image().add(full, "none").add(b"", "none").make(), "old:1")
    home.run("load", "-i", archive)
    assert shown(home, "old:1") == ["f"]
    server.put(Image().add(b"").make(), "nothing", "1")
    home.run("pull", server.host + "/nothing:1")
    home.run("create", "-l", server.host + "/nothing:1", "box")
    assert shown(home, "box") == []
    home.run("remove", "box")
    home.assert_clean()
    # Given by hand, no bytes are a mistake.
    failed = home.run("import", "-i", os.devnull, "mistake", check=False)
    assert failed.returncode == 1 and b"the input is empty" in failed.stderr, failed.stderr


def archives_may_be_compressed_with_xz_and_bzip2(home, server):
    image = Image().add(tar_of({"a": b"1"}), "none").make()
    with open(docker_archive(home.path("plain.tar"), image, "packed:1"), "rb") as file:
        plain = file.read()
    half = len(plain) // 2
    for name, data in (("xz", lzma.compress(plain)), ("bzip2", bz2.compress(plain)),
                       ("two-xz", lzma.compress(plain[:half]) + lzma.compress(plain[half:])),
                       ("two-bzip2", bz2.compress(plain[:half]) + bz2.compress(plain[half:]))):
        with open(home.path(name), "wb") as file:
            file.write(data)
        loaded = home.json("load", "-i", home.path(name))
        assert loaded[0]["names"] == ["packed:1"], (name, loaded)
        piped = json.loads(home.run("load", "--json", input=data).stdout)
        assert piped == loaded, (name, piped)
        home.run("rmi", "packed:1")
        # The end of it is missing, or wrong.
        for damaged in (data[:-len(data) // 3], data[:len(data) // 2] + b"damage" + data[len(data) // 2 + 6:]):
            with open(home.path(name), "wb") as file:
                file.write(damaged)
            failed = home.run("load", "-i", home.path(name), check=False)
            assert failed.returncode == 1 and failed.stderr.startswith(b"wcl: load "), (name, failed.stderr)
        assert_empty_images(home)
    tar = tar_of({"a": b"1"})
    for packed, words in ((lzma.compress(tar), b"the xz data ends too early"),
                          (bz2.compress(tar), b"cannot decompress the ")):
        home.run("import", "packed", input=packed)
        assert home.run("export", "packed").stdout == tar
        home.run("remove", "packed")
        home.run("append", "--os", "linux", "-t", "made:1", "scratch", "-", input=packed)
        home.run("rmi", "made:1")
        failed = home.run("import", "packed", input=packed[:-9], check=False)
        assert failed.returncode == 1 and words in failed.stderr, failed.stderr
    assert_empty_images(home)


def zstd_may_begin_with_what_is_to_be_skipped(home, server):
    """As pzstd writes it, and who signs or indexes what is compressed."""
    skipped = lambda data: b"\x5e\x2a\x4d\x18\x04\0\0\0mine" + compress(data, "zstd")
    tar = tar_of({"a": b"1"})
    image = Image().add(tar, "none").make()
    with open(docker_archive(home.path("plain.tar"), image, "skip:1"), "rb") as file:
        packed = skipped(file.read())
    home.run("load", input=packed)
    assert shown(home, "skip:1") == ["a"]
    home.run("rmi", "skip:1")
    image.blobs[image.layers[0]["digest"]] = skipped(tar)
    home.run("load", "-i", docker_archive(home.path("inner.tar"), image, "skip:1"))
    assert shown(home, "skip:1") == ["a"]
    layers = json.loads(home.run("inspect", "--json", "skip:1").stdout)["manifest"]["layers"]
    assert [layer["mediaType"].endswith("zstd") for layer in layers] == [True], layers
    home.run("rmi", "skip:1")
    assert_empty_images(home)


def two_manifests_of_one_config_are_ambiguous(home, server):
    tar = tar_of({"a": b"1"})
    for name, how in (("a", "gzip"), ("b", "none")):
        image = Image().add(tar, how).make()
        home.run("load", "-i", layout_of(home.path(name), image, "docker.io/library/%s:1" % name))
    for command in ("inspect", "mount", "list", "run"):
        failed = home.run(command, image.config_digest, *(["true"] if command == "run" else []), check=False)
        assert failed.returncode and b"several" in failed.stderr, (command, failed.stderr)


def repositories_with_digests_name_what_was_pulled_by_tag(home, server):
    image = Image().add(tar_of({"a": b"1"})).make()
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [
        dict(image.descriptor(), platform={"os": "linux", "architecture": "x86_64"})]}).encode()
    server.put(image, "named", "plain")
    server.objects["/v2/named/manifests/list"] = (OCI_INDEX, index)
    named = server.host + "/named"
    home.run("pull", "--platform", "linux/amd64", named + ":list")
    for name in ("@" + image.digest, "@" + digest_of(index), ":list@" + image.digest, ":list@" + digest_of(index)):
        assert json.loads(home.run("inspect", "--json", named + name).stdout)["digest"] == image.digest, name
        assert shown(home, named + name) == ["a"], name
        assert home.run("diff", named + name).stdout.split() == [b"A", b"/a"], name
        assert b"1 layer verified" in home.run("verify", named + name).stdout, name
        home.run("export", "-o", home.path("named.tar"), named + name)
        assert sha256(home.path("named.tar")) == image.diff_ids[0][7:], name
    for name in (server.host + "/other@" + image.digest, named + "@sha256:" + "1" * 64):
        failed = home.run("inspect", name, check=False)
        assert failed.returncode == 1 and b"there is no image" in failed.stderr, failed.stderr
    home.run("rmi", named + "@" + image.digest)
    assert_empty_images(home)


def an_upload_ends_with_any_success(home, server):
    image = Image().add(tar_of({"a": b"1"})).make()
    home.run("load", "-i", layout_of(home.path("pushed"), image))
    for status in (200, 201, 202, 204):
        server.uploads = lambda method, path: {
            "POST": (202, {"Location": "/v2/up/blobs/uploads/1"}), "PUT": (status, {})}.get(method, (404, {}))
        home.run("push", "test:1", server.host + "/up:%d" % status)


def an_upload_does_not_leave_https(home, server):
    certificate = (home.path("crt"), home.path("key"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", certificate[1], "-out",
                    certificate[0], "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
                   check=True, stderr=subprocess.DEVNULL)
    secure = Server(certificate)
    secure.uploads = lambda method, path: (
        202, {"Location": "http://%s/v2/up/blobs/uploads/1" % server.host}) if method == "POST" else (404, {})
    image = Image().add(tar_of({"a": b"1"})).make()
    home.run("load", "-i", layout_of(home.path("secret"), image, "docker.io/library/secret:1"))
    for options in (["--ca", certificate[0]], ["--insecure"]):
        failed = home.run("push", "--retries", "0", *options, "secret:1", secure.host + "/up:1", check=False)
        assert failed.returncode == 1 and b"from https to plain http" in failed.stderr, failed.stderr


def refused(home, words, *arguments, **options):
    failed = home.run(*arguments, check=False, **options)
    assert failed.returncode == 1 and words in failed.stderr, (arguments, failed.stderr)


def bombs_are_stopped_by_limits_that_can_be_raised(home, server):
    """A layer of 100 MB that is 10 KB on the way, and an archive of one."""
    bomb = Image().add(tar_of({"zeros": bytes(100 << 20)}), "zstd").make()
    server.put(bomb, "bomb", "1")
    name = server.host + "/bomb:1"
    pull = ("pull", "--retries", "0", name)
    refused(home, b"--max-ratio raises the limit", *pull)
    refused(home, b"--max-size raises the limit", *pull, "--max-ratio", "none", "--max-size", "10M")
    home.run(*pull, "--max-ratio", "none")
    home.run("rmi", name)
    assert_empty_images(home)
    many = Image().add(tar_of({"f%d" % number: b"" for number in range(20)})).make()
    server.put(many, "many", "1")
    refused(home, b"--max-entries raises the limit", "pull", "--retries", "0", "--max-entries", "10",
            server.host + "/many:1")
    home.run("rmi", "--unused")
    plain = Image().add(tar_of({"zeros": bytes(100 << 20)}), "none").make()
    with open(docker_archive(home.path("bomb.tar"), plain, "bomb:1"), "rb") as file:
        data = file.read()
    for how, packed in (("zstd", compress(data, "zstd")), ("xz", lzma.compress(data, preset=0)),
                        ("bzip2", bz2.compress(data, 1))):
        with open(home.path(how), "wb") as file:
            file.write(packed)
        refused(home, b"--max-ratio raises the limit", "load", "-i", home.path(how), "--max-ratio", "100")
        refused(home, b"--max-size raises the limit", "load", "-i", home.path(how), "--max-ratio", "none",
                "--max-size", "50M")
    home.run("load", "-i", home.path("zstd"), "--max-ratio", "none")
    home.run("rmi", "bomb:1")
    assert_empty_images(home)
    tar = compress(tar_of({"zeros": bytes(100 << 20)}), "zstd")
    append = ("append", "--os", "linux", "-t", "made:1", "scratch", "-")
    refused(home, b"--max-ratio raises the limit", *append, input=tar)
    home.run(*append, "--max-ratio", "none", input=tar)
    home.assert_clean()


def main():
    need_root()
    for tool in ("openssl", "zstd"):
        if not shutil.which(tool):
            skip("there is no " + tool)
    for test in (configs_of_schema_2_are_taken_by_any_old_name, layers_of_no_bytes_are_empty_layers,
                 archives_may_be_compressed_with_xz_and_bzip2,
                 zstd_may_begin_with_what_is_to_be_skipped, two_manifests_of_one_config_are_ambiguous,
                 repositories_with_digests_name_what_was_pulled_by_tag, an_upload_ends_with_any_success,
                 an_upload_does_not_leave_https, bombs_are_stopped_by_limits_that_can_be_raised):
        with Home() as home:
            test(home, Server())
        print("passed:", test.__name__)


main()
