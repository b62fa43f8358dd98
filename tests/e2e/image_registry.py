#!/usr/bin/env python3
"""Images from and to Debian's docker-registry: what skopeo pushed is pulled and is the same, what wcl pushes others
pull with the same digests."""
import base64
import http.server
import urllib.parse
import threading

from image_registry_common import *


class Blobs(http.server.BaseHTTPRequestHandler):
    """Serves foreign layers."""
    data = {}
    asked = []

    def do_GET(self):
        self.asked.append(self.path)
        data = self.data.get(self.path)
        self.send_response(200 if data else 404)
        self.send_header("Content-Length", str(len(data or b"")))
        self.end_headers()
        self.wfile.write(data or b"")

    def log_message(self, *_):
        pass


def serve(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


# ---- Pulling ---------------------------------------------------------------------------------------------------------


def many_layers(home, registry, layout):
    image = layout.image(linux_layers(layout), name="many")
    # umoci knows no zstd: it gets the same layers all in gzip.
    layout.image(linux_layers(layout, how=("gzip",)), name="gzip")
    name = registry.name("linux/many", "1")
    push_layout(layout, "many", name)
    pulled = home.json("pull", name)
    assert pulled["digest"] == image["digest"], pulled
    assert len(pulled["layers"]) == 12
    assert_image_is(home, name, umoci_unpack(layout.folder, "gzip", home.path("many")), "many layers")
    home.assert_clean()
    return name, image


def nothing_twice(home, registry, layout):
    """Layers that are there are not fetched: the registry has lost them, and the image is pulled all the same."""
    layers = linux_layers(layout)[:3]
    layers.append(layout.layer(make_tar([("more", b"more")])))
    image = layout.image(layers, name="more")
    push_layout(layout, "more", registry.name("linux/more"))
    for descriptor, _ in layers[:3]:
        request = urllib.request.Request("http://%s/v2/linux/more/blobs/%s" % (registry.host, descriptor["digest"]),
                                         method="DELETE")
        urllib.request.urlopen(request).close()
        assert not registry.has_blob("linux/more", descriptor["digest"])
    assert home.json("pull", registry.name("linux/more"))["digest"] == image["digest"]


def windows_with_foreign_layers(home, registry, layout, blobs):
    with open(LAYER_TAR, "rb") as file:
        base_tar = file.read()
    url = "http://127.0.0.1:%d/base" % blobs.server_port
    base, diff_id, data = layout.layer(base_tar, urls=[url])
    Blobs.data["/base"] = data
    app = layout.layer(windows_tar([("app.txt", b"app\r\n")]))
    image = layout.image([(base, diff_id), app], "windows", "10.0.17763.1817", name="foreign")
    name = registry.name("windows/foreign")
    push_layout(layout, "foreign", name)
    assert not registry.has_blob("windows/foreign", base["digest"])

    refused = home.run("pull", name, check=False)
    assert refused.returncode == 1 and b"has to be allowed" in refused.stderr and url.encode() in refused.stderr, refused
    assert not Blobs.asked, "another host was asked without leave"
    assert home.json("pull", "--foreign", name)["digest"] == image["digest"]
    assert Blobs.asked == ["/base"]
    chain = chain_of(home, name)
    exported = home.run("export", chain[1]).stdout
    assert exported == base_tar, "the foreign layer is not the one that was there"
    mounted = home.mount(chain[0])
    assert open(mounted + "/app.txt", "rb").read() == b"app\r\n"
    with tarfile.open(LAYER_TAR) as tar:
        expected = tar.extractfile("Files/Windows/notepad.exe").read()
    assert open(mounted + "/Windows/notepad.exe", "rb").read() == expected
    home.run("unmount", chain[0])
    return name, image


def platforms(home, registry, layout):
    versions = ["10.0.14393.4169", "10.0.17763.1817", "10.0.17763.2000", "10.0.19042.800"]
    images = {version: layout.image([layout.layer(windows_tar([("version.txt", version.encode())]))], "windows",
                                    version) for version in versions}
    images["linux"] = layout.image([layout.layer(make_tar([("version.txt", b"linux")]))])
    index = layout.index([images["linux"], *[images[version] for version in versions]], "index")
    name = registry.name("multi")
    push_layout(layout, "index", name, "--all")
    assert digest_of(registry.manifest("multi", "latest")) == index["digest"]
    for platform, expected in (
            (None, "linux"), ("linux/amd64", "linux"), ("windows/amd64", "10.0.19042.800"),
            ("windows(10.0.17763.1817)/amd64", "10.0.17763.1817"),
            ("windows(10.0.17763.1900)/amd64", "10.0.17763.2000"),
            ("windows(10.0.18363.5)/amd64", "10.0.17763.2000"), ("windows(10.0.14393)/amd64", "10.0.14393.4169")):
        pulled = home.json("pull", name, *(["--platform", platform] if platform else []))
        assert pulled["digest"] == images[expected]["digest"], (platform, pulled["os_version"], expected)
    refused = home.run("pull", "--platform", "linux/arm64", name, check=False)
    assert refused.returncode == 1 and b"windows" in refused.stderr, refused.stderr
    by_digest = home.json("pull", "%s/multi@%s" % (registry.host, images["linux"]["digest"]))
    assert by_digest["digest"] == images["linux"]["digest"]


# ---- Pushing ---------------------------------------------------------------------------------------------------------


def every_digest_the_same(home, registry, second, layout, names):
    """Pull, push to a second registry: the manifest is the same, so all it names is."""
    for name, image in names:
        repository, tag = name.split("/", 1)[1].rsplit(":", 1)
        to = second.name(repository, tag)
        pushed = home.json("push", name, to)
        assert pushed["digest"] == image["digest"], pushed
        manifest = second.manifest(repository, tag)
        assert manifest == registry.manifest(repository, tag)
        for descriptor in [json.loads(manifest)["config"], *json.loads(manifest)["layers"]]:
            assert second.has_blob(repository, descriptor["digest"]) == ("urls" not in descriptor), descriptor


def others_pull_it(home, registry, second, layout):
    """Of an image that umoci can read: skopeo pulls what wcl pushed, and umoci unpacks it."""
    name = registry.name("linux/gzip")
    push_layout(layout, "gzip", name)
    image = home.json("pull", name)
    repository = "by/wcl"
    home.run("push", name, second.name(repository))
    folder = home.path("skopeo")
    skopeo("copy", "--insecure-policy", "--src-tls-verify=false", "docker://%s/%s" % (second.host, repository),
           "oci:%s:it" % folder)
    with open(folder + "/index.json") as file:
        assert json.load(file)["manifests"][0]["digest"] == image["digest"]
    theirs = umoci_unpack(folder, "it", home.path("theirs"))
    ours = umoci_unpack(layout.folder, "gzip", home.path("ours"))
    assert_same_tree(snapshot(theirs, folder_times=False), snapshot(ours, folder_times=False), "what skopeo pulled")


def docker_pulls_it(home, second):
    from graphdriver_common import Docker
    image = home.json("pull", second.name("by/wcl"))
    docker = Docker(home.work, "overlay2")
    try:
        docker.start()
        docker.run("pull", second.name("by/wcl"))
        digests = docker.text("image", "inspect", "-f", "{{json .RepoDigests}}", second.name("by/wcl"))
        assert image["digest"] in digests, digests
    finally:
        docker.stop()
        unmount_below(docker.work)


def blobs_are_mounted(home, registry):
    """What another repository of the registry has is not sent again."""
    name = registry.name("linux/many", "1")
    home.run("push", name, registry.name("other/place"))
    manifest = json.loads(registry.manifest("other/place", "latest"))
    for descriptor in manifest["layers"]:
        assert registry.has_blob("other/place", descriptor["digest"])


# ---- Logging in ------------------------------------------------------------------------------------------------------


def write_config(folder, document):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump(document, file)
    return {"DOCKER_CONFIG": folder}


def basic_auth(home, layout):
    folder = home.path("basic")
    with open(home.path("htpasswd"), "wb") as file:
        file.write(subprocess.run(["htpasswd", "-Bbn", "ann", "secret"], stdout=subprocess.PIPE, check=True).stdout)
    with Registry(folder, auth={"htpasswd": {"realm": "test", "path": home.path("htpasswd")}}) as registry:
        name = registry.name("private")
        push_layout(layout, "more", name, "--dest-creds=ann:secret")
        nobody = write_config(home.path("nobody"), {})
        denied = home.run("pull", name, check=False, env=nobody)
        assert denied.returncode == 1 and b"docker login" in denied.stderr, denied.stderr
        denied = home.run("pull", "-u", "ann", "--password-stdin", name, input=b"wrong\n", check=False, env=nobody)
        assert denied.returncode == 1 and b"401" in denied.stderr, denied.stderr
        assert b"wrong" not in denied.stderr
        home.run("pull", "-u", "ann", "--password-stdin", name, input=b"secret\n", env=nobody)
        known = write_config(home.path("known"), {"auths": {registry.host: {
            "auth": base64.b64encode(b"ann:secret").decode()}}})
        home.run("pull", name, env=known)
        home.run("push", name, registry.name("private/copy"), env=known)


def helper_auth(home, layout):
    """The credentials come from a helper, for a registry with a token server."""
    tokens = TokenServer(home)
    server = serve(tokens.handler())
    with Registry(home.path("token"), auth={"token": {
            "realm": "http://127.0.0.1:%d/token" % server.server_port, "service": "the registry", "issuer": "test",
            "rootcertbundle": tokens.certificate}}) as registry:
        helper = home.path("bin", "docker-credential-test")
        os.makedirs(home.path("bin"))
        with open(helper, "w") as file:
            file.write("#!/bin/sh\n[ $1 = get ] && [ \"$(cat)\" = %s ] || exit 1\n"
                       "echo '{\"Username\":\"ann\",\"Secret\":\"secret\"}'\n" % registry.host)
        os.chmod(helper, 0o755)
        env = write_config(home.path("helped"), {"credHelpers": {registry.host: "test"}})
        env["PATH"] = home.path("bin") + ":" + os.environ["PATH"]
        name = registry.name("deep/in/private")
        home.run("push", home.path_of_more, name, env=env)
        assert any("pull,push" in scope for scope in tokens.scopes), tokens.scopes
        del tokens.scopes[:]
        home.run("pull", name, env=env)
        assert tokens.scopes == ["repository:deep/in/private:pull"], tokens.scopes
        home.run("push", name, registry.name("elsewhere"), env=env)
        assert any("repository:deep/in/private:pull" in scope and "elsewhere:pull,push" in scope
                   for scope in tokens.scopes), tokens.scopes
        denied = home.run("pull", name, check=False, env=write_config(home.path("nobody"), {}))
        assert denied.returncode == 1 and b"refuses a token" in denied.stderr, denied.stderr
        # Tokens end: with each good for two seconds, a later request needs another one.
        tokens.lifetime = 2
        home.run("push", name, registry.name("third"), env=env)
    server.shutdown()


class TokenServer:
    """Gives out tokens for whoever is ann, signed as docker-registry wants them."""

    def __init__(self, home):
        self.key, self.certificate = home.path("token.key"), home.path("token.crt")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out",
                        self.certificate, "-subj", "/CN=test", "-days", "2"], check=True, stderr=subprocess.DEVNULL)
        self.scopes = []
        self.lifetime = 300

    @staticmethod
    def encode(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    def token(self, service, scopes):
        access = []
        for scope in scopes:
            kind, name, actions = scope.split(":")
            access.append({"type": kind, "name": name, "actions": actions.split(",")})
        der = subprocess.run(["openssl", "x509", "-in", self.certificate, "-outform", "der"], stdout=subprocess.PIPE,
                             check=True).stdout
        now = int(time.time())
        head = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der).decode()]}
        claims = {"iss": "test", "sub": "ann", "aud": service, "exp": now + max(self.lifetime, 60), "nbf": now - 10,
                  "iat": now, "jti": str(time.monotonic()), "access": access}
        signed = self.encode(json.dumps(head).encode()) + b"." + self.encode(json.dumps(claims).encode())
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=signed,
                                   stdout=subprocess.PIPE, check=True).stdout
        return (signed + b"." + self.encode(signature)).decode()

    def handler(tokens):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                ann = "Basic " + base64.b64encode(b"ann:secret").decode()
                if self.headers.get("Authorization") != ann:
                    self.send_response(401)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                scopes = query.get("scope", [])
                tokens.scopes.append(" ".join(scopes))
                body = json.dumps({"token": tokens.token(query["service"][0], scopes),
                                   "expires_in": tokens.lifetime}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        return Handler


# ---- TLS -------------------------------------------------------------------------------------------------------------


def make_certificates(home):
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", home.path("ca.key"), "-out",
            home.path("ca.crt"), "-subj", "/CN=test authority", "-days", "2")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", home.path("tls.key"), "-out", home.path("tls.csr"),
            "-subj", "/CN=127.0.0.1")
    with open(home.path("tls.ext"), "w") as file:
        file.write("subjectAltName=IP:127.0.0.1,DNS:registry.test\n")
    openssl("x509", "-req", "-in", home.path("tls.csr"), "-CA", home.path("ca.crt"), "-CAkey", home.path("ca.key"),
            "-CAcreateserial", "-out", home.path("tls.crt"), "-days", "2", "-extfile", home.path("tls.ext"))


def tls(home, layout):
    make_certificates(home)
    with Registry(home.path("tls"), http={"tls": {"certificate": home.path("tls.crt"),
                                                  "key": home.path("tls.key")}}) as registry:
        name = registry.name("secure")
        push_layout(layout, "more", name)
        refused = home.run("pull", name, check=False)
        assert refused.returncode == 1 and b"certificate" in refused.stderr, refused.stderr
        home.run("pull", "--ca", home.path("ca.crt"), name)
        home.run("push", "--ca", home.path("ca.crt"), name, registry.name("secure/copy"))
        home.run("pull", "--insecure", registry.name("secure/copy"))
        missing = home.run("pull", "--ca", home.path("absent"), registry.name("secure/other"), check=False)
        assert missing.returncode == 1, missing


class Proxy(http.server.BaseHTTPRequestHandler):
    """A proxy for hosts that only it knows: all of them are this machine."""
    asked = []
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self):
        self.asked.append("CONNECT " + self.path)
        with socket.create_connection(("127.0.0.1", int(self.path.rsplit(":")[1]))) as other:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=self.pump, args=(other, self.connection))
            back.start()
            self.pump(self.connection, other)
            back.join()
        self.close_connection = True

    @staticmethod
    def pump(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def do_GET(self):
        self.asked.append("GET " + self.path)
        address = urllib.parse.urlsplit(self.path)
        request = urllib.request.Request("http://127.0.0.1:%d%s" % (address.port, address.path),
                                         headers={"Accept": self.headers.get("Accept", "*/*")})
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
                body, status, kind = answer.read(), answer.status, answer.headers.get("Content-Type")
        except urllib.error.HTTPError as error:
            body, status, kind = b"", error.code, "text/plain"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def proxies(home, registry, layout):
    proxy = serve(Proxy)
    url = "http://127.0.0.1:%d" % proxy.server_port
    # Through a tunnel, whose other end is known by its name.
    with Registry(home.path("tunnelled"), http={"tls": {"certificate": home.path("tls.crt"),
                                                        "key": home.path("tls.key")}}) as secure:
        push_layout(layout, "more", secure.name("secure"))
        name = "registry.test:%d/secure" % secure.port
        home.run("pull", "--ca", home.path("ca.crt"), name, env={"https_proxy": url})
        assert "CONNECT registry.test:%d" % secure.port in Proxy.asked, Proxy.asked
        refused = home.run("pull", "--ca", home.path("ca.crt"), name, check=False,
                           env={"https_proxy": url, "no_proxy": "registry.test"})
        assert refused.returncode == 1 and b"registry.test" in refused.stderr, refused.stderr
        other = home.run("pull", "--ca", home.path("ca.crt"), name.replace("registry", "other"), check=False,
                         env={"https_proxy": url})
        assert other.returncode == 1 and b"certificate" in other.stderr, other.stderr
    # Plain HTTP to another machine has to be allowed.
    name = "registry.test:%d/linux/more" % registry.port
    refused = home.run("pull", name, check=False, env={"http_proxy": url})
    assert refused.returncode == 1, refused
    home.run("pull", registry.name("linux/gzip"), env={"http_proxy": "http://127.0.0.1:1"})
    pulled = home.run("pull", "--insecure", "registry.test:%d/linux/gzip" % registry.port, env={"http_proxy": url})
    assert pulled.returncode == 0
    assert any(asked.startswith("GET http://registry.test:%d/v2/" % registry.port) for asked in Proxy.asked), Proxy.asked
    proxy.shutdown()


def refusals(home, registry):
    for arguments, text in (
            (("pull", registry.name("no/such")), b"status 404"),
            (("pull", "127.0.0.1:1/a/b"), b"127.0.0.1:1"),
            (("pull", "no.such.host.invalid/a"), b"no.such.host.invalid"),
            (("pull", "UPPER/case:tag@x"), b"pull"),
            (("push", "no-such-image", registry.name("x")), b"no-such-image"),
            (("push", registry.name("linux/many", "1"), "%s/x@sha256:%s" % (registry.host, "0" * 64)), b"digest")):
        refused = home.run(*arguments, check=False)
        assert refused.returncode == 1 and text in refused.stderr, (arguments, refused.stderr)
    home.assert_clean()


def main():
    need_root()
    need("docker-registry", "skopeo", "umoci", "htpasswd", "openssl", "zstd")
    os.environ["DOCKER_CONFIG"] = "/nonexistent"
    blobs = serve(Blobs)
    with Home() as home, Registry(home.path("registry")) as registry, Registry(home.path("second")) as second:
        layout = Layout(home.path("layout"))
        many = many_layers(home, registry, layout)
        nothing_twice(home, registry, layout)
        home.path_of_more = registry.name("linux/more")
        foreign = windows_with_foreign_layers(home, registry, layout, blobs)
        platforms(home, registry, layout)
        every_digest_the_same(home, registry, second, layout, [many, foreign])
        others_pull_it(home, registry, second, layout)
        blobs_are_mounted(home, registry)
        basic_auth(home, layout)
        helper_auth(home, layout)
        tls(home, layout)
        proxies(home, registry, layout)
        refusals(home, registry)
        if shutil.which("dockerd"):
            docker_pulls_it(home, second)
        home.assert_clean()
    print("images came from registries and went to them unchanged")


if __name__ == "__main__":
    main()
