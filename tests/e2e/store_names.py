#!/usr/bin/env python3
"""No way of making a Windows layer loses a file because Windows cannot have its name, or has it already in another
spelling: each refuses it, and names it. What NTFS can hold and Windows programs cannot open comes and goes as it is."""
import io
import tarfile

from store_common import *

WINDOWS = {"MSWINDOWS.fileattr": "32"}
FOLDER = dict(type=tarfile.DIRTYPE, pax_headers={"MSWINDOWS.fileattr": "16"})
BASE = [("Files", FOLDER), ("Files/Windows", FOLDER), ("Files/Windows/kept.txt", b"kept"), ("Files/data", FOLDER),
        ("Files/data/Sub", FOLDER), ("Files/data/Sub/old.txt", b"old"), ("Files/data/one.txt", b"one"),
        ("Hives", FOLDER)]
CANNOT = ["CON", "aux.txt", "LPT1", "dot.", "space ", "what?", "a*b", "<in>", 'say "hi"', "pipe|end", "back\\slash",
          "colon:", "new\nline", b"\xff"]


def tar_of(path, entries):
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, what in entries:
            info = tarfile.TarInfo(name)
            info.pax_headers = WINDOWS
            if isinstance(what, bytes):
                info.size = len(what)
            else:
                for key, value in what.items():
                    setattr(info, key, value)
            tar.addfile(info, io.BytesIO(what) if isinstance(what, bytes) else None)
    return path


def refuses(home, words, *arguments):
    done = home.run(*arguments, check=False)
    text = done.stderr.decode(errors="replace")
    assert done.returncode == 1, (arguments, done.returncode, text)
    for word in words:
        assert word in text, (arguments, word, text)


def paths(home, layer):
    return sorted(entry["path"] for entry in home.entries(layer))


# ---- Tars

def of_two_names_none_is_lost_in_an_import(home):
    for first, second in (("Files/Foo", "Files/foo"), ("Files/stra\u00dfe/\u00c4", "Files/stra\u00dfe/\u00e4")):
        tar_of(home.path("bad.tar"), BASE + [(first, b"1"), (second, b"2")])
        refuses(home, [first, second, "case"], "import", "-i", home.path("bad.tar"), "bad")
    tar_of(home.path("bad.tar"), BASE + [("Files/WINDOWS", FOLDER)])
    refuses(home, ["Files/WINDOWS", "Files/Windows"], "import", "-i", home.path("bad.tar"), "bad")
    link = dict(type=tarfile.LNKTYPE, linkname="Files/data/one.txt")
    tar_of(home.path("bad.tar"), BASE + [("Files/data/ONE.txt", link)])
    refuses(home, ["Files/data/ONE.txt", "Files/data/one.txt"], "import", "-i", home.path("bad.tar"), "bad")
    for name in ("Files/a?b", "Files/a|b", 'Files/a"b', "Files/<a>", "Files/a*"):
        tar_of(home.path("bad.tar"), BASE + [(name, b"")])
        refuses(home, [name], "import", "-i", home.path("bad.tar"), "bad")


def what_exists_is_imported_and_converted_as_it_is(home):
    """A path twice, a folder implied in another spelling, a parent's file in another spelling: nothing gets lost. Names
    that only \\\\?\\ reaches stay what they are."""
    names = ["Files/CON", "Files/dot.", "Files/space ", "Files/nul.txt"]
    tar_of(home.path("odd.tar"), BASE + [(name, name.encode()) for name in names])
    home.run("import", "-i", home.path("odd.tar"), "odd")
    assert set(names) <= set(paths(home, "odd"))
    for form in ("transport", "dir"):
        home.run("convert", "--to", form, home.path("odd.tar"), home.path("odd." + form))
        home.run("convert", "--to", "oci", home.path("odd." + form), home.path("odd-again.tar"))
        home.run("import", "-i", home.path("odd-again.tar"), "again-" + form)
        assert paths(home, "again-" + form) == paths(home, "odd")
    tar_of(home.path("twice.tar"), BASE + [("Files/data/one.txt", b"later"), ("Files/WINDOWS/more.txt", b"more")])
    home.run("import", "-i", home.path("twice.tar"), "twice")
    assert "Files/Windows/more.txt" in [e["path"] for e in home.entries("twice", "--merged")]
    tar_of(home.path("up.tar"), [("Files", FOLDER), ("Files/DATA", FOLDER), ("Files/DATA/ONE.TXT", b"mine"), ("Hives", FOLDER)])
    home.run("import", "-l", "odd", "-i", home.path("up.tar"), "above")
    assert home.run("verify", check=False).returncode == 0


def verify_finds_what_was_lost(home):
    """A layer as it was imported when the later of two names just took the place of the earlier."""
    tar_of(home.path("kept.tar"), BASE + [("Files/.wh..wh.x", b"1"), ("Files/foo", b"2")])
    lossy = tar_of(home.path("lossy.tar"), BASE + [("Files/Foo", b"1"), ("Files/foo", b"2")])
    home.run("import", "-i", home.path("kept.tar"), "lossy")
    place = os.path.join(home.home, "lossy")
    with open(os.path.join(place, "layer.json")) as file:
        record = json.load(file)
    record["diff_id"] = "sha256:" + sha256(lossy)
    shutil.copyfile(lossy, os.path.join(place, "layer.tar"))
    with open(os.path.join(place, "layer.json"), "w") as file:
        json.dump(record, file)
    done = home.run("verify", "lossy", check=False)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode != 0 and "lost" in said and "Files/Foo" in said and "Files/foo" in said, said
    home.run("remove", "lossy")


def conversion_loses_none(home):
    """A folder for people keeps both, and can be mended there."""
    tar_of(home.path("bad.tar"), BASE + [("Files/Foo", b"1"), ("Files/foo", b"2")])
    for form in ("oci", "transport"):
        refuses(home, ["Files/foo", "'Foo'"], "convert", "--to", form, home.path("bad.tar"), home.path("bad"))
        assert not os.path.exists(home.path("bad"))
    home.run("convert", "--to", "dir", home.path("bad.tar"), home.path("both"))
    assert {"Foo", "foo"} <= set(os.listdir(home.path("both", "Files")))
    refuses(home, ["Files/foo", "'Foo'"], "convert", "--to", "oci", home.path("both"), home.path("bad"))
    os.unlink(home.path("both", "Files/foo"))
    home.run("convert", "--to", "oci", home.path("both"), home.path("mended.tar"))


def names_of_a_folder_are_checked(home):
    def fill(*names):
        shutil.rmtree(home.path("made"), ignore_errors=True)
        os.makedirs(home.path("made", "Files"))
        os.mkdir(home.path("made", "Hives"))
        for name in names:
            with open(os.path.join(os.fsencode(home.path("made", "Files")), os.fsencode(name)), "w") as file:
                file.write("x")

    convert = ["convert", "--to", "oci", home.path("made"), home.path("made.tar")]
    fill("good", "CONsole", ".hidden")
    home.run(*convert)
    os.unlink(home.path("made.tar"))
    for name in CANNOT:
        fill(name)
        refuses(home, ["Files/"], *convert)
        assert not os.path.exists(home.path("made.tar")), name
    fill("Foo", "foo")
    refuses(home, ["Files/foo", "'Foo'"], *convert)


# ---- Sandboxes

class Sandbox:
    def __init__(self, home):
        self.home = home

    def __enter__(self):
        self.home.run("create", "-l", "base", "box")
        self.place = os.fsencode(self.home.mount("box"))
        return self

    def at(self, name):
        return os.path.join(self.place, os.fsencode(name))

    def write(self, name):
        with open(self.at(name), "wb") as file:
            file.write(os.fsencode(name))

    def __exit__(self, *_):
        self.home.run("unmount", "box", check=False)
        self.home.run("remove", "box")

    def refused(self, *words):
        self.home.run("unmount", "box")
        refuses(self.home, words, "export", "-o", self.home.path("box.tar"), "box")
        assert not os.path.exists(self.home.path("box.tar"))

    def imported(self):
        """What the sandbox's export is on the base, merged."""
        self.home.run("unmount", "box")
        self.home.run("export", "-o", self.home.path("box.tar"), "box")
        self.home.run("import", "-l", "base", "-i", self.home.path("box.tar"), "up")
        found = sorted(e["path"] for e in self.home.entries("up", "--merged"))
        self.home.run("remove", "up")
        os.unlink(self.home.path("box.tar"))
        return found


def sandboxes_refuse_what_windows_cannot_have(home):
    for name in CANNOT:
        with Sandbox(home) as box:
            box.write(name)
            box.refused("box")
    for name in ("data/one.txt", "CONsole", "data/.x"):
        with Sandbox(home) as box:
            box.write(name)
            assert "Files/" + name in box.imported()


def sandboxes_refuse_two_names_that_are_one(home):
    with Sandbox(home) as box:
        box.write("Foo")
        box.write("foo")
        box.refused("'Foo'", "Files/foo")
    with Sandbox(home) as box:  # new beside what is below
        os.mkdir(box.at("WINDOWS"))
        box.refused("'Windows'", "Files/WINDOWS")
    with Sandbox(home) as box:
        box.write("data/ONE.txt")
        box.refused("'one.txt'", "Files/data/ONE.txt")
    with Sandbox(home) as box:  # a changed one beside a new one
        box.write("data/one.txt")
        box.write("data/One.txt")
        box.refused("one.txt", "Files/data/")
    with Sandbox(home) as box:  # in a new folder
        os.mkdir(box.at("fresh"))
        box.write("fresh/a")
        box.write("fresh/A")
        box.refused("Files/fresh/")


def below_data(found):
    return [path.lower() for path in found if path.lower().startswith("files/data")]


def sandboxes_may_rename_to_another_case(home):
    """What had the name is gone, also what was in a folder of it."""
    with Sandbox(home) as box:
        os.rename(box.at("data/one.txt"), box.at("data/ONE.txt"))
        os.unlink(box.at("data/Sub/old.txt"))
        os.rmdir(box.at("data/Sub"))
        os.mkdir(box.at("data/SUB"))
        box.write("data/SUB/new.txt")
        found = box.imported()
        assert "Files/data/ONE.txt" in found
        assert below_data(found) == ["files/data", "files/data/one.txt", "files/data/sub", "files/data/sub/new.txt"], found
    with Sandbox(home) as box:  # a whole folder, and names in it too
        shutil.rmtree(box.at("data"))
        os.makedirs(box.at("DATA/SUB"))
        box.write("DATA/SUB/other.txt")
        found = box.imported()
        assert below_data(found) == ["files/data", "files/data/sub", "files/data/sub/other.txt"], found


def main():
    need_root()
    with Home() as home:
        tar_of(home.path("base.tar"), BASE)
        home.run("import", "-i", home.path("base.tar"), "base")
        for test in (of_two_names_none_is_lost_in_an_import, what_exists_is_imported_and_converted_as_it_is,
                     verify_finds_what_was_lost, conversion_loses_none, names_of_a_folder_are_checked, sandboxes_refuse_what_windows_cannot_have,
                     sandboxes_refuse_two_names_that_are_one, sandboxes_may_rename_to_another_case):
            test(home)
            print("store_names:", test.__name__)
        home.assert_clean()
    print("store_names: passed")


main()
