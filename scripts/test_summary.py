#!/usr/bin/env python3
"""Says what took longest in a run of scripts/test.sh, and what was skipped and why.

test_summary.py FOLDER     of the steps (steps: seconds, name), what they left out (skipped: name, reason),
                           and ctest's results (*.xml)
"""
import pathlib
import sys
import xml.etree.ElementTree

LONGEST = 15


def lines(file):
    return [line.split("\t") for line in file.read_text().splitlines()] if file.exists() else []


def reason(case):
    """What a skipped test says of it: its own last line that does."""
    said = [line for line in (case.findtext("system-out") or "").splitlines() if "skip" in line.lower()]
    return said[-1].strip() if said else "it does not say why"


def main():
    folder = pathlib.Path(sys.argv[1])
    took, passed = [], 0
    skipped = [(name, why) for name, why in lines(folder / "skipped")]
    for file in sorted(folder.glob("*.xml")):
        for case in xml.etree.ElementTree.parse(file).getroot().iter("testcase"):
            name = f"{file.stem}: {case.get('name')}"
            took.append((float(case.get("time")), name))
            if case.find("skipped") is not None:
                skipped.append((name, reason(case)))
            else:
                passed += 1
    for seconds, name in lines(folder / "steps"):
        print(f"{seconds:>6} s  {name}")
    print("\nThe tests that took longest:")
    for seconds, name in sorted(took, reverse=True)[:LONGEST]:
        print(f"{seconds:6.1f} s  {name}")
    print(f"\n{passed} tests ran, {len(skipped)} things were skipped{':' if skipped else ''}")
    for name, why in skipped:
        print(f"  {name}: {why}")


main()
