#!/usr/bin/env python3
"""Where -o leads: a file appears whole or not at all; devices, FIFOs and links stay what they are."""
import io
import stat
import tarfile
import threading
import time

from store_common import *


def commands(home, tar):
    """Name -> what is given before the output's name, and behind it."""
    return {
        "export": (["export", "-o"], ["layer"]),
        "convert": (["convert", "--to", "oci", tar], []),
        "save": (["save", "-o"], ["image:1"]),
        "inspect": (["inspect", "--html"], ["image:1"]),
    }


def run(home, command, name, check=True):
    before, after = command
    return home.run(*before, name, *after, check=check)


def has_unnamed_files(folder):
    try:
        os.close(os.open(folder, os.O_TMPFILE | os.O_WRONLY))
    except OSError as error:
        print("cli_output: skipped: a killed command (no O_TMPFILE: %s)" % error)
        return False
    return True


def opened(process, folder):
    links = []
    for name in os.listdir("/proc/%d/fd" % process.pid):
        try:
            links.append(os.readlink("/proc/%d/fd/%s" % (process.pid, name)))
        except OSError:
            pass
    return any(link.startswith(folder + "/") for link in links)


def killed(home, tar):
    """An end in the middle leaves nothing, neither of a new file nor beside an old one."""
    folder = home.path("killed")
    os.mkdir(folder)
    if not has_unnamed_files(folder):
        return
    with open(os.path.join(folder, "old"), "w") as out:
        out.write("old")
    with open(tar, "rb") as file:
        beginning = file.read(100000)
    for name in ("new", "old"):
        process = subprocess.Popen([WCL, "convert", "--to", "oci", "-", os.path.join(folder, name)],
                                   stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        process.stdin.write(beginning)
        process.stdin.flush()
        until = time.monotonic() + 20
        while not opened(process, folder):
            assert time.monotonic() < until and process.poll() is None, "the output was not opened"
            time.sleep(0.01)
        process.kill()
        process.wait()
        process.stdin.close()
    assert os.listdir(folder) == ["old"], os.listdir(folder)
    with open(os.path.join(folder, "old")) as old:
        assert old.read() == "old"
    print("cli_output: a killed command")


def full_output(home):
    """A list that cannot be written is a failure that says why, however long it is."""
    tar = home.path("many.tar")
    with tarfile.open(tar, "w") as out:
        for number in range(8000):
            out.addfile(tarfile.TarInfo("a-file-with-a-name-of-some-length-%d" % number))
    with open("/dev/full", "w") as full:
        for command in (["list", "-R", tar], ["list", "-R", "--json", tar], ["cat", tar.replace("many", "in"), "file"],
                        ["layers"], ["info"]):
            done = home.run(*command, stdout=full, check=False)
            assert done.returncode == 1 and b"No space left" in done.stderr, (command, done)
    print("cli_output: a full output")


def main():
    need_root()
    with Home() as home:
        tar = home.path("in.tar")
        with tarfile.open(tar, "w") as out:
            info = tarfile.TarInfo("file")
            info.size = 200000
            out.addfile(info, io.BytesIO(os.urandom(info.size)))
        home.run("import", "--os", "linux", "-i", tar, "layer")
        home.run("append", "--platform", "linux/amd64", "-t", "image:1", "scratch", tar)
        for name, command in commands(home, tar).items():
            folder = home.path(name)
            os.mkdir(folder)
            place = lambda file: os.path.join(folder, file)
            run(home, command, place("new"))
            with open(place("new"), "rb") as file:
                whole = file.read()
            assert len(whole) > 1000
            mask = os.umask(0)
            os.umask(mask)
            assert stat.S_IMODE(os.stat(place("new")).st_mode) == 0o666 & ~mask

            # A regular file is replaced, and only at the end; at the end of links, which stay.
            for file in ("old", "far"):
                with open(place(file), "w") as out:
                    out.write("old")
            kept = open(place("old"), "rb")
            os.symlink("far", place("one"))
            os.symlink(place("one"), place("two"))
            os.symlink("made", place("dangling"))
            for file, real in (("old", "old"), ("two", "far"), ("dangling", "made")):
                run(home, command, place(file))
                with open(place(real), "rb") as out:
                    assert len(out.read()) == len(whole), (name, file)
            assert kept.read() == b"old" and os.path.islink(place("two")) and os.readlink(place("one")) == "far"
            kept.close()

            # Where everybody may make links, another user's would choose the file that is replaced.
            os.mkdir(place("everybody's"))
            os.chmod(place("everybody's"), 0o1777)
            os.symlink("../far", place("everybody's/link"))
            run(home, command, place("everybody's/link"))
            with open(place("far"), "w") as out:
                out.write("kept")
            os.symlink("../none", place("everybody's/dangling"))
            for link in ("everybody's/link", "everybody's/dangling"):
                os.lchown(place(link), 65534, 65534)
                done = run(home, command, place(link), check=False)
                assert done.returncode == 1 and b"another user's" in done.stderr, (name, done.stderr)
            assert open(place("far")).read() == "kept" and not os.path.exists(place("none"))
            shutil.rmtree(place("everybody's"))

            # What is no regular file is written into.
            os.mknod(place("null"), 0o666 | stat.S_IFCHR, os.makedev(1, 3))
            os.mknod(place("full"), 0o666 | stat.S_IFCHR, os.makedev(1, 7))
            os.symlink("null", place("to-null"))
            os.mkfifo(place("fifo"))
            run(home, command, place("null"))
            run(home, command, place("to-null"))
            done = run(home, command, place("full"), check=False)
            assert done.returncode == 1 and b"No space left" in done.stderr, (name, done.stderr)
            got = []
            reader = threading.Thread(target=lambda: got.append(open(place("fifo"), "rb").read()))
            reader.start()
            run(home, command, place("fifo"))
            reader.join(20)
            assert not reader.is_alive() and len(got[0]) == len(whole), name
            for file in ("null", "full"):
                assert stat.S_ISCHR(os.lstat(place(file)).st_mode), (name, file)
            assert os.path.islink(place("to-null")) and stat.S_ISFIFO(os.lstat(place("fifo")).st_mode)

            # What cannot be made is said, and what fails leaves what was there.
            done = run(home, command, os.path.join(folder, "no/where"), check=False)
            assert done.returncode == 1 and b"no/where" in done.stderr, done.stderr
            before, after = command
            failing = home.run(*["no-such" if word == tar else word for word in before], place("old"),
                               *["no-such" for _ in after], check=False)
            assert failing.returncode == 1
            with open(place("old"), "rb") as out:
                assert len(out.read()) == len(whole)
            assert sorted(os.listdir(folder)) == sorted(["new", "old", "far", "one", "two", "made", "dangling", "null",
                                                         "full", "to-null", "fifo"]), (name, os.listdir(folder))
            print("cli_output:", name)
        killed(home, tar)
        full_output(home)
        home.run("rmi", "image:1")
        home.assert_clean()
    print("cli_output: passed")


main()
