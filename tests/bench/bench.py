#!/usr/bin/env python3
"""Measures wcl against named peers: alternated runs, medians, ratios, and peak memory."""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

RSS_LIMIT_KIB = 64 * 1024


class Command:
    """A command to be timed; `output` is removed before each run."""

    def __init__(self, name, arguments, output=None, stdout=None):
        self.name = name
        self.arguments = arguments
        self.output = output
        self.stdout = stdout
        self.seconds = []
        self.cpu_seconds = []
        self.peak_kib = 0

    def run(self, memory_file):
        remove(self.output)
        # GNU time is small: the peak that it sees is the command's own.
        command = ["/usr/bin/time", "-f", "%M %U %S", "-o", memory_file] + self.arguments
        with open(self.stdout or os.devnull, "wb") as stdout:
            start = time.perf_counter()
            subprocess.run(command, stdout=stdout, check=True)
            self.seconds.append(time.perf_counter() - start)
        with open(memory_file, encoding="ascii") as file:
            peak, user, system = file.read().split()[-3:]
        self.peak_kib = max(self.peak_kib, int(peak))
        self.cpu_seconds.append(float(user) + float(system))

    @property
    def median(self):
        return statistics.median(self.seconds)


def remove(path):
    if path and os.path.isdir(path):
        shutil.rmtree(path)
    elif path and os.path.exists(path):
        os.remove(path)


class Bench:
    def __init__(self, options, work):
        self.options = options
        self.work = work
        self.missed = []
        self.wcl = os.path.join(options.build, "cli", "wcl")
        self.filter = os.path.join(options.build, "tests", "bench", "wcl-bench-compress")
        self.generator = os.path.join(options.build, "tests", "tools", "wcl-generate-layer")

    def path(self, name):
        return os.path.join(self.work, name)

    def prepare(self):
        entries, size = ("6000", "150M") if self.options.short else ("60000", "1500M")
        subprocess.run([self.generator, "--seed", "1", "--entries", entries, "--bytes", size, "-o",
                        self.path("layer.tar")], check=True)
        with open(self.path("layer.tar.gz"), "wb") as output:
            subprocess.run(["pigz", "-c", self.path("layer.tar")], stdout=output, check=True)
        plain = os.path.getsize(self.path("layer.tar"))
        packed = os.path.getsize(self.path("layer.tar.gz"))
        print(f"layer: {entries} entries, tar {plain / 1e6:.0f} MB, gzip (pigz -6) {packed / 1e6:.0f} MB, "
              f"ratio {plain / packed:.2f}")

    def alternate(self, ours, peers):
        """Warms the page cache with a run of each, then times all in turn; peers that took more than
        twice as long as the fastest are left at that one run."""
        for command in ours + peers:
            command.run(self.path("memory"))
        best = min(peer.seconds[0] for peer in peers)
        repeated = ours + [peer for peer in peers if peer.seconds[0] <= 2 * best]
        for command in repeated:
            command.seconds.clear()
            command.cpu_seconds.clear()
        for _ in range(self.options.runs):
            for command in repeated:
                command.run(self.path("memory"))

    def check(self, text, good):
        print(f"  {'ok    ' if good else 'MISSED'} {text}")
        if not good:
            self.missed.append(text)

    def compare(self, title, ours, peers, target):
        """Prints how the median of `ours` relates to that of the fastest of `peers`."""
        self.alternate(ours, peers)
        best = min(peers, key=lambda peer: peer.median)
        print(f"{title} (median of {self.options.runs}):")
        for command in ours + peers:
            cpu = statistics.median(command.cpu_seconds)
            once = "" if len(command.seconds) > 1 else "  (one run)"
            print(f"    {command.name:28} {command.median:7.2f} s  {command.median / best.median:5.2f} x"
                  f"  cpu {cpu:7.2f} s  {command.peak_kib / 1024:6.1f} MiB{once}")
        for command in ours:
            ratio = command.median / best.median
            self.check(f"{command.name}: {ratio:.2f} x {best.name}, target {target:.2f}", ratio <= target)
            self.check_memory(command)

    def check_memory(self, command):
        self.check(f"{command.name}: peak {command.peak_kib / 1024:.1f} MiB, target 64",
                   command.peak_kib <= RSS_LIMIT_KIB)

    def list_gzip(self):
        packed = self.path("layer.tar.gz")
        self.compare("list a gzip layer",
                     [Command("wcl list -R", [self.wcl, "list", "-R", packed])],
                     [Command(f"{peer} -dc", [peer, "-dc", packed]) for peer in ("gzip", "pigz", "igzip")],
                     1.15)

    def decompress(self):
        packed = self.path("layer.tar.gz")
        self.compare("decompress gzip, the library alone",
                     [Command("wcl-bench-compress decompress", ["sh", "-c", f"exec {self.filter} decompress <{packed}"])],
                     [Command(f"{peer} -dc", [peer, "-dc", packed]) for peer in ("gzip", "pigz", "igzip")], 1.15)

    def compare_sizes(self, ours, theirs, peer):
        ratio = os.path.getsize(ours) / os.path.getsize(theirs)
        self.check(f"size {ratio:.3f} x {peer}, target 1.02", ratio <= 1.02)

    def write_gzip(self):
        plain, ours, theirs = self.path("layer.tar"), self.path("ours.tar.gz"), self.path("theirs.tar.gz")
        self.compare("write a gzip layer",
                     [Command("wcl convert --to oci", [self.wcl, "convert", "--to", "oci", plain, ours],
                              output=ours)],
                     [Command("pigz", ["pigz", "-c", plain], output=theirs, stdout=theirs)], 1.0)
        self.compare_sizes(ours, theirs, "pigz")
        with open(ours, "rb") as file:
            subprocess.run(["gzip", "-t"], stdin=file, check=True)
        remove(ours)
        remove(theirs)

    def write_zstd(self):
        plain, ours, theirs = self.path("layer.tar"), self.path("ours.tar.zst"), self.path("theirs.tar.zst")
        self.compare("write a zstd layer",
                     [Command("wcl convert --to oci --zstd", [self.wcl, "convert", "--to", "oci", plain, ours],
                              output=ours)],
                     [Command("zstd -T0", ["zstd", "-q", "-T0", "-c", plain], output=theirs, stdout=theirs)], 1.25)
        self.compare_sizes(ours, theirs, "zstd")
        remove(ours)
        remove(theirs)

    def conversions(self):
        """Memory only: what these cost in time is creating files, on any machine another."""
        packed, folder, back = self.path("layer.tar.gz"), self.path("transport"), self.path("back.tar")
        commands = [
            Command("wcl convert --to transport", [self.wcl, "convert", "--to", "transport", packed, folder]),
            Command("wcl convert --to oci (transport)", [self.wcl, "convert", "--to", "oci", folder, back]),
        ]
        print("convert a gzip layer to a transport folder and back:")
        for command in commands:
            command.run(self.path("memory"))
            self.check_memory(command)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="folder of a release build")
    parser.add_argument("--short", action="store_true", help="a small layer and few runs")
    parser.add_argument("--check", action="store_true", help="exit 1 when a target was missed")
    parser.add_argument("--runs", type=int, help="timed runs of each command (5, with --short 3)")
    parser.add_argument("--only", help="which comparisons, separated by commas (all)",
                        default="decompress,list_gzip,write_gzip,write_zstd,conversions")
    parser.add_argument("--work", help="where to keep the files (a temporary folder)")
    options = parser.parse_args()
    options.runs = options.runs or (3 if options.short else 5)
    with tempfile.TemporaryDirectory(prefix="wcl-bench-", dir=options.work) as work:
        bench = Bench(options, work)
        bench.prepare()
        for name in options.only.split(","):
            getattr(bench, name)()
    if bench.missed:
        print(f"{len(bench.missed)} targets missed")
    sys.exit(1 if bench.missed and options.check else 0)


if __name__ == "__main__":
    main()
