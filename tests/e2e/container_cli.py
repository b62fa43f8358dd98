#!/usr/bin/env python3
"""The container commands of the wcl program, on the real runtime, with and without a terminal."""
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time

WCL = os.environ["WCL"]
ROOT = os.environ["WCL_TEST_ROOT"]


def wcl(*arguments, data=None, expected=0):
    done = subprocess.run([WCL, *arguments], input=data, capture_output=True, timeout=60)
    if expected is not None and done.returncode != expected:
        sys.exit(f"wcl {' '.join(arguments)}: exit code {done.returncode}, not {expected}\n"
                 f"{done.stdout.decode()}{done.stderr.decode()}")
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


def read_until(fd, wanted):
    text = b""
    while wanted not in text:
        ready, _, _ = select.select([fd], [], [], 120)
        check(ready, f"{wanted!r} did not come, but {text!r}")
        try:
            piece = os.read(fd, 65536)
        except OSError:
            piece = b""
        check(piece, f"{wanted!r} did not come, but {text!r}")
        text += piece
    return text


def waits(process):
    """It has come as far as sleeping for good: ten looks in a row find it asleep."""
    seen = 0

    def asleep():
        nonlocal seen
        with open(f"/proc/{process.pid}/stat") as file:
            seen = seen + 1 if file.read().rsplit(")", 1)[1].split()[0] == "S" else 0
        return seen >= 10

    until(asleep, "it waits")


def run_passes_input_output_and_exit_code():
    check(wcl("run", ROOT, "echo", "hello").stdout == b"hello\n", "output")
    done = wcl("run", ROOT, "--", "sh", "-c", "echo out; echo err >&2; exit 7", expected=7)
    check(done.stdout == b"out\n" and done.stderr == b"err\n", "separate outputs, no more")
    check(wcl("run", ROOT, "false", expected=1).stderr == b"", "an exit code of 1 is no error")
    data = os.urandom(3_000_000)
    check(wcl("run", "-i", ROOT, "cat", data=data).stdout == data, "input comes out unchanged")
    done = wcl("run", ROOT, "no-such-program", expected=1)
    check(b"no-such-program" in done.stderr, "the runtime's message")
    check(wcl("-q", "ps").stdout == b"", "nothing is left")


def run_takes_folders_user_and_environment():
    work = os.environ["WCL_TEST_WORK"]
    os.makedirs(f"{work}/shared", exist_ok=True)
    done = wcl("run", "-m", f"{work}/shared:/shared", "-u", "tester", "-w", "/tmp", "-e", "A=b c",
               "--hostname", "there", ROOT, "sh", "-c", 'pwd; id -u; echo "$A"; hostname')
    check(done.stdout == b"/tmp\n1234\nb c\nthere\n", f"what was asked for: {done.stdout}")
    done = wcl("run", "-m", f"{work}/shared:/shared:ro", ROOT, "touch", "/shared/x", expected=1)
    check(not os.path.exists(f"{work}/shared/x"), "read-only")
    wcl("run", "-m", "bad", ROOT, "true", expected=2)


def users_are_not_read_from_what_is_no_file():
    wcl("run", "-d", "--name", "hostile", ROOT, "sh", "-c",
        "mv /etc/passwd /etc/kept; mknod /etc/passwd c 1 5; echo made >/tmp/made; sleep 1000")
    until(lambda: os.path.exists(f"{ROOT}/tmp/made"), "the device")
    done = wcl("exec", "-u", "tester", "hostile", "true", expected=1)
    check(b"/etc/passwd" in done.stderr and b"not a regular file" in done.stderr, f"{done.stderr}")
    os.unlink(f"{ROOT}/etc/passwd")
    with open(f"{ROOT}/etc/passwd", "w") as file:
        file.truncate(1 << 40)
    done = wcl("exec", "-u", "tester", "hostile", "true", expected=1)
    check(b"has more than" in done.stderr, f"{done.stderr}")
    os.rename(f"{ROOT}/etc/kept", f"{ROOT}/etc/passwd")
    check(wcl("exec", "-u", "tester", "hostile", "id", "-u").stdout == b"1234\n", "the user")
    wcl("kill", "hostile")


def what_is_bound_into_a_container_is_read_only():
    network = ["network", "create", "--type", "private", "--subnet", "10.213.8.0/24,10.213.8.1"]
    home = f"{os.environ['WCL_TEST_WORK']}/home"
    made = wcl(*network, "--home", home, "ronet", expected=None)
    if made.returncode:
        print("not tested: no networks here")
        return
    try:
        done = wcl("run", "--home", home, "--network", "ronet", ROOT, "sh", "-c",
                   "mount | grep /run/wcl; grep -E ' (/etc/resolv.conf|/dev/.wcl-init) '"
                   " /proc/self/mountinfo; echo x >>/etc/resolv.conf || echo refused")
        lines = [line.split() for line in done.stdout.decode().splitlines() if "/" in line]
        check(lines and all("ro" in line[5].split(",") for line in lines), f"{done.stdout}")
        check(b"refused" in done.stdout, f"{done.stdout}{done.stderr}")
    finally:
        wcl("network", "remove", "--home", home, "ronet")


def a_container_is_used_from_several_commands():
    started = json.loads(wcl("run", "-d", "--json", "--name", "cli", ROOT, "sleep", "1000").stdout)
    check(started["id"] == "cli", "its id")
    listed = json.loads(wcl("ps", "--json").stdout)
    check([c["Id"] for c in listed] == ["cli"] and listed[0]["State"] == "Running", "ps")
    check(wcl("exec", "cli", "echo", "again").stdout == b"again\n", "exec")
    processes = json.loads(wcl("ps", "--json", "cli").stdout)["ProcessList"]
    check([p["ProcessId"] for p in processes] == [started["pid"]], "ps of the container")
    check("Uptime100ns" in json.loads(wcl("stats", "--json", "cli").stdout)["Statistics"], "stats")
    check(b"processor" in wcl("stats", "cli").stdout, "stats for people")
    wcl("pause", "cli")
    check(json.loads(wcl("ps", "--json").stdout)[0]["State"] == "Paused", "pause")
    check(b"paused" in wcl("exec", "cli", "true", expected=1).stderr, "no exec while paused")
    wcl("resume", "cli")
    waiting = subprocess.Popen([WCL, "wait", "cli"])
    waits(waiting)
    command = subprocess.Popen([WCL, "wait", "cli", str(started["pid"])], stdout=subprocess.PIPE)
    waits(command)
    wcl("kill", "cli", str(started["pid"]))
    check(command.communicate(timeout=60)[0] == b"137\n", "wait gives the exit code")
    check(waiting.wait(timeout=60) == 0, "and the container ends with its command")
    until(lambda: not wcl("-q", "ps").stdout, "nothing is left")
    wcl("run", "-d", "--name", "cli", ROOT, "sleep", "1000")
    waiting = subprocess.Popen([WCL, "wait", "cli"])
    waits(waiting)
    wcl("kill", "-s", "cli")
    check(waiting.wait(timeout=60) == 0, "wait sees the end")
    until(lambda: not wcl("-q", "ps").stdout, "nothing is left")
    check(b"0xC037010E" in wcl("exec", "cli", "true", expected=1).stderr, "then it is gone")
    check(b"0xC037010E" in wcl("kill", "cli", expected=1).stderr, "and cannot be ended again")


def a_terminal_gets_a_console():
    pid, master = pty.fork()
    if pid == 0:
        os.environ["COLUMNS"] = "1"
        os.execv(WCL, [WCL, "run", "-i", "-t", ROOT, "sh"])
    import fcntl
    import struct
    import termios
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 111, 0, 0))
    read_until(master, b"# ")
    os.write(master, b"stty size; echo size\n")
    until(lambda: b"33 111" in read_until(master, b"size\r\n") or
          os.write(master, b"stty size; echo size\n") == 0, "the terminal's size")
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 122, 0, 0))
    until(lambda: os.write(master, b"stty size; echo re''sized\n") and
          b"44 122" in read_until(master, b"resized\r\n"), "the new size")
    # Without noflsh the kernel drops what was typed or printed about the time of a Ctrl-C.
    os.write(master, b"stty noflsh; sh -c \"echo go''ing; exec sleep 1000\"\n")
    read_until(master, b"going\r\n")
    os.write(master, b"\x03")
    read_until(master, b"# ")
    os.write(master, b"echo al''ive; exit 5\n")
    read_until(master, b"alive\r\n")
    while True:
        try:
            if not os.read(master, 65536):
                break
        except OSError:
            break
    check(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5, "the shell's exit code")


def ctrl_c_ends_a_run():
    running = subprocess.Popen([WCL, "run", ROOT, "--", "sh", "-c", "echo started; exec sleep 1000"],
                               stdout=subprocess.PIPE)
    check(running.stdout.readline() == b"started\n", "it runs")
    check(wcl("-q", "ps").stdout, "it is listed")
    running.send_signal(signal.SIGINT)
    check(running.wait(timeout=120) != 0, "it ends")
    check(wcl("-q", "ps").stdout == b"", "nothing is left")


def output_that_nobody_reads_ends_the_process():
    running = subprocess.Popen([WCL, "run", ROOT, "yes"], stdout=subprocess.PIPE)
    running.stdout.read(10)
    running.stdout.close()
    check(running.wait(timeout=120) != 0, "it ends")


for test in (run_passes_input_output_and_exit_code, run_takes_folders_user_and_environment,
             users_are_not_read_from_what_is_no_file, what_is_bound_into_a_container_is_read_only,
             a_container_is_used_from_several_commands, a_terminal_gets_a_console,
             ctrl_c_ends_a_run, output_that_nobody_reads_ends_the_process):
    print(test.__name__, flush=True)
    test()
print("all passed")
