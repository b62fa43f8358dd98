#!/usr/bin/env python3
"""overlay networks: two nodes, one wire between them, virtual subnets on it."""

from hns_common import *

WIRE = {"4": ("192.0.2.1", "192.0.2.2"), "6": ("2001:db8::1", "2001:db8::2")}


class Node:
    def __init__(self, name, index):
        self.ns = add_namespace(name)
        self.name, self.index, self.home = name, index, f"/run/home-{name}"

    def wcl(self, *arguments):
        return wcl(*arguments, ns=self.ns, home=self.home)

    def add_network(self, name, vsid, subnet, family):
        self.wcl("network", "create", "-t", "overlay", "-s", subnet, "--vsid", str(vsid),
                 "--adapter", "wire", "--management-ip", WIRE[family][self.index], name)

    def add_container(self, network, name, address):
        ns = add_namespace(name)
        made = self.wcl("endpoint", "create", "--ip", address, network, name)
        self.wcl("endpoint", "attach", name, name, "--namespace", ns)
        return ns, made

    def add_remote(self, network, made, family):
        self.wcl("endpoint", "create", "--ip", made["IPAddress"], "--mac", made["MacAddress"],
                 "--remote", WIRE[family][1 - self.index], network, "remote-" + made["Name"])


def check(family, subnet, first, second):
    """One virtual subnet over a wire of one family, and another one with the same addresses."""
    label = f"overlay on IPv{family}"
    for node in nodes:
        node.add_network("blue", 5001, subnet, family)
    blue = [nodes[0].add_container("blue", "blue-a", first),
            nodes[1].add_container("blue", "blue-b", second)]
    server = Server(blue[1][0], "::" if ":" in first else "0.0.0.0", 80)
    expect(ask(blue[0][0], second, 80, timeout=0.5) is None,
           f"{label}: a remote endpoint that nobody told of is not reached")
    nodes[0].add_remote("blue", blue[1][1], family)
    nodes[1].add_remote("blue", blue[0][1], family)
    for kind in ("tcp", "udp"):
        expect_equal(ask(blue[0][0], second, 80, kind), first,
                     f"{label}: containers on two nodes reach each other ({kind})")
    run(WCL, "--home", nodes[0].home, "network", "restore", ns=nodes[0].ns)
    expect_equal(ask(blue[0][0], second, 80), first, f"{label}: also after a restore")
    mtu = json.loads(run("ip", "-j", "link", "show", "eth0", ns=blue[0][0]))[0]["mtu"]
    expect_equal(mtu, 1450 if family == "4" else 1430, f"{label}: the header fits into the wire")
    return blue, server


def check_other_subnet(blue):
    """A node that has another VSID only, with the same addresses as the first's."""
    third = Node("third", 2)
    join(None, "wire3", [], third.ns, "wire", ["192.0.2.3/24"])
    run("ip", "link", "set", "wire3", "master", "switch")
    third.wcl("network", "create", "-t", "overlay", "-s", "10.90.0.0/24", "--vsid", "5002",
              "--adapter", "wire", "red")
    network = third.wcl("network", "list")[0]
    expect_equal(network["ManagementIP"], "192.0.2.3", "the adapter's address is filled in")
    ns, made = third.add_container("red", "red-c", "10.90.0.30")
    third.wcl("endpoint", "create", "--ip", "10.90.0.20", "--mac", blue[1][1]["MacAddress"],
              "--remote", WIRE["4"][1], "red", "remote")
    nodes[1].wcl("endpoint", "create", "--ip", "10.90.0.30", "--mac", made["MacAddress"],
                 "--remote", "192.0.2.3", "blue", "stray")
    expect(ask(ns, "10.90.0.20", 80, timeout=0.5) is None, "another VSID does not see it (tcp)")
    expect(ask(ns, "10.90.0.20", 80, "udp", timeout=0.5) is None,
           "another VSID does not see it (udp)")
    for name in ("remote", "red-c"):
        third.wcl("endpoint", "remove", name)
    third.wcl("network", "remove", "red")
    nodes[1].wcl("endpoint", "remove", "stray")


def clean():
    nodes[0].wcl("endpoint", "remove", "remote-blue-b")
    nodes[1].wcl("endpoint", "remove", "remote-blue-a")
    for node, name in zip(nodes, ("blue-a", "blue-b")):
        node.wcl("endpoint", "remove", name)
        node.wcl("network", "remove", "blue")
        run("ip", "netns", "del", name)
        expect_equal(links(node.ns), {"lo", "wire"}, f"{node.name}: no interface is left")
        expect_equal(rules(node.ns), "", f"{node.name}: no rule is left")
    for node in nodes:
        expect_equal(objects_left(node.home), [], f"{node.name}: no file is left")


enter_private_namespaces()
run("ip", "link", "add", "switch", "type", "bridge")
run("ip", "link", "set", "switch", "up")
nodes = [Node("first", 0), Node("second", 1)]
for number, node in enumerate(nodes):
    join(None, f"wire{number}", [], node.ns, "wire",
         [WIRE["4"][number] + "/24", WIRE["6"][number] + "/64"])
    run("ip", "link", "set", f"wire{number}", "master", "switch")
blue, server = check("4", "10.90.0.0/24", "10.90.0.10", "10.90.0.20")
expect("VSID" in wcl_fails("network", "create", "-t", "overlay", "-s", "10.91.0.0/24", "--vsid",
                           "5001", "--management-ip", "192.0.2.1", "twin", ns=nodes[0].ns,
                           home=nodes[0].home), "a VSID cannot be used twice on a node")
check_other_subnet(blue)
server.close()
clean()
blue, server = check("6", "fd90::/64", "fd90::10", "fd90::20")
server.close()
clean()
finish()
