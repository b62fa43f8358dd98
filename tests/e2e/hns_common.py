"""What the tests of networks share: namespaces of their own, sockets inside them, the wcl program.

A test runs in a private network and mount namespace, so that nothing on the host is seen or
changed. The namespace it begins in plays the host; others are made with add_namespace().
"""

import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time

CLONE_NEWNET = 0x40000000
TIMEOUT = 3.0
WCL = os.path.abspath(os.environ.get("WCL", "build/dev/cli/wcl"))
TOOL = os.path.join(os.path.dirname(os.path.dirname(WCL)), "tests/e2e/hns_tool")
HOME = "/run/wcl-home"

libc = ctypes.CDLL(None, use_errno=True)
failures = []


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def enter_private_namespaces():
    """Starts the script again where it can do what it likes."""
    if os.environ.get("WCL_HNS_PRIVATE") == "1":
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
        os.makedirs("/run/netns")
        run("ip", "link", "set", "lo", "up")
        # A new namespace may have these from the host.
        for setting in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            with open(f"/proc/sys/net/{setting}", "w") as file:
                file.write("0")
        os.environ["WCL_HOME"] = HOME
        os.environ["WCL_RUN"] = "/run/wcl"
        return
    if os.geteuid() != 0:
        skip("network namespaces need root")
    for tool in ("unshare", "nsenter", "ip", "nft"):
        if not shutil.which(tool):
            skip(f"there is no program '{tool}' here")
    probe = subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True)
    if probe.returncode != 0:
        skip("this host allows no network namespaces: " + probe.stderr.decode().strip())
    os.environ["WCL_HNS_PRIVATE"] = "1"
    os.execvp("unshare", ["unshare", "--net", "--mount", sys.executable] + sys.argv)


def run(*command, ns=None, check=True, text=None):
    if ns:
        command = ("nsenter", f"--net={ns}") + command
    done = subprocess.run(command, capture_output=True, text=True, input=text, timeout=60)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def wcl(*arguments, ns=None, home=None):
    """Runs wcl and gives what its --json output holds."""
    command = (WCL, "--json") + (("--home", home) if home else ()) + arguments
    out = run(*command, ns=ns)
    return json.loads(out) if out.strip() else None


def wcl_fails(*arguments, ns=None, home=None):
    """Runs wcl, which must refuse, and gives its words."""
    command = (WCL,) + (("--home", home) if home else ()) + arguments
    if ns:
        command = ("nsenter", f"--net={ns}") + command
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    expect(done.returncode == 1, f"'{' '.join(arguments)}' is refused (exit {done.returncode})")
    return done.stderr.strip()


def tool(*arguments, ns=None, check=True):
    return run(TOOL, *arguments, ns=ns, check=check)


def envelope(method, path, body="", ns=None):
    """The answer to a request, as HNSCall gives it."""
    text = body if isinstance(body, str) else json.dumps(body)
    return json.loads(tool("call", method, path, text, ns=ns))


def call(method, path, body="", ns=None):
    """What a request that must succeed gives."""
    answer = envelope(method, path, body, ns)
    if not answer["Success"]:
        raise RuntimeError(f"{method} {path}: {answer['Error']}")
    return answer.get("Output")


def add_namespace(name):
    run("ip", "netns", "add", name)
    path = f"/run/netns/{name}"
    run("ip", "link", "set", "lo", "up", ns=path)
    return path


def join(ns_a, name_a, addresses_a, ns_b, name_b, addresses_b):
    """A cable between two namespaces (None: the host)."""
    in_b = ("netns", ns_b.rsplit("/", 1)[1]) if ns_b else ()
    run("ip", "link", "add", name_a, "type", "veth", "peer", "name", name_b, *in_b, ns=ns_a)
    for ns, name, addresses in ((ns_a, name_a, addresses_a), (ns_b, name_b, addresses_b)):
        run("ip", "link", "set", name, "up", ns=ns)
        for address in addresses:
            extra = ("nodad",) if ":" in address else ()
            run("ip", "addr", "add", address, "dev", name, *extra, ns=ns)


def in_namespace(ns, function):
    """Runs the function in a thread that has entered the namespace; sockets stay in it."""
    if not ns:
        return function()
    result = {}

    def enter_and_run():
        try:
            with open(ns) as file:
                if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            result["value"] = function()
        except BaseException as problem:  # handed on to the caller below
            result["problem"] = problem

    thread = threading.Thread(target=enter_and_run)
    thread.start()
    thread.join()
    if "problem" in result:
        raise result["problem"]
    return result["value"]


def make_socket(ns, address, kind):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = in_namespace(ns, lambda: socket.socket(family, kind))
    made.settimeout(TIMEOUT)
    return made


class Server:
    """Answers each client with the address it sees it come from; tcp and udp on one port."""

    def __init__(self, ns, address, port):
        self.sockets = []
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            listener = make_socket(ns, address, kind)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if listener.family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind((address, port))
            listener.settimeout(None)
            if kind == socket.SOCK_STREAM:
                listener.listen(16)
            self.sockets.append(listener)
            serve = self.serve_tcp if kind == socket.SOCK_STREAM else self.serve_udp
            threading.Thread(target=serve, args=(listener,), daemon=True).start()

    @staticmethod
    def serve_tcp(listener):
        while True:
            try:
                client, peer = listener.accept()
            except OSError:
                return
            with client:
                client.sendall(peer[0].encode())

    @staticmethod
    def serve_udp(listener):
        while True:
            try:
                _, peer = listener.recvfrom(100)
                listener.sendto(peer[0].encode(), peer)
            except (OSError, TypeError):  # closed while waiting
                return

    def close(self):
        for listener in self.sockets:
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            listener.close()


def ask(ns, address, port, kind="tcp", timeout=TIMEOUT):
    """What a server answers, or None when it cannot be reached."""
    kind = socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM
    with make_socket(ns, address, kind) as client:
        client.settimeout(timeout)
        try:
            client.connect((address, port))
            if kind == socket.SOCK_DGRAM:
                client.send(b"who am I?")
            return client.recv(100).decode()
        except OSError:
            return None


def expect(condition, what):
    print(("ok    " if condition else "FAILED ") + what, flush=True)
    if not condition:
        failures.append(what)


def expect_equal(found, wanted, what):
    expect(found == wanted, what if found == wanted else f"{what}: {found!r}, not {wanted!r}")


def links(ns=None):
    return {link["ifname"] for link in json.loads(run("ip", "-j", "link", ns=ns))}


def rules(ns=None):
    return run("nft", "list", "ruleset", ns=ns)


def settings(ns=None):
    """Everything of the host that has to do with forwarding, as text."""
    names = ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"]
    for family, kinds in (("ipv4", ("forwarding", "route_localnet")),
                          ("ipv6", ("forwarding", "accept_ra"))):
        conf = f"/proc/sys/net/{family}/conf"
        for interface in sorted(os.listdir(conf)):
            names += [f"net/{family}/conf/{interface}/{kind}" for kind in kinds]

    def read():
        found = {}
        for name in names:
            try:
                with open("/proc/sys/" + name) as file:
                    found[name] = file.read().strip()
            except OSError:
                pass
        return found

    return in_namespace(ns, read)


def objects_left(home=HOME):
    """Files of the state that belong to an object."""
    left = []
    for folder, _, files in os.walk(os.path.join(home, "hns")):
        left += [os.path.join(folder, name) for name in files if name != "lock"]
    for folder, _, files in os.walk("/run/wcl"):
        left += [os.path.join(folder, name) for name in files]
    return left


def wait_for(condition, timeout=5.0):
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def finish():
    if failures:
        print(f"{len(failures)} failed:", *failures, sep="\n  ")
        sys.exit(1)
    print("all held")
    sys.exit(0)
