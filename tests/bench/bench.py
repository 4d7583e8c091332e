#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Speed, memory and cost of an outage, measured side by side in one run.

Every figure of replication stands beside the same server without it, since machines differ and
are noisy. Where Kamailio is installed, its own replication is measured as well. Prints a table, and writes the
same as JSON. Fails if anything was lost, or if a
limit that does not depend on the machine was missed: memory per binding, messages after an
outage. Needs sipp and about three minutes."""
import argparse
import glob
import json
import os
import shutil
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOME = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, TOP)

from tests.bench import kamailio  # noqa: E402
from tests.lib import sipp  # noqa: E402
from tests.lib.net import Net  # noqa: E402
from tests.lib.node import Node, Programs  # noqa: E402
from tests.lib.table import FIELDS  # noqa: E402
from tests.lib.wait import Failed, wait_for  # noqa: E402

CONF = os.path.join(TOP, "tests/sipp/conf")
REGISTER = os.path.join(HOME, "register.xml")
SAME = tuple(f for f in FIELDS if f != "Socket")
SECRET = 'modparam("reg_replicate", "secret", "a secret that is only for measuring")'
TICKS = os.sysconf("SC_CLK_TCK")

# Limits that hold on any machine.
MEMORY_LIMIT = 400     # bytes of shared memory a binding, over usrloc's own
MESSAGES_LIMIT = 1.1   # messages for a change that was missed


def options():
    ap = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    ap.add_argument("--build", default="build")
    ap.add_argument("--core", help="another core, e.g. a real opensips")
    ap.add_argument("--modules", help="its modules")
    ap.add_argument("--repl-module", help="reg_replicate.so built for it")
    ap.add_argument("--bindings", type=int, default=100000, help="size of the full table")
    ap.add_argument("--missed", type=int, default=500, help="changed while the peer was away")
    ap.add_argument("--rate", type=int, default=2000, help="registrations a second")
    ap.add_argument("--seconds", type=int, default=10, help="of each run at that rate")
    ap.add_argument("--secret", action="store_true", help="nodes authenticate each other")
    ap.add_argument("--json", default="bench.json", help="where the figures go")
    return ap.parse_args()


def cpu_seconds(node):
    """User and system time so far of all processes of a node."""
    total = 0
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="ascii", errors="replace") as f:
                fields = f.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == node.process.pid:  # its process group
            total += int(fields[11]) + int(fields[12])
    return total / TICKS


def response_times(directory, name):
    """Milliseconds, sorted, of all answers that a run of sipp got."""
    times = []
    for path in glob.glob(os.path.join(directory, "*_rtt.csv")):
        with open(path, encoding="ascii") as f:
            times += [float(line.split(";")[1]) for line in f.read().splitlines()[1:]]
        os.rename(path, os.path.join(directory, name + ".rtt"))
    return sorted(times)


def percentile(values, p):
    return values[min(len(values) - 1, int(len(values) * p / 100))] if values else float("nan")


SAMPLE = 100  # bindings compared field by field, where a whole dump would take minutes


def contact_of(node, user):
    c = node.mi.call("ul_show_contact", {"table_name": "location", "aor": user})["Contacts"][0]
    return {f: c.get(f) for f in SAME}


def same(nodes, count):
    """A condition: all have that many bindings and lack nothing, and a sample is equal."""
    for n in nodes:
        status = n.mi.call("repl_status")
        if status["bindings"] != count or not status["in_sync"]:
            return False, f"{n.name}: {status['bindings']} of {count}, {status['missed']} missed"
    for u in range(0, count, max(1, count // SAMPLE)):
        first, *others = [contact_of(n, f"phone{u}") for n in nodes]
        if any(o != first for o in others):
            return False, f"phone{u}: {first} and {others}"
    return True, None


class Bench:
    def __init__(self, args, net, directory):
        self.args, self.net, self.dir = args, net, directory
        build = os.path.join(TOP, args.build)
        self.programs = Programs(
            args.core or os.path.join(build, "opensips-stub"),
            args.modules or os.path.join(build, "modules"),
            args.repl_module or os.path.join(build, "modules/reg_replicate.so"))
        self.nodes, self.runs, self.figures = [], 0, []

    # --- nodes and phones ------------------------------------------------------------

    def node(self, host, conf, peers=(), transport="tcp"):
        def text(name):
            with open(os.path.join(CONF, name), encoding="utf-8") as f:
                return f.read()
        ip = self.net.ip
        lines = []
        for p in peers:
            lines += [f'modparam("reg_replicate", "peer", '
                      f'"node_id={p}, uri=sip:{ip(p)}:5060;transport={transport}")',
                      f'modparam("reg_replicate", "socket_map", '
                      f'"udp:{ip(p)}:5060=udp:{ip(host)}:5060")']
        self.runs += 1
        n = Node(f"node {host}", ip(host), os.path.join(self.dir, f"{self.runs}-node{host}"),
                 self.programs, text(conf).replace("@BASE@", text("base.inc")),
                 {"ID": host, "LOG_LEVEL": 1, "FLAGS": "path-lazy", "PEERS": "\n".join(lines),
                  "EXTRA": SECRET if peers and self.args.secret else "",
                  "NET": ip(0).rsplit(".", 1)[0]}, memory=1024)
        self.nodes.append(n)
        n.start()
        return n

    def pair(self):
        one, two = self.node(1, "repl.cfg", [2]), self.node(2, "repl.cfg", [1])
        wait_for(lambda: (all(n.mi.call("repl_status")["in_sync"] for n in (one, two)), ""),
                 "pair in sync")
        return one, two

    def end(self, *nodes):
        for n in nodes:
            n.check()
            n.stop()

    def register(self, node, first, last, rate, expires=3600, cseq=1):
        """Milliseconds to each answer, and processor microseconds a registration."""
        self.runs += 1
        name, before = f"sipp{self.runs}", cpu_seconds(node)
        rows = [(f"phone{u}", f"sip:phone{u}@{self.net.ip(100)}:5060", expires, cseq)
                for u in range(first, last)]
        sipp.run(REGISTER, f"{node.ip}:5060", self.net.ip(100), self.dir, rows, name=name,
                 rate=rate, window=3 * rate,
                 extra=["-trace_rtt", "-rtt_freq", "1000", "-buff_size", "4000000"])
        times = response_times(self.dir, name)
        return times, (cpu_seconds(node) - before) * 1e6 / len(rows)

    # --- figures --------------------------------------------------------------------

    def note(self, name, value, unit, limit=None):
        ok = limit is None or value <= limit
        self.figures.append({"figure": name, "value": round(value, 3), "unit": unit,
                             "limit": limit, "ok": ok})
        shown = f"{value:,.2f}" if isinstance(value, float) and value < 100 else f"{value:,.0f}"
        print(f"  {name:58} {shown:>10} {unit:4}"
              + ("" if limit is None else f"  at most {limit:,.0f}: {'ok' if ok else 'MISSED'}"),
              flush=True)

    def answers(self, what, times):
        self.note(f"{what}: time to the phone's answer, p50", percentile(times, 50), "ms")
        self.note(f"{what}: time to the phone's answer, p99", percentile(times, 99), "ms")

    def rates(self):
        a = self.args
        n = a.rate * a.seconds
        print(f"{a.rate} registrations a second for {a.seconds} s")
        plain = self.node(1, "plain.cfg")
        base, base_cpu = self.register(plain, 0, n, a.rate)
        self.answers("no replication", base)
        self.note("no replication: processor time a registration", base_cpu, "us")
        self.end(plain)

        one, two = self.pair()
        before = cpu_seconds(two)
        both, both_cpu = self.register(one, 0, n, a.rate)
        wait_for(lambda: same([one, two], n), "equal tables", deadline=120)
        receiver = (cpu_seconds(two) - before) * 1e6 / n
        self.answers("peer up", both)
        self.note("peer up: added processor time a registration, sender", both_cpu - base_cpu,
                  "us")
        self.note("peer up: processor time a registration, receiver", receiver, "us")
        held = min(x.statistic("usrloc:location-contacts") for x in (one, two))
        self.note("peer up: registrations that are not at both", n - held, "", 0)

        two.freeze()
        wait_for(lambda: (one.mi.call("repl_peers")[0]["state"] == "down", "up"), "peer down")
        dead, _ = self.register(one, n, 2 * n, a.rate)
        self.answers("peer hangs", dead)
        self.note("p99 with a hanging peer / without replication",
                  percentile(dead, 99) / max(percentile(base, 99), 0.001), "x")
        two.thaw()
        wait_for(lambda: same([one, two], 2 * n), "equal tables", deadline=120)
        self.end(one, two)

    def neighbour(self):
        """The same at Kamailio with dmq_usrloc, where it is installed."""
        a, n = self.args, self.args.rate * self.args.seconds
        if not kamailio.installed():
            print("Kamailio is not installed (Debian's package kamailio): not compared")
            return
        print(f"Kamailio with dmq_usrloc, {a.rate} registrations a second for {a.seconds} s")
        ip = self.net.ip
        alone = kamailio.Kamailio(ip(1), os.path.join(self.dir, "kamailio0"))
        one = kamailio.Kamailio(ip(1), os.path.join(self.dir, "kamailio1"), ip(2))
        two = kamailio.Kamailio(ip(2), os.path.join(self.dir, "kamailio2"), ip(1))
        self.nodes += [alone, one, two]
        alone.start()
        times, base = self.register(alone, 0, n, a.rate)
        self.answers("Kamailio, no replication", times)
        self.note("Kamailio, no replication: processor time a registration", base, "us")
        self.end(alone)
        one.start()
        two.start()
        # Until both have met; what is sent before is lost there.
        probe = iter(range(n, n + 10000))

        def met():
            u = next(probe)
            self.register(one, u, u + 1, 10)
            return two.contacts() > 0, "no contact arrived"
        wait_for(met, "meeting of the two")
        first, before = two.contacts(), cpu_seconds(two)
        times, cpu = self.register(one, 0, n, a.rate)
        last = [0, 0]

        def settled():  # nothing more arrives: five looks in a row with the same number
            now = two.contacts()
            last[1] = last[1] + 1 if now == last[0] else 0
            last[0] = now
            return last[1] >= 5 or now - first >= n, now
        wait_for(settled, "end of replication", interval=0.2)
        receiver = (cpu_seconds(two) - before) * 1e6 / n
        self.answers("Kamailio, peer up", times)
        self.note("Kamailio: added processor time a registration, sender", cpu - base, "us")
        self.note("Kamailio: processor time a registration, receiver", receiver, "us")
        self.note("Kamailio: registrations that are not at both", n - (two.contacts() - first), "")
        self.end(one, two)

    def memory_and_outage(self):
        a = self.args
        print(f"{a.bindings} bindings")
        plain = self.node(1, "plain.cfg")
        empty = plain.statistic("shmem:real_used_size")
        self.register(plain, 0, a.bindings, 2 * a.rate)
        usrloc = plain.statistic("shmem:real_used_size") - empty
        self.end(plain)
        self.note("usrloc's own shared memory a binding", usrloc / a.bindings, "B")

        one, two = self.pair()
        empty = [n.statistic("shmem:real_used_size") for n in (one, two)]
        self.register(one, 0, a.bindings, 2 * a.rate)
        wait_for(lambda: same([one, two], a.bindings), "equal tables", deadline=300)
        for n, e, what in ((one, empty[0], "sender"), (two, empty[1], "receiver")):
            # Transactions linger for seconds after they are done; they are not bindings. Those of
            # pings there always are.
            wait_for(lambda n=n: (n.statistic("tm:inuse_transactions") <= 100,
                                  n.statistic("tm:inuse_transactions")), "end of transactions",
                     deadline=120)
            used = n.statistic("shmem:real_used_size") - e
            self.note(f"replication's shared memory a binding, {what}",
                      (used - usrloc) / a.bindings, "B", MEMORY_LIMIT)
        self.outage(one, two)
        self.end(one, two)

    def outage(self, one, two):
        a = self.args
        print(f"{a.missed} of {a.bindings} bindings change while the peer hangs")
        requests = two.statistic("core:rcv_requests")
        two.freeze()
        wait_for(lambda: (one.mi.call("repl_peers")[0]["state"] == "down", "up"), "peer down")
        self.register(one, 0, a.missed, a.rate, expires=1800)
        wait_for(lambda: (one.mi.call("repl_peers")[0]["missed"] == a.missed, "not yet"),
                 "missed changes")
        sent, begin = one.mi.call("repl_peers")[0]["sent"], time.monotonic()
        two.thaw()
        wait_for(lambda: (one.mi.call("repl_peers")[0]["missed"] == 0, "behind"), "caught up")
        seconds = time.monotonic() - begin
        messages = two.statistic("core:rcv_requests") - requests
        wait_for(lambda: same([one, two], a.bindings), "equal tables")
        self.note("changes sent", one.mi.call("repl_peers")[0]["sent"] - sent, "", a.missed)
        self.note("messages that the peer received, pings included", messages, "",
                  MESSAGES_LIMIT * a.missed)
        self.note("from the peer's return until it lacked nothing", seconds, "s")

    def cleanup(self):
        for n in self.nodes:
            n.cleanup()


def main():
    args = options()
    directory = tempfile.mkdtemp(prefix="reg_replicate-bench-")
    with Net() as net:
        bench = Bench(args, net, directory)
        try:
            bench.rates()
            bench.neighbour()
            bench.memory_and_outage()
        except Failed as e:
            print(f"FAILED: {e}")
            return 1
        finally:
            bench.cleanup()
            shutil.rmtree(directory, ignore_errors=True)
    with open(args.json, "w", encoding="utf-8") as f:
        json.dump({"core": bench.programs.core, "figures": bench.figures}, f, indent=1)
        f.write("\n")
    return 0 if all(x["ok"] for x in bench.figures) else 1


if __name__ == "__main__":
    sys.exit(main())
