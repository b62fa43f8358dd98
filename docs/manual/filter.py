#!/usr/bin/env python3
"""Makes Doxygen's comments of a header's plain ones: filter.py HEADER, to standard output.

What stands behind a member on its line is the member's, what stands above a declaration is the declaration's, and the
first comment is the file's.
"""
import re
import sys

COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|/\*(.*?)\*/', re.S)
FOR_READERS_OF_THE_FILE = re.compile(r" (-{4} .*|clang-format \w+ )$", re.S)


def escaped(text):
    """Nothing in it is a command, a tag or a link that is not meant."""
    return re.sub(r"([@\\<>#%])", r"\\\1", text)


def with_tables(body):
    """Lines that are set in, other than a list's, stay as they are."""
    made, is_table, is_list = [], False, False
    for line in body.split("\n"):
        is_set_in = re.match(r" \* {3,}\S", line)
        is_list = bool(is_set_in) and (is_list or re.match(r" \* +- ", line) is not None)
        if is_table != bool(is_set_in and not is_list):
            is_table = not is_table
            made.append(" * @verbatim" if is_table else " * @endverbatim")
        made.append(line if is_table else escaped(line))
    return "\n".join(made)


def for_doxygen(match):
    body, text = match[1], match.string
    if body is None:
        return match[0]  # a string
    if FOR_READERS_OF_THE_FILE.match(body):
        return ""
    if match.start() == 0:
        return "/** @file\n *%s*/" % with_tables(body)
    before = text[text.rfind("\n", 0, match.start()) + 1:match.start()].strip()
    return "/**%s%s*/" % ("<" if before else "", with_tables(body))


with open(sys.argv[1]) as file:
    sys.stdout.write(COMMENT.sub(for_doxygen, file.read()))
