#!/usr/bin/env python3
"""wcl inspect --html: the page's numbers are those that the layers' tars say, one can walk through it by mouse and keys,
nothing in a name does anything, and it stays quick with 100,000 files."""
import io
import tarfile
import time

import browser
from store_common import *

HOSTILE = ["<img src=x onerror=window.pwned=1>", "\"'><svg onload=window.pwned=2>", "<!--<script>", "]]>&amp;&lt;",
           "{{data}}", "invoice\u202egnp.exe", "new\nline\x1b[31m", "__proto__", "constructor", "\u05d0\u05d1\u05d2.txt"]
BY = "</script><script>window.pwned=3</script><b title='\">"


# ---- Images ---------------------------------------------------------------------------------------------------------

def make_tar(entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, kind, value in entries:
            member = tarfile.TarInfo(name)
            member.type = {"d": tarfile.DIRTYPE, "l": tarfile.SYMTYPE, "h": tarfile.LNKTYPE}.get(kind, tarfile.REGTYPE)
            member.linkname = value if kind in "lh" else ""
            member.size = value if kind == "f" else 0
            tar.addfile(member, io.BytesIO(bytes(member.size)))
    return out.getvalue()


def add_blob(layout, data):
    digest = hashlib.sha256(data).hexdigest()
    with open(os.path.join(layout, "blobs/sha256", digest), "wb") as file:
        file.write(data)
    return {"digest": "sha256:" + digest, "size": len(data)}


def make_image(home, name, tars):
    layout = home.path("layout-" + name)
    os.makedirs(os.path.join(layout, "blobs/sha256"))
    config = {"architecture": "amd64", "os": "linux", "config": {}, "history": [{"created_by": BY} for _ in tars],
              "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(tar).hexdigest() for tar in tars]}}
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": dict(add_blob(layout, json.dumps(config).encode()),
                               mediaType="application/vnd.oci.image.config.v1+json"),
                "layers": [dict(add_blob(layout, tar), mediaType="application/vnd.oci.image.layer.v1.tar") for tar in tars]}
    described = dict(add_blob(layout, json.dumps(manifest).encode()), mediaType=manifest["mediaType"])
    json.dump({"schemaVersion": 2, "manifests": [described]}, open(os.path.join(layout, "index.json"), "w"))
    open(os.path.join(layout, "oci-layout"), "w").write('{"imageLayoutVersion":"1.0.0"}')
    home.run("load", "-i", layout, "--name", name + ":1")
    return name + ":1"


def linux_tars():
    base = [("etc", "d", 0), ("etc/passwd", "f", 1500), ("etc/link", "l", "passwd"), ("usr", "d", 0), ("usr/lib", "d", 0)]
    base += [("usr/lib/lib%d.so" % i, "f", 10_000 + 777 * i) for i in range(60)]
    base += [("cache", "d", 0), ("cache/a", "f", 400_000), ("cache/sub", "d", 0), ("cache/sub/b", "f", 300_000),
             ("turns", "d", 0), ("turns/inner", "f", 5_000), ("one-name", "f", 70_000), ("two-names", "h", "one-name"),
             ("opaque", "d", 0), ("opaque/old", "f", 9_000), ("data.bin", "f", 250_000)]
    second = [("usr/lib/lib%d.so" % i, "f", 11_111) for i in range(0, 60, 7)]
    second += [("etc/.wh.link", "f", 0), (".wh.cache", "f", 0), ("turns", "f", 123), ("one-name", "f", 80_000),
               ("opaque", "d", 0), ("opaque/.wh..wh..opq", "f", 0), ("opaque/new", "f", 4_000), ("data.bin", "f", 260_000)]
    third = [("evil", "d", 0)] + [("evil/" + name, "f", 1000 + 10 * i) for i, name in enumerate(HOSTILE)]
    third += [(".wh.two-names", "f", 0), ("data.bin", "f", 270_000), ("</script><script>window.pwned=4<", "d", 0),
              ("</script><script>window.pwned=4</script>", "f", 50), (".wh.never", "f", 0), ("implied/deep/file", "f", 31)]
    return [make_tar(layer) for layer in (base, second, third)]


# ---- The same numbers, found another way ----------------------------------------------------------------------------

def analyse(tars, caseless=False):
    """What each layer does, by the rules of OCI's layers, from the tars' own listings."""
    key = (lambda path: path.upper()) if caseless else (lambda path: path)
    live, versions, layers, hidden = {}, [], [], []

    def end(path, below_only=False):
        for other in [p for p in live if p.startswith(path + "/") or (p == path and not below_only)]:
            version = live.pop(other)
            version["names"][0] -= 1
            if version["names"][0] == 0:
                hidden[-1] += [(v["path"], v["size"]) for v in versions if v["names"] is version["names"]]

    for number, data in enumerate(tars):
        hidden.append([])
        sums = dict(added=0, changed=0, deleted=0, wasted=0)
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            members = [(member.name.strip("/"), member) for member in tar]
        for path, _ in members:
            folder, base = os.path.split(path)
            if base == ".wh..wh..opq":
                end(key(folder), below_only=True)
            elif base.startswith(".wh."):
                end(key(os.path.join(folder, base[4:])))
            else:
                continue
            sums["deleted"] += 1
        made = {}
        for path, member in members:
            if os.path.basename(path).startswith(".wh."):
                continue
            if ":" in os.path.basename(path) and caseless:
                made[path.rpartition(":")[0]]["size"] += member.size
                continue
            known = live.get(key(path))
            if known and known["folder"] and member.isdir():
                continue
            if known and known["folder"]:
                end(key(path), below_only=True)
            if known:
                end(key(path))
            version = {"layer": number, "path": path, "size": member.size if member.isreg() else 0,
                       "folder": member.isdir(), "names": [0]}
            if member.islnk():
                version["names"] = made[member.linkname]["names"]
            version["names"][0] += 1
            live[key(path)] = made[path] = version
            versions.append(version)
            if not member.isdir():
                sums["changed" if known else "added"] += 1
        layers.append(sums)
    for version in versions:
        if version["names"][0] == 0:
            layers[version["layer"]]["wasted"] += version["size"]
    size = sum(version["size"] for version in versions)
    wasted = sum(sums["wasted"] for sums in layers)
    return {"layers": layers, "versions": versions, "size": size, "wasted": wasted,
            "hidden": hidden, "files": sum(not version["folder"] for version in versions)}


def folder_sizes(found, folder):
    """Of each name in a folder the bytes of all versions of it and what is in it."""
    sizes = {}
    for version in found["versions"]:
        if version["path"].startswith(folder + "/" if folder else ""):
            rest = version["path"][len(folder) + 1 if folder else 0:]
            name = rest.split("/")[0]
            sizes[name] = sizes.get(name, 0) + version["size"]
    return sizes


# ---- The page -------------------------------------------------------------------------------------------------------

FIGURES = """return [...document.querySelectorAll('#layers button')].slice(1).map((button) => Object.fromEntries(
  [...button.querySelectorAll('[data-figure]')].map((one) => [one.dataset.figure, +one.dataset.value])))"""
ROWS = """return [...document.querySelectorAll('#table tbody tr')].map((row) =>
  [row.cells[0].querySelector('bdi').textContent, +row.cells[1].dataset.value])"""
CRUMBS = "return [...document.querySelectorAll('#crumbs li')].map((one) => one.textContent)"


def shown(name):
    return "".join("\\u%04x" % ord(c) if ord(c) < 32 or c == "\u202e" else c for c in name)


def page_url(home, image, name):
    home.run("inspect", "--html", home.path(name), image)
    return "file://" + home.path(name)


def numbers_are_the_tars_own(page, found):
    value = lambda name: page.run("return +document.getElementById(arguments[0]).dataset.value", name)
    assert page.run(FIGURES) == found["layers"], (page.run(FIGURES), found["layers"])
    assert value("size") == found["size"] and value("wasted") == found["wasted"], (value("wasted"), found["wasted"])
    assert value("remaining") == found["size"] - found["wasted"]
    assert abs(value("efficiency") - (1 - found["wasted"] / found["size"])) < 1e-9
    assert "%s files" % format(found["files"], ",") in page.run("return document.getElementById('size').textContent")
    rows = dict(page.run(ROWS))
    for name, size in folder_sizes(found, "").items():
        assert rows[name] == size if name in rows else rows[name + "/"] == size, (name, size, rows)


def crumbs_become(page, expected):
    deadline = time.monotonic() + 10
    while page.run(CRUMBS) != expected:
        assert time.monotonic() < deadline, (page.run(CRUMBS), expected)
        time.sleep(0.05)


def one_can_walk_through_it(page, found):
    tile = lambda name: page.run("""return document.querySelector('#map').querySelectorAll('.folder').values().find(
        (tile) => tile.querySelector('.label')?.textContent === arguments[0]).dataset.node""", name)
    page.click_at("#map [data-node='%s']" % tile("usr/"), 12, 9)
    crumbs_become(page, ["root", "usr"])
    page.click("#table .open")
    crumbs_become(page, ["root", "usr", "lib"])
    assert dict(page.run(ROWS)) == folder_sizes(found, "usr/lib")
    sizes = [size for _, size in page.run(ROWS)]
    assert sizes == sorted(sizes, reverse=True)
    page.click("#table [data-column=name] button")
    names = [name for name, _ in page.run(ROWS)]
    assert names == sorted(names) and len(names) == 60
    assert page.run("return document.querySelector('[data-column=name]').getAttribute('aria-sort')") == "ascending"
    page.click("#table [data-column=name] button")
    assert [name for name, _ in page.run(ROWS)] == names[::-1]
    page.click("#table [data-column=wasted] button")
    wasted = page.run("return [...document.querySelectorAll('#table td.column-wasted')].map((cell) => +cell.dataset.value)")
    assert wasted == sorted(wasted, reverse=True) and sum(bool(size) for size in wasted) == 9
    page.click("#crumbs li:nth-child(2) button")
    crumbs_become(page, ["root", "usr"])
    page.back()
    crumbs_become(page, ["root", "usr", "lib"])
    page.click("#up")
    page.click("#crumbs button")
    crumbs_become(page, ["root"])
    # One layer alone.
    page.click("#layers [data-layer='2']")
    assert page.run("return document.querySelectorAll('#layers [aria-current=true]').length") == 1
    rows = dict(page.run(ROWS))
    assert rows["data.bin"] == 260_000 and rows["cache/"] == 0 and "etc/" in rows, rows
    assert "evil/" not in rows
    hidden = page.run("""return [...document.querySelectorAll('#table td.column-hidden')].map(
        (cell) => [+cell.dataset.value, cell.getBoundingClientRect().width > 20])""")
    tagged = page.run("return [...document.querySelectorAll('#table .tag')].map((tag) => tag.closest('td').textContent)")
    assert tagged == ["cache/deleted"], tagged
    assert sum(size for size, _ in hidden) == sum(size for name, size in found["hidden"][1]), (hidden, found["hidden"])
    assert all(seen for _, seen in hidden)
    page.click("#layers [data-layer=all]")


def keys_reach_everything(page):
    page.run("document.querySelector('#map [tabindex=\"0\"]').focus()")
    here = "return document.activeElement.dataset.node"
    first = page.run(here)
    page.keys([browser.RIGHT])
    assert page.run(here) != first, "an arrow key moves to another tile"
    page.keys([browser.LEFT])
    page.run("document.querySelector('#map .folder').focus()")
    page.keys([browser.ENTER])
    assert len(page.run(CRUMBS)) > 1, "Enter opens a folder"
    assert page.run("return document.activeElement.closest('#map') !== null"), "the focus stays in the map"
    page.keys([browser.BACKSPACE])
    while len(page.run(CRUMBS)) > 1:
        page.keys([browser.BACKSPACE])
    unreachable = page.run("""return [...document.querySelectorAll('a, button:not(.tile)')].filter(
        (one) => one.tabIndex < 0 && !one.disabled).length""")
    assert unreachable == 0
    nameless = page.run("""return [...document.querySelectorAll('button')].filter(
        (one) => !(one.textContent.trim() || one.getAttribute('aria-label'))).length""")
    assert nameless == 0


def names_do_nothing(page):
    page.click("#layers [data-layer='3']")
    page.run("""[...document.querySelectorAll('#table .open')].find((one) => one.textContent === 'evil/').click()""")
    crumbs_become(page, ["root", "evil"])
    names = [name for name, _ in page.run(ROWS)]
    assert sorted(names) == sorted(shown(name) for name in HOSTILE), names
    assert page.run("return document.querySelectorAll('img, svg, iframe, object, script').length") == 2
    assert page.run("return window.pwned === undefined && ({}).size === undefined")
    by = page.run("return document.querySelector('#layers [data-layer=\"3\"] .by').textContent")
    assert by == BY, by
    page.click("#layers [data-layer=all]")


def page_is_alone(page):
    assert page.run("return performance.getEntriesByType('resource').length") == 0, "it asked for something"
    log = page.console()
    assert not log, log
    # And what somebody might yet bring in is not run.
    page.run("""document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="window.pwned=5">');
        const script = document.createElement('script'); script.textContent = 'window.pwned = 6'; document.body.append(script)""")
    time.sleep(0.3)
    assert page.run("return window.pwned === undefined")
    page.console()


def fits_every_screen(page, url):
    colours = set()
    for scheme in ("light", "dark"):
        page.cdp("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        colours.add(page.run("return getComputedStyle(document.body).backgroundColor"))
    assert len(colours) == 2, colours
    for width in (320, 375, 768, 1920):
        page.resize(width, 800)
        page.open(url)
        wide, window = page.run("return [document.scrollingElement.scrollWidth, innerWidth]")
        assert wide <= window, (width, wide, window)
        assert page.run("return document.querySelectorAll('#map .tile').length") > 3
    page.resize(1280, 1000)


def windows_images_count_too(home, page):
    os.makedirs(home.path("one/Sub"))
    os.makedirs(home.path("two/sub"))
    for name, size in (("one/a.txt", 5000), ("one/Sub/b.bin", 90_000), ("one/gone", 40_000), ("two/A.TXT", 6000),
                       ("two/sub/c", 70)):
        open(home.path(name), "wb").write(bytes(size))
    home.run("append", "--os", "windows", "--to", "/app", "-t", "win:1", "scratch", home.path("one"))
    home.run("append", "--to", "/APP", "--delete", "/app/gone", "-t", "win:2", "win:1", home.path("two"))
    tars = []
    for layer in home.json("inspect", "win:2")["layers"]:
        tars.append(home.run("export", "-o", "-", layer["id"]).stdout)
    page.open(page_url(home, "win:2", "windows.html"))
    found = analyse(tars, caseless=True)
    assert found["wasted"] == 45_000
    numbers_are_the_tars_own(page, found)
    assert not page.console()


def large_images_stay_quick(home, page):
    entries = []
    for i in range(500):
        entries.append(("big/%03d" % i, "d", 0))
        entries += [("big/%03d/a-file-of-a-name-%05d.txt" % (i, j), "f", 1 + j % 7) for j in range(200)]
    first = make_tar([("big", "d", 0)] + entries)
    second = make_tar([entry for entry in entries[::5] if entry[1] == "f"])
    image = make_image(home, "large", [first, second])
    began = time.monotonic()
    url = page_url(home, image, "large.html")
    written = time.monotonic() - began
    began = time.monotonic()
    page.open(url)
    opened = time.monotonic() - began
    assert "%s files" % format(100_000 + len(entries[::5]) - sum(e[1] == "d" for e in entries[::5]), ",") in \
        page.run("return document.getElementById('size').textContent")
    began = time.monotonic()
    page.click("#layers [data-layer='2']")
    page.click("#table .open")
    clicked = time.monotonic() - began
    size = os.path.getsize(home.path("large.html"))
    print("100,000 files: page of %.1f MB written in %.2f s, opened in %.2f s, two clicks in %.2f s" %
          (size / 1e6, written, opened, clicked))
    assert size < 12_000_000 and written < 20 and opened < 20 and clicked < 10
    assert not page.console()


def errors_leave_nothing(home):
    done = home.run("inspect", "--html", home.path("no/such/folder.html"), "linux:1", check=False)
    assert done.returncode == 1 and b"folder.html" in done.stderr, done.stderr
    done = home.run("inspect", "--html", home.path("none.html"), "none:1", check=False)
    assert done.returncode == 1 and b"none:1" in done.stderr and not os.path.exists(home.path("none.html"))
    assert home.run("inspect", "--html", "-", "linux:1").stdout == open(home.path("linux.html"), "rb").read()


def main():
    reason = browser.missing()
    if reason:
        skip(reason)
    with Home() as home, browser.Browser() as page:
        tars = linux_tars()
        url = page_url(home, make_image(home, "linux", tars), "linux.html")
        page.open(url)
        found = analyse(tars)
        numbers_are_the_tars_own(page, found)
        one_can_walk_through_it(page, found)
        keys_reach_everything(page)
        names_do_nothing(page)
        page_is_alone(page)
        fits_every_screen(page, url)
        windows_images_count_too(home, page)
        large_images_stay_quick(home, page)
        errors_leave_nothing(home)
        home.assert_clean()
    print("ok")


main()
