#!/usr/bin/env python3
"""Containers of wcl run on a nat network: they reach each other and the outside, mapped ports reach
them, and their own statistics are what the kernel counts."""

from hns_common import *

WORK = os.environ["WCL_TEST_WORK"]
PAGE = "x" * 200_000
OUTSIDE = ("192.0.2.2", "2001:db8::2")


def inside(container, *command):
    """What a command prints that runs in a container; no message where it fails."""
    done = subprocess.run([WCL, "exec", container, "--", *command], capture_output=True, text=True, timeout=60)
    return done.stdout if done.returncode == 0 else f"exit code {done.returncode}: {done.stderr.strip()}"


def fetched(container, address, port):
    """The page's length as the container sees it, 0 where it is not reached."""
    script = f"printf 'GET /page HTTP/1.0\\r\\n\\r\\n' | timeout 3 nc {address} {port} | sed '1,/^.$/d' | wc -c"
    return int(inside(container, "sh", "-c", script))


def host_fetches(address, port, ns=None):
    """The page's length as somebody else sees it, 0 where it is not reached."""
    with make_socket(ns, address, socket.SOCK_STREAM) as client:
        try:
            client.connect((address, port))
            client.sendall(b"GET /page HTTP/1.0\r\n\r\n")
            answer = b""
            while piece := client.recv(65536):
                answer += piece
        except OSError:
            return 0
    return len(answer.partition(b"\r\n\r\n")[2])


def start(name, *options):
    """A container with an endpoint of its own; the endpoint as HNS tells it."""
    run(WCL, "create", "-l", "base", name)
    run(WCL, "run", "-d", "--network", "net", *options, "--", name, "httpd", "-f", "-p", "80", "-h", "/www")
    return next(each for each in wcl("endpoint", "list") if each.get("SharedContainers") == [name])


def statistics(name):
    return wcl("stats", name)["Statistics"]["Network"]


def counted(name):
    counters = ("rx_bytes", "rx_packets", "rx_dropped", "tx_bytes", "tx_packets", "tx_dropped")
    text = inside(name, "sh", "-c", "cd /sys/class/net/eth0/statistics && cat " + " ".join(counters))
    return list(map(int, text.split()))


def own_statistics_agree(name, endpoint, least):
    """The kernel's counters, read in the container, lie between two equal readings of the statistics."""
    fields = ("BytesReceived", "PacketsReceived", "DroppedPacketsIncoming", "BytesSent", "PacketsSent",
              "DroppedPacketsOutgoing")

    def agree():
        first = statistics(name)
        kernel = counted(name)
        return len(first) == 1 and first == statistics(name) and first[0]["EndpointId"] == endpoint["ID"] and \
            [first[0].get(field, 0) for field in fields] == kernel and kernel[3] > least

    return wait_for(agree)


def check_reach(outside, one, two):
    for field, far in zip(("IPAddress", "IPv6Address"), OUTSIDE):
        expect_equal(fetched("two", one[field], 80), len(PAGE), f"a container reaches another ({field})")
        expect_equal(inside("one", "nc", far, "5000"), "192.0.2.1" if "." in far else "2001:db8::1",
                     f"the outside sees the host's address ({field})")
    expect_equal(host_fetches("192.0.2.1", 8080, outside), len(PAGE), "a mapped port is reached from outside")
    expect_equal(host_fetches("192.0.2.1", 8080), len(PAGE), "and from the host")
    expect_equal(fetched("one", "192.0.2.1", 8080), len(PAGE), "and from the container itself")
    expect_equal(fetched("three", one["IPAddress"], 80), 0, "with DisableICC a container reaches no other")
    expect_equal(inside("three", "nc", OUTSIDE[0], "5000"), "192.0.2.1", "but the outside")


def main():
    root = os.environ["WCL_TEST_ROOT"]
    os.makedirs(f"{root}/www")
    with open(f"{root}/www/page", "w") as file:
        file.write(PAGE)
    run("tar", "-C", root, "-cf", f"{WORK}/layer.tar", ".")
    run(WCL, "import", "--os", "linux", "-i", f"{WORK}/layer.tar", "base")
    before = links(), rules(), settings()
    outside = add_namespace("outside")
    join(None, "wire", ["192.0.2.1/24", "2001:db8::1/64"], outside, "wire",
         [f"{OUTSIDE[0]}/24", f"{OUTSIDE[1]}/64"])
    servers = [Server(outside, address, 5000) for address in OUTSIDE]
    wcl("network", "create", "-t", "nat", "-s", "10.77.0.0/24", "-s", "fd00:77::/64", "net")
    one, two = start("one", "-p", "8080:80"), start("two")
    three = start("three")
    call("POST", f"/endpoints/{three['ID']}", {"DisableICC": True})
    check_reach(outside, one, two)
    for name, endpoint, least in (("one", one, len(PAGE)), ("two", two, 1)):
        expect(own_statistics_agree(name, endpoint, least), f"the statistics of '{name}' agree with /sys")
    for name, endpoint in (("one", one), ("two", two), ("three", three)):
        run(WCL, "kill", name)
        expect(endpoint["ID"] not in str(wcl("endpoint", "list")), f"the endpoint of '{name}' goes with its container")
        run(WCL, "remove", name)
    run(WCL, "remove", "base")
    wcl("network", "remove", "net")
    for server in servers:
        server.close()
    run("ip", "link", "del", "wire")
    expect_equal((links(), rules(), settings()), before, "nothing is left")
    finish()


run_folder = os.environ["WCL_RUN"]
enter_private_namespaces()
os.environ["WCL_RUN"] = run_folder
os.environ["WCL_HOME"] = f"{WORK}/home"
main()
