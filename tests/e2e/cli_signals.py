#!/usr/bin/env python3
"""A command that is asked to end does so, whatever it waits for or works on: with the exit code of the signal, and with
nothing of what it made."""
import fcntl
import signal
import socket
import tarfile

from store_common import *

HUGE = 1 << 50
INDEXED = 1 << 32  # about as large as a file with such a hole may be in a layer


def header(name, kind, size):
    block = bytearray(512)
    block[0:len(name)] = name
    block[100:124] = b"0000644\0" + b"0000000\0" * 2
    block[124:136] = b"%011o\0" % size
    block[136:148] = b"%011o\0" % 0
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def padded(data):
    return data + bytes(-len(data) % 512)


def record(key, value):
    length = len(key) + len(value) + 3
    while len(b"%d %s=%s\n" % (length, key, value)) != length:
        length += 1
    return b"%d %s=%s\n" % (length, key, value)


def sparse_tar(size, first=b""):
    """A file of which 512 bytes are there."""
    content = padded(b"1\n%d\n512\n" % (size - 512)) + b"x" * 512
    records = b"".join(record(b"GNU.sparse." + key, value) for key, value in (
        (b"major", b"1"), (b"minor", b"0"), (b"name", b"big"), (b"realsize", b"%d" % size)))
    return first + header(b"pax", b"x", len(records)) + padded(records) + \
        header(b"GNUSparseFile.0/big", b"0", len(content)) + content + bytes(1024)


def start(home, command, **options):
    options.setdefault("stdout", subprocess.DEVNULL)
    return subprocess.Popen([WCL, "--home", home.home, *command], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                            **options)


def cpu_ticks(process):
    with open("/proc/%d/stat" % process.pid) as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12]), fields[0]


def wait_until_busy(process):
    """It works, or waits in the system, and handles signals: all commands do both after they have begun."""
    while process.poll() is None:
        with open("/proc/%d/status" % process.pid) as file:
            caught = [int(line.split()[1], 16) for line in file if line.startswith("SigCgt")][0]
        ticks, state = cpu_ticks(process)
        if caught >> (signal.SIGTERM - 1) & 1 and (ticks >= 20 or state == "S"):
            return


def ends(home, process, number, what):
    process.send_signal(number)
    try:
        _, error = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError("%s does not hear signal %d" % (what, number))
    assert process.returncode == 128 + number, (what, number, process.returncode, error)


def stalled_input(home, tar):
    """A FIFO whose other end gives a part and then nothing."""
    fifo, out = home.path("fifo"), home.path("out")
    os.mkfifo(fifo)
    with open(LAYER_TAR, "rb") as file:
        windows = file.read()
    image = home.run("save", "image:1").stdout
    for command, tar in ((["import", "--os", "linux", "-i", fifo, "new"], tar), (["list", fifo], tar),
                         (["stat", fifo, "nothing"], tar), (["cat", fifo, "nothing"], tar),
                         (["convert", "--to", "oci", fifo, out], tar), (["convert", "--to", "dir", fifo, out], tar),
                         (["convert", "--to", "transport", fifo, out], windows),
                         (["append", "--platform", "linux/amd64", "-t", "new:1", "scratch", fifo], tar),
                         (["load", "-i", fifo], image)):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            process = start(home, command)
            with open(fifo, "wb") as writer:
                writer.write(tar[:len(tar) // 2])
                writer.flush()
                wait_until_busy(process)
                ends(home, process, number, command)
            assert not os.path.exists(out), command
    process = start(home, ["list", fifo])  # nobody opens the other end
    wait_until_busy(process)
    ends(home, process, signal.SIGTERM, "list of a FIFO without another end")
    home.assert_clean()
    print("cli_signals: stalled input")


def endless_work(home):
    """Files of 2^50 bytes that are nearly all holes."""
    paths = [home.path("one.tar"), home.path("two.tar"), home.path("three.tar")]
    for path, content in zip(paths, (sparse_tar(INDEXED), sparse_tar(INDEXED, header(b"pad", b"0", 0)), sparse_tar(HUGE))):
        with open(path, "wb") as file:
            file.write(content)
    no_limits = ["--max-size", "none", "--max-ratio", "none"]
    for name, path in zip(("one", "two"), paths):
        home.run("import", "--os", "linux", *no_limits, "-i", path, name)
    # What is done at once is no failure.
    for command in (["diff", "one", "two"], ["cat", "one", "big"], ["cat", paths[2], "big"], ["list", "-R", paths[2]],
                    ["stat", paths[2], "big"], ["convert", "--to", "oci", *no_limits, paths[2], home.path("out")],
                    ["convert", "--to", "oci", *no_limits, paths[2], "-"],
                    ["append", "--platform", "linux/amd64", "-t", "new:1", "scratch", paths[2]]):
        process = start(home, command)
        wait_until_busy(process)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            _, error = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError("%s does not hear SIGTERM" % command)
        assert process.returncode in (0, 1, 128 + signal.SIGTERM), (command, process.returncode, error)
        assert process.returncode == 0 or not os.path.exists(home.path("out")), command
    home.assert_clean()
    print("cli_signals: endless work")


def stalled_output(home):
    """A pipe that nobody reads."""
    for command in (["export", "large"], ["export", "-z", "large"], ["cat", "large", "file"],
                    ["save", "-o", "-", "image:1"], ["convert", "--to", "oci", home.path("large.tar"), "-"]):
        reader, writer = os.pipe()
        process = start(home, command, stdout=writer)
        os.close(writer)
        wait_until_busy(process)
        ends(home, process, signal.SIGTERM, command)
        os.close(reader)
    print("cli_signals: stalled output")


def locks_of_others(home):
    lock = os.open(os.path.join(home.home, "large"), os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    images = os.open(os.path.join(home.home, ".images/lock"), os.O_RDWR)
    fcntl.flock(images, fcntl.LOCK_EX)
    for command in (["export", "large"], ["list", "large"], ["verify", "large"], ["diff", "large"], ["remove", "large"],
                    ["create", "-l", "large", "new"], ["rmi", "image:1"], ["tag", "image:1", "image:2"]):
        process = start(home, command)
        wait_until_busy(process)
        ends(home, process, signal.SIGTERM, command)
    os.close(lock)
    os.close(images)
    home.assert_clean()
    print("cli_signals: locks of others")


def silent_registry(home):
    with socket.create_server(("127.0.0.1", 0)) as server:
        name = "127.0.0.1:%d/x:1" % server.getsockname()[1]
        for command in (["pull", name], ["push", "image:1", name]):
            process = start(home, command)
            connection, _ = server.accept()
            connection.recv(1)
            ends(home, process, signal.SIGTERM, command)
            connection.close()
    home.assert_clean()
    print("cli_signals: a silent registry")


def main():
    with Home() as home:
        large = home.path("large.tar")
        with open(home.path("file"), "wb") as file:
            file.write(os.urandom(4 << 20))
        with tarfile.open(large, "w") as out:
            out.add(home.path("file"), "file")
        with open(large, "rb") as file:
            tar = file.read()
        home.run("import", "--os", "linux", "-i", large, "large")
        home.run("append", "--platform", "linux/amd64", "-t", "image:1", "scratch", large)
        stalled_input(home, tar)
        stalled_output(home)
        locks_of_others(home)
        silent_registry(home)
        endless_work(home)
    print("cli_signals: passed")


main()
