"""wcl.exe under Wine beside the wcl of this system."""
import os
import subprocess
import sys
import tempfile

WINDOWS = os.environ["WCL"]
LINUX = os.path.join(os.environ["WCL_LINUX_BUILD"], "cli", "wcl")
WINE = os.environ["WCL_WINE"]
SOURCE = os.environ["WCL_SOURCE"]
LAYER_TAR = os.path.join(SOURCE, "tests/data/vectors/layer.tar")
# Wine takes arguments in the locale's character set.
WINE_ENVIRONMENT = dict(os.environ, WINEPREFIX=os.path.join(os.environ["WCL_BUILD"], "wine"), WINEDEBUG="-all",
                        LC_ALL="C.UTF-8", WCL_PROVIDER="store")

if not os.access(LINUX, os.X_OK):
    print(f"skipped: there is no {LINUX} to compare with; build it, or name another with WCL_LINUX_BUILD")
    sys.exit(77)


def windows_path(path):
    return "Z:" + path


def run_once(command, environment, given):
    # Files, since Wine's own helpers may hold a pipe open for longer than the program runs.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        done = subprocess.run(command, env=environment, input=given, stdout=out, stderr=err, timeout=120)
        out.seek(0)
        err.seek(0)
        return done, out.read(), err.read()


def run(command, environment, fails, given):
    done, output, complaint = run_once(command, environment, given)
    # wcl never fails without a word; Under load Wine was seen to end one so. Twice is a failure.
    if done.returncode == 1 and not output and not complaint and command[0] == WINE:
        print("Wine ended it without a word:", command, flush=True)
        done, output, complaint = run_once(command, environment, given)
    assert (done.returncode != 0) == fails, (command, done.returncode, output[-2000:], complaint[-2000:])
    return complaint.decode() if fails else output


def windows(*arguments, fails=False, given=b""):
    """What wcl.exe prints; with `fails`, how it complains."""
    return run([WINE, WINDOWS, *arguments], WINE_ENVIRONMENT, fails, given)


def linux(*arguments, fails=False, given=b""):
    return run([LINUX, *arguments], dict(os.environ, WCL_PROVIDER="store"), fails, given)


def folder():
    return tempfile.TemporaryDirectory(prefix="wcl-windows-")


def same_file(a, b):
    return subprocess.run(["cmp", a, b]).returncode == 0
