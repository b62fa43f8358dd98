"""What the tests share in which a program's allocations fail one by one (tests/tools/fail_allocation.c)."""
import os

BUILD = os.path.abspath(os.environ.get("WCL_BUILD", "build/release"))
PRELOAD = os.path.join(BUILD, "tests/tools/wcl-fail-allocation.so")


def counting(file):
    """The environment that counts a program's allocations."""
    return dict(LD_PRELOAD=PRELOAD, WCL_COUNT_ALLOCATIONS=file)


def counted(file):
    with open(file) as text:
        return int(text.read())


def failing(number):
    """The environment in which that one fails."""
    return dict(LD_PRELOAD=PRELOAD, WCL_FAIL_ALLOCATION=str(number))


def spread(count, most, first=0):
    """Which of so many are tried: the first ones, and `most` spread over all; 0: all of them."""
    step = 1 if most == 0 else max(1, count // most)
    return sorted({*range(1, min(first, count) + 1), *range(1, count + 1, step)})
