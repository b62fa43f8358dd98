#!/usr/bin/env python3
"""BuildKit whose worker is a containerd on wcl: stages, mounts, copies and caches build what they say, and what was
built runs, is pushed and comes back the same."""
from containerd_common import *

STAGES = """
FROM %(base)s AS base
RUN mkdir /w && echo base > /w/base && ln /w/base /w/hard && ln -s base /w/soft && chmod 4711 /w/base
FROM base AS left
RUN echo left > /w/left && rm /w/base /gone -r
FROM base AS right
RUN --mount=from=base,source=/w,target=/other test -e /other/base && echo right > /w/right
FROM base AS middle
RUN --mount=from=left,source=/w,target=/left --mount=from=right,source=/w,target=/right \\
    test /w/base -ef /w/hard && test -h /w/soft && cat /left/left /right/right > /w/both
COPY --from=left /w/left /copied/
FROM left
COPY --link --from=middle /w/both /copied /w/
ADD packed.tar /unpacked/
RUN --mount=type=cache,target=/cache --mount=type=bind,target=/context cat /context/copied >> /cache/seen; \\
    cp /cache/seen /seen
RUN --mount=type=tmpfs,target=/scratch echo t > /scratch/t && rm /w/soft && echo more >> /w/hard && mv /opaque /moved
RUN test ! -e /scratch/t && rm -r /conf && mkdir /conf && echo again > /conf/again
CMD ["/bin/cat", "/w/both"]
"""
LOOK = "cat /w/both /w/hard /w/left /unpacked/inner /conf/*; ls /w /conf /moved; stat -c %a /w/hard; ls -d /gone /opaque 2>&1; true"
SEEN = ("left\nright\nbase\nmore\nleft\ninner\nagain\n/conf:\nagain\n\n/moved:\nshown\n\n/w:\nboth\nhard\nleft\n4711\n"
        "ls: /gone: No such file or directory\nls: /opaque: No such file or directory\n")


class BuildKit:
    def __init__(self, bench):
        self.bench = bench
        self.work = os.path.join(bench.work, "buildkit")
        self.socket = "unix://" + os.path.join(bench.work, "b.sock")
        self.context = os.path.join(self.work, "context")
        os.makedirs(self.context)
        with open(os.path.join(self.work, "buildkitd.toml"), "w") as file:
            file.write('[registry."%s"]\n  http = true\n' % bench.registry.host)
        self.process = None

    def start(self):
        with open(os.path.join(self.work, "log"), "ab") as log:
            self.process = subprocess.Popen([
                "buildkitd", "--config", self.work + "/buildkitd.toml", "--root", self.work + "/root", "--addr", self.socket,
                "--oci-worker=false", "--containerd-worker=true", "--containerd-worker-addr", self.bench.containerd.socket,
                "--containerd-worker-snapshotter", "wcl", "--containerd-worker-namespace", self.bench.containerd.namespace],
                stdout=log, stderr=log)
        wait_for("buildkitd", lambda: self.ctl("debug", "workers", check=False).returncode == 0)
        return self

    __enter__ = start

    def stop(self):
        self.process.terminate()
        self.process.wait(60)

    def __exit__(self, kind, *_):
        self.stop()
        if kind:
            print(open(os.path.join(self.work, "log"), errors="replace").read()[-3000:], file=sys.stderr)

    def ctl(self, *arguments, check=True):
        done = subprocess.run(["buildctl", "--addr", self.socket, *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=300)
        assert not check or done.returncode == 0, done.stdout.decode(errors="replace")[-4000:]
        return done

    def write(self, name, data):
        with open(os.path.join(self.context, name), "wb") as file:
            file.write(data)

    def build(self, dockerfile, name, *options):
        self.write("Dockerfile", dockerfile.encode())
        return self.ctl("build", "--progress=plain", "--frontend=dockerfile.v0", "--local=context=" + self.context,
                        "--local=dockerfile=" + self.context, "--output=type=image,unpack=true,push=true,name=" + name,
                        *options).stdout.decode()


def run(bench, reference, script):
    return bench.containerd.ctr("run", "--rm", "--snapshotter", "wcl", reference, "run-%d" % time.monotonic_ns(), "/bin/sh",
                                "-c", script).stdout.decode()


def builds_what_it_says(bench, kit, base):
    name = bench.registry.name("built")
    dockerfile = STAGES % {"base": base}
    kit.build(dockerfile, name)
    assert run(bench, name, LOOK) == SEEN, run(bench, name, LOOK)
    kit.stop()
    bench.snapshotter.stop(signal.SIGKILL)
    bench.snapshotter.start()
    wait_for("containerd's connection", lambda: bench.containerd.ctr("snapshots", "--snapshotter", "wcl", "ls",
                                                                     check=False).returncode == 0)
    kit.start()
    assert kit.build(dockerfile, name).count("CACHED") >= 10
    kit.build(dockerfile, name, "--no-cache")
    assert run(bench, name, LOOK) == SEEN
    return name


def many_at_once(bench, kit, base):
    lines = ["FROM %s AS root" % base, "RUN echo root > /numbers"]
    for n in range(10):
        lines += ["FROM root AS s%d" % n, "RUN --mount=from=root,target=/root%d cat /root%d/numbers > /n%d" % (n, n, n),
                  "RUN rm /numbers"]
    lines += ["FROM root"] + ["COPY --from=s%d /n%d /n/" % (n, n) for n in range(10)]
    name = bench.registry.name("many-at-once")
    kit.build("\n".join(lines) + "\n", name)
    assert run(bench, name, "cat /n/* /numbers") == "root\n" * 11
    return name


def comes_back_the_same(bench, names):
    before = {name: run(bench, name, "find / -xdev -type f | sort | xargs md5sum") for name in names}
    for name in names:
        bench.containerd.ctr("images", "rm", "--sync", name)
        bench.pull(name)
        after = run(bench, name, "find / -xdev -type f | sort | xargs md5sum")
        assert "/bin/busybox" in after and after == before[name], (before[name], after)


def main():
    need_peers("containerd", "ctr", "containerd-shim-runc-v2", "buildkitd", "buildctl")
    with Bench() as bench:
        base = Image(Cmd=["/bin/sh"], Env=["PATH=/bin"])
        layer = shell()
        for name in ("chmod", "cp", "ln", "test", "xargs"):
            layer.add("bin/" + name, kind=tarfile.SYMTYPE, linkname="busybox")
        for name in ("conf", "etc", "gone", "opaque"):
            layer.add(name, kind=tarfile.DIRTYPE, mode=0o755)
        for name in ("conf/first", "gone/file", "opaque/hidden"):
            layer.add(name, name.encode())
        base.add(layer.bytes()).add(tar_of({"opaque": None, "opaque/.wh..wh..opq": b"", "opaque/shown": b"s"})).make()
        reference = put(bench.registry, os.path.join(bench.work, "layout"), base, "base")
        with BuildKit(bench) as kit:
            kit.write("copied", b"copied\n")
            kit.write("packed.tar", tar_of({"inner": b"inner\n"}))
            names = [builds_what_it_says(bench, kit, reference), many_at_once(bench, kit, reference)]
            comes_back_the_same(bench, names)
            kit.ctl("prune", "--all")
            subprocess.run([WCL, "verify", "--home", bench.snapshotter.home], check=True)
        bench.forget_everything()
        bench.assert_nothing_left()
    print("containerd_buildkit: ok")


if __name__ == "__main__":
    main()
