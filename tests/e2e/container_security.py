#!/usr/bin/env python3
"""What a container may do: processes, system calls, capabilities, and what it sees of the host."""
import json
import os
import subprocess
import sys

WCL = os.environ["WCL"]
ROOT = os.environ["WCL_TEST_ROOT"]
WORK = os.environ["WCL_TEST_WORK"]


def wcl(*arguments, expected=0):
    done = subprocess.run([WCL, *arguments], capture_output=True, text=True, timeout=120)
    if expected is not None and done.returncode != expected:
        sys.exit(f"wcl {' '.join(arguments)}: exit code {done.returncode}, not {expected}\n"
                 f"{done.stdout}{done.stderr}")
    return done


def check(condition, what):
    if not condition:
        sys.exit(f"failed: {what}")


def status_of(*options):
    text = wcl("run", *options, ROOT, "cat", "/proc/self/status").stdout
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def a_container_has_dockers_rights():
    status = status_of()
    check(status["Seccomp"] == "2", "a filter of system calls")
    check(status["NoNewPrivs"] == "0", "set-user-id programs work")
    check(status["CapEff"] == status["CapBnd"] == "00000000a80425fb", f"docker's set: {status}")
    other = status_of("-u", "tester")
    check(other["CapEff"] == other["CapPrm"] == "0" * 16, f"none for others than root: {other}")


def what_docker_forbids_is_forbidden():
    for command in ("unshare -m true", "unshare -U true", "mount -t tmpfs none /tmp",
                    "nsenter -t 1 -u true"):
        done = wcl("run", ROOT, "sh", "-c", f"{command} && echo worked", expected=None)
        check(done.returncode and "worked" not in done.stdout, f"{command}: {done}")
    for path in ("/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/interrupts"):
        if os.path.exists(path):
            check(wcl("run", ROOT, "cat", path).stdout == "", f"{path} is masked")
    for path in ("/proc/sys/kernel/hostname", "/proc/sysrq-trigger"):
        done = wcl("run", ROOT, "sh", "-c", f"echo x >{path}", expected=None)
        check(done.returncode, f"{path} is read-only")


def new_privileges_can_be_refused():
    check(status_of("--security-opt", "no-new-privileges")["NoNewPrivs"] == "1", "none are had")
    check(status_of("--security-opt", "no-new-privileges:false")["NoNewPrivs"] == "0", "some are")
    check(status_of("--security-opt", "no-new-privileges=true", "-u", "1000")["NoNewPrivs"] == "1",
          "for every user")
    wcl("run", "-d", "--name", "nnp", "--security-opt", "no-new-privileges", ROOT, "sleep", "1000")
    done = wcl("exec", "nnp", "grep", "NoNewPrivs", "/proc/self/status")
    check(done.stdout.split()[1] == "1", "in what is started later too")
    wcl("kill", "nnp")


def profiles_are_chosen():
    check(status_of("--security-opt", "seccomp=unconfined")["Seccomp"] == "0", "no filter")
    with open(f"{WORK}/profile.json", "w") as file:
        json.dump({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
            {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28},
            {"names": ["rmdir"], "action": "SCMP_ACT_ERRNO", "includes": {"caps": ["CAP_SYS_ADMIN"]}}]},
                  file)
    mine = ("--security-opt", f"seccomp={WORK}/profile.json")
    done = wcl("run", *mine, ROOT, "mkdir", "/tmp/made", expected=1)
    check("No space left" in done.stderr, f"the profile's own errno: {done.stderr}")
    done = wcl("run", *mine, ROOT, "rmdir", "/tmp/none", expected=1)
    check("No such file" in done.stderr, f"a rule for a right that is not had: {done.stderr}")
    for bad in ("/etc/passwd", WORK, f"{WORK}/none", "/dev/zero"):
        done = wcl("run", "--security-opt", f"seccomp={bad}", ROOT, "true", expected=1)
        check("rofile" in done.stderr, f"{bad}: {done.stderr}")
    wcl("run", "--security-opt", "apparmor=x", ROOT, "true", expected=2)


def processes_are_limited():
    fork = "i=0; while [ $i -lt 40 ]; do sleep 1000 & i=$((i+1)); done; echo all"
    done = wcl("run", "--pids-limit", "20", ROOT, "sh", "-c", fork, expected=None)
    check("all" not in done.stdout and "can't fork" in done.stderr, f"at 20: {done}")
    check(wcl("run", ROOT, "sh", "-c", fork).stdout == "all\n", "40 are no fork bomb")
    limit = "cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null; true"
    check(wcl("run", ROOT, "sh", "-c", limit).stdout == "4096\n", "the default")
    check(wcl("run", "--pids-limit", "-1", ROOT, "sh", "-c", limit).stdout == "max\n", "none")
    wcl("run", "--pids-limit", "many", ROOT, "true", expected=2)


for test in (a_container_has_dockers_rights, what_docker_forbids_is_forbidden,
             new_privileges_can_be_refused, profiles_are_chosen, processes_are_limited):
    print(test.__name__, flush=True)
    test()
print("all passed")
