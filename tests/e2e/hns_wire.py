#!/usr/bin/env python3
"""l2bridge and transparent networks on an adapter, VLAN tags and rate limits."""

import struct

from hns_common import *

ETH_P_ALL = 3
PACKET_AUXDATA = 8
SOL_PACKET = 263
TP_STATUS_VLAN_VALID = 0x10


def endpoint(network, name, ns, *options, node=None, home=None):
    made = wcl("endpoint", "create", *options, network, name, ns=node, home=home)
    wcl("endpoint", "attach", name, name, "--namespace", ns, ns=node, home=home)
    return made


def addresses(interface, ns=None):
    found = json.loads(run("ip", "-j", "addr", "show", "dev", interface, ns=ns))[0]
    return sorted(f"{a['local']}/{a['prefixlen']}" for a in found.get("addr_info", [])
                  if a["scope"] == "global")


def routes(ns=None):
    """The routes without what tells one interface from another, and without link-local ones."""
    lines = run("ip", "-4", "route", ns=ns) + run("ip", "-6", "route", ns=ns)
    return sorted(" ".join(word for word in line.split()
                           if not word.startswith(("wcl-", "wan", "linkdown")))
                  for line in lines.splitlines() if not line.startswith("fe80::"))


def check_adapter(kind):
    before = links(), addresses("wan"), routes(), rules(), settings()
    mac = json.loads(run("ip", "-j", "link", "show", "wan"))[0]["address"]
    wcl("network", "create", "-t", kind, "-a", "wan", "-s", "192.0.2.0/24,192.0.2.2", "wire")
    network = wcl("network", "list")[0]
    bridge = next(name for name in links() if name.startswith("wcl-"))
    expect_equal(addresses(bridge), before[1], f"{kind}: the adapter's addresses are on the bridge")
    expect_equal(addresses("wan"), [], f"{kind}: and no more on the adapter")
    expect_equal(routes(), before[2], f"{kind}: the host has the same routes")
    expect_equal(network.get("ManagementIP"), "192.0.2.1", f"{kind}: the ManagementIP is filled in")
    expect_equal(network["SourceMac"].lower().replace("-", ":"), mac,
                 f"{kind}: the host keeps its MAC")
    one = f"/run/netns/one-{kind}"
    add_namespace(f"one-{kind}")
    made = endpoint("wire", "one", one, "--ip", "192.0.2.50")
    expect_equal(ask(one, "192.0.2.2", 5000), "192.0.2.50",
                 f"{kind}: a host on the wire sees the container's own address")
    expect_equal(ask(one, "198.51.100.1", 5000), "192.0.2.50",
                 f"{kind}: the container reaches what is behind the wire's router")
    neighbours = run("ip", "neigh", "show", "192.0.2.50", ns=outside).lower()
    expect(made["MacAddress"].lower().replace("-", ":") in neighbours,
           f"{kind}: the container is a neighbour on the wire")
    server = Server(one, "0.0.0.0", 80)
    expect_equal(ask(outside, "192.0.2.50", 80), "192.0.2.2",
                 f"{kind}: and is reached from the wire")
    expect_equal(ask(None, "192.0.2.50", 80), "192.0.2.1", f"{kind}: and from the host")
    expect(ask(None, "198.51.100.1", 5000) is not None, f"{kind}: the host still has its way out")
    expect(ask(None, "2001:db8::2", 5000) is not None, f"{kind}: with IPv6 too")
    expect("wan" in wcl_fails("network", "create", "-t", "transparent", "-a", "wan", "second"),
           f"{kind}: the adapter cannot be used twice")
    server.close()
    wcl("endpoint", "remove", "one")
    if kind == "transparent":
        # With the wire unplugged the kernel marks the routes, and takes none that is marked.
        run("ip", "link", "set", "lan", "down", ns=outside)
        wait_for(lambda: "linkdown" in run("ip", "route"))
    wcl("network", "remove", "wire")
    run("ip", "link", "set", "lan", "up", ns=outside)
    wait_for(lambda: "linkdown" not in run("ip", "route"))
    expect_equal(addresses("wan"), before[1], f"{kind}: the adapter has its addresses back")
    expect_equal(routes(), before[2], f"{kind}: and the host its routes")
    expect_equal(links(), before[0], f"{kind}: no interface is left")
    expect_equal(rules(), before[3], f"{kind}: no rule is left")
    expect_equal(settings(), before[4], f"{kind}: the host's settings are as they were")


def sniff(ns, interface, action, target):
    """VLAN tags (0: none) of ARP requests for the target that pass while something is done."""
    def listen():
        made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        made.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        made.bind((interface, 0))
        return made

    with in_namespace(ns, listen) as sniffer:
        action()
        sniffer.settimeout(0.2)
        tags = set()
        while True:
            try:
                frame, auxiliary, _, _ = sniffer.recvmsg(2048, 256)
            except OSError:
                return tags
            tag, kind, body = 0, struct.unpack("!H", frame[12:14])[0], frame[14:]
            for level, name, data in auxiliary:
                if level == SOL_PACKET and name == PACKET_AUXDATA:
                    status, _, _, _, _, tci, _ = struct.unpack("IIIHHHH", data)
                    tag = tci & 0xFFF if status & TP_STATUS_VLAN_VALID else 0
            if kind == 0x8100:
                tag = struct.unpack("!H", frame[14:16])[0] & 0xFFF
                kind, body = struct.unpack("!H", frame[16:18])[0], frame[18:]
            if kind == 0x0806 and body[24:28] == socket.inet_aton(target):
                tags.add(tag)


def send_tagged(ns, interface, tag, source, target):
    """An ARP request that carries a tag of its own."""
    def send():
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as made:
            made.bind((interface, 0))
            mac = made.getsockname()[4]
            arp = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, mac, socket.inet_aton(source),
                              b"\0" * 6, socket.inet_aton(target))
            made.send(b"\xff" * 6 + mac + struct.pack("!HHH", 0x8100, tag, 0x0806) + arp)
    in_namespace(ns, send)


def check_vlans():
    far = add_namespace("far")
    join(None, "trunk", [], far, "trunk", [])
    homes = {None: "/run/home-near", far: "/run/home-far"}
    containers = {}
    for node, home in homes.items():
        side = "far" if node else "near"
        wcl("network", "create", "-t", "l2bridge", "-a", "trunk", "-s", "10.50.0.0/24", "tags",
            ns=node, home=home)
        for number, vlan in enumerate((5, 6, 0)):
            name = f"{side}-{vlan}"
            ns = add_namespace(name)
            address = f"10.50.0.{(200 if node else 100) + number}"
            endpoint("tags", name, ns, "--ip", address, *(("--vlan", str(vlan)) if vlan else ()),
                     node=node, home=home)
            containers[name] = ns, address, Server(ns, "0.0.0.0", 80)
    for vlan in (5, 6, 0):
        for other in (5, 6, 0):
            ns = containers[f"near-{vlan}"][0]
            address = containers[f"far-{other}"][1]
            answer = ask(ns, address, 80, timeout=TIMEOUT if vlan == other else 0.3)
            expect_equal(answer, containers[f"near-{vlan}"][1] if vlan == other else None,
                         f"VLAN {vlan} {'is' if vlan == other else 'is not'} answered by {other}")
        if vlan:
            address = containers["near-0"][1]
            expect(ask(containers[f"near-{vlan}"][0], address, 80, timeout=0.3) is None,
                   f"VLAN {vlan} is not answered by an untagged one of the same node")
    ask_five = lambda: ask(containers["near-5"][0], "10.50.0.77", 80, "udp", timeout=0.1)
    expect_equal(sniff(far, "trunk", ask_five, "10.50.0.77"), {5}, "on the wire the frames carry the tag")
    ask_none = lambda: ask(containers["near-0"][0], "10.50.0.78", 80, "udp", timeout=0.1)
    expect_equal(sniff(far, "trunk", ask_none, "10.50.0.78"), {0}, "and without a VLAN none")
    for name in ("near-0", "near-6"):
        forge = lambda: send_tagged(containers[name][0], "eth0", 5, "10.50.0.90", "10.50.0.91")
        expect_equal(sniff(far, "trunk", forge, "10.50.0.91"), set(), f"a tag that {name} forges goes nowhere")
    for ns, _, server in containers.values():
        server.close()
    for node, home in homes.items():
        for name in containers:
            if name.startswith("far" if node else "near"):
                wcl("endpoint", "remove", name, ns=node, home=home)
        wcl("network", "remove", "tags", ns=node, home=home)
    run("ip", "link", "del", "trunk")


def measure(ns, server_ns, address, seconds):
    """Bytes a second that one TCP stream gets through, after a start-up time that is left out."""
    listener = make_socket(server_ns, address, socket.SOCK_STREAM)
    listener.bind((address, 0))
    listener.listen(1)
    sender = make_socket(ns, address, socket.SOCK_STREAM)
    sender.connect(listener.getsockname()[:2])
    receiver, _ = listener.accept()
    stop = threading.Event()

    def send():
        block = b"x" * 65536
        sender.settimeout(0.5)
        while not stop.is_set():
            try:
                sender.send(block)
            except OSError:
                pass

    thread = threading.Thread(target=send)
    thread.start()
    received, begin = 0, None
    start = time.monotonic()
    while time.monotonic() - start < seconds + 0.5:
        data = receiver.recv(1 << 20)
        if begin is not None:
            received += len(data)
        elif time.monotonic() - start > 0.5:
            begin = time.monotonic()
    rate = received / (time.monotonic() - begin)
    stop.set()
    thread.join()
    for each in (receiver, sender, listener):
        each.close()
    return rate


def check_rates():
    wcl("network", "create", "-s", "10.60.0.0/24", "rates")
    a, b = add_namespace("rate-a"), add_namespace("rate-b")
    limited = endpoint("rates", "rate-a", a, "--rate", "1000000")
    free = endpoint("rates", "rate-b", b)
    for rate in (1000000, 10000000):
        call("POST", f"/endpoints/{limited['ID']}",
             {"Policies": [{"Type": "QOS", "MaximumOutgoingBandwidthInBytes": rate}]})
        found = measure(a, b, free["IPAddress"], 2.5)
        expect(0.9 * rate <= found <= 1.1 * rate,
               f"a limit of {rate} bytes a second lets {found:.0f} through")
    found = measure(b, a, limited["IPAddress"], 0.5)
    expect(found > 20000000, f"what comes in is not limited ({found:.0f})")
    call("POST", f"/endpoints/{limited['ID']}", {"Policies": []})
    found = measure(a, b, free["IPAddress"], 0.5)
    expect(found > 20000000, f"and nothing is once the limit is gone ({found:.0f})")
    for name in ("rate-a", "rate-b"):
        wcl("endpoint", "remove", name)
    wcl("network", "remove", "rates")


enter_private_namespaces()
os.environ["WCL_HOME"] = HOME
outside = add_namespace("outside")
join(None, "wan", ["192.0.2.1/24", "2001:db8::1/64"], outside, "lan",
     ["192.0.2.2/24", "2001:db8::2/64", "198.51.100.1/32"])
run("ip", "route", "add", "default", "via", "192.0.2.2")
run("ip", "route", "add", "203.0.113.0/24", "via", "192.0.2.2", "metric", "50", "src", "192.0.2.1")
run("ip", "-6", "route", "add", "default", "via", "2001:db8::2")
servers = [Server(outside, address, 5000) for address in ("0.0.0.0", "::")]
start = links(), rules(), settings()
check_adapter("l2bridge")
check_adapter("transparent")
check_vlans()
check_rates()
expect_equal((links(), rules(), settings()), start, "nothing is left")
finish()
