#!/usr/bin/env python3
"""Without root: import, export, list, convert and verify work in a home of one's own; mount says what it needs."""
import pwd

from store_common import *


def main():
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        work = tempfile.mkdtemp(prefix="wcl-e2e-")
        os.chmod(work, 0o755)
        for file in (WCL, LAYER_TAR, GENERATE):
            shutil.copy(file, work)
        os.chown(work, nobody.pw_uid, nobody.pw_gid)
        environment = dict(os.environ, WCL=os.path.join(work, "wcl"), TMPDIR=work, WCL_TEST_TAR=os.path.join(work, "layer.tar"))
        script = os.path.join(work, "test.py")
        for name in ("store_common.py", os.path.basename(__file__)):
            shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), name), work)
        try:
            done = subprocess.run(["/usr/bin/python3", os.path.join(work, os.path.basename(__file__))], env=environment,
                                  user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[], cwd=work)
        except PermissionError as error:
            skip("cannot become another user here: %s" % error)
        finally:
            shutil.rmtree(work)
        sys.exit(done.returncode)

    tar = os.environ.get("WCL_TEST_TAR", LAYER_TAR)
    with Home() as home:
        home.run("import", "-i", tar, "base")
        home.run("export", "-o", home.path("out.tar"), "base")
        assert sha256(home.path("out.tar")) == sha256(tar)
        assert len(home.entries("base")) == 51
        home.run("convert", "--to", "transport", tar, home.path("transport"))
        home.run("convert", "--to", "dir", tar, home.path("dir"))
        home.run("create", "-l", "base", "box")
        home.run("verify")
        done = home.run("mount", "box", check=False)
        assert done.returncode == 1 and b"root" in done.stderr, done.stderr
        home.run("remove", "box")
        home.run("remove", "base")
        home.assert_clean()
    print("store_without_root: passed")


main()
