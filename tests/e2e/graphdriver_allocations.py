#!/usr/bin/env python3
"""Each allocation of the graph driver's server fails once in a short life: a request is answered, with words where it
fails, the server goes on, and what it left is no hindrance to the next; one that cannot begin ends with status 1 and a
message.

WCL_TEST_ALLOCATIONS (16) of them are tried, spread over all; 0: all of them."""
from allocation_common import *
from graphdriver_common import *

MOST = int(os.environ.get("WCL_TEST_ALLOCATIONS", "16"))


lives = []


class Life:
    """A server from its beginning to its end, in a home of the test's."""

    def __init__(self, work):
        self.work = work
        self.plugin = Plugin(work, socket_path=os.path.join(work, "plugin.sock"))
        self.failures = []

    def begin(self, **environment):
        """False where it ended at once, as it may without memory."""
        with open(self.plugin.log, "wb") as log:
            self.plugin.process = subprocess.Popen(
                [WCL, "graphdriver", "--socket", self.plugin.socket, "-v", "--home", os.path.join(self.work, "plugin")],
                stdout=log, stderr=log, env=dict(os.environ, **environment))
        wait_for("the socket or the end", lambda: self.plugin.process.poll() is not None or self.serves())
        return self.plugin.process.poll() is None

    def serves(self):
        try:
            self.plugin.call("Plugin.Activate")
            return True
        except (OSError, http.client.HTTPException):
            return False
        except PluginError as error:
            self.failures.append(str(error))
            return True

    def attempt(self, request, *arguments, **more):
        try:
            return request(*arguments, **more)
        except PluginError as error:
            self.failures.append(error.text)
        except (OSError, http.client.HTTPException) as error:
            # A stream that breaks off says so in the log alone.
            self.failures.append("%r: %s" % (error, self.said().splitlines()[-1:]))
            assert "memory" in self.said(), (error, self.said())
        return None

    def said(self):
        with open(self.plugin.log, errors="replace") as log:
            return log.read()

    def live(self):
        plugin = self.plugin
        self.attempt(plugin.init, os.path.join(self.work, "driver"), Opts=[])
        self.attempt(plugin.driver, "Create", "base")
        self.attempt(plugin.apply, "base", "", make_tar(("file", b"text" * 1000)))
        self.attempt(plugin.driver, "CreateReadWrite", "box", "base")
        self.attempt(plugin.driver, "Get", "box", MountLabel="")
        self.attempt(plugin.driver, "Put", "box")
        self.attempt(plugin.changes, "box", "base")
        self.attempt(plugin.diff, "box", "base")
        for name in ("box", "base"):
            self.attempt(plugin.driver, "Remove", name)

    def end(self):
        assert self.plugin.process.poll() is None, "the server ended: " + self.said()[-2000:]
        self.attempt(self.plugin.call, "GraphDriver.Cleanup")
        self.plugin.stop()


def clear(work):
    unmount_below(work)
    for name in ("plugin", "driver"):
        shutil.rmtree(os.path.join(work, name), ignore_errors=True)


def one(work, number):
    """Whether a request failed, or the beginning."""
    clear(work)
    life = Life(work)
    lives.append(life)
    if not life.begin(**failing(number)):
        assert life.plugin.process.returncode == 1 and life.said().strip(), (number, life.plugin.process.returncode)
        return True
    life.live()
    life.end()
    assert all(text.strip() for text in life.failures), (number, life.failures)
    # The next server, on what that one left; what could not be removed then is removed now.
    after = Life(work)
    lives.append(after)
    assert after.begin(), after.said()
    if life.failures:
        for name in ("box", "base"):
            after.attempt(after.plugin.driver, "Remove", name)
        after.failures.clear()
    after.live()
    after.end()
    assert not after.failures, (number, life.failures, after.failures)
    return bool(life.failures)


def main():
    need_root()
    if not os.path.exists(PRELOAD):
        skip("there is no %s" % PRELOAD)
    with Home() as home:
        count = home.path("count")
        life = Life(home.work)
        assert life.begin(**counting(count)), life.said()
        life.live()
        life.end()
        assert not life.failures, life.failures
        numbers = spread(counted(count), MOST)
        failed = sum(one(home.work, number) for number in numbers)
        assert failed, "no allocation was missed"
        print("graphdriver_allocations: %d of %d, of which %d made a request fail" % (len(numbers), counted(count), failed))


try:
    main()
finally:
    for life in lives:
        if life.plugin.process and life.plugin.process.poll() is None:
            life.plugin.process.kill()
            life.plugin.process.wait()
