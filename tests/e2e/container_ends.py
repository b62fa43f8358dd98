#!/usr/bin/env python3
"""How a container ends, and that what it was given goes with it, whoever is there to see it."""
import json
import os
import signal
import subprocess
import sys
import time

from image_common import Image, docker_archive

WCL = os.environ["WCL"]
ROOT = os.environ["WCL_TEST_ROOT"]
WORK = os.environ["WCL_TEST_WORK"]
HOME = f"{WORK}/home"
RUN = os.environ["WCL_RUN"]


def wcl(*arguments, expected=0):
    done = subprocess.run([WCL, "--home", HOME, *arguments], capture_output=True, text=True,
                          timeout=120)
    if expected is not None and done.returncode != expected:
        sys.exit(f"wcl {' '.join(arguments)}: exit code {done.returncode}, not {expected}\n"
                 f"{done.stdout}{done.stderr}")
    return done


def check(condition, what):
    if not condition:
        sys.exit(f"failed: {what}")


def until(condition, what):
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.02)
    sys.exit(f"failed: {what}")


def containers():
    return [one["Id"] for one in json.loads(wcl("ps", "--json").stdout)]


def gone(name):
    """Not only not listed, but given back."""
    return not os.path.exists(f"{RUN}/containers/{name}")


def sandboxes():
    return [name for name in os.listdir(HOME) if name.startswith("run-")]


def endpoints():
    return [one["ID"] for one in json.loads(wcl("endpoint", "list", "--json").stdout)]


def fifo(name):
    """The container's own way to wait: it reads from it, and goes on when it is written to."""
    path = f"{WORK}/shared/{name}"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.mkfifo(path)
    return path


def let_go(path):
    with open(path, "w") as file:
        file.write("go\n")


def run_detached(name, root, fifo_name, *options):
    path = fifo(fifo_name)
    wcl("run", "-d", "--name", name, "-m", f"{WORK}/shared:/shared", *options, root, "sh", "-c",
        f"sleep 100000 & read line </shared/{fifo_name}; exit 3")
    return path


def a_container_ends_with_its_command():
    path = run_detached("ends", ROOT, "first")
    check(containers() == ["ends"], "it runs")
    waiting = subprocess.Popen([WCL, "wait", "ends"])
    until(lambda: len(os.listdir(f"/proc/{waiting.pid}/task")) >= 2, "its thread listens to the supervisor")
    let_go(path)
    check(waiting.wait(timeout=120) == 0, "its end is heard of")
    until(lambda: gone("ends"), "nothing is left of it")
    check(wcl("wait", "ends", expected=1).stderr.find("0xC037010E") >= 0, "it does not exist")


def a_command_that_ends_at_once_is_no_exception():
    for i in range(5):
        wcl("run", "-d", "--name", f"short{i}", ROOT, "true")
    until(lambda: all(gone(f"short{i}") for i in range(5)), "nothing is left of them")


def a_killed_command_ends_it_too():
    path = run_detached("killed", ROOT, "second")
    pid = json.loads(wcl("ps", "--json", "killed").stdout)["ProcessList"][0]["ProcessId"]
    wcl("pause", "killed")
    wcl("resume", "killed")
    wcl("kill", "killed", str(pid), expected=None)
    os.unlink(path)
    if not gone("killed"):
        wcl("kill", "killed", expected=None)
    until(lambda: gone("killed"), "nothing is left of it")


def make_layers():
    subprocess.run(["tar", "-C", ROOT, "-cf", f"{WORK}/layer.tar", "."], check=True)
    wcl("import", "-q", "--os", "linux", "-i", f"{WORK}/layer.tar", "base")
    wcl("create", "-l", "base", "box")


def a_sandbox_that_is_named_stays_and_its_endpoint_goes():
    made = wcl("network", "create", "--type", "private", "--subnet", "10.213.9.0/24,10.213.9.1",
               "endnet", expected=None)
    if made.returncode:
        print("not tested: no networks here")
        return
    try:
        path = run_detached("netted", "box", "third", "--network", "endnet")
        check(len(endpoints()) == 1, "an endpoint for it")
        let_go(path)
        until(lambda: gone("netted"), "it ends")
        check(endpoints() == [], "its endpoint is gone")
        run_detached("netted", "box", "fourth", "--network", "endnet")
        wcl("kill", "netted")
        until(lambda: gone("netted"), "it was ended")
        check(endpoints() == [], "so is that of one that was killed")
        wcl("run", "--network", "endnet", "box", "true")
        check(endpoints() == [], "and that of one that was waited for")
    finally:
        wcl("network", "remove", "endnet")
    check(wcl("run", "box", "echo", "there").stdout == "there\n", "the sandbox can be used again")


def an_images_sandbox_goes_with_its_container():
    with open(f"{WORK}/layer.tar", "rb") as file:
        image = Image().add(file.read(), "none").make()
    docker_archive(f"{WORK}/image.tar", image, "ends:1")
    wcl("load", "-q", "-i", f"{WORK}/image.tar")
    path = run_detached("imaged", "ends:1", "seventh")
    check(len(sandboxes()) == 1, f"a sandbox for it: {sandboxes()}")
    let_go(path)
    until(lambda: gone("imaged"), "it ends")
    check(sandboxes() == [], "its sandbox is gone")
    run_detached("imaged", "ends:1", "eighth")
    wcl("kill", "imaged")
    until(lambda: gone("imaged"), "it was ended")
    check(sandboxes() == [], "so is that of one that was killed")
    wcl("run", "-d", "ends:1", "no-such-program", expected=1)
    check(sandboxes() == [] and containers() == [], "and that of one that could not begin")
    wcl("rmi", "ends:1")


def a_container_whose_layer_is_not_mounted_is_removed():
    run_detached("bare", "box", "fifth")
    merged = f"{HOME}/box/merged"
    while os.path.ismount(merged):
        subprocess.run(["umount", "-l", merged], check=True)
    wcl("kill", "bare")
    until(lambda: gone("bare"), "it is removed")
    check(containers() == [], "and not listed")
    check(wcl("run", "box", "echo", "again").stdout == "again\n", "the sandbox can be used again")


def who_waits_may_be_killed():
    path = fifo("sixth")
    running = subprocess.Popen([WCL, "run", "--name", "left", "-m", f"{WORK}/shared:/shared", ROOT,
                                "sh", "-c", "echo on; read line </shared/sixth"],
                               stdout=subprocess.PIPE)
    check(running.stdout.readline() == b"on\n", "it runs")
    running.send_signal(signal.SIGKILL)
    running.wait()
    check(containers() == ["left"], "it goes on")
    let_go(path)
    until(lambda: gone("left"), "it ends with its command")


tests = [a_container_ends_with_its_command, a_command_that_ends_at_once_is_no_exception,
         a_killed_command_ends_it_too, who_waits_may_be_killed]
for test in tests:
    print(test.__name__, flush=True)
    test()
make_layers()
for test in (a_sandbox_that_is_named_stays_and_its_endpoint_goes,
             an_images_sandbox_goes_with_its_container,
             a_container_whose_layer_is_not_mounted_is_removed):
    print(test.__name__, flush=True)
    test()
wcl("remove", "box")
wcl("remove", "base")
print("all passed")
