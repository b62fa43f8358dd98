#!/usr/bin/env python3
"""As root, what only reads its input and writes plain files has no capability by the time it reads; what needs some
keeps them."""
import io
import re
import tarfile
import threading

from store_common import *

NOBODY = 65534


def all_rights():
    with open("/proc/self/status") as file:
        return int(re.search(r"CapPrm:\t(\w+)", file.read()).group(1), 16)


def while_it_reads(home, command, fifo, tar):
    """What the system says of every thread of a command that waits for more of a FIFO."""
    process = subprocess.Popen([WCL, "--home", home.home, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    with open(fifo, "wb") as out:  # opened when the command opens it
        out.write(tar[:700])
        out.flush()
        found = []
        for thread in os.listdir("/proc/%d/task" % process.pid):
            with open("/proc/%d/task/%s/status" % (process.pid, thread)) as file:
                found.append(dict(line.rstrip("\n").split(":\t", 1) for line in file))
        out.write(tar[700:])
    _, error = process.communicate(timeout=60)
    assert process.returncode == 0, (command, error)
    return found


def nothing_is_kept(home, fifo, tar):
    for command in (["import", "--os", "linux", "-i", fifo, "fifo"], ["list", fifo], ["stat", fifo, "file"],
                    ["cat", fifo, "file"], ["convert", "--to", "oci", fifo, home.path("out.tar")],
                    ["append", "--platform", "linux/amd64", "-t", "made:1", "scratch", fifo]):
        for thread in while_it_reads(home, command, fifo, tar):
            for field in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                assert int(thread[field], 16) == 0, (command, field, thread[field])
            assert thread["NoNewPrivs"] == "1", command
        print("cli_rights:", *command[:3])


def nothing_is_kept_for_a_transport_folder(home, fifo):
    with open(LAYER_TAR, "rb") as file:
        tar = file.read()
    command = ["convert", "--to", "transport", fifo, home.path("transport")]
    assert all(int(thread["CapPrm"], 16) == 0 for thread in while_it_reads(home, command, fifo, tar))


def what_is_needed_is_kept(home, fifo, tar):
    full = all_rights()
    command = ["convert", "--to", "dir", fifo, home.path("dir")]
    assert all(int(thread["CapEff"], 16) == full for thread in while_it_reads(home, command, fifo, tar))
    # A home of another user's.
    os.mkdir(home.path("theirs"))
    os.chown(home.path("theirs"), NOBODY, NOBODY)
    command = ["--home", home.path("theirs"), "import", "--os", "linux", "-i", fifo, "fifo"]
    assert all(int(thread["CapEff"], 16) == full for thread in while_it_reads(home, command, fifo, tar))


def files_of_others(home, path):
    """Root may read and write them as before."""
    folder = home.path("private")
    os.mkdir(folder)
    shutil.copy(path, os.path.join(folder, "in.tar"))
    for name in ("in.tar", ""):
        place = os.path.join(folder, name)
        os.chown(place, NOBODY, NOBODY)
        os.chmod(place, 0o500 if not name else 0o400)
    inside = os.path.join(folder, "in.tar")
    home.run("import", "--os", "linux", "-i", inside, "private")
    home.run("list", inside)
    home.run("export", "-o", os.path.join(folder, "out.tar"), "private")
    home.run("convert", "--to", "oci", inside, os.path.join(folder, "new.tar"))
    home.run("save", "-o", os.path.join(folder, "image.tar"), "made:1")
    home.run("load", "-i", os.path.join(folder, "image.tar"))
    home.run("append", "--platform", "linux/amd64", "-t", "folder:1", "scratch", folder)
    assert sorted(os.listdir(folder)) == ["image.tar", "in.tar", "new.tar", "out.tar"]


def sandboxes(home):
    home.run("create", "-l", "fifo", "box")
    merged = home.mount("box")
    with open(os.path.join(merged, "theirs"), "w") as file:
        file.write("theirs")
    os.mkdir(os.path.join(merged, "secret"))
    for name in ("theirs", "secret"):
        os.chown(os.path.join(merged, name), NOBODY, NOBODY)
        os.chmod(os.path.join(merged, name), 0o700)
    os.unlink(os.path.join(merged, "file"))
    home.run("unmount", "box")
    assert home.run("diff", "box").stdout.splitlines() == [b"D /file", b"A /secret", b"A /theirs"]
    assert home.run("cat", "box", "theirs").stdout == b"theirs"
    home.run("list", "-R", "box")
    home.run("export", "-o", home.path("box.tar"), "box")
    home.run("verify")
    home.run("remove", "box")


def main():
    need_root()
    if not all_rights():
        skip("root has no capabilities here")
    with Home() as home:
        path, fifo = home.path("in.tar"), home.path("fifo")
        with tarfile.open(path, "w") as out:
            info = tarfile.TarInfo("file")
            info.size = 3000
            out.addfile(info, io.BytesIO(b"x" * info.size))
        os.mkfifo(fifo)
        with open(path, "rb") as file:
            tar = file.read()
        nothing_is_kept(home, fifo, tar)
        nothing_is_kept_for_a_transport_folder(home, fifo)
        what_is_needed_is_kept(home, fifo, tar)
        files_of_others(home, path)
        sandboxes(home)
        home.assert_clean()
    print("cli_rights: passed")


main()
