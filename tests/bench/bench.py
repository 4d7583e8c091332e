#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Replication measured side by side, in one run: reg_replicate, Kamailio's dmq_usrloc where
Kamailio is installed, and OpenSIPS's own (clusterer) where a real core has it. doc/performance.md
says what is measured and how.

Everything runs in a network namespace of its own, for which it needs root or sudo. Prints
tables, and writes the same as JSON. A loss is counted and shown; nothing is judged."""
import argparse
import os
import shutil
import signal
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, TOP)

from tests.bench import contestants, report, wire  # noqa: E402
from tests.bench.copies import Copies  # noqa: E402
from tests.bench.speed import Speed  # noqa: E402
from tests.lib import cores  # noqa: E402
from tests.lib.node import Programs  # noqa: E402
from tests.lib.wait import Failed  # noqa: E402

ITEMS = {"speed": "a, c: two nodes", "rate": "b: highest rate", "dead": "a, c: a dead peer more",
         "nodes": "a, c: more nodes", "copies": "d, e, f: full copy, missed changes, memory",
         "sizes": "d: other sizes of the table"}


def numbers(text):
    return [int(x) for x in text.split(",")]


def options():
    ap = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0],
                                 epilog="Items: " + "; ".join(f"{k} ({v})"
                                                              for k, v in ITEMS.items()))
    ap.add_argument("--build", default="build")
    cores.add_options(ap)
    ap.add_argument("--quick", action="store_true", help="a short form, for a rough idea")
    ap.add_argument("--only", metavar="ITEM,...", default=",".join(ITEMS), help="default: all")
    ap.add_argument("--without", metavar="NAME,...", default="",
                    help="contestants to leave out, by a part of their names")
    ap.add_argument("--rounds", type=int, help="of items a and c (3)")
    ap.add_argument("--seconds", type=int, help="of each load (3)")
    ap.add_argument("--rates", type=numbers, help="registrations a second (1000,4000)")
    ap.add_argument("--nodes", type=numbers, help="numbers of nodes (2,5)")
    ap.add_argument("--bindings", type=int, help="size of the full table (100000)")
    ap.add_argument("--sizes", type=numbers, help="other sizes (10000,1000000)")
    ap.add_argument("--missed", type=int, default=500, help="changed while the peer was away")
    ap.add_argument("--transport", default="tcp", choices=("udp", "tcp"),
                    help="between nodes with reg_replicate")
    ap.add_argument("--secret", action="store_true", help="they authenticate each other")
    ap.add_argument("--keep", action="store_true", help="keep the nodes' directories")
    ap.add_argument("--json", default="bench.json", help="where the figures go")
    args = ap.parse_args()
    usual = {"rounds": 3, "seconds": 3, "rates": [1000, 4000], "nodes": [2, 5],
             "bindings": 100000, "sizes": [10000, 1000000]}
    if args.quick:
        usual |= {"rounds": 1, "seconds": 2, "bindings": 20000, "sizes": [5000]}
    for name, value in usual.items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    args.only = args.only.split(",")
    for item in args.only:
        if item not in ITEMS:
            ap.error(f"--only: no item {item}; there are {', '.join(ITEMS)}")
    return args


class Bench:
    """What all items need."""

    def __init__(self, args, directory):
        self.args, self.dir = args, directory
        build = os.path.join(TOP, args.build)
        self.programs = Programs(args.core, args.modules, args.repl_module)
        self.phones_program = os.path.join(build, "tests/bench/phones")
        self.relay_program = os.path.join(build, "tests/bench/relay")
        self.kamailio = contestants.KamailioProgram(os.path.join(build, "kamailio"))
        kinds, without = contestants.available(self.programs.modules, self.kamailio)
        left_out = [x for x in args.without.split(",") if x]
        self.kinds = [k for k in kinds if not any(x in k.name for x in left_out)]
        # Where variants of a contestant differ in speed only, just the first is measured
        self.main_kinds = [k for k in self.kinds if k is not contestants.ClustererDirect]
        names = [k.name for k in self.kinds]
        names += dict.fromkeys(contestants.baseline_of(k).name for k in self.kinds)
        self.report = report.Report(names, args.json)
        self.report.about = report.machine(self.programs.core, self.kamailio.path, TOP)
        for text in without:
            self.report.note(text)

    def run(self):
        speed, copies = Speed(self), Copies(self)
        steps = {"speed": speed.pairs, "rate": speed.highest, "dead": speed.dead_peers,
                 "nodes": speed.more_nodes, "copies": copies.all, "sizes": copies.sizes}
        for item in self.args.only:
            print(f"--- {ITEMS[item]}", flush=True)
            try:
                steps[item]()
            except Failed as e:
                self.report.note(f"{ITEMS[item]}: NOT MEASURED: {e}")
        self.report.about["load_after"] = os.getloadavg()[0]
        self.report.write()


def main():
    args = options()
    cores.choose(args, os.path.join(TOP, args.build))
    wire.enter()
    for s in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, lambda signum, frame: sys.exit(128 + signum))
    directory = tempfile.mkdtemp(prefix="reg_replicate-bench-")
    os.chmod(directory, 0o755)
    try:
        bench = Bench(args, directory)
        for name, value in bench.report.about.items():
            print(f"{name}: {value}")
        bench.run()
    except Failed as e:
        print(f"FAILED: {e}")
        return 1
    finally:
        if args.keep:
            print(f"kept: {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)
    print(f"figures: {args.json}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
