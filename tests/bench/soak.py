#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Load for a long time: does memory grow, is anything lost?

    tests/bench/soak.py --seconds 600 --rate 1000
    tests/bench/soak.py --core /path/opensips

Two nodes that replicate to each other (with --outages a third one, without phones, that hangs
for a round, or is killed and starts empty, in every second one). At both the same users register again and again, one
round every 6 seconds; one in 20 is removed and comes back each round, and one in 20 expires.
After a warm-up, in the middle and at the end the load pauses until its transactions are gone; what shared
memory and the private memory of each process are then, is compared. The exit code is 0 if
neither grew by more than a hundredth, every phone was answered, no change was dropped or refused,
and both tables are equal contact by contact. What was repeated is told, and judges nothing: that
is the machine's affair too."""
import argparse
import os
import shutil
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, TOP)

from tests.bench import phones  # noqa: E402
from tests.lib import cores  # noqa: E402
from tests.lib.mi import MIError, MIUnreachable  # noqa: E402
from tests.lib.net import Net  # noqa: E402
from tests.lib.node import Node, Programs  # noqa: E402
from tests.lib.table import FIELDS, tables_equal  # noqa: E402
from tests.lib.wait import Failed, wait_for  # noqa: E402

ROUND = 6           # seconds; OpenSIPS can dump no table that is much larger
IDLE = 50           # transactions of pings, each kept for 5 seconds, are less
READINGS = 20
GROWTH = 1.01       # more than that is growth
OUTAGES = ("kill", "start", "freeze", "thaw")
NONE_OF = ("dropped", "refused", "malformed", "rejected")
TOLD = ("changes", "sent", "acked", "failed", "retried", "applied", "throttled", "ping_timeouts")


def options():
    build = os.path.join(TOP, os.environ.get("BUILD", "build"))
    ap = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    cores.add_options(ap)
    ap.add_argument("--phones", default=os.path.join(build, "tests/bench/phones"))
    ap.add_argument("--seconds", type=int, default=600, help="of load (600)")
    ap.add_argument("--warm-up", type=int, default=120, help="seconds of it (120)")
    ap.add_argument("--rate", type=int, default=1000, help="registrations a second, both nodes together")
    ap.add_argument("--transport", default="udp", choices=("udp", "tcp"))
    ap.add_argument("--outages", action="store_true", help="with a third node, which has them")
    ap.add_argument("--memory", type=int, default=256, help="-m of the nodes")
    ap.add_argument("--line", metavar="LINE", action="append", default=[],
                    help="a line more in the configuration of both nodes; may repeat")
    ap.add_argument("--keep", action="store_true", help="keep the directory of the nodes")
    return cores.choose(ap.parse_args(), build)


def make_nodes(args, net, directory):
    conf = os.path.join(TOP, "tests/sipp/conf")
    with open(os.path.join(conf, "repl.cfg"), encoding="utf-8") as f, \
            open(os.path.join(conf, "base.inc"), encoding="utf-8") as base:
        template = f.read().replace("@BASE@", base.read())
    programs = Programs(args.core, args.modules, args.repl_module)
    nodes, ids = [], {1, 2, 3} if args.outages else {1, 2}
    for i in sorted(ids):
        peer = "\n".join(f'modparam("reg_replicate", "peer", "node_id={k}, '
                         f'uri=sip:{net.ip(k)}:5060;transport={args.transport}")' for k in sorted(ids - {i}))
        nodes.append(Node("abc"[i - 1], net.ip(i), os.path.join(directory, "abc"[i - 1]), programs,
                          template, {"ID": i, "LOG_LEVEL": 2, "FLAGS": "", "NET": "", "EXTRA": "\n".join(args.line),
                                     "PEERS": peer}, args.memory))
    return nodes


def memory_of(nodes):
    """{name: bytes} of all nodes, when there are only pings: the least of some readings."""
    def idle():
        left = [n.statistic("tm:inuse_transactions") for n in nodes]
        return max(left) < IDLE, f"{left} transactions"
    wait_for(idle, "end of the load's transactions")
    out = {}
    for _ in range(READINGS):
        for n in nodes:
            values = n.mi.call("get_statistics", {"statistics": ["shmem:", "pkmem:"]})
            for name, value in values.items():
                # a process that has not told yet has 0
                if int(value) and (name == "shmem:used_size" or name.endswith("-used_size")):
                    key = f"{n.name} {name}"
                    out[key] = min(out.get(key, int(value)), int(value))
        time.sleep(0.2)
    return out


class Load:
    def __init__(self, args, net):
        self.args, self.net = args, net
        self.sent = self.unanswered = self.repeated = 0
        self.slowest = []

    def _phones(self, host, prefix, first, count, seconds, cseq, expires):
        return phones.Phones(self.args.phones, self.net.ip(host), self.net.ip(100), count, first=first,
                             rate=max(1, count // seconds), prefix=prefix, expires=expires, cseq=cseq)

    def round(self, number):
        per_node = self.args.rate * ROUND // 2
        stay, go, expire = (per_node * share // 20 for share in (17, 1, 1))
        half = ROUND // 2
        for part, leave in ((0, False), (1, True)):  # who goes: comes, and goes 3 s later
            running = []
            for host in (1, 2):
                first = (host - 1) * per_node
                running.append(self._phones(host, "stay", first + part * (stay // 2), stay // 2, half,
                                            number, 3600))
                running.append(self._phones(host, "go", first, go, half, 2 * number + part,
                                            0 if leave else 3600))
                if not leave:
                    running.append(self._phones(host, "expire", first, expire, half, number, 2))
            for r in running:
                got = r.result()
                self.sent += got["answered"]
                self.unanswered += got["refused"] + got["given_up"]
                self.repeated += got["repeated"]
                self.slowest.append(phones.percentile(got["answer_ms"], 99) or 0)


def soak(args, net, nodes):
    """The load, and what memory was: [{name: bytes}], after the warm-up, in the middle, at the end."""
    for n in nodes:
        n.start()
    load, memory, number, outages = Load(args, net), [], 0, 0
    for seconds in (args.warm_up, (args.seconds - args.warm_up) / 2, (args.seconds - args.warm_up) / 2):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            number += 1
            load.round(number)
            if args.outages:
                getattr(nodes[2], OUTAGES[outages % len(OUTAGES)])()
                outages += 1
            for n in nodes[:2]:
                n.check_alive()
        if outages % 2:  # it is away
            getattr(nodes[2], OUTAGES[outages % len(OUTAGES)])()
            outages += 1
        memory.append(memory_of(nodes[:2]))
        print(f"after {number} rounds: " + ", ".join(f"{k} {v}" for k, v in memory[-1].items()
                                                     if "shmem" in k), flush=True)
    fields = [f for f in FIELDS if f != "Socket"]
    if args.outages:
        print(f"{outages // 2} outages of node c")
    wait_for(lambda: tables_equal(nodes, None, fields), "equal tables")
    return load, memory


def judge(nodes, load, memory):
    """Prints the figures; the reasons for which it failed."""
    wrong = []
    print(f"{load.sent} registrations, {load.unanswered} not answered, {load.repeated} repeated, "
          f"99% answered within {max(load.slowest):.1f} ms in the worst round")
    for n in nodes[:2]:
        told = {k: n.statistic(f"reg_replicate:{k}") for k in TOLD + NONE_OF}
        print(f"node {n.name}: " + ", ".join(f"{k} {v}" for k, v in told.items()))
        wrong += [f"node {n.name}: {k} is {told[k]}" for k in NONE_OF if told[k]]
        n.check()
    first, _, last = memory
    private = sorted(((last[k] - first[k], k) for k in last if "pkmem" in k and k in first), reverse=True)
    if private:  # the stand-in core does not tell
        print(f"private memory of {len(private)} processes: the one that grew most by {private[0][0]} "
              f"bytes ({private[0][1]}, {last[private[0][1]]})")
    wrong += [f"{k} grew from {first[k]} to {last[k]}" for k in first if last.get(k, 0) > first[k] * GROWTH]
    if load.unanswered:
        wrong.append("phones were not answered")
    return wrong


def main():
    args = options()
    directory = tempfile.mkdtemp(prefix="soak-")
    with Net() as net:
        nodes = make_nodes(args, net, directory)
        try:
            load, memory = soak(args, net, nodes)
            wrong = judge(nodes, load, memory)
            for n in nodes:
                n.stop()
                n.check()
        except (Failed, MIError, MIUnreachable) as e:
            wrong = [str(e)]
        finally:
            for n in nodes:
                n.cleanup()
    for w in wrong:
        print(f"FAIL {w}")
    if args.keep:
        print(f"kept: {directory}")
    else:
        shutil.rmtree(directory, ignore_errors=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
