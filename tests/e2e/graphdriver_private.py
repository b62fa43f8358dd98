#!/usr/bin/env python3
"""What the graph driver mounts for an engine: another user reaches none of it, device nodes of an image cannot be
opened, and set-uid files count, since the engine makes the mount a container's root as it is."""
from graphdriver_common import Plugin
from private_common import *


def check(plugin, home, identity, expected):
    where = plugin.driver("Get", identity)["Dir"]
    try:
        home.assert_unreachable("what Get(%s) gives" % identity)
        power = power_in(where, home.secret)
        assert power == expected, "inside the mount of %s another user has %s" % (identity, sorted(power))
    finally:
        plugin.driver("Put", identity)


def main():
    need_tools()
    with OpenHome() as home:
        plugin = Plugin(home.work)
        plugin.start()
        try:
            plugin.init(home.home)
            plugin.driver("Create", "base")
            plugin.apply("base", "", [dangerous_layer()])
            plugin.driver("CreateReadWrite", "box", "base")
            plugin.driver("CreateReadWrite", "limited", "base", StorageOpt={"size": "16M"})
            check(plugin, home, "base", set())
            check(plugin, home, "box", {"suid", "caps"})
            check(plugin, home, "limited", {"suid", "caps"})
            assert os.stat(home.path("plugin")).st_mode & 0o077 == 0, "others have rights to the plugin's own folder"
            loose = loose_below(home.home)
            assert not loose, "others have rights to %s" % loose[:10]
        finally:
            plugin.stop()
            if os.path.exists(plugin.socket):
                os.unlink(plugin.socket)
    print("graphdriver_private: passed")


main()
