#!/usr/bin/env python3
"""containerd 2 with its transfer service and wcl's differ: images of many layers, and a Debian, are pulled, mounted, run,
pushed, exported, imported and removed, and every file of theirs is what overlayfs shows, to the xattr. WCL_TEST_LAYERS
is how many layers (30; 120 in the long form)."""
from containerd_common import *

LAYERS = int(os.environ.get("WCL_TEST_LAYERS", "30"))


def first_layer():
    layer = shell()
    for folder in ("replaced", "opaque", "opaque/below", "gone", "gone/whole", "linked", "kinds", "many", "by-file", "by-layer"):
        layer.add(folder, kind=tarfile.DIRTYPE, mode=0o755)
    layer.add("kinds/block", kind=tarfile.BLKTYPE, device=(7, 200), mode=0o660, gid=6)
    layer.add("kinds/character", kind=tarfile.CHRTYPE, device=(1, 3), mode=0o666)
    layer.add("kinds/pipe", kind=tarfile.FIFOTYPE, mode=0o600)
    layer.add("kinds/sticky", b"", 0o7777, uid=4000000000, gid=4000000001)
    layer.add("kinds/precise", b"x", pax={"mtime": "1234567890.123456789"})
    layer.add("kinds/capable", b"#!/bin/sh\n", 0o755, xattrs={"security.capability": capability(1 << 10)})
    layer.add("kinds/noted", b"n", xattrs={"user.note": "n" * 3000, "trusted.note": "t", "user.empty": ""})
    layer.add("kinds/" + "l" * 200, b"long")
    layer.add("kinds/large", bytes(range(256)) * 30000)
    layer.add("kinds/dangling", kind=tarfile.SYMTYPE, linkname="/no/such/" + "x" * 3000)
    for name in ("linked/one", "gone/file", "gone/whole/file", "opaque/below/file", "opaque/file", "replaced/file", "by-file/x",
                 "by-layer/first"):
        layer.add(name, name.encode())
    layer.add("linked/two", kind=tarfile.LNKTYPE, linkname="linked/one")
    layer.add("linked/three", kind=tarfile.LNKTYPE, linkname="linked/one")
    return layer.bytes()


def second_layer():
    layer = LayerTar()
    for folder in ("gone", "opaque", "linked", "replaced"):
        layer.add(folder, kind=tarfile.DIRTYPE, mode=0o711, uid=5, xattrs={"user.folder": folder})
    layer.add("gone/.wh.file")
    layer.add("gone/.wh.whole")
    layer.add("opaque/.wh..wh..opq")
    layer.add("opaque/shown", b"shown")
    # A name that is written to leaves the others as they are; containerd wants what is linked to in the same layer.
    layer.add("linked/three", b"three")
    layer.add("linked/four", kind=tarfile.LNKTYPE, linkname="linked/three")
    layer.add("linked/.wh.two")
    # An overlay's own attributes mean nothing in a layer.
    layer.add("by-layer", kind=tarfile.DIRTYPE, mode=0o755, xattrs={"trusted.overlay.opaque": "y"})
    layer.add("by-layer/second", b"2")
    layer.add("replaced/file", kind=tarfile.DIRTYPE, mode=0o700)
    layer.add("replaced/file/inside", b"i")
    layer.add("by-file", b"a file now")
    layer.add("kinds", kind=tarfile.DIRTYPE, mode=0o755)
    layer.add("kinds/zero", kind=tarfile.CHRTYPE, device=(1, 5))
    return layer.bytes()


def many_layers():
    image = Image(Cmd=["/bin/sh"], Env=["PATH=/bin"]).add(first_layer()).add(second_layer(), how="zstd")
    for number in range(LAYERS - 2):
        members = {"many": None, "many/%d" % number: b"%d\n" % number, "many/last": b"%d\n" % number}
        if number > 1:
            members["many/.wh.%d" % (number - 2)] = b""
        if number % 7 == 6:
            members["many/again-%d" % number] = ("link", "many/%d" % number)
        image.add(tar_of(members), how=("gzip", "zstd", "none")[number % 3])
    return image.make()


def debian(folder):
    """The layer of a Debian, and one that installs a package: files added, replaced and deleted."""
    with open(debian_tree(os.path.join(folder, "debian")), "rb") as file:
        tar = file.read()
    change = LayerTar()
    for name in ("etc", "usr", "usr/share", "usr/share/doc"):
        change.add(name, kind=tarfile.DIRTYPE, mode=0o755)
    change.add("etc/hostname", b"changed\n")
    change.add("etc/.wh.debian_version")
    change.add("usr/share/doc/.wh..wh..opq")
    return Image(Cmd=["/bin/sh"], Env=["PATH=/usr/bin:/bin"]).add(tar).add(change.bytes()).make()


def mounted(bench, reference, snapshotter, look):
    """What `look` says of the image, mounted."""
    where = tempfile.mkdtemp(dir=bench.work)
    bench.containerd.ctr("images", "mount", "--snapshotter", snapshotter, reference, where)
    try:
        return look(where)
    finally:
        bench.containerd.ctr("images", "unmount", "--rm", "--snapshotter", snapshotter, where)


def is_what_overlayfs_shows(bench, reference):
    bench.pull(reference, "overlayfs")
    # containerd leaves the trusted attributes of layers out.
    look = lambda root: snapshot(root, ignore_xattrs=("trusted.",))
    expected = mounted(bench, reference, "overlayfs", look)
    assert_same_tree(mounted(bench, reference, "wcl", look), expected, reference)
    bench.containerd.ctr("images", "rm", "--sync", reference)
    wait_for("the removal of overlayfs' snapshots", lambda: not bench.containerd.snapshots("overlayfs"))
    bench.pull(reference)
    return len(expected)


def runs(bench, reference, script):
    return bench.containerd.ctr("run", "--rm", "--snapshotter", "wcl", reference, "run-%d" % time.monotonic_ns(), "/bin/sh",
                                "-c", script).stdout.decode()


def is_pushed_with_its_digests(bench, reference, image):
    other = bench.registry.name("pushed", "again")
    bench.containerd.ctr("images", "tag", reference, other)
    bench.containerd.ctr("images", "push", "--plain-http", other)
    assert digest_of(bench.registry.manifest("pushed", "again")) == image.digest
    for layer in image.layers:
        assert bench.registry.has_blob("pushed", layer["digest"]), layer
    bench.containerd.ctr("images", "rm", "--sync", other)


def is_exported_and_imported(bench, reference, image):
    archive = os.path.join(bench.work, "export.tar")
    before = bench.containerd.snapshots()
    bench.containerd.ctr("images", "export", "--platform", "linux/amd64", archive, reference)
    bench.containerd.ctr("images", "rm", "--sync", reference)
    bench.assert_nothing_left()
    for options in ((), ("--local",)):
        bench.containerd.ctr("images", "import", "--platform", "linux/amd64", "--snapshotter", "wcl", *options, archive)
        assert bench.containerd.snapshots().keys() == before.keys()
        assert chain_ids(image)[-1] in before
        if not options:
            bench.containerd.ctr("images", "rm", "--sync", reference)
            bench.assert_nothing_left()
    os.unlink(archive)


def is_mounted_to_be_written_to(bench, reference):
    where = tempfile.mkdtemp(dir=bench.work)
    bench.containerd.ctr("images", "mount", "--rw", "--snapshotter", "wcl", reference, where)
    with open(where + "/etc-new", "w") as file:
        file.write("new")
    bench.containerd.ctr("images", "unmount", "--rm", "--snapshotter", "wcl", where)
    assert "etc-new" not in mounted(bench, reference, "wcl", os.listdir)


def shares_what_is_the_same(bench, reference, image):
    """Of an image that stands on another, only what is its own is unpacked, and goes when it goes."""
    extended = Image(Cmd=["/bin/sh"], Env=["PATH=/bin"])
    extended.blobs, extended.layers, extended.diff_ids = dict(image.blobs), list(image.layers), list(image.diff_ids)
    extended.add(tar_of({"extension": b"e"})).make()
    other = put(bench.registry, os.path.join(bench.work, "extended"), extended, "extended")
    before = bench.containerd.snapshots()
    bench.pull(other)
    assert bench.containerd.snapshots().keys() - before.keys() == {chain_ids(extended)[-1]}
    assert runs(bench, other, "cat /extension") == "e"
    bench.containerd.ctr("images", "rm", "--sync", other)
    wait_for("the removal of what was its own", lambda: bench.containerd.snapshots() == before)


def moves_from_overlayfs(bench):
    """What overlayfs has is unpacked anew from its blobs, without the registry, and overlayfs' snapshots can go."""
    image = runnable()
    reference = put(bench.registry, os.path.join(bench.work, "moves"), image, "moves")
    bench.pull(reference, "overlayfs")
    bench.registry.__exit__()
    assert runs(bench, reference, "cat /etc/third") == "three\n"
    bench.containerd.ctr("content", "label", image.config_digest, "containerd.io/gc.ref.snapshot.overlayfs=")
    bench.containerd.ctr("images", "tag", reference, "another-name")
    bench.containerd.ctr("images", "rm", "--sync", "another-name")
    wait_for("the removal of overlayfs' snapshots", lambda: not bench.containerd.snapshots("overlayfs"))
    assert runs(bench, reference, "cat /etc/fourth") == "three\n"
    bench.containerd.ctr("images", "rm", "--sync", reference)
    bench.assert_nothing_left()
    bench.registry.__enter__()


def lives(bench, reference, image, script, expected):
    bench.pull(reference)
    print("%s: %d files" % (reference.split("/")[1], is_what_overlayfs_shows(bench, reference)), flush=True)
    assert runs(bench, reference, script) == expected
    assert runs(bench, reference, "rm /many/last; echo x > /new; " + script).startswith(expected[:4])
    is_pushed_with_its_digests(bench, reference, image)
    is_exported_and_imported(bench, reference, image)
    is_mounted_to_be_written_to(bench, reference)
    assert runs(bench, reference, script) == expected


def main():
    need_peers("containerd", "ctr", "containerd-shim-runc-v2")
    with Bench() as bench:
        moves_from_overlayfs(bench)
        image = many_layers()
        reference = put(bench.registry, os.path.join(bench.work, "many"), image, "many")
        lives(bench, reference, image, "cat /opaque/shown /many/%d /kinds/noted" % (LAYERS - 3), "shown%d\nn" % (LAYERS - 3))
        shares_what_is_the_same(bench, reference, image)
        bench.containerd.ctr("images", "rm", "--sync", reference)
        bench.assert_nothing_left()
        system = debian(bench.work)
        other = put(bench.registry, os.path.join(bench.work, "system"), system, "debian")
        lives(bench, other, system, "cat /etc/hostname; perl -e 'print 6*7'; ls /usr/share/doc", "changed\n42")
        subprocess.run([WCL, "verify", "--home", bench.snapshotter.home], check=True)
        bench.containerd.ctr("images", "rm", "--sync", other)
        bench.assert_nothing_left()
    print("containerd_images: ok")


main()
