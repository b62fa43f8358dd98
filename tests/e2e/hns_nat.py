#!/usr/bin/env python3
"""nat networks: reach, address translation, port mappings, separation, and what is left of them."""

from hns_common import *

FOREIGN_RULES = """
table inet firewall {
  comment "somebody else's"
  chain input { type filter hook input priority filter; policy accept; ct state invalid drop; }
}
table ip nat {
  chain DOCKER { return; }
  chain PREROUTING { type nat hook prerouting priority dstnat; fib daddr type local jump DOCKER; }
}
"""


def endpoint(network, name, ns, *options):
    made = wcl("endpoint", "create", *options, network, name)
    wcl("endpoint", "attach", name, name, "--namespace", ns)
    return made


def check_reach(outside):
    first, second = endpoints["one"], endpoints["two"]
    for field, host, server in (("IPAddress", "192.0.2.1", "192.0.2.2"),
                                ("IPv6Address", "2001:db8::1", "2001:db8::2")):
        for kind in ("tcp", "udp"):
            label = f"{kind} over {'IPv4' if '.' in host else 'IPv6'}"
            expect_equal(ask(one, second[field], 80, kind), first[field],
                         f"containers reach each other: {label}")
            expect_equal(ask(two, server, 5000, kind), host,
                         f"the outside sees the host's address: {label}")
            expect(ask(None, second[field], 80, kind) is not None,
                   f"the host reaches a container: {label}")
            port = 8080 if kind == "tcp" else 8053
            expect(ask(outside, host, port, kind) is not None,
                   f"a mapped port is reached from outside: {label}")
            expect(ask(None, host, port, kind) is not None,
                   f"a mapped port is reached from the host: {label}")
            expect(ask(one, host, port, kind) is not None,
                   f"a mapped port is reached from the container itself: {label}")
            expect(ask(two, host, port, kind) is not None,
                   f"a mapped port is reached from another container: {label}")
            if "." in host:
                expect(ask(None, "127.0.0.1", port, kind) is not None,
                       f"a mapped port is reached from the host's loopback: {label}")


def check_barriers(outside):
    first = endpoints["one"]
    run("ip", "route", "add", "10.77.0.0/24", "via", "192.0.2.1", ns=outside)
    expect(ask(outside, first["IPAddress"], 80, timeout=0.5) is None,
           "from outside nothing reaches a container but mapped ports")
    run("ip", "route", "del", "10.77.0.0/24", ns=outside)
    rogue = add_namespace("rogue")
    endpoint("net", "rogue", rogue)
    secret = Server(None, "127.0.0.1", 7000)
    run("ip", "addr", "del", "127.0.0.1/8", "dev", "lo", ns=rogue)
    run("ip", "route", "add", "127.0.0.1", "via", "10.77.0.1", ns=rogue)
    run("sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1", ns=rogue)
    expect(ask(rogue, "127.0.0.1", 7000, "udp", timeout=0.5) is None,
           "a container does not reach the host's loopback")
    table = run("nft", "list", "tables").split("table inet wcl_")[1].split()[0]
    run("nft", "flush", "chain", "inet", "wcl_" + table, "loopback")
    expect(ask(rogue, "127.0.0.1", 7000, "udp", timeout=0.5) is not None,
           "though it would, were there no rule against it")
    run(WCL, "network", "restore")
    expect(ask(rogue, "127.0.0.1", 7000, "udp", timeout=0.5) is None,
           "and restore brings the rule back")
    secret.close()
    wcl("endpoint", "remove", "rogue")


def check_isolation():
    three, four = add_namespace("three"), add_namespace("four")
    quiet = endpoint("net", "three", three, "--no-icc", "-p", "8033:80")
    loud = endpoint("net", "four", four)
    server = Server(four, "0.0.0.0", 80)
    server6 = Server(four, "::", 80)
    own = Server(three, "0.0.0.0", 80)
    for field in ("IPAddress", "IPv6Address"):
        expect(ask(three, loud[field], 80, timeout=0.5) is None,
               f"with DisableICC an endpoint reaches no other one ({field})")
        expect(ask(one, loud[field], 80) is not None, f"and others do ({field})")
    expect(ask(four, quiet["IPAddress"], 80, timeout=0.5) is None,
           "with DisableICC an endpoint is not reached by others")
    run("ip", "route", "add", loud["IPAddress"] + "/32", "via", "10.77.0.1", ns=three)
    expect(ask(three, loud["IPAddress"], 80, timeout=0.5) is None,
           "nor by way of the gateway")
    expect(ask(three, "192.0.2.2", 5000) is not None, "but it reaches the outside")
    expect(ask(three, "192.0.2.1", 8080, timeout=0.5) is None, "and no mapped port of others")
    expect(ask(three, "192.0.2.1", 8033) is not None, "but its own mapped port")
    expect(ask(None, "192.0.2.1", 8033) is not None, "as does the host")
    call("POST", f"/endpoints/{loud['ID']}", {"DisableICC": True})
    expect(ask(one, loud["IPAddress"], 80, timeout=0.5) is None,
           "DisableICC can be switched on while an endpoint is attached")
    call("POST", f"/endpoints/{loud['ID']}", {"DisableICC": False})
    expect(ask(one, loud["IPAddress"], 80) is not None, "and off again")
    for each in (server, server6, own):
        each.close()
    for name in ("three", "four"):
        wcl("endpoint", "remove", name)


def check_networks_apart():
    five = add_namespace("five")
    wcl("network", "create", "-s", "10.78.0.0/24", "other")
    other = endpoint("other", "five", five, "-p", "8081:80")
    server = Server(five, "0.0.0.0", 80)
    expect(ask(one, other["IPAddress"], 80, timeout=0.5) is None,
           "networks do not reach each other")
    expect(ask(one, "192.0.2.1", 8081) is not None, "except by mapped ports")
    server.close()
    wcl("network", "create", "-t", "internal", "-s", "10.79.0.0/24", "inner")
    six = add_namespace("six")
    inner = endpoint("inner", "six", six)
    server = Server(six, "0.0.0.0", 80)
    expect(ask(None, inner["IPAddress"], 80) is not None,
           "the host reaches a container of an internal network")
    expect(ask(six, "192.0.2.2", 5000, timeout=0.5) is None,
           "a container of an internal network does not reach the outside")
    expect(ask(one, inner["IPAddress"], 80, timeout=0.5) is None,
           "a container of another network does not reach it")
    server.close()
    wcl("network", "create", "-t", "private", "-s", "10.80.0.0/24", "closed")
    spaces = [add_namespace("seven"), add_namespace("eight")]
    made = [endpoint("closed", name, ns) for name, ns in zip(("seven", "eight"), spaces)]
    server = Server(spaces[1], "0.0.0.0", 80)
    expect(ask(spaces[0], made[1]["IPAddress"], 80) is not None,
           "containers of a private network reach each other")
    expect(ask(None, made[1]["IPAddress"], 80, timeout=0.5) is None, "and the host not them")
    server.close()
    for name in ("five", "six", "seven", "eight"):
        wcl("endpoint", "remove", name)
    for name in ("other", "inner", "closed"):
        wcl("network", "remove", name)


def check_changes(outside):
    body = {"Policies": [{"Type": "NAT", "Protocol": "TCP", "InternalPort": 80,
                          "ExternalPort": 9090}]}
    identity = endpoints["one"]["ID"]
    call("POST", f"/endpoints/{identity}", body)
    expect(ask(outside, "192.0.2.1", 9090) is not None, "a changed policy maps its port")
    expect(ask(outside, "192.0.2.1", 8080, timeout=0.5) is None, "and the old one no more")


enter_private_namespaces()
outside = add_namespace("outside")
join(None, "wan", ["192.0.2.1/24", "2001:db8::1/64"], outside, "lan",
     ["192.0.2.2/24", "2001:db8::2/64"])
run("nft", "-f", "-", text=FOREIGN_RULES)
before = links(), rules(), settings()
servers = [Server(outside, address, 5000) for address in ("0.0.0.0", "::")]

wcl("network", "create", "-s", "10.77.0.0/24", "-s", "fd77::/64", "net")
one, two = add_namespace("one"), add_namespace("two")
endpoints = {"one": endpoint("net", "one", one, "-p", "8080:80", "-p", "8053:80/udp"),
             "two": endpoint("net", "two", two)}
servers += [Server(ns, address, 80) for ns in (one, two) for address in ("0.0.0.0", "::")]

check_reach(outside)
check_barriers(outside)
check_isolation()
check_networks_apart()
check_changes(outside)
expect(rules().startswith(before[1]), "other tables are as they were while networks are there")
for server in servers:
    server.close()
wcl_fails("network", "remove", "net")
for name in ("one", "two"):
    wcl("endpoint", "remove", name)
wcl("network", "remove", "net")
expect_equal(links(), before[0], "no interface is left")
expect_equal(rules(), before[1], "no rule is left, and other tables are as they were")
expect_equal(settings(), before[2], "the host's settings are as they were")
expect_equal(objects_left(), [], "no file is left")
finish()
