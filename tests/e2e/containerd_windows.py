#!/usr/bin/env python3
"""Images for Windows on a containerd of Linux: pulled, mounted and pushed with their digests, and what they show is what
their tars say, whatever the case of names."""
from containerd_common import *

# As the transfer service must be told: which snapshotter images of that platform are unpacked with.
UNPACK = '''
[[plugins."io.containerd.transfer.v1.local".unpack_config]]
  platform = "windows/amd64"
  snapshotter = "wcl"
  differ = "wcl-diff"
'''


def windows_image(folder):
    image = Image("windows", os_version="10.0.20348.2227")
    image.tars = []
    for name, how, options in (("base", "gzip", {"seed": 5, "entries": 700, "bytes": "2M", "base": True}),
                               ("child", "zstd", {"seed": 7, "child": 5, "parent-entries": 700, "entries": 300, "bytes": "1M"})):
        path = os.path.join(folder, name + ".tar")
        generate(path, **options)
        with open(path, "rb") as file:
            image.tars.append(file.read())
        image.add(image.tars[-1], how)
    image.tars.append(tar_of({"Files": None, "Files/Own": None, "Files/Own/File.txt": b"first\n", "Hives": None}))
    image.tars.append(tar_of({"Files": None, "Files/OWN": None, "Files/OWN/FILE.TXT": b"second\n", "Hives": None}))
    for tar in image.tars[2:]:
        image.add(tar)
    return image.make()


def files_of(tars):
    """{path, in capitals: content} of the files that are there in the end, for those that hold their content."""
    files = {}

    def remove(path):
        for other in [other for other in files if other == path or other.startswith(path + "/")]:
            del files[other]

    for data in tars:
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            members = tar.getmembers()
            for member in members:
                folder, _, name = member.name.upper().rpartition("/")
                if name.startswith(".WH."):
                    remove(folder + "/" + name[4:])
            for member in members:
                path = member.name.upper()
                if "/.WH." in path or ":" in path:
                    continue
                if member.isreg() or member.islnk():
                    files[path] = tar.extractfile(member).read()
    return files


def files_below(where):
    seen = {}
    for folder, _, names in os.walk(where):
        for path in (os.path.join(folder, name) for name in names):
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as file:
                    seen["FILES/" + os.path.relpath(path, where).upper()] = file.read()
    return seen


def shows_what_its_tars_say(bench, reference, image):
    where = tempfile.mkdtemp(dir=bench.work)
    mount = ("--platform", "windows/amd64", "--snapshotter", "wcl", reference, where)
    bench.containerd.ctr("images", "mount", *mount)
    try:
        seen = files_below(where)
        assert os.listdir(where + "/Own") == ["FILE.TXT"], os.listdir(where + "/Own")
    finally:
        bench.containerd.ctr("images", "unmount", "--rm", "--snapshotter", "wcl", where)
    expected = {path: data for path, data in files_of(image.tars).items() if path.startswith("FILES/")}
    assert seen.keys() == expected.keys(), sorted(seen.keys() ^ expected.keys())[:20]
    assert seen == expected, [path for path in seen if seen[path] != expected[path]][:20]
    assert len(seen) > 500, len(seen)


def is_pushed_with_its_digests(bench, reference, image):
    other = bench.registry.name("pushed", "again")
    bench.containerd.ctr("images", "tag", reference, other)
    bench.containerd.ctr("images", "push", "--plain-http", "--platform", "windows/amd64", other)
    assert digest_of(bench.registry.manifest("pushed", "again")) == image.digest
    assert all(bench.registry.has_blob("pushed", layer["digest"]) for layer in image.layers)
    bench.containerd.ctr("images", "rm", "--sync", other)


def layers_leave_as_they_came(bench, image):
    """The diff of a snapshot that was applied is the tar, to the byte; of one that was written to, what was written."""
    ctr = lambda *arguments: bench.containerd.ctr("snapshots", "--snapshotter", "wcl", *arguments)
    for chain, tar in zip(chain_ids(image), image.tars):
        assert gzip.decompress(ctr("diff", chain).stdout) == tar
    where = tempfile.mkdtemp(dir=bench.work)
    ctr("prepare", "written", chain_ids(image)[-1])
    for command in ctr("mounts", where, "written").stdout.decode().splitlines():
        subprocess.run(command.split(), check=True)
    with open(where + "/Own/New.txt", "w") as file:
        file.write("new")
    os.unlink(where + "/Own/FILE.TXT")
    subprocess.run(["umount", where], check=True)
    ctr("commit", "kept", "written")
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(ctr("diff", "kept").stdout))) as tar:
        assert sorted(tar.getnames()) == ["Files", "Files/Own", "Files/Own/.wh.FILE.TXT", "Files/Own/New.txt", "Hives"], \
            tar.getnames()
    ctr("rm", "kept")


def main():
    need_peers("containerd", "ctr", "containerd-shim-runc-v2")
    with Bench(UNPACK) as bench:
        image = windows_image(bench.work)
        reference = put(bench.registry, os.path.join(bench.work, "layout"), image, "windows")
        for options in ((), ("--local",)):
            bench.pull(reference, "wcl", "--platform", "windows/amd64", *options)
            assert chain_ids(image)[-1] in bench.containerd.snapshots()
            shows_what_its_tars_say(bench, reference, image)
            layers_leave_as_they_came(bench, image)
            is_pushed_with_its_digests(bench, reference, image)
            subprocess.run([WCL, "verify", "--home", bench.snapshotter.home], check=True)
            bench.containerd.ctr("images", "rm", "--sync", reference)
            bench.assert_nothing_left()
    print("containerd_windows: ok")


main()
