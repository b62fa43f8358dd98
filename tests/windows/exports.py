#!/usr/bin/env python3
"""The DLL exports the functions of the public headers, all of them and nothing else.

    exports.py DLL OBJDUMP
"""
import glob
import os
import re
import subprocess
import sys

dll, objdump = sys.argv[1:3]
source, build = os.environ["WCL_SOURCE"], os.environ["WCL_BUILD"]

declared = set()
for header in glob.glob(f"{source}/*/include/wcl/*.h") + glob.glob(f"{source}/*/*/include/wcl/*.h"):
    text = re.sub(r"/\*.*?\*/", " ", open(header).read(), flags=re.S)
    text = re.sub(r"^[ \t]*#(.*\\\n)*.*$", "", text, flags=re.M)
    for statement in re.findall(r"WCL_API\s[^;]*", text):
        name = re.search(r"\b(wcl_\w+)\s*\(", statement)
        if name:
            declared.add(name[1])

table = subprocess.run([objdump, "-p", dll], check=True, capture_output=True, text=True).stdout
table = table.split("[Ordinal/Name Pointer] Table")[1].split("\n\n")[0]
exported = set(re.findall(r"^\s*\[\s*\d+\]\s+(?:\+base\[\s*\d+\]\s+[0-9a-f]+\s+)?(\S+)$", table, re.M))

assert len(exported) > 100, f"only {len(exported)} exports were found"
assert exported == declared, (f"declared, not exported: {sorted(declared - exported)}; "
                              f"exported, not declared: {sorted(exported - declared)}")
print(f"{len(exported)} functions are exported, as the headers say")
