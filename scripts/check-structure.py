#!/usr/bin/env python3
"""Checks the structure of the tree: one owner for each name, includes that go down and through doors, no circles
of files, and sizes. Part of scripts/lint.sh.

    scripts/check-structure.py [BUILD]    BUILD: a build folder whose objects tell who calls whom (build/clang)
"""
import collections
import os
import re
import subprocess
import sys

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

# From the ground up. A module includes what stands on a floor below its own, and its own files.
FLOORS = [
    ["base"],
    ["platform"],
    ["backupstream", "compress", "erofs", "hive"],
    ["layer"],
    ["mounts"],
    ["image", "hns", "graphdriver", "snapshotter"],
    ["container"],
    ["cli"],
]
FLOOR = {module: number for number, floor in enumerate(FLOORS) for module in floor}

# Modules that are entered by their public headers and these alone. The others (base, platform, compress, erofs)
# are tools for those above: each header there that is not named *_private.h is a door.
DOORS = {
    "backupstream": {"backupstream/internal.h"},
    "hive": set(),
    "layer": {"layer/internal.h"},
    "mounts": {"mounts/mounts.h"},
    "image": set(),
    "container": set(),
    "hns": set(),
    "graphdriver": set(),
    "snapshotter": set(),
    "cli": set(),
}

# Includes that go up, and why.
UPWARDS = {
    ("base", "platform/windows/posix/native.h"): "what POSIX calls Windows lacks is asked by its own names",
}

# Files that call one another: because they are one thing in several files, or because they are not cut yet. What is
# no longer a circle has to leave the list; what is a new one does not get in.
CIRCLES = [
    ("base/beneath.c base/beneath_linux.c",
     "cut by system"),
]

MOST_FILE_LINES = 600
MOST_FUNCTION_LINES = 60
MOST_FILES_OF_A_STATIC_NAME = 3

complaints = []


def complain(text):
    complaints.append(text)


def sources(*patterns):
    listed = subprocess.check_output(["git", "ls-files", "--", *patterns], text=True).split()
    return [name for name in listed if not name.startswith("tests/") and os.path.exists(name)]


def module_of(path):
    return path.split("/", 1)[0]


def without_comments(text):
    return re.sub(r"/\*.*?\*/", lambda found: re.sub(r"[^\n]", " ", found.group()), text, flags=re.S)


def systems_of(path):
    """Of two headers of different systems only one is ever built."""
    parts = set(path.split("/"))
    if parts & {"windows", "vmcompute"}:
        return {"windows"}
    if parts & {"linux", "oci"} or path in ("graphdriver/driver.h",):
        return {"linux"}
    return {"windows", "linux"}


def rivals(paths):
    return sorted({path for path in paths for other in paths if path != other and systems_of(path) & systems_of(other)})


def check_names(texts):
    owners = collections.defaultdict(set)
    functions = collections.defaultdict(set)
    for path, text in texts.items():
        if not path.endswith(".h") or path.startswith("platform/windows/posix/"):
            continue
        for name in re.findall(r"^\s*#\s*define\s+(WCL_\w+)", text, re.M):
            owners[name].add(path)
        for name in re.findall(r"^\}\s*(wcl_\w+);", text, re.M):
            owners[name].add(path)
        for name in re.findall(r"^(?:typedef )?(?:struct|enum|union) (wcl_\w+) \{", text, re.M):
            owners[name].add(path)
        for found in re.finditer(r"^[^#\s{}][^;{}()]*?\b(wcl_\w+)\(", text, re.M):
            if not found.group().startswith("static inline"):
                functions[found.group(1)].add(path)
    for name, paths in sorted(owners.items()):
        if rivals(paths):
            complain(f"'{name}' is defined in {', '.join(rivals(paths))}")
    for name, paths in sorted(functions.items()):
        if len({module_of(path) for path in rivals(paths)}) > 1:
            complain(f"'{name}()' is declared in {', '.join(sorted(paths))}")


def check_statics(texts):
    files = collections.defaultdict(set)
    for path, text in texts.items():
        if path.endswith(".c"):
            for name in re.findall(r"^static (?:[^;{}()=]*?[ *])(\w+)\(", text, re.M):
                files[name].add(path)
    for name, paths in sorted(files.items()):
        if len(paths) > MOST_FILES_OF_A_STATIC_NAME:
            complain(f"the static function '{name}' stands in {len(paths)} files: {', '.join(sorted(paths))}")


def public_headers():
    return {os.path.basename(path): path for path in sources("*/include/wcl/*.h")}


def check_includes(texts):
    public = public_headers()
    for path, text in texts.items():
        mine = module_of(path)
        if mine not in FLOOR:
            continue
        for kind, name in re.findall(r'^#\s*include\s+(["<])([^">]+)[">]', text, re.M):
            if kind == "<" and name.startswith("wcl/"):
                theirs, is_door = module_of(public[name[4:]]), True
            elif kind == '"' and "/" in name:
                theirs = module_of(name)
                is_door = name in DOORS.get(theirs, {name}) and not name.endswith("_private.h")
            else:
                continue
            if theirs == mine or (mine, name) in UPWARDS or theirs not in FLOOR:
                continue
            if FLOOR[theirs] >= FLOOR[mine]:
                complain(f"{path} includes {name}, which is not below it")
            elif not is_door:
                complain(f"{path} includes {name}, which is not a door of {theirs}")


def strong_components(edges):
    """Tarjan's, without recursion."""
    index, low, on_stack, stack, found, counter = {}, {}, set(), [], [], 0
    for root in list(edges):
        if root in index:
            continue
        work = [(root, iter(sorted(edges[root])))]
        index[root] = low[root] = counter
        counter += 1
        stack.append(root)
        on_stack.add(root)
        while work:
            node, successors = work[-1]
            step = next(successors, None)
            if step is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component = set()
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        component.add(member)
                        if member == node:
                            break
                    if len(component) > 1:
                        found.append(component)
            elif step not in index:
                index[step] = low[step] = counter
                counter += 1
                stack.append(step)
                on_stack.add(step)
                work.append((step, iter(sorted(edges[step]))))
            elif step in on_stack:
                low[node] = min(low[node], index[step])
    return found


def objects(build):
    """Each object of a source of the tree, and that source."""
    for folder, _, names in os.walk(build):
        for name in names:
            if not name.endswith(".c.o"):
                continue
            path = os.path.join(folder, name)
            source = re.sub(r"^.*?\.dir/", "", os.path.relpath(path, build))[:-2]
            place = os.path.relpath(path, build).split("CMakeFiles/")[0]
            source = source if os.path.exists(source) else os.path.join(place, source)
            if os.path.exists(source) and not source.startswith("tests/"):
                yield path, source


def object_symbols(build):
    """Of each source that was built: what its object defines and what it asks for."""
    source_of = dict(objects(build))
    defined = {source: set() for source in source_of.values()}
    wanted = {source: set() for source in source_of.values()}
    if not source_of:
        return defined, wanted
    listed = subprocess.check_output(["nm", "--format=posix", "--print-file-name", *source_of], text=True)
    for line in listed.splitlines():
        path, rest = line.split(": ", 1)
        symbol, kind = rest.split()[:2]
        if kind == "U":
            wanted[source_of[path]].add(symbol)
        elif kind in "TDBRV":
            defined[source_of[path]].add(symbol)
    return defined, wanted


def check_circles(build):
    defined, wanted = object_symbols(build)
    if not defined:
        complain(f"there are no objects in '{build}' that tell who calls whom")
        return
    owner = {symbol: source for source, symbols in defined.items() for symbol in symbols}
    edges = {source: {owner[symbol] for symbol in wanted[source] if symbol in owner} - {source} for source in defined}
    known = [set(files.split()) for files, _ in CIRCLES]
    for circle in strong_components(edges):
        if circle in known:
            known.remove(circle)
            continue
        ties = sorted(f"    {a} -> {b}: {', '.join(sorted(wanted[a] & defined[b]))}"
                      for a in circle for b in edges[a] & circle)
        complain(f"a circle of {len(circle)} files: {', '.join(sorted(circle))}\n" + "\n".join(ties))
    for files in known:
        complain(f"no longer a circle; take it from the list: {', '.join(sorted(files))}")


def check_sizes(texts):
    for path, text in texts.items():
        lines = text.splitlines()
        if len(lines) > MOST_FILE_LINES:
            complain(f"{path} has {len(lines)} lines")
        if not path.endswith(".c") or path.startswith("tests/"):
            continue
        begin = None
        for number, line in enumerate(lines, 1):
            if line == "{":
                begin = number
            elif line == "}" and begin:
                if number - begin - 1 > MOST_FUNCTION_LINES:
                    complain(f"{path}:{begin}: a function of {number - begin - 1} lines")
                begin = None


def main():
    texts = {path: without_comments(open(path, encoding="utf-8").read()) for path in sources("*.c", "*.h")}
    check_names(texts)
    check_statics(texts)
    check_includes(texts)
    tests = subprocess.check_output(["git", "ls-files", "--", "tests/*.c", "tests/*.h"], text=True).split()
    check_sizes({path: open(path, encoding="utf-8").read() for path in [*texts, *tests] if os.path.exists(path)})
    check_circles(sys.argv[1] if len(sys.argv) > 1 else "build/clang")
    for text in complaints:
        print(f"structure: {text}")
    print(f"structure: {len(texts)} files, {len(complaints)} complaints")
    return 1 if complaints else 0


sys.exit(main())
