#!/usr/bin/env python3
"""Kills wcl at random points of random changes, restores, and compares the kernel with the files.

WCL_HNS_KILLS says how often (100 by default), WCL_HNS_SEED repeats a run.
"""

import random
import signal

from hns_common import *

KILLS = int(os.environ.get("WCL_HNS_KILLS", "100"))
SEED = int(os.environ.get("WCL_HNS_SEED", str(random.randrange(1 << 32))))
CONTAINERS = 6


def records(kind):
    folder = f"{HOME}/hns/{kind}"
    found = []
    for name in sorted(os.listdir(folder)):
        expect_quietly(name.endswith(".json"), f"{folder}/{name} is a whole record")
        with open(f"{folder}/{name}") as file:
            found.append(json.load(file))
    return found


def attachments():
    found = {}
    for folder, _, files in os.walk("/run/wcl"):
        for name in files:
            if "attached-" in folder:
                found[name.removesuffix(".json")] = json.load(open(f"{folder}/{name}"))
    return found


def expect_quietly(condition, what):
    if not condition:
        expect(False, what)


def random_change(chance):
    """The arguments of a change that may or may not be possible now."""
    kind = chance.randrange(10)
    network = chance.choice(("nat-a", "nat-b", "wire"))
    number = chance.randrange(CONTAINERS)
    endpoint = f"end-{number}"
    if kind < 2:
        options = {"nat-a": ("-s", "10.77.0.0/24", "-s", "fd77::/64"), "nat-b": (),
                   "wire": ("-t", "l2bridge", "-a", "wan", "-s", "192.0.2.0/24,192.0.2.2")}
        return "network", "create", *options[network], network
    if kind == 2:
        return "network", "remove", network
    if kind < 6:
        extra = chance.choice(((), ("--no-icc",), ("--rate", "1M")))
        ports = ("-p", f"{8000 + number}:80") if network != "wire" else ("--vlan", "5")
        return "endpoint", "create", *extra, *ports, network, endpoint
    if kind == 6:
        return "endpoint", "remove", endpoint
    if kind == 7:
        return "endpoint", "detach", endpoint
    return "endpoint", "attach", endpoint, f"box-{number}", "--namespace", \
        f"/run/netns/box-{number}"


def settle():
    """Takes everything away but what is attached, so that runs do not only meet full tables."""
    for record in records("endpoints"):
        if chance.random() < 0.3:
            subprocess.run([WCL, "endpoint", "remove", record["Endpoint"]["ID"]],
                           capture_output=True, timeout=60)


def check():
    """The kernel has what is on disk, and nothing else."""
    networks, endpoints, attached = records("networks"), records("endpoints"), attachments()
    found = json.loads(run("ip", "-j", "-d", "link"))
    bridges = [link for link in found if link["ifname"].startswith("wcl-")]
    pairs = [link for link in found if link["ifname"].startswith("wcl")
             and link.get("linkinfo", {}).get("info_kind") == "veth"]
    shapers = [link for link in found if link["ifname"].startswith("wclq")]
    limited = [e for e in endpoints if e["Endpoint"]["ID"] in attached and any(
        p["Type"] == "QOS" for p in e["Endpoint"].get("Policies", []))]
    expect_quietly(len(bridges) == len(networks),
                   f"{len(networks)} networks on disk, {len(bridges)} bridges")
    expect_quietly(len(pairs) == len(attached),
                   f"{len(attached)} attached on disk, {len(pairs)} pairs of interfaces")
    expect_quietly(len(shapers) == len(limited),
                   f"{len(limited)} limited on disk, {len(shapers)} shapers")
    expect_quietly({e["Endpoint"]["VirtualNetwork"] for e in endpoints} <=
                   {n["Network"]["ID"] for n in networks}, "every endpoint has its network")
    ruleset = rules()
    expect_quietly(("table inet wcl_" in ruleset) == bool(networks), "rules are there or not")
    for record in endpoints:
        body = record["Endpoint"]
        for policy in body.get("Policies", []):
            if policy["Type"] == "NAT":
                mapping = f"tcp . {policy['ExternalPort']} : {body['IPAddress']} . 80"
                expect_quietly((mapping in ruleset) == (body["ID"] in attached),
                               f"the mapping '{mapping}' is there or not")
    check_host(networks)
    for number in range(CONTAINERS):
        inside = links(f"/run/netns/box-{number}") - {"lo"}
        wanted = [a for a in attached.values() if a["ContainerId"] == f"box-{number}"]
        expect_quietly(len(inside) == len(wanted), f"box-{number} has {len(inside)} interfaces")


def check_host(networks):
    """The host's own addresses, routes and settings."""
    on_wire = any(n["Network"]["Type"] == "l2bridge" for n in networks)
    addresses = {a["local"]: link["ifname"] for link in json.loads(run("ip", "-j", "addr"))
                 for a in link["addr_info"]}
    holder = addresses.get("192.0.2.1", "nothing")
    expect_quietly(holder.startswith("wcl-") == on_wire and holder != "nothing",
                   f"the host's address is on {holder}")
    routes = run("ip", "route")
    expect_quietly(f"default via 192.0.2.2 dev {holder}" in routes,
                   f"the host has its route by {holder}: {routes!r}")
    nat = any(n["Network"]["Type"] == "nat" for n in networks)
    forwarding = open("/proc/sys/net/ipv4/ip_forward").read().strip()
    expect_quietly(forwarding == str(int(nat)), f"forwarding is {forwarding}, nat is {nat}")


enter_private_namespaces()
print(f"seed {SEED}, {KILLS} kills")
chance = random.Random(SEED)
outside = add_namespace("outside")
join(None, "wan", ["192.0.2.1/24"], outside, "lan", ["192.0.2.2/24"])
run("ip", "route", "add", "default", "via", "192.0.2.2")
# What only reads makes no store.
wcl("network", "create", "first")
wcl("network", "remove", "first")
before = links(), rules(), settings()
for number in range(CONTAINERS):
    add_namespace(f"box-{number}")
killed = done = 0
longest = 0.05
while killed < KILLS and not failures:
    change = random_change(chance)
    process = subprocess.Popen([WCL, *change], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    start = time.monotonic()
    try:
        process.wait(timeout=chance.random() * longest)
        done += 1
        longest = max(0.01, 0.9 * longest + 0.1 * 3 * (time.monotonic() - start))
        continue
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        killed += 1
    run(WCL, "network", "restore")
    check()
    if failures:
        print("killed:", *change)
    settle()
expect(killed == KILLS and not failures, f"after {killed} kills (and {done} changes that were "
       "faster) kernel and files agree")
for record in records("endpoints"):
    wcl("endpoint", "remove", record["Endpoint"]["ID"])
for record in records("networks"):
    wcl("network", "remove", record["Network"]["ID"])
expect_equal((links(), rules(), settings()), before, "nothing is left in the kernel")
expect_equal(objects_left(), [], "no file is left")
finish()
