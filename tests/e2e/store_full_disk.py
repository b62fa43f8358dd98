#!/usr/bin/env python3
"""A full disk: a clear error and nothing left, and with room the same import works."""
from store_common import *


def main():
    need_tools("mkfs.ext4")
    need_root()
    with Home() as outer:
        image, where = outer.path("disk.img"), outer.path("disk")
        with open(image, "wb") as file:
            file.truncate(40 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
        os.mkdir(where)
        done = subprocess.run(["mount", "-o", "loop", image, where], stderr=subprocess.PIPE)
        if done.returncode:
            skip("no loop device can be mounted: " + done.stderr.decode())
        try:
            home = Home(where)
            generate(outer.path("base.tar.gz"), seed=8, entries=500, bytes=24_000_000, base=True, compression="gzip")
            filler = os.path.join(where, "filler")
            for free in (1, 5, 10, 15):
                with open(filler, "wb") as file:
                    info = os.statvfs(where)
                    file.write(b"\0" * max(0, info.f_bavail * info.f_frsize - (free << 20)))
                done = home.run("import", "-i", outer.path("base.tar.gz"), "base", check=False)
                os.remove(filler)
                text = done.stderr.decode()
                assert done.returncode == 1 and "No space left" in text and "code 112" in text, (free, done)
                assert not os.path.exists(os.path.join(home.home, "base"))
                assert not os.listdir(os.path.join(home.home, ".staging"))
            home.run("import", "-i", outer.path("base.tar.gz"), "base")
            done = home.run("export", "-o", os.path.join(where, "out.tar"), "base", check=False)
            text = done.stderr.decode()
            assert done.returncode == 1 and "No space left" in text and "code 112" in text, done
            assert not [name for name in os.listdir(where) if name.startswith("out")], os.listdir(where)
            home.assert_clean()
        finally:
            subprocess.run(["umount", where], check=True)
    print("store_full_disk: passed")


main()
