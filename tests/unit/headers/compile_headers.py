#!/usr/bin/env python3
"""Compiles each public header alone as C11 and as C++ with every compiler that is here, without a warning,
and uses its INIT macros and codes as a program would."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-pedantic", "-Wconversion", "-Wsign-compare", "-Werror"]
COMPILERS = [[name, f"-std={std}", "-x", language]
             for language, names, stds in (("c", ("gcc", "clang"), ("c11",)),
                                           ("c++", ("g++", "clang++"), ("c++11", "c++17")))
             for name in names if shutil.which(name) for std in stds]


def growing_structs(text):
    return re.findall(r"typedef struct (\w+) \{\n\s+size_t struct_size;", text)


def source(header, text):
    """A program that includes `header` alone, with each of its structs as INIT makes it."""
    checks = []
    for name in growing_structs(text):
        checks.append(f"    {name} a_{name} = {name.upper()}_INIT;\n"
                      f"    if (a_{name}.struct_size != sizeof({name})) return 1;")
    codes = re.findall(r"^#define (WCL_CODE_\w+) ", text, re.M)
    switch = "\n".join(f"    case {code}: return \"{code}\";" for code in codes)
    return f"""
#include <wcl/{header.name}>
const char *name_of(const wcl_error *error);
const char *name_of(const wcl_error *error)
{{
    switch (error->code) {{
{switch}
    default: return error->code == WCL_CODE_HCS_NOT_EXIST ? "" : "other";
    }}
}}
int main(void)
{{
    wcl_error error = WCL_ERROR_INIT;
    wcl_code code = WCL_CODE_HCS_NOT_EXIST;
    if (error.code == code || error.code > WCL_CODE_HCS_NOT_EXIST) return 1;
{chr(10).join(checks)}
    return name_of(&error) == 0;
}}
"""


def main():
    includes = [argument for argument in sys.argv[1:] if argument.startswith("-I")]
    headers = [pathlib.Path(argument) for argument in sys.argv[1:] if not argument.startswith("-I")]
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for header in headers:
            code = pathlib.Path(folder, header.stem + ".txt")
            code.write_text(source(header, header.read_text()))
            for compiler in COMPILERS:
                program = pathlib.Path(folder, "program")
                # The macros need no library, so gcc's programs are run; clang only looks for warnings.
                output = ["-fsyntax-only"] if "clang" in compiler[0] else ["-o", str(program)]
                command = [*compiler, *WARNINGS, *includes, str(code), *output]
                if subprocess.run(command).returncode or (
                        "clang" not in compiler[0] and subprocess.run([str(program)]).returncode):
                    print(f"{header.name}: fails with {' '.join(compiler)}")
                    failures += 1
    if not headers or not COMPILERS:
        sys.exit("nothing to compile, or no compiler")
    sys.exit(1 if failures else 0)


main()
