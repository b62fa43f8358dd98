#!/usr/bin/env python3
"""What goes into the store comes out byte for byte, and looks in a mount as GNU tar unpacks it. WCL_TEST_ENTRIES says of
how large a base (60000 in the long form)."""
import os
import stat
import subprocess

from store_common import *

ENTRIES = int(os.environ.get("WCL_TEST_ENTRIES", "4000"))


def import_and_export(home, layer, tar, plain):
    made = home.json("import", "-i", tar, layer)
    assert made["diff_id"] == "sha256:" + sha256(plain), made
    assert made["blob_digest"] == "sha256:" + sha256(tar), made
    assert made["size"] == os.path.getsize(plain), made
    home.run("export", "-o", home.path("out.tar"), layer)
    assert sha256(home.path("out.tar")) == sha256(plain), "the export of %s differs" % tar
    # To a pipe, behind what a file holds, and into one in its midst.
    with open(plain, "rb") as file:
        content = file.read()
    assert home.run("export", layer).stdout == content, "the export of %s to a pipe differs" % tar
    for mode, expected in (("ab", b"0123456789" + content), ("r+b", b"01234" + content)):
        with open(home.path("other.tar"), "wb") as file:
            file.write(b"0123456789")
        with open(home.path("other.tar"), mode) as file:
            if mode != "ab":
                os.lseek(file.fileno(), 5, os.SEEK_SET)
            home.run("export", layer, stdout=file)
        with open(home.path("other.tar"), "rb") as file:
            assert file.read() == expected, "the export of %s to a file opened with %s differs" % (tar, mode)
    # Compressed on request, and the same inside.
    for option, tool in (("--gzip", "gzip"), ("--zstd", "zstd")):
        home.run("export", option, "-o", home.path("out.z"), layer)
        inside = subprocess.run([tool, "-dc", home.path("out.z")], stdout=subprocess.PIPE, check=True).stdout
        assert hashlib.sha256(inside).hexdigest() == sha256(plain), option
    return made


def windows_view(home, layer, plain):
    """The mount shows what is in Files/: names and contents as in the tar, metadata as listed."""
    mounted = home.mount(layer)
    entries = {entry["path"]: entry for entry in home.entries(layer)}
    unpacked = home.path("unpacked-" + layer)
    os.mkdir(unpacked)
    subprocess.run(["tar", "-xf", plain, "-C", unpacked, "--warning=no-unknown-keyword", "--no-same-permissions",
                    "--exclude=*:*", "--exclude=.wh.*"], check=True)
    subprocess.run(["chmod", "-R", "u+rwX", unpacked], check=True)
    seen = 0
    for folder, folders, files in os.walk(os.path.join(unpacked, "Files")):
        for name in folders + files:
            full = os.path.join(folder, name)
            relative = os.path.relpath(full, os.path.join(unpacked, "Files"))
            there = os.path.join(mounted, relative)
            info, expected = os.lstat(there), os.lstat(full)
            assert stat.S_IFMT(info.st_mode) == stat.S_IFMT(expected.st_mode), relative
            seen += 1
            if stat.S_ISREG(info.st_mode):
                assert sha256(there) == sha256(full), relative
            entry = entries["Files/" + relative]
            if entry["kind"] in ("file", "directory") and not stat.S_ISLNK(info.st_mode):
                filetime = info.st_mtime_ns // 100 + 116444736000000000
                assert filetime == entry["last_write_time"], (relative, filetime, entry)
                basic = os.getxattr(there, "trusted.wcl.basic", follow_symlinks=False)
                assert int.from_bytes(basic[0:8], "little", signed=True) == entry["creation_time"], relative
                assert int.from_bytes(basic[32:36], "little") == entry["attributes"], relative
    assert seen > 30, seen
    home.run("unmount", layer)


def linux_view(home, layer, tar):
    """Owners, modes, times to the nanosecond, links, devices and xattrs as root's GNU tar unpacks them."""
    mounted = home.mount(layer)
    unpacked = home.path("unpacked-" + layer)
    os.mkdir(unpacked)
    subprocess.run(["tar", "-xpf", tar, "-C", unpacked, "--xattrs", "--xattrs-include=*", "--numeric-owner",
                    "--same-owner", "--delay-directory-restore",
                    "--exclude=.wh.*"], check=True)
    assert_same_tree(snapshot(mounted), snapshot(unpacked), layer)
    home.run("unmount", layer)


def make_linux_tar(home):
    """A tree with all that Linux has, packed by GNU tar."""
    root = home.path("root")
    os.makedirs(os.path.join(root, "usr/bin"))
    os.makedirs(os.path.join(root, "dev"))
    os.makedirs(os.path.join(root, "var/empty"), mode=0o700)
    with open(os.path.join(root, "usr/bin/tool"), "wb") as file:
        file.write(b"\x7fELF" * 5000)
    os.chmod(os.path.join(root, "usr/bin/tool"), 0o4755)
    os.chown(os.path.join(root, "usr/bin/tool"), 12, 34567)
    os.link(os.path.join(root, "usr/bin/tool"), os.path.join(root, "usr/bin/again"))
    os.symlink("tool", os.path.join(root, "usr/bin/link"))
    os.symlink("/abs/" + "long/" * 40, os.path.join(root, "usr/bin/far"))
    os.mknod(os.path.join(root, "dev/null"), stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.mknod(os.path.join(root, "dev/disk"), stat.S_IFBLK | 0o660, os.makedev(259, 70000))
    os.mkfifo(os.path.join(root, "dev/pipe"), 0o640)
    long_name = os.path.join(root, "var", "n" * 255)
    with open(long_name, "wb") as file:
        file.write(b"x" * 513)
    with open(os.path.join(root, "var/dev-disk\\x2d1.device"), "wb") as file:
        file.write(b"")
    with open(os.path.join(root, "var/sparse"), "wb") as file:
        file.truncate(3 << 20)
        file.seek(1 << 20)
        file.write(b"island" * 1000)
    subprocess.run(["setcap", "cap_net_raw+ep", os.path.join(root, "usr/bin/tool")], check=True)
    os.setxattr(os.path.join(root, "usr"), "user.note", b"\x00binary\xff")
    os.utime(os.path.join(root, "usr/bin/tool"), ns=(0, 1234567890123456789))
    os.utime(os.path.join(root, "var/empty"), ns=(0, -5_000_000_001))
    tar = home.path("linux.tar")
    subprocess.run(["tar", "-cf", tar, "--format=pax", "--sparse", "--xattrs", "--xattrs-include=*", "-C", root, "."],
                   check=True)
    return tar


def debian_layer(home):
    """A tree that debootstrap makes, with capabilities, which its own may lack."""
    root = home.path("debian")
    debian_tree(root)
    subprocess.run(["setcap", "cap_net_raw+ep", os.path.join(root, "bin/tar")], check=True)
    packed = home.path("debian.tar")
    subprocess.run(["tar", "-cf", packed, "--format=pax", "--xattrs", "--xattrs-include=*", "-C", root, "."], check=True)
    import_and_export(home, "debian", packed, packed)
    linux_view(home, "debian", packed)


def main():
    need_tools("gzip", "zstd")
    need_root()
    with Home() as home:
        for suffix, tool in ((".gz", ["gzip", "-n"]), (".zst", ["zstd", "-q"])):
            with open(LAYER_TAR, "rb") as tar, open(home.path("layer.tar" + suffix), "wb") as packed:
                subprocess.run(tool, stdin=tar, stdout=packed, check=True)
        import_and_export(home, "plain", LAYER_TAR, LAYER_TAR)
        import_and_export(home, "gzip", home.path("layer.tar.gz"), LAYER_TAR)
        made = import_and_export(home, "zstd", home.path("layer.tar.zst"), LAYER_TAR)
        assert made["os"] == "windows" and made["kind"] == "base", made
        windows_view(home, "zstd", LAYER_TAR)

        base = generate(home.path("base.tar"), seed=7, entries=ENTRIES, bytes=10_000 * ENTRIES, base=True)
        import_and_export(home, "base", base, base)
        windows_view(home, "base", base)

        linux = make_linux_tar(home)
        assert import_and_export(home, "linux", linux, linux)["os"] == "linux"
        linux_view(home, "linux", linux)
        made = generate(home.path("gen.tar"), seed=9, entries=3000, bytes=20_000_000, os="linux", base=True)
        import_and_export(home, "generated", made, made)
        linux_view(home, "generated", made)
        home.assert_clean()
        debian_layer(home)
        home.assert_clean()
    print("store_import: passed, with a base of %d entries" % ENTRIES)


main()
