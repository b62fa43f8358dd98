#!/usr/bin/env python3
"""Debian's containerd on `wcl snapshotter`: images are pulled, run, mounted, committed, pushed and removed, containers
live on when the snapshotter is killed, and what they see is what overlayfs shows."""
from containerd_common import *

LOOK = ("find / -xdev ! -path '/proc/*' ! -path '/sys/*' ! -path '/dev/*' ! -path '/etc/resolv.conf' | sort | "
        "while read f; do stat -c '%n %F %a %u %g %s %Y %h' \"$f\"; done; find /etc /opaque /data -type f | sort | "
        "xargs busybox md5sum")


def run_in(bench, reference, script, name, snapshotter="wcl"):
    return bench.containerd.ctr("run", "--rm", "--snapshotter", snapshotter, reference, name, "/bin/sh", "-c",
                                script).stdout.decode()


def containers_see_what_overlayfs_shows(bench, reference):
    shown = run_in(bench, reference, LOOK, "look")
    bench.containerd.ctr("images", "pull", "--plain-http", "--snapshotter", "overlayfs", reference)
    expected = run_in(bench, reference, LOOK, "look2", "overlayfs")
    # Folders have the sizes that their file systems give them, and EROFS counts no links of folders.
    tidy = lambda text: re.sub(r"( directory \d+ \d+ \d+) \d+ (\d+) \d+$", r"\1 \2", text, flags=re.M)
    assert "/etc/third" in shown and "/opaque/shown" in shown, shown
    assert "/gone/file" not in shown and "/opaque/below" not in shown, shown
    different = set(tidy(shown).splitlines()) ^ set(tidy(expected).splitlines())
    # The root's and the mount points' times are those of the container's making.
    different = [line for line in different if not re.match(r"/(dev|proc|run|sys|etc)? ", line)]
    assert not different, "\n".join(sorted(different))
    bench.containerd.ctr("images", "rm", "--sync", reference)
    bench.containerd.ctr("images", "pull", "--plain-http", "--snapshotter", "wcl", reference)


def containers_write_for_themselves(bench, reference):
    script = ("echo new > /etc/new; rm /etc/replaced; mv /data/big /moved; echo x >> /etc/first; mkdir /opaque/more; "
              "cat /etc/new /etc/first; ls /etc/replaced 2>&1 | cat; busybox wc -c < /moved")
    first = run_in(bench, reference, script, "writes")
    assert first.startswith("new\none file\nx\n") and "5120000" in first, first
    assert run_in(bench, reference, "ls /etc; cat /etc/first", "reads").count("new") == 0


def images_are_mounted_read_only(bench, reference, image):
    where = os.path.join(bench.work, "mnt")
    os.makedirs(where)
    chain = chain_ids(image)[-1]
    bench.containerd.ctr("images", "mount", "--snapshotter", "wcl", "--plain-http", reference, where)
    with open(where + "/etc/replaced") as file:
        assert file.read() == "as it is now, which is longer\n"
    assert os.stat(where + "/etc/owned").st_uid == 1
    try:
        open(where + "/new", "w")
        raise AssertionError("a view can be written to")
    except OSError as refused:
        assert refused.errno == 30, refused
    assert bench.containerd.snapshots()[chain] == (chain_ids(image)[-2], "Committed")
    bench.containerd.ctr("images", "unmount", "--rm", "--snapshotter", "wcl", where)


def snapshots_filled_by_hand_are_committed(bench, image):
    ctr = lambda *arguments: bench.containerd.ctr("snapshots", "--snapshotter", "wcl", *arguments)
    chain = chain_ids(image)[-1]
    where = os.path.join(bench.work, "by-hand")
    os.makedirs(where)
    ctr("prepare", "by-hand", chain)
    for command in ctr("mounts", where, "by-hand").stdout.decode().splitlines():
        subprocess.run(command.split(), check=True)
    with open(where + "/etc/by-hand", "w") as file:
        file.write("written through the mount\n")
    os.unlink(where + "/etc/first")
    subprocess.run(["umount", where], check=True)
    ctr("commit", "made-by-hand", "by-hand")
    # What is compressed is not the same bytes each time; what is in it is.
    tar = gzip.decompress(ctr("diff", "made-by-hand").stdout)
    names = tarfile.open(fileobj=io.BytesIO(tar)).getnames()
    assert sorted(names) == ["etc", "etc/.wh.first", "etc/by-hand"], names
    ctr("prepare", "look-at-it", "made-by-hand")
    for command in ctr("mounts", where, "look-at-it").stdout.decode().splitlines():
        subprocess.run(command.split(), check=True)
    assert sorted(os.listdir(where + "/etc")) == ["by-hand", "fifo", "fourth", "owned", "replaced",
                                                "second", "setuid", "third"]
    with open(where + "/etc/second") as file:
        assert file.read() == "one file\n"
    subprocess.run(["umount", where], check=True)
    refused = bench.containerd.ctr("snapshots", "--snapshotter", "wcl", "rm", "made-by-hand", check=False)
    assert refused.returncode != 0 and b"remove" in refused.stderr, refused.stderr
    ctr("rm", "look-at-it")
    ctr("rm", "made-by-hand")


def containers_outlive_the_snapshotter(bench, reference):
    bench.containerd.ctr("run", "-d", "--snapshotter", "wcl", reference, "long", "/bin/sh", "-c",
                         "echo before > /etc/state; while :; do sleep 1; done")
    bench.snapshotter.stop(signal.SIGKILL)
    execute = lambda script: bench.containerd.ctr("tasks", "exec", "--exec-id", "e%d" % time.monotonic_ns(), "long",
                                                  "/bin/sh", "-c", script).stdout.decode()
    wait_for("the container", lambda: execute("cat /etc/state 2>/dev/null; echo") == "before\n\n")
    bench.snapshotter.start()
    assert execute("echo after >> /etc/state; cat /etc/state") == "before\nafter\n"
    # containerd waits a moment before it tries to connect again.
    wait_for("containerd's connection", lambda: bench.containerd.ctr("snapshots", "--snapshotter", "wcl", "ls",
                                                                     check=False).returncode == 0)
    assert bench.containerd.snapshots()["long"][1] == "Active"
    bench.containerd.ctr("tasks", "kill", "-s", "KILL", "long")
    wait_for("the end of the container", lambda: b"STOPPED" in bench.containerd.ctr("tasks", "ls").stdout)
    bench.containerd.ctr("tasks", "rm", "long")
    bench.containerd.ctr("containers", "rm", "long")


def what_is_pushed_is_what_was_pulled(bench, reference, image):
    other = bench.registry.name("pushed", "again")
    bench.containerd.ctr("images", "tag", reference, other)
    bench.containerd.ctr("images", "push", "--plain-http", other)
    assert digest_of(bench.registry.manifest("pushed", "again")) == digest_of(
        bench.registry.manifest("test", "latest"))
    bench.containerd.ctr("images", "rm", other)


def images_go_with_all_they_took(bench, reference):
    subprocess.run([WCL, "verify", "--home", bench.snapshotter.home], check=True)
    bench.containerd.ctr("images", "rm", "--sync", reference)
    bench.assert_nothing_left()


def main():
    need_root()
    need_tools("containerd", "ctr", "runc", "docker-registry", "skopeo", "busybox")
    with Bench() as bench:
        image = runnable()
        reference = put(bench.registry, os.path.join(bench.work, "layout"), image, "test")
        bench.containerd.ctr("images", "pull", "--plain-http", "--snapshotter", "wcl", reference)
        containers_see_what_overlayfs_shows(bench, reference)
        containers_write_for_themselves(bench, reference)
        images_are_mounted_read_only(bench, reference, image)
        snapshots_filled_by_hand_are_committed(bench, image)
        containers_outlive_the_snapshotter(bench, reference)
        what_is_pushed_is_what_was_pulled(bench, reference, image)
        images_go_with_all_they_took(bench, reference)
    print("containerd_debian: ok")


main()
