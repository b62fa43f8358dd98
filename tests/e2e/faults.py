#!/usr/bin/env python3
"""A fault in each place of each main command: the process is killed at each system call, each system call fails once,
each allocation fails once. After each, what was acknowledged is there, nothing is half there, `verify` is clean, the
next command leaves nothing behind, the same command then works, and a status that is not 0 came with a message.

A sample of WCL_TEST_FAULTS (60) is run; scripts/faults.sh runs all of them. WCL_TEST_SEED repeats a sample,
WCL_TEST_SCENES and WCL_TEST_KINDS choose, WCL_TEST_FIRST is the first of every WCL_TEST_STEP faults of a long run."""
import collections
import http.server
import random
import re
import threading

import hns_common as hns
from image_common import *

FAULTS = int(os.environ.get("WCL_TEST_FAULTS", "60"))
SEED = int(os.environ.get("WCL_TEST_SEED", "1"))
FAIL_ALLOCATION = os.path.join(BUILD, "tests/tools/wcl-fail-allocation.so")
NETWORK, ENDPOINT = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
NETWORK_REQUEST = json.dumps({"ID": NETWORK, "Name": "net", "Type": "nat",
                              "Subnets": [{"AddressPrefix": "10.77.0.0/24"}]}).replace(" ", "")
ENDPOINT_REQUEST = json.dumps({"ID": ENDPOINT, "Name": "end", "VirtualNetwork": NETWORK}).replace(" ", "")
KILLED = -9
TIMEOUT = 120

# Calls whose failure is not told to a program, that end or only wait, or of which the kernel says that they cannot fail.
NEVER_FAIL = {"exit", "exit_group", "futex", "rt_sigreturn", "restart_syscall", "rt_sigaction", "rt_sigprocmask",
              "gettid", "getpid", "getuid", "geteuid", "getgid", "getegid", "getppid", "umask", "sched_yield", "execve",
              "clock_nanosleep", "nanosleep", "set_robust_list", "rseq", "arch_prctl", "set_tid_address", "munmap",
              "close", "clock_gettime", "madvise", "prlimit64", "brk"}
WRITING = {"write", "pwrite64", "writev", "pwritev", "openat", "openat2", "mkdirat", "mkdir", "renameat", "renameat2",
           "rename", "linkat", "symlinkat", "symlink", "ftruncate", "fallocate", "copy_file_range", "fsync",
           "fdatasync", "sendfile", "fsetxattr", "setxattr", "lsetxattr"}
MEMORY = {"mmap", "mremap", "clone", "clone3", "mount", "fsmount", "fsopen", "fsconfig", "move_mount", "open_tree",
          "sendmsg", "socket", "read"}

Scene = collections.namedtuple("Scene", "made before command mounts broken")


def scene(command, made=(), before=(), mounts=False, broken=False):
    """A command; what is made once before, what each time (mounts and networks cannot be copied), whether it mounts or
    unmounts the box, and whether it keeps what it has so far where it breaks off, for the next one to resume."""
    return Scene(list(made), list(before), command, mounts, broken)


BASE, CHILD = "import -i {inputs}/base.tar base", "import -l base -i {inputs}/child.tar.gz child"
BOX, LOAD = "create -l child box", "load -i {inputs}/image.tar"
APPEND = "append -t app:1 test:1 {inputs}/more"
MAKE_NETWORK = "network create --request " + NETWORK_REQUEST
MAKE_ENDPOINT = "endpoint create --request " + ENDPOINT_REQUEST
SCENES = {
    "import": scene(BASE),
    "import-child": scene(CHILD, [BASE]),
    "create": scene(BOX, [BASE, CHILD]),
    "mount": scene("mount box", [BASE, CHILD, BOX], mounts=True),
    "unmount": scene("unmount box", [BASE, CHILD, BOX], ["mount box"], mounts=True),
    "export": scene("export -o {outputs}/base.tar base", [BASE]),
    "export-box": scene("export -z -o {outputs}/box.tar.gz box", [BASE, CHILD, BOX]),
    "remove": scene("remove base", [BASE]),
    "verify": scene("verify", [BASE, CHILD, BOX, LOAD]),
    "load": scene(LOAD),
    "pull": scene("pull 127.0.0.1:{port}/test:1", broken=True),
    "tag": scene("tag test:1 other:2", [LOAD]),
    "append": scene(APPEND, [LOAD]),
    "save": scene("save -o {outputs}/image.tar test:1", [LOAD]),
    "rmi": scene("rmi test:1", [LOAD]),
    "rmi-above": scene("rmi app:1", [LOAD, APPEND]),
    "convert": scene("convert --to dir {inputs}/base.tar {outputs}/dir"),
    "network-create": scene(MAKE_NETWORK),
    "network-remove": scene("network remove net", before=[MAKE_NETWORK]),
    "endpoint-create": scene(MAKE_ENDPOINT, before=[MAKE_NETWORK]),
    "endpoint-remove": scene("endpoint remove end", before=[MAKE_NETWORK, MAKE_ENDPOINT]),
}


def inputs(folder):
    os.mkdir(folder)
    with open(os.path.join(folder, "base.tar"), "wb") as file:
        file.write(open(LAYER_TAR, "rb").read())
    child = tar_of({"Files": None, "Files/new.txt": b"new\n", "Files/.wh.gone": b""})
    with open(os.path.join(folder, "child.tar.gz"), "wb") as file:
        file.write(compress(child, "gzip"))
    image = Image()
    for tar in linux_layers(count=2, files=4):
        image.add(tar)
    docker_archive(os.path.join(folder, "image.tar"), image.make())
    os.makedirs(os.path.join(folder, "more"))
    with open(os.path.join(folder, "more/file"), "w") as file:
        file.write("more\n")
    return image


def serve(image):
    """A registry of one image."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            kind = "application/octet-stream"
            body = b""
            if "/manifests/" in self.path:
                kind, body = OCI_MANIFEST, image.manifest
            elif "/blobs/" in self.path:
                body = image.blobs[self.path.rsplit("/", 1)[1]]
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # who asked was killed
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


# ---- One home ------------------------------------------------------------------------------------------------------

class Room:
    """A home, a folder for what comes out, and the commands' answers."""

    def __init__(self, work, port):
        self.work, self.port = work, port
        self.room, self.kept = os.path.join(work, "room"), os.path.join(work, "kept")
        self.home, self.outputs = os.path.join(self.room, "home"), os.path.join(self.room, "out")
        self.environment = dict(os.environ, WCL_HOME=self.home, WCL_RUN="/run/wcl")
        self.command, self.of_networks = "", True
        self.kernel = self.kernel_state()

    def arguments(self, command):
        for name, value in (("inputs", self.work + "/inputs"), ("outputs", self.outputs), ("port", str(self.port))):
            command = command.replace("{%s}" % name, value)
        return [WCL, *command.split()]

    def run(self, command, wrapper=(), check=True, **more):
        done = subprocess.run([*wrapper, *self.arguments(command)], env=dict(self.environment, **more),
                              capture_output=True, timeout=TIMEOUT)
        if check and done.returncode:
            raise AssertionError("%s: exit %d: %s" % (command, done.returncode, done.stderr.decode()))
        return done

    def make(self, scene):
        """What the scene needs, kept to be copied."""
        self.command = scene.command
        self.of_networks = scene.command.startswith(("network", "endpoint"))
        shutil.rmtree(self.room, ignore_errors=True)
        os.makedirs(self.home)
        os.mkdir(self.outputs)
        # What only reads makes no store.
        for command in (MAKE_NETWORK, "network remove net") if self.of_networks else (BASE, "remove base"):
            self.run(command)
        for command in scene.made:
            self.run(command)
        self.settle()
        shutil.rmtree(self.kept, ignore_errors=True)
        subprocess.run(["cp", "-a", self.room, self.kept], check=True)

    def reset(self, scene):
        shutil.rmtree(self.room)
        subprocess.run(["cp", "-a", self.kept, self.room], check=True)
        for command in scene.before:
            self.run(command)

    def listed(self, command):
        return json.loads(self.run(command + " --json").stdout or b"[]")

    def settle(self):
        """The next commands."""
        for command in ("network restore",) if self.of_networks else ("layers", "images"):
            self.run(command)

    def state(self):
        """What is there, and the files that it is in; names that are random are all one."""
        if self.of_networks:
            found = {"networks": self.listed("network list"), "endpoints": self.listed("endpoint list")}
        else:
            found = {"images": sorted([item["names"], item["digest"]] for item in self.listed("images")),
                     "layers": [[item["id"], item["kind"], item.get("diff_id"), item["mounted"]]
                                for item in self.listed("layers")]}
        files = []
        for folder, folders, names in os.walk(self.room):
            if "merged" in folders and os.path.ismount(os.path.join(folder, "merged")):
                folders.remove("merged")
            files += [os.path.relpath(os.path.join(folder, name), self.room) for name in folders + names]
        # Merged chains are made when they are first needed.
        passing = r"chain\.erofs$|/users(/|$)"
        found["files"] = sorted(re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "GUID", name) for name in files
                                if not re.search(passing, name))
        found["kernel"] = self.kernel_state()
        found["mounts"] = sorted(os.path.relpath(mount, self.room) for mount in mounts_below(self.room))
        found["loops"] = len(loops_below(self.room))
        return found

    def kernel_state(self):
        if not self.of_networks:
            return None
        links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True).stdout
        rules = subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True).stdout
        with open("/proc/sys/net/ipv4/ip_forward") as file:
            forwarding = file.read()
        return sorted(re.findall(r"^\d+: ([^:@]+)", links, re.M)), rules, forwarding

    def clear(self, scene):
        """Takes back what is not in files. A mount that was interrupted can be resumed, and then be undone."""
        if scene.mounts:
            self.run("mount box", check=False)
            self.run("unmount box")
        for kind in ("endpoint", "network") if self.of_networks else ():
            for item in self.listed(kind + " list"):
                self.run("%s remove %s" % (kind, item["ID"]))
        unmount_below(self.room)


# ---- Faults --------------------------------------------------------------------------------------------------------

def traced(room, command):
    """How often each system call is made, by the process or thread that makes it most often."""
    log = os.path.join(room.work, "trace")
    done = room.run(command, ["strace", "-f", "-qq", "-o", log], check=False)
    counts = collections.Counter()
    with open(log, errors="replace") as file:
        for line in file:
            found = re.match(r"(\d+) +(?:<... )?(\w+)(?:\(| resumed)", line)
            if found and "resumed" not in line[:60]:
                counts[found.group(1), found.group(2)] += 1
    most = collections.Counter()
    for (_, call), count in counts.items():
        most[call] = max(most[call], count)
    return done, most


def faults_of(room, scene, before_main):
    """(kind, call, number) of every fault that there is."""
    room.reset(scene)
    done, calls = traced(room, scene.command)
    assert done.returncode == 0, (scene.command, done.stderr)
    room.settle()
    room.clear(scene)
    found = []
    for call, count in sorted(calls.items()):
        for number in range(before_main[call] + 1, count + 1):
            found.append(("kill", call, number))
            if call in NEVER_FAIL:
                continue
            found.append(("EIO", call, number))
            if call in WRITING:
                found.append(("ENOSPC", call, number))
            if call in MEMORY:
                found.append(("ENOMEM", call, number))
    room.reset(scene)
    count_file = os.path.join(room.work, "count")
    room.run(scene.command, LD_PRELOAD=FAIL_ALLOCATION, WCL_COUNT_ALLOCATIONS=count_file)
    room.settle()
    room.clear(scene)
    return found + [("allocation", "", number) for number in range(1, int(open(count_file).read()) + 1)]


def strike(room, scene, fault):
    """Runs the command with the fault."""
    kind, call, number = fault
    if kind == "allocation":
        return room.run(scene.command, check=False, LD_PRELOAD=FAIL_ALLOCATION, WCL_FAIL_ALLOCATION=str(number))
    how = "signal=KILL" if kind == "kill" else "error=" + kind
    return room.run(scene.command, ["strace", "-f", "-qq", "-o", "/dev/null", "--seccomp-bpf", "-e", "trace=" + call,
                                    "-e", "inject=%s:%s:when=%d" % (call, how, number)], check=False)


def judge(room, scene, fault, states):
    """What is wrong after it."""
    room.reset(scene)
    done = strike(room, scene, fault)
    code = done.returncode if done.returncode < 128 else 128 - done.returncode
    said = done.stderr.decode(errors="replace").strip()
    if code != 0 and code != (KILLED if fault[0] == "kill" else 1):
        yield "it ended with %d: %s" % (code, said)
    if code not in (0, KILLED) and not said:
        yield "status %d came without a message" % code
    room.settle()
    found = room.state()
    if scene.broken and code != 0:
        # Whatever it got so far; the images are to be right.
        same = next((state for state in states if state["images"] == found["images"]), found)
        found = dict(found, files=same["files"], layers=same["layers"])
    allowed = states[-1:] if code == 0 else states
    # A shared mount of a chain that cannot be given up stays until its next user has done with it.
    if found not in allowed and not scene.mounts:
        nearest = allowed[0]
        yield "after status %d: %s" % (code, {key: [item for item in found[key] if item not in nearest[key]] or
                                              [item for item in nearest[key] if item not in found[key]]
                                              if isinstance(found[key], list) else found[key]
                                              for key in found if found[key] != nearest[key]})
    verified = None if room.of_networks else room.run("verify", check=False)
    if verified and verified.returncode:
        yield "verify: " + (verified.stdout + verified.stderr).decode()
    # What an image's name was taken from is removed by its digest.
    comes = len(states[0].get("images", [])) <= len(states[-1].get("images", []))
    if found != states[-1] and found in (states[:-1] if comes else states[:1]):
        room.run(scene.command)
        room.settle()
        if room.state() != states[-1]:
            yield "the command does not do the same once more"
    room.clear(scene)
    if mounts_below(room.room) or loops_below(room.room):
        yield "mounted, or attached: %s %s" % (mounts_below(room.room), loops_below(room.room))
    if room.of_networks and room.kernel_state() != room.kernel:
        yield "left in the kernel: %s" % (room.kernel_state(),)


def between(before, after):
    """The images are there, but those that come have no name yet, or those that go have none any more."""
    lasting = [image for image in before["images"] if image in after["images"]]
    moving = [image for image in before["images"] + after["images"] if image not in lasting]
    richer = max(before, after, key=lambda each: len(each["images"]))
    state = json.loads(json.dumps(richer))
    state["images"] = sorted(lasting + [[[], image[1]] for image in moving])
    state["files"] = [name for name in state["files"] if "/names/" not in name or
                      (name in before["files"] and name in after["files"])]
    return state


def states_of(room, scene):
    """What may be there: what was, what is to be, or all but the name."""
    room.reset(scene)
    room.settle()
    states = [room.state()]
    room.run(scene.command)
    room.settle()
    states.append(room.state())
    if "images" in states[0]:
        states.insert(1, between(*states))
    room.clear(scene)
    return states


def main():
    if not shutil.which("strace"):
        skip("there is no program 'strace' here")
    hns.enter_private_namespaces()
    work = tempfile.mkdtemp(prefix="wcl-faults-")
    rng = random.Random(SEED)
    wrong, done, kinds = [], collections.Counter(), os.environ.get("WCL_TEST_KINDS", "").split()
    first, step = int(os.environ.get("WCL_TEST_FIRST", "0")), int(os.environ.get("WCL_TEST_STEP", "1"))
    names = os.environ.get("WCL_TEST_SCENES", " ".join(SCENES)).split()
    try:
        port = serve(inputs(os.path.join(work, "inputs")))
        room = Room(work, port)
        _, before_main = traced(room, "help")
        for name in names:
            scene = SCENES[name]
            room.make(scene)
            states = states_of(room, scene)
            faults = faults_of(room, scene, before_main)
            if kinds:
                faults = [fault for fault in faults if fault[0] in kinds]
            every = faults[first::step] if FAULTS == 0 else rng.sample(faults, min(len(faults), FAULTS // len(names)))
            for fault in every:
                done[fault[0]] += 1
                try:
                    found = list(judge(room, scene, fault, states))
                except (AssertionError, subprocess.TimeoutExpired, OSError) as refusal:
                    found = [str(refusal)]
                    unmount_below(room.room)
                    room.make(scene)
                for what in found:
                    wrong.append("%s %s: %s" % (name, fault, what))
                    print(wrong[-1][:2000], flush=True)
            print("%s: %d of %d faults, %d things wrong so far" % (name, len(every), len(faults), len(wrong)),
                  flush=True)
    finally:
        unmount_below(work)
        shutil.rmtree(work, ignore_errors=True)
    print(", ".join("%d %s" % (count, kind) for kind, count in sorted(done.items())))
    assert not wrong, "%d things are wrong" % len(wrong)
    print("faults: passed")


main()
