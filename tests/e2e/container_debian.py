#!/usr/bin/env python3
"""Containers of a store's sandbox on a Debian layer, with endpoints; container_debian.py PROGRAM runs
PROGRAM's tests in it as well."""
import glob
import json
import os
import subprocess
import sys

WCL = os.environ["WCL"]
WORK = os.environ["WCL_TEST_WORK"]
HERE = os.path.dirname(os.path.abspath(__file__))
HOME = f"{WORK}/home"


def wcl(*arguments, expected=0, **more):
    done = subprocess.run([WCL, *arguments, "--home", HOME] if "--" not in arguments else
                          [WCL, "--home", HOME, *arguments], capture_output=True, timeout=120, **more)
    if expected is not None and done.returncode != expected:
        sys.exit(f"wcl {' '.join(arguments)}: exit code {done.returncode}, not {expected}\n"
                 f"{done.stdout.decode()}{done.stderr.decode()}")
    return done


def check(condition, what):
    if not condition:
        sys.exit(f"failed: {what}")


def mounts():
    with open("/proc/self/mountinfo") as file:
        return [line for line in file if HOME in line]


def make_layer():
    root = f"{WORK}/debian"
    tarball = os.path.join(os.environ["WCL_BUILD"], "debian-minbase.tar")
    made = subprocess.run([f"{HERE}/container_root.sh", root, "debian", tarball])
    if made.returncode == 77:
        print("skipped: debootstrap cannot reach a mirror")
        sys.exit(77)
    check(made.returncode == 0, "debootstrap")
    with open(f"{root}/etc/passwd", "a") as file:
        file.write("tester:x:1234:1235:Tester:/tmp:/bin/sh\n")
    with open(f"{root}/etc/group") as file:
        groups = [line for line in file if not line.startswith("staff:")]
    with open(f"{root}/etc/group", "w") as file:
        file.writelines(groups + ["tester:x:1235:\n", "staff:x:1236:tester\n"])
    subprocess.run(["tar", "-C", root, "-cf", f"{WORK}/layer.tar", "."], check=True)
    wcl("import", "--os", "linux", "-i", f"{WORK}/layer.tar", "debian")
    os.unlink(f"{WORK}/layer.tar")


def a_sandbox_is_prepared_for_its_container_and_given_back():
    wcl("create", "-l", "debian", "box")
    done = wcl("run", "--", "box", "sh", "-c", "grep ^ID= /etc/os-release; echo kept >/root/kept")
    check(done.stdout == b"ID=debian\n", f"it is Debian: {done.stdout}")
    check(not mounts(), f"nothing stays mounted: {mounts()}")
    check(wcl("run", "--", "box", "cat", "/root/kept").stdout == b"kept\n", "writes stay")
    wcl("run", "-d", "--", "box", "sleep", "1000")
    check(mounts(), "it is mounted while the container lives")
    busy = wcl("remove", "box", expected=1)
    check(b"box" in busy.stderr, "a sandbox in use is not removed")
    wcl("kill", "box")
    check(not mounts(), f"nothing stays mounted: {mounts()}")


def a_layer_that_is_missing_is_named():
    done = wcl("run", "--", "nobox", "true", expected=1)
    check(b"nobox" in done.stderr and b"no layer" in done.stderr, "its name")


def a_killed_supervisor_leaves_a_sandbox_that_is_given_back():
    wcl("run", "-d", "--", "box", "sleep", "1000")
    found = subprocess.run(["pgrep", "-f", f"wcl-supervisor {os.environ['WCL_RUN']}/containers/box"],
                           capture_output=True, text=True).stdout.split()
    check(len(found) == 1, f"one supervisor: {found}")
    os.kill(int(found[0]), 9)
    check(json.loads(wcl("ps", "--json").stdout)[0]["State"] == "Lost", "it is lost")
    wcl("kill", "box")
    check(not mounts(), f"nothing stays mounted: {mounts()}")
    check(not glob.glob(f"{os.environ['WCL_RUN']}/containers/*"), "no run files")


def endpoints_join_containers():
    wcl("network", "create", "--type", "private", "--subnet", "10.213.7.0/24,10.213.7.1", "testnet")
    wcl("create", "-l", "debian", "other")
    try:
        inside = "cat /proc/net/fib_trie"
        done = wcl("run", "--network", "testnet", "--", "box", "sh", "-c", inside)
        check(b"10.213.7." in done.stdout, f"an address of the network: {done.stdout}")
        alone = wcl("run", "--", "box", "sh", "-c", inside)
        check(b"10.213.7." not in alone.stdout, "none without a network")
        wcl("run", "-d", "--network", "testnet", "--", "other", "sleep", "1000")
        network = json.loads(wcl("stats", "--json", "other").stdout)["Statistics"]["Network"]
        check(len(network) == 1 and len(network[0]["EndpointId"]) == 36, f"statistics: {network}")
        wcl("kill", "other")
        left = json.loads(wcl("endpoint", "list", "--json").stdout)
        for endpoint in left:
            wcl("endpoint", "remove", endpoint["ID"])
    finally:
        wcl("kill", "other", expected=None)
        wcl("network", "remove", "testnet", expected=None)


def processes_behave_in_it(program):
    wcl("create", "-l", "debian", "shared")
    environment = dict(os.environ, WCL_TEST_ROOT=f"{HOME}/shared")
    done = subprocess.run([program], env=environment, capture_output=True, text=True)
    check(done.returncode == 0, f"{done.stdout}{done.stderr}")
    print(done.stdout.splitlines()[-1] if done.stdout else "")
    check(not mounts(), f"nothing stays mounted: {mounts()}")


make_layer()
for test in (a_sandbox_is_prepared_for_its_container_and_given_back, a_layer_that_is_missing_is_named,
             a_killed_supervisor_leaves_a_sandbox_that_is_given_back, endpoints_join_containers):
    print(test.__name__, flush=True)
    test()
for argument in sys.argv[1:]:
    print("processes_behave_in_it", flush=True)
    processes_behave_in_it(argument)
for sandbox in ("box", "other", "shared"):
    wcl("remove", sandbox, expected=None)
wcl("remove", "debian", expected=None)
print("all passed")
