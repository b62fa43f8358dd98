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


def uncalled(texts):
    """The functions that take a growing struct and are not in test_struct_sizes.c with it."""
    calls = pathlib.Path(__file__).with_name("test_struct_sizes.c").read_text()
    structs = [name for text in texts for name in growing_structs(text)]
    functions = [function for text in texts for function in re.findall(r"^WCL_API [^;(]*?\b(wcl_\w+)\(([^;{]*)\);", text, re.M)]
    return [f"{function}({name})" for function, parameters in functions for name in structs
            if re.search(rf"\b{name} \*(?!\*)", parameters) and not function.endswith("_free")
            and f"X({name}, {function}," not in calls]


# They fail for want of memory only.
NEVER_FAIL = {"wcl_backup_reader_new", "wcl_backup_decoder_new", "wcl_backup_writer_new", "wcl_host_features",
              "wcl_command_line_split", "wcl_hive_root"}


def unpoisoned(texts):
    """The functions that hand something out and are not in test_bad_arguments.c."""
    calls = pathlib.Path(__file__).with_name("test_bad_arguments.c").read_text()
    texts = [re.sub(r"#ifdef _WIN32.*?#endif", "", text, flags=re.S) for text in texts]
    functions = [function for text in texts for function in re.findall(r"^WCL_API [^;(]*?\b(wcl_\w+)\(([^;{]*)\);", text, re.M)]
    return [function for function, parameters in functions if re.search(r"(?<!const) \*\*+\w+", parameters)
            and not function.endswith("_free") and function not in NEVER_FAIL and f"X({function}," not in calls]


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
    for missing in uncalled([header.read_text() for header in headers]):
        print(f"{missing}: is not called by test_struct_sizes.c")
        failures += 1
    for missing in unpoisoned([header.read_text() for header in headers]):
        print(f"{missing}: is not called by test_bad_arguments.c")
        failures += 1
    if not headers or not COMPILERS:
        sys.exit("nothing to compile, or no compiler")
    sys.exit(1 if failures else 0)


main()
