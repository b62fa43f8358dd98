#!/usr/bin/env python3
"""wcl append: the same input makes the same image, its layer has what its system needs by what other programs read, the
image says what it was told to say, and what cannot be is refused by name."""
import base64
import io
import signal
import stat
import struct
import tarfile
import time

from store_common import *

TIME = 1_600_000_000
FILE_SDDL = "O:BAG:SYD:(A;;FA;;;SY)(A;;FA;;;BA)(A;;0x1200a9;;;BU)"
FOLDER_SDDL = "O:BAG:SYD:(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)"
TICKS = (TIME + 11_644_473_600) * 10_000_000
EPOCH = {"SOURCE_DATE_EPOCH": str(TIME + 1000)}
NO_EPOCH = {"SOURCE_DATE_EPOCH": ""}


def make_input(root):
    os.makedirs(os.path.join(root, "bin/deep"))
    for name, data in (("bin/run.exe", b"MZ" + bytes(100_000)), ("bin/deep/ro.txt", b"read only"), ("empty", b""),
                       ("big.bin", os.urandom(3_000_000)), ("bin-late", b"x"), ("\u00e4\u4e2d\U0001F600", b"name")):
        with open(os.path.join(root, name), "wb") as file:
            file.write(data)
    os.chmod(os.path.join(root, "bin/deep/ro.txt"), 0o444)
    os.link(os.path.join(root, "bin/run.exe"), os.path.join(root, "bin/again.exe"))
    os.symlink("../big.bin", os.path.join(root, "bin/to-file"))
    os.symlink("deep", os.path.join(root, "bin/to-folder"))
    settle_times(root)
    return root


def settle_times(root):
    for folder, folders, files in os.walk(root, topdown=False):
        for name in folders + files + ["."]:
            os.utime(os.path.join(folder, name), (TIME, TIME), follow_symlinks=False)


def append(home, *arguments, env=NO_EPOCH, **options):
    return json.loads(home.run("append", *arguments, "--json", env=env, **options).stdout)


def inspect(home, image):
    return home.json("inspect", image)


def top_layer(home, image):
    return inspect(home, image)["layers"][-1]["id"]


def same_input_same_image(home, source):
    one = append(home, "--os", "windows", "--to", "/app", "-t", "win:1", "scratch", source)
    two = append(home, "--os", "windows", "--to", "/app", "-t", "win:2", "scratch", source)
    assert one == two, (one, two)
    # A copy elsewhere, read in another order, at another time, and the same as a tar of each kind.
    subprocess.run(["cp", "-a", source, home.path("copy")], check=True)
    settle_times(home.path("copy"))
    assert append(home, "--os", "windows", "--to", "app", "-t", "win:3", "scratch", home.path("copy"),
                  )["layer"] == one["layer"]
    names = sorted((os.path.relpath(os.path.join(folder, name), source)
                    for folder, folders, files in os.walk(source) for name in folders + files), reverse=True)
    for kind in ("pax", "gnu"):
        subprocess.run(["tar", "-C", source, "--format=" + kind, "--no-recursion", "-cf", home.path(kind + ".tar"),
                        *names], check=True)
        made = append(home, "--os", "windows", "--to", "/app", "-t", "win:4", "scratch", home.path(kind + ".tar"))
        assert made["layer"] == one["layer"], kind
    subprocess.run(["gzip", "-k", home.path("pax.tar")], check=True)
    with open(home.path("pax.tar.gz"), "rb") as packed:
        made = append(home, "--os", "windows", "--to", "/app", "-t", "win:4", "scratch", "-", stdin=packed)
    assert made["layer"] == one["layer"], "from standard input"
    # Later times are not later than the epoch.
    first = append(home, "--os", "windows", "-t", "win:5", "scratch", source, env={"SOURCE_DATE_EPOCH": str(TIME - 7)})
    os.utime(home.path("copy", "empty"), (TIME + 50, TIME + 50))
    again = append(home, "--os", "windows", "-t", "win:5", "scratch", home.path("copy"),
                   env={"SOURCE_DATE_EPOCH": str(TIME - 7)})
    assert first == again
    assert inspect(home, "win:5")["created"] == TIME - 7
    for entry in home.entries(top_layer(home, "win:5")):
        assert entry["kind"] == "hardlink" or entry["last_write_time"] == TICKS - 70_000_000, entry


def windows_layer_is_as_promised(home):
    entries = {entry["path"]: entry for entry in home.entries(top_layer(home, "win:1"))}
    assert list(entries) == sorted(entries, key=lambda path: path.encode().replace(b"/", b"\x01"))
    assert set(entries) == {"Files", "Hives", "Files/app"} | {
        "Files/app/" + name for name in ("bin", "bin/again.exe", "bin/run.exe", "bin/deep", "bin/deep/ro.txt", "empty",
                                         "big.bin", "bin-late", "bin/to-file", "bin/to-folder", "\u00e4\u4e2d\U0001F600")}
    for path, entry in entries.items():
        if entry["kind"] == "hardlink":
            assert (path, entry["target"]) == ("Files/app/bin/run.exe", "Files/app/bin/again.exe")
            continue
        is_folder = entry["attributes"] & 0x10
        assert entry["sddl"] == (FOLDER_SDDL if is_folder else FILE_SDDL), (path, entry["sddl"])
        expected = {"Files/app/bin/deep/ro.txt": 0x21, "Files/app/bin/to-file": 0x420,
                    "Files/app/bin/to-folder": 0x410}.get(path, 0x10 if is_folder else 0x20)
        assert entry["attributes"] == expected, (path, entry["attributes"])
        if path not in ("Files", "Hives", "Files/app"):
            for field in ("creation_time", "last_write_time", "last_access_time", "change_time"):
                assert entry[field] == TICKS, (path, field)
    assert entries["Files/app/bin/to-folder"]["target"] == "deep"
    assert entries["Files/app/bin/to-file"]["target"] == "..\\big.bin"
    assert home.json("stat", top_layer(home, "win:1"), "Files/app/empty")["sddl"] == FILE_SDDL


def check_descriptor(raw, is_folder):
    """Takes a self-relative security descriptor apart: owner, group, and what the DACL grants to whom."""
    revision, control = raw[0], struct.unpack_from("<H", raw, 2)[0]
    owner, group, sacl, dacl = struct.unpack_from("<4I", raw, 4)
    assert revision == 1 and control & 0x8004 == 0x8004 and sacl == 0
    sid = lambda at: raw[at:at + 8 + 4 * raw[at + 1]]
    administrators, users = (b"\1\2\0\0\0\0\0\5" + struct.pack("<2I", 32, rid) for rid in (544, 545))
    system = b"\1\1\0\0\0\0\0\5" + struct.pack("<I", 18)
    assert sid(owner) == administrators and sid(group) == system
    count, at, grants = struct.unpack_from("<H", raw, dacl + 4)[0], dacl + 8, {}
    for _ in range(count):
        kind, flags, size, mask = struct.unpack_from("<BBHI", raw, at)
        assert kind == 0 and flags == (3 if is_folder else 0)
        grants[sid(at + 8)] = mask
        at += size
    assert grants == {system: 0x1F01FF, administrators: 0x1F01FF, users: 0x1200A9}, grants


def others_read_the_windows_layer(home):
    tar = home.path("layer.tar")
    home.run("export", "-o", tar, top_layer(home, "win:1"))
    # What go-winio's backuptar wants of each entry, read by Python's tarfile.
    seen = set()
    with tarfile.open(tar) as opened:
        for member in opened:
            assert os.path.dirname(member.name) in seen | {""}, member.name
            records = member.pax_headers
            assert not [name for name in records if name.startswith("WCL.")], records
            if member.islnk():
                continue
            check_descriptor(base64.b64decode(records["MSWINDOWS.rawsd"], validate=True),
                             int(records["MSWINDOWS.fileattr"]) & 0x10)
            float(records["LIBARCHIVE.creationtime"])
            assert member.uid == 0 and member.gid == 0 and not member.uname and not member.gname
            if member.isdir():
                assert member.mode == 0o40000, oct(member.mode)
                seen.add(member.name)
            if member.isreg():
                assert member.mode == 0o100000, oct(member.mode)
    assert {"Files", "Hives"} <= seen
    for command in (["bsdtar", "-tf"], ["tar", "--warning=no-unknown-keyword", "-tf"]):
        done = subprocess.run([*command, tar], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True,
                              env=dict(os.environ, LC_ALL="C.UTF-8"))
        assert not done.stderr, (command, done.stderr)
        assert len(done.stdout.splitlines()) == 14, (command, done.stdout)
    # It is the very form that backuptar has: written without anything of wcl's own, no byte changes.
    home.run("convert", "--plain", "--to", "oci", tar, home.path("plain.tar"))
    assert sha256(home.path("plain.tar")) == sha256(tar)
    # hcsshim's own form of it holds all of it.
    home.run("convert", "--to", "transport", tar, home.path("transport"))
    assert {"Files", "Files.$wcidirs$", "Hives"} <= set(os.listdir(home.path("transport")))
    there = lambda layer: {entry["path"]: entry for entry in home.entries(layer) if entry["path"] != "Hives"}
    expected, got = there(tar), there(home.path("transport"))
    for path, entry in expected.items():
        for field in ("kind", "attributes", "sddl", "target", "size", "last_write_time"):
            is_root = path == "Files" and field == "last_write_time"
            assert is_root or got[path].get(field) == entry.get(field), (path, field, got[path], entry)


def rights_are_settable(home, source):
    append(home, "--os", "windows", "--sddl", "D:P(A;;FR;;;WD)", "--folder-sddl", "O:SYG:SYD:(A;OICI;FA;;;WD)", "-t",
           "rights:1", "scratch", source)
    layer = top_layer(home, "rights:1")
    assert home.json("stat", layer, "Files/empty")["sddl"] == "O:BAG:SYD:P(A;;FR;;;WD)"
    assert home.json("stat", layer, "Files/bin")["sddl"] == "O:SYG:SYD:(A;OICI;FA;;;WD)"
    append(home, "--os", "windows", "--owner", "S-1-5-21-1-2-3-1001", "-t", "rights:2", "scratch", source)
    stated = home.json("stat", top_layer(home, "rights:2"), "Files/bin")["sddl"]
    assert stated == FOLDER_SDDL.replace("O:BA", "O:S-1-5-21-1-2-3-1001"), stated


def images_grow_on_images(home, source):
    os.makedirs(home.path("more/BIN"))
    open(home.path("more/BIN/new.txt"), "w").write("new")
    made = append(home, "--to", "C:\\APP", "--delete", "/app/BIG.bin", "-t", "win:6", "win:1", home.path("more"))
    layers = inspect(home, "win:6")["layers"]
    assert [layer["id"] for layer in layers] == [top_layer(home, "win:1"), made["layer"]]
    entries = {entry["path"]: entry for entry in home.entries(made["layer"])}
    # Folders of the image keep their names and what they were.
    assert set(entries) == {"Files", "Files/app", "Files/app/bin", "Files/app/bin/new.txt", "Files/app/big.bin",
                            "Hives"}, list(entries)
    assert entries["Files/app/big.bin"]["deleted"]
    below = {entry["path"]: entry for entry in home.entries(layers[0]["id"])}
    assert entries["Files/app"] == below["Files/app"]
    if os.geteuid() == 0:
        home.run("create", "-l", made["layer"], "box")
        place = home.mount("box")
        assert open(os.path.join(place, "app/bin/new.txt")).read() == "new"
        assert os.path.getsize(os.path.join(place, "app/bin/run.exe")) == 100_002
        assert not os.path.exists(os.path.join(place, "app/big.bin"))
        assert os.readlink(os.path.join(place, "app/bin/to-folder")) == "deep"
        home.run("unmount", "box")
        home.run("remove", "box")


def spelling_in_an_image_for_windows_does_not_matter(home):
    def files(folder, *names):
        for name in names:
            os.makedirs(os.path.dirname(home.path(folder, name)), exist_ok=True)
            open(home.path(folder, name), "w").write(name)
        return home.path(folder)

    def listed(image):
        return {entry["path"]: entry for entry in home.entries(top_layer(home, image))}

    base = files("case-base", "Users/old", "Windows/a.dll", "Windows/b.dll", "zoo/Deep/x", "zoo/Deep/gone")
    append(home, "--os", "windows", "-t", "case:1", "scratch", base)
    # The order of the source and that of the image differ: "Users" is before "Windows", "users" behind "ZOO".
    more = files("case-more", "users/new", "users/made/file", "WINDOWS/a.dll", "ZOO/DEEP/y", "Between/z")
    os.symlink("made", home.path("case-more/users/link"))
    append(home, "--delete", "Users/old", "--delete", "windows/B.DLL", "--delete", "ZOO/deep/GONE", "-t", "case:2",
           "case:1", more)
    entries = listed("case:2")
    assert set(entries) == {"Files", "Hives"} | {"Files/" + name for name in (
        "Between", "Between/z", "Users", "Users/old", "Users/new", "Users/made", "Users/made/file", "Users/link",
        "Windows", "Windows/a.dll", "Windows/b.dll", "zoo", "zoo/Deep", "zoo/Deep/y", "zoo/Deep/gone")}, list(entries)
    assert len(home.entries(top_layer(home, "case:2"))) == len(entries), "nothing is there twice"
    assert [path for path in entries if entries[path].get("deleted")] == [
        "Files/Users/old", "Files/Windows/b.dll", "Files/zoo/Deep/gone"]
    assert entries["Files/Users/link"]["attributes"] == 0x410, "the link is one to a folder"
    seen = set()
    for entry in home.entries(top_layer(home, "case:2")):
        assert os.path.dirname(entry["path"]) in seen | {""}, "a folder is before what is in it"
        seen.add(entry["path"])
    # A file of another spelling takes the place of the image's.
    append(home, "-t", "case:3", "case:1", files("case-file", "windows/A.DLL"))
    assert set(listed("case:3")) == {"Files", "Hives", "Files/Windows", "Files/Windows/A.DLL"}
    before = home.json("images")
    for deleted, name, words in (("Windows/a.dll", "Windows/A.DLL", "to be deleted and to be appended"),
                                 ("Windows/a.dll", "windows/a.dll", "to be deleted and to be appended"),
                                 ("Users", "users/new", "to be deleted and to be appended"),
                                 ("zoo/Deep/x", "zoo/deep", "it is not a folder")):
        refuse(home, [words], "--delete", deleted, "-t", "no:1", "case:1", files("case-clash", name))
        shutil.rmtree(home.path("case-clash"))
    refuse(home, ["case only"], "--delete", "Users/old", "-t", "no:1", "case:1", files("case-two", "users/a", "USERS/b"))
    assert home.json("images") == before


def linux_layer_is_as_the_folder(home):
    source = home.path("linux")
    os.makedirs(os.path.join(source, "etc/conf.d"))
    for name in ("etc/a", "etc/conf.d/b"):
        open(os.path.join(source, name), "w").write(name)
    os.link(os.path.join(source, "etc/a"), os.path.join(source, "etc/conf.d/a"))
    os.symlink("/etc/a", os.path.join(source, "etc/link"))
    os.chmod(os.path.join(source, "etc/conf.d"), 0o2750)
    os.chmod(os.path.join(source, "etc/conf.d/b"), 0o4711)
    os.mkfifo(os.path.join(source, "etc/pipe"), 0o640)
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(os.path.join(source, "etc/conf.d/b"), 1234, 5678)
        os.chmod(os.path.join(source, "etc/conf.d/b"), 0o4711)
        os.mknod(os.path.join(source, "etc/null"), stat.S_IFCHR | 0o666, os.makedev(1, 3))
    has_xattrs = True
    try:
        os.setxattr(os.path.join(source, "etc/a"), "user.note", b"\0 any bytes \xff")
    except OSError:
        has_xattrs = False
    settle_times(source)
    one = append(home, "-t", "linux:1", "scratch", source)
    assert one == append(home, "-t", "linux:2", "scratch", source)
    if is_root:
        home.run("create", "-l", one["layer"], "linux-box")
        place = home.mount("linux-box")
        fields = ("kind", "mode", "owner", "size", "sha256", "target", "device", "mtime", "names")
        assert_same_tree(snapshot(os.path.join(source, "etc")), snapshot(os.path.join(place, "etc")), "linux",
                         fields + (("xattrs",) if has_xattrs else ()))
        home.run("unmount", "linux-box")
        home.run("remove", "linux-box")
    os.makedirs(home.path("next/etc/conf.d"))
    open(home.path("next/etc/conf.d/c"), "w").write("c")
    append(home, "--delete", "etc/conf.d/b", "--delete", "etc/link", "--owner", "0:7", "-t", "linux:3", "linux:1",
           home.path("next"))
    listed = {entry["path"]: entry for entry in home.entries(top_layer(home, "linux:3"))}
    assert listed["etc/conf.d/b"]["deleted"] and listed["etc/link"]["deleted"]
    assert set(path for path, entry in listed.items() if entry["kind"] == "file") == {"etc/conf.d/c"}, listed


def others_unpack_the_linux_image(home):
    if not shutil.which("skopeo") or not shutil.which("umoci"):
        return print("note: without skopeo and umoci their part was left out")
    home.run("save", "-o", home.path("oci"), "--format", "oci-dir", "linux:3")
    shown = json.loads(subprocess.run(["skopeo", "inspect", "oci:" + home.path("oci")], stdout=subprocess.PIPE,
                                      check=True).stdout)
    assert shown["Digest"] == inspect(home, "linux:3")["digest"]
    if os.geteuid() != 0:
        return
    tag = json.load(open(home.path("oci/index.json")))["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"]
    subprocess.run(["umoci", "unpack", "--image", home.path("oci") + ":" + tag, home.path("bundle")], check=True,
                   stderr=subprocess.DEVNULL)
    rootfs = home.path("bundle/rootfs")
    assert sorted(os.listdir(os.path.join(rootfs, "etc/conf.d"))) == ["a", "c"]
    assert stat.S_IMODE(os.stat(os.path.join(rootfs, "etc/conf.d")).st_mode) == 0o2750
    assert os.stat(os.path.join(rootfs, "etc/conf.d/c")).st_gid == 7
    assert not os.path.lexists(os.path.join(rootfs, "etc/link"))


def blob(layout, data):
    digest = hashlib.sha256(data).hexdigest()
    with open(os.path.join(layout, "blobs/sha256", digest), "wb") as file:
        file.write(data)
    return {"digest": "sha256:" + digest, "size": len(data)}


def make_layout(layout, docker):
    """An image with fields that wcl does not know, and numbers that a double cannot hold."""
    os.makedirs(os.path.join(layout, "blobs/sha256"))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, kind, target in (("lib", tarfile.SYMTYPE, "usr/lib"), ("usr", tarfile.DIRTYPE, ""),
                                   ("usr/lib", tarfile.DIRTYPE, ""), ("usr/file", tarfile.REGTYPE, "")):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            tar.addfile(member)
    layer = packed.getvalue()
    config = {"architecture": "amd64", "os": "linux", "x-number": 12345678901234567890, "x-unknown": {"deep": [1, None]},
              "config": {"Env": ["PATH=/bin", "KEEP=1"], "Cmd": ["old"], "Labels": {"a": "1"}, "Healthcheck": {"Test": ["NONE"]}},
              "history": [{"created_by": "base"}, {"created_by": "nothing", "empty_layer": True}],
              "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}
    prefix = "application/vnd.docker." if docker else "application/vnd.oci.image."
    types = ("distribution.manifest.v2+json", "container.image.v1+json", "image.rootfs.diff.tar") if docker else (
        "manifest.v1+json", "config.v1+json", "layer.v1.tar")
    manifest = {"schemaVersion": 2, "mediaType": prefix + types[0], "annotations": {"x-kept": "yes"},
                "config": dict(blob(layout, json.dumps(config).encode()), mediaType=prefix + types[1]),
                "layers": [dict(blob(layout, layer), mediaType=prefix + types[2])]}
    if docker:
        del manifest["annotations"]
    described = dict(blob(layout, json.dumps(manifest).encode()), mediaType=prefix + types[0])
    with open(os.path.join(layout, "index.json"), "w") as index:
        json.dump({"schemaVersion": 2, "manifests": [described]}, index)
    with open(os.path.join(layout, "oci-layout"), "w") as version:
        version.write('{"imageLayoutVersion":"1.0.0"}')
    return config, manifest


def documents_stay_what_they_were(home, source, docker):
    name = "docker-kind" if docker else "oci-kind"
    config, manifest = make_layout(home.path(name), docker)
    home.run("load", "-i", home.path(name), "--name", name + ":1")
    append(home, "--to", "/opt", "--entrypoint", '["/opt/run", "a b"]', "--env", "KEEP=2", "--env", "NEW=x=y", "--label",
           "b=2", "--workdir", "/opt", "--user", "7", "-t", name + ":2", name + ":1", source, env=EPOCH)
    said = inspect(home, name + ":2")
    assert said["manifest"]["config"]["mediaType"] == manifest["config"]["mediaType"]
    assert said["manifest"]["layers"][0] == manifest["layers"][0]
    assert said["manifest"]["layers"][1]["mediaType"] == manifest["layers"][0]["mediaType"] + (".gzip" if docker else "+gzip")
    assert {**said["manifest"], "config": 0, "layers": 0} == {**manifest, "config": 0, "layers": 0}
    got = said["config"]
    assert got["rootfs"]["diff_ids"] == config["rootfs"]["diff_ids"] + [said["layers"][1]["diff_id"]]
    assert got["history"][:2] == config["history"] and len(got["history"]) == 3
    assert got["history"][2]["created"] == got["created"] == "2020-09-13T12:43:20Z"
    expected = {"Env": ["PATH=/bin", "KEEP=2", "NEW=x=y"], "Labels": {"a": "1", "b": "2"}, "WorkingDir": "/opt",
                "User": "7", "Entrypoint": ["/opt/run", "a b"], "Healthcheck": {"Test": ["NONE"]}}
    assert got["config"] == expected, got["config"]
    for changed in ("config", "rootfs", "history", "created"):
        got.pop(changed)
        config.pop(changed, None)
    assert got == config, (got, config)
    # A line for the shell, and none at all.
    append(home, "--cmd", "run it", "--entrypoint", "", "-t", name + ":3", name + ":2", source)
    run = inspect(home, name + ":3")["config"]["config"]
    assert run["Cmd"] == ["/bin/sh", "-c", "run it"] and "Entrypoint" not in run
    shown = home.run("inspect", name + ":2").stdout.decode()
    for words in ('["/opt/run","a b"]', "KEEP=2", "linux/amd64", said["layers"][1]["diff_id"], said["digest"]):
        assert words in shown, (words, shown)


def refuse(home, words, *arguments, code=1, env=NO_EPOCH, **options):
    done = home.run("append", *arguments, check=False, env=env, **options)
    text = done.stderr.decode(errors="replace")
    assert done.returncode == code, (arguments, done.returncode, text)
    for word in words:
        assert word in text, (word, text)


def what_cannot_be_is_refused(home, source):
    before = home.json("images")
    bad = home.path("bad")
    windows = ("--os", "windows", "-t", "no:1", "scratch", bad)
    for names, words in ((["aux.txt"], ["aux.txt", "device"]), (["a?b"], ["a?b", "'?'"]), (["dot."], ["dot.", "dot"]),
                         (["sub/Name", "sub/name"], ["name", "case"]), (["c:d"], ["c:d"]), (["tab\there"], ["control"])):
        os.makedirs(os.path.join(bad, "sub"))
        for name in names:
            open(os.path.join(bad, name), "w").close()
        refuse(home, words, *windows)
        shutil.rmtree(bad)
    os.makedirs(bad)
    os.mkfifo(os.path.join(bad, "pipe"))
    refuse(home, ["Files/pipe", "pipe"], *windows)
    refuse(home, ["-t NAME"], "scratch", source, code=2)
    refuse(home, ["--os"], "--os", "plan9", "-t", "no:1", "scratch", source, code=2)
    refuse(home, ["SOURCE_DATE_EPOCH"], "-t", "no:1", "scratch", source, code=2, env={"SOURCE_DATE_EPOCH": "soon"})
    refuse(home, ["nowhere"], "-t", "no:1", "scratch", home.path("nowhere"))
    refuse(home, ["no:such"], "-t", "no:1", "no:such", source)
    refuse(home, ["for linux"], "--os", "windows", "-t", "no:1", "oci-kind:1", source)
    refuse(home, ["symbolic link", "usr/lib"], "--to", "/lib/x", "-t", "no:1", "oci-kind:1", source)
    refuse(home, ["is a file"], "--to", "/usr/file/x", "-t", "no:1", "oci-kind:1", source)
    refuse(home, ["/usr/none"], "--delete", "/usr/none", "-t", "no:1", "oci-kind:1", source)
    refuse(home, ["NAME=VALUE"], "--env", "NOTHING", "-t", "no:1", "oci-kind:1", source)
    refuse(home, ["D:("], "--os", "windows", "--sddl", "D:(", "-t", "no:1", "scratch", source)
    os.makedirs(home.path("over/lib"))
    refuse(home, ["lib", "symbolic link"], "-t", "no:1", "oci-kind:1", home.path("over"))
    with open(LAYER_TAR, "rb") as layer:
        refuse(home, ["layer"], "--os", "windows", "-t", "no:1", "scratch", "-", stdin=layer)
    open(bad + ".tar", "wb").write(open(home.path("pax.tar"), "rb").read()[:70_000])
    refuse(home, ["bad.tar"], "--os", "windows", "-t", "no:1", "scratch", bad + ".tar")
    assert home.json("images") == before


def the_platform_is_what_was_said(home, source):
    append(home, "--platform", "windows(10.0.20348.2031)/arm64", "-t", "platform:1", "scratch", source)
    said = inspect(home, "platform:1")["config"]
    assert (said["os"], said["os.version"], said["architecture"]) == ("windows", "10.0.20348.2031", "arm64"), said
    append(home, "--platform", "windows(10.0.26100.1)", "-t", "platform:2", "platform:1", source)
    assert inspect(home, "platform:2")["config"]["os.version"] == "10.0.26100.1"


def interrupted_leaves_nothing(home):
    """Ctrl-C while a pipe gives nothing, and while a large folder is written."""
    before = home.json("images")
    for arguments, feed in ((["-"], b"x" * 100), ([home.path("large")], b"")):
        running = subprocess.Popen([WCL, "append", "-t", "broken:1", "scratch", *arguments], stdin=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=dict(os.environ, WCL_HOME=home.home))
        running.stdin.write(feed)
        running.stdin.flush()
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        text = running.stderr.read()
        assert running.wait(30) == 130 and b"cancelled" in text, (running.returncode, text)
        running.stdin.close()
        assert home.json("images") == before
        home.assert_clean()


def memory_does_not_grow_with_files(home):
    os.makedirs(home.path("large"))
    with open(home.path("large/file"), "wb") as file:
        for _ in range(64):
            file.write(os.urandom(1 << 20) * 4)
    command = "ulimit -v $((600 * 1024)); exec \"$0\" append --os windows -t large:1 scratch %s" % home.path("large")
    if os.environ.get("WCL_TEST_SANITIZED"):
        return
    subprocess.run(["sh", "-c", command, WCL], env=dict(os.environ, WCL_HOME=home.home), check=True,
                   stdout=subprocess.DEVNULL)


def main():
    need_tools("bsdtar")
    with Home() as home:
        source = make_input(home.path("input"))
        same_input_same_image(home, source)
        windows_layer_is_as_promised(home)
        others_read_the_windows_layer(home)
        rights_are_settable(home, source)
        images_grow_on_images(home, source)
        spelling_in_an_image_for_windows_does_not_matter(home)
        linux_layer_is_as_the_folder(home)
        others_unpack_the_linux_image(home)
        for docker in (False, True):
            documents_stay_what_they_were(home, source, docker)
        what_cannot_be_is_refused(home, source)
        the_platform_is_what_was_said(home, source)
        memory_does_not_grow_with_files(home)
        interrupted_leaves_nothing(home)
        home.assert_clean()
    print("ok")


main()
