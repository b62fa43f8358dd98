#!/usr/bin/env python3
"""Containers, compartments, counters, name servers, and what happens when a namespace goes away."""

from hns_common import *


def check_container():
    """A namespace that wcl makes for a container, which attach requests then know by its id."""
    path = tool("namespace-create", "box").strip()
    made = wcl("endpoint", "create", "net", "box")
    answer = call("POST", f"/endpoints/{made['ID']}/attach",
                  {"ContainerId": "box", "SystemType": "Container"})
    expect_equal(answer.get("SharedContainers"), ["box"], "the answer says where it is attached")
    second = wcl("endpoint", "create", "net", "box-2")
    call("POST", f"/endpoints/{second['ID']}/attach", {"ContainerId": "box"})
    expect_equal(links(path), {"lo", "eth0", "eth1"}, "a container can have two endpoints")
    server = Server(path, "0.0.0.0", 80)
    expect(ask(None, made["IPAddress"], 80) is not None, "the container is reached")
    check_counters(path, made)
    server.close()
    again = envelope("POST", f"/endpoints/{made['ID']}/attach", {"ContainerId": "box"})
    expect(not again["Success"] and "already attached" in again["Error"],
           "an endpoint is attached to one container at a time")
    other = envelope("POST", f"/endpoints/{made['ID']}/detach", {"ContainerId": "stranger"})
    expect(not other["Success"], "and is not detached from one that it is not attached to")
    call("POST", f"/endpoints/{second['ID']}/detach", {"ContainerId": "box"})
    expect_equal(links(path), {"lo", "eth0"}, "detach takes the interface away")
    tool("namespace-remove", "box")
    expect(not os.path.exists(path), "the namespace is removed")
    expect("SharedContainers" not in call("GET", f"/endpoints/{made['ID']}"),
           "and what was in it is detached")
    for name in ("box", "box-2"):
        wcl("endpoint", "remove", name)
    unknown = wcl("endpoint", "create", "net", "lonely")
    answer = envelope("POST", f"/endpoints/{unknown['ID']}/attach", {"ContainerId": "nobody"})
    expect(not answer["Success"] and "nobody" in answer["Error"], "an unknown container is refused")
    expect('no"body' in wcl_fails("endpoint", "attach", "lonely", 'no"body'), "whatever it is called")
    wcl("endpoint", "remove", "lonely")


def check_counters(path, made):
    for _ in range(20):
        ask(None, made["IPAddress"], 80, "udp")
    counters = ("rx_bytes", "tx_bytes", "rx_packets", "tx_packets", "rx_dropped", "tx_dropped")

    def of_sys():
        # A namespace shows its own interfaces in a sysfs that is mounted in it.
        script = "mount -t sysfs sysfs /sys && cd /sys/class/net/eth0/statistics && cat " + \
            " ".join(counters)
        return dict(zip(counters, map(int, run("unshare", "--mount", "sh", "-c", script,
                                               ns=path).split())))

    def agree():
        before = of_sys()
        found = json.loads(tool("statistics", made["ID"]))
        return before == found and found["rx_packets"] >= 5 and found["tx_packets"] >= 5

    expect(wait_for(agree), "the counters agree with /sys")


def check_compartments():
    made = [wcl("endpoint", "create", "net", f"host-{number}") for number in range(3)]
    for endpoint in made[:2]:
        answer = call("POST", f"/endpoints/{endpoint['ID']}/attach",
                      {"SystemType": "Host", "CompartmentId": 7})
        expect_equal(answer.get("CompartmentId"), 7, "the answer says which compartment it is in")
    path = "/run/wcl/compartments/7"
    expect_equal(links(path), {"lo", "eth0", "eth1"}, "a compartment is a network namespace")
    inside = tool("visit", "7", "ip -o link | wc -l", "ip -o link | grep -c wcl-").split()
    expect_equal(inside[0], "3", "a thread enters a compartment")
    expect_equal(inside[1] != "0", True, "and leaves it again for the host's")
    expect("no such compartment" in tool_fails("visit", "8", "true", "true"),
           "a compartment that is not there cannot be entered")
    wcl("endpoint", "detach", "host-0")
    expect(os.path.exists(path), "the compartment stays while something is attached to it")
    wcl("endpoint", "detach", "host-1")
    expect(not os.path.exists(path), "and goes with the last")
    wcl("endpoint", "attach", "host-2", "--compartment", "1")
    addresses = json.loads(run("ip", "-j", "addr"))
    expect(any(a["local"] == made[2]["IPAddress"] for link in addresses
               for a in link["addr_info"]), "compartment 1 is the host itself")
    for number in range(3):
        wcl("endpoint", "remove", f"host-{number}")


def tool_fails(*arguments):
    return subprocess.run([TOOL, *arguments], capture_output=True, text=True, timeout=60).stderr


def check_name_servers():
    wcl("network", "create", "-s", "10.66.0.0/24", "--dns", "192.0.2.53,192.0.2.54",
        "--dns-suffix", "example.test", "named")
    made = wcl("endpoint", "create", "named", "client")
    own = wcl("endpoint", "create", "--dns", "192.0.2.53,192.0.2.99", "named", "own")
    expect_equal(tool("resolv", made["ID"]),
                 "nameserver 192.0.2.53\nnameserver 192.0.2.54\nsearch example.test\n\n",
                 "resolv.conf has the network's DNS settings")
    expect_equal(tool("resolv", own["ID"], made["ID"]).count("192.0.2.53"), 1,
                 "a name server that two endpoints have stands there once")
    for name in ("client", "own"):
        wcl("endpoint", "remove", name)
    wcl("network", "remove", "named")


def check_options():
    """An option that would do nothing is refused, and so is a number with something behind it."""
    for arguments in (("network", "create", "--vsid", "5"), ("network", "create", "--vlan", "5"),
                      ("network", "create", "-t", "private", "-a", "lo"), ("network", "create", "--dns", "nobody")):
        wcl_fails(*arguments)
    for option, *arguments in (("--request", "network", "create", "--request", '{"Type":"nat"}', "name"),
                               ("--request", "endpoint", "create", "--request", "{}", "--ip", "10.77.0.9"),
                               ("--vlan", "endpoint", "create", "--vlan", "5x", "net"),
                               ("--vlan", "network", "create", "--vlan", "5x")):
        done = subprocess.run([WCL, *arguments], capture_output=True, text=True, timeout=60)
        expect(done.returncode == 2 and option in done.stderr, f"{arguments} is refused: {done}")
    expect_equal(len(wcl("network", "list")), 1, "no network was made")


def check_losses():
    """Interfaces, rules and namespaces that go away behind wcl's back."""
    ns = add_namespace("stay")
    made = wcl("endpoint", "create", "-p", "8080:80", "net", "stay")
    wcl("endpoint", "attach", "stay", "stay", "--namespace", ns)
    server = Server(ns, "0.0.0.0", 80)
    bridge = next(name for name in links() if name.startswith("wcl-"))
    run("ip", "link", "del", bridge)
    run("nft", "flush", "ruleset")
    expect(ask(None, made["IPAddress"], 80, timeout=0.3) is None, "without its bridge nothing goes")
    run(WCL, "network", "restore")
    expect(ask(None, made["IPAddress"], 80) is not None, "a lost bridge is restored")
    expect(ask(None, "10.77.0.1", 8080) is not None, "and lost rules are")
    pair = next(name for name in links() if name.startswith("wcl") and name != bridge)
    run("ip", "link", "del", pair)
    run(WCL, "network", "restore")
    expect(ask(None, made["IPAddress"], 80) is not None, "a lost interface is restored")
    server.close()
    run("ip", "netns", "del", "stay")
    expect(wait_for(lambda: pair not in links()), "a container's interface dies with it")
    run(WCL, "network", "restore")
    expect("SharedContainers" not in call("GET", f"/endpoints/{made['ID']}"),
           "restore detaches what was attached to a namespace that is gone")
    ns = add_namespace("stay")
    wcl("endpoint", "attach", "stay", "stay", "--namespace", ns)
    server = Server(ns, "0.0.0.0", 80)
    expect(ask(None, "10.77.0.1", 8080) is not None, "and it can be attached anew")
    server.close()


def check_restart():
    """Another namespace is what the host is after a restart: nothing there but the files."""
    reborn = add_namespace("reborn")
    run("sysctl", "-qw", "net.ipv4.ip_forward=0", ns=reborn)
    extra = wcl("endpoint", "create", "net", "extra", ns=reborn)
    expect(any(name.startswith("wcl-") for name in links(reborn)),
           "after a restart the first change restores the networks")
    expect("from_" in rules(reborn), "and their rules")
    expect_equal(in_namespace(reborn, lambda: open("/proc/sys/net/ipv4/ip_forward").read().strip()),
                 "1", "and forwarding")
    expect(extra["IPAddress"].startswith("10.77.0."), "and the change is made")
    for name in ("extra", "stay"):
        wcl("endpoint", "remove", name, ns=reborn)
    wcl("network", "remove", "net", ns=reborn)
    expect_equal(links(reborn), {"lo"}, "no interface is left there")
    expect_equal(in_namespace(reborn, lambda: open("/proc/sys/net/ipv4/ip_forward").read().strip()),
                 "0", "and no forwarding")


enter_private_namespaces()
before = links(), rules(), settings()
wcl("network", "create", "-s", "10.77.0.0/24", "net")
check_container()
check_compartments()
check_name_servers()
check_options()
check_losses()
check_restart()
run(WCL, "network", "restore")
expect_equal((links(), rules()), before[:2], "nothing is left")
expect_equal(objects_left(), [], "no file is left")
finish()
