#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How long are locks held?

    tests/bench/locks.py --core /path/opensips

The module is built with LOCK_TIMES=1.

Two nodes with their state in SQLite, many contacts, and what makes a node work: refreshes at a rate, with
digests; what operators ask and change; a peer that hung and gets what it missed; one that comes back with its
state; one that refuses many, and then no longer; one that comes back empty; all contacts expiring in the same
second. After each of these, who held which lock for how long, at both nodes: mean and longest by the wall
clock, which includes times when the holder was scheduled out, and the longest in processor time. Of
that, "work" leaves out the time for which the holder of a slot waited for the engine's lock (which spins),
and "calm" is the longest work of those who were not scheduled out meanwhile and did not give way in another
spin. The exit code is 1 if a calm holder worked for more than a millisecond under a lock."""
import argparse
import os
import shutil
import sqlite3
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, TOP)

from tests.bench import phones  # noqa: E402
from tests.lib import cores  # noqa: E402
from tests.lib.net import Net  # noqa: E402
from tests.lib.node import Node, Programs  # noqa: E402
from tests.lib.wait import wait_for  # noqa: E402

CONF = os.path.join(TOP, "tests/sipp/conf")
LIMIT_US = 1000
GRACE = 60  # seconds for which the engine remembers what has expired
REFUSED = 'if ($fU =~ "^other") {\n\t\tif (!save_replicate("other")) sl_reply_error();\n\t\texit;\n\t}\n\t'


def options():
    build = os.path.join(TOP, os.environ.get("BUILD", "build"))
    ap = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    cores.add_options(ap)
    ap.add_argument("--phones", default=os.path.join(build, "tests/bench/phones"))
    ap.add_argument("--contacts", type=int, default=100000)
    ap.add_argument("--rate", type=int, default=1000, help="refreshes a second (1000)")
    ap.add_argument("--seconds", type=int, default=60, help="of refreshes (60)")
    ap.add_argument("--hash-size", type=int, default=9, help="of usrloc (9, its default)")
    ap.add_argument("--memory", type=int, default=1024, help="-m of the nodes")
    ap.add_argument("--keep", action="store_true", help="keep the directory of the nodes")
    return cores.choose(ap.parse_args(), build, ["LOCK_TIMES=1"])


def text_of(name):
    with open(os.path.join(CONF, name), encoding="utf-8") as f:
        return f.read()


class Pair:
    def __init__(self, args, net, directory):
        self.args, self.net, self.dir = args, net, directory
        template = text_of("repl-state.cfg").replace("@BASE@", text_of("base.inc"))
        template = template.replace("if (!save_replicate(", "@OTHER@if (!save_replicate(", 1)
        programs = Programs(args.core, args.modules, args.repl_module)
        self.nodes = []
        for i in (1, 2):
            name = "ab"[i - 1]
            self.database(i)
            values = {"ID": i, "LOG_LEVEL": 3, "FLAGS": "", "NET": "", "WRITE": "write-back",
                      "DATABASE": 'loadmodule "db_sqlite.so"\n' + "\n".join(
                          f'modparam("db_sqlite", "{name}", {value})'
                          for name, value in (("exec_pragma", '"synchronous=NORMAL"'), ("busy_timeout", 5000))
                          if not cores.lacks(programs.modules, [f"db_sqlite:{name}"])),
                      "DB_URL": f"sqlite://{directory}/node-{i}.db",
                      "EXTRA": "\n".join([
                          'modparam("proto_tcp", "tcp_max_msg_chunks", 64)',
                          f'modparam("usrloc", "hash_size", {args.hash_size})',
                          'modparam("reg_replicate", "domain", "location")',
                          'modparam("reg_replicate", "domain", "other")' if i == 1 else ""]),
                      "OTHER": REFUSED if i == 1 else "",
                      "PEERS": f'modparam("reg_replicate", "peer", "node_id={3 - i}, '
                               f'uri=sip:{net.ip(3 - i)}:5060;transport=tcp")'}
            self.nodes.append(Node(name, net.ip(i), os.path.join(directory, name), programs, template,
                                   values, args.memory))
        self.a, self.b = self.nodes

    def database(self, i):
        """An empty one."""
        path = os.path.join(self.dir, f"node-{i}.db")
        for p in (path, path + "-wal", path + "-shm"):
            if os.path.exists(p):
                os.unlink(p)
        db = sqlite3.connect(path)
        for table in ("version", "location", "reg_replicate"):
            with open(os.path.join(TOP, "scripts/sql/sqlite", table + ".sql"), encoding="utf-8") as f:
                text = f.read()
            db.executescript(text)
            if table == "location":
                db.executescript(text.replace("location", "other"))
        db.execute("PRAGMA journal_mode=WAL")
        db.close()

    def register(self, count, first=0, rate=0, cseq=1, prefix="phone", expires=36000):
        """So many phones at a."""
        got = phones.run(self.args.phones, self.a.ip, self.net.ip(100), count, first=first, rate=rate,
                         cseq=cseq, prefix=prefix, expires=expires)
        print(f"  {count} REGISTERs: {got['repeated']} repeated, {got['refused'] + got['given_up']} not answered")

    def status(self, node):
        return node.mi.call("repl_status")

    def in_sync(self, stored=False):
        def look():
            all_of = [self.status(n) for n in self.nodes]
            good = all(s["in_sync"] and s["bindings"] == self.args.contacts
                       and (not stored or s["state"] == "stored") for s in all_of)
            return good, [(s["bindings"], s["in_sync"], s["state"]) for s in all_of]
        wait_for(look, "nodes in sync", 900)

    def expire_together(self):
        """As many contacts more, which expire at about the same second. (New ones: of what was there
        before with a longer life, the stamp is remembered for as long.)"""
        count = self.args.contacts
        ends = time.time() + count / 1000 + 30
        for first in range(0, count, max(500, count // 50)):
            self.register(min(max(500, count // 50), count - first), first=first, prefix="brief",
                          expires=max(10, round(ends - time.time())))

        def gone(what, number):
            def look():
                got = [self.status(n)[what] for n in self.nodes]
                return all(x == number for x in got), got
            return look
        wait_for(gone("bindings", count), "expiry", 600)
        wait_for(gone("tombstones", 0), "forgetting", GRACE + 600)

    def ask(self, missed):
        """What operators ask."""
        for n, peer in ((self.a, 2), (self.b, 1)):
            if n is self.b and missed:
                continue  # it hangs
            for what in ("repl_status", "repl_peers", "repl_digest"):
                n.mi.call(what)
            n.mi.call("repl_digest", {"leaf": 7})
            rows = n.mi.call("repl_missed", {"peer": peer, "limit": 10000})
            if missed and n is self.a:
                print(f"  repl_missed tells {len(rows)}", flush=True)

    def tell(self, what, nodes=None):
        """The tables of what was held since the last time; the longest work, in us of the processor."""
        longest = (0, "")
        for n in nodes or self.nodes:
            rows = n.mi.call("repl_lock_times")
            for row in rows:
                row.setdefault("max_work_us", row["max_cpu_us"])
                row.setdefault("work_over_1ms", row["cpu_over_1ms"])
                row.setdefault("max_calm_us", row["max_work_us"])
                row.setdefault("calm_over_1ms", row["work_over_1ms"])
            for row in sorted(rows, key=lambda r: -r["max_work_us"])[:8]:
                print(f"| {what} | {n.name} | {row['lock']} | {row['held_by']} | {row['calls']:.0f} | "
                      f"{row['mean_us']:.1f} | {row['max_us']:.0f} | {row['max_cpu_us']:.0f} | "
                      f"{row['max_work_us']:.0f} | {row['work_over_1ms']:.0f} | "
                      f"{row['max_calm_us']:.0f} | {row['calm_over_1ms']:.0f} |", flush=True)
                longest = max(longest, (row["max_calm_us"], f"{row['held_by']}, {row['lock']}"))
        return longest


def change_things(pair):
    """The role, the list of peers, everything again."""
    a = pair.a.mi
    for role in ("standby", "active"):
        a.call("repl_role", {"role": role})
    a.call("repl_peer_remove", {"peer": 2})
    a.call("repl_peer_add", {"peer": f"node_id=2, uri=sip:{pair.b.ip}:5060;transport=tcp"})
    pair.in_sync()
    a.call("repl_resync", {"peer": 2, "mode": "full"})
    pair.in_sync()


def refuse(pair):
    """Node b does not have the domain of these; what is known of that is asked for, and forgotten."""
    count = pair.args.contacts // 5
    pair.register(count, prefix="other")
    wait_for(lambda: (pair.status(pair.a)["missed"] == count, pair.status(pair.a)["missed"]), "refusals", 600)
    pair.ask(True)
    pair.a.mi.call("repl_peer_remove", {"peer": 2})
    pair.a.mi.call("repl_peer_add", {"peer": f"node_id=2, uri=sip:{pair.b.ip}:5060;transport=tcp"})
    wait_for(lambda: (pair.status(pair.a)["peers_up"] == 1, ""), "the peer is there again", 60)


def measure(pair):
    """The phases; the longest of each, and by whom."""
    args, out = pair.args, {}

    def tell(what, nodes=None):
        out[what] = pair.tell(what, nodes)
    for n in pair.nodes:
        n.start()
    pair.register(args.contacts)
    pair.in_sync()
    tell("new contacts")
    pair.register(args.rate * args.seconds, rate=args.rate, cseq=2)
    pair.in_sync(stored=True)
    tell("refreshes")
    pair.ask(False)
    change_things(pair)
    tell("commands")
    pair.b.freeze()
    pair.register(args.contacts // 2, cseq=3)
    pair.ask(True)
    tell("outage", [pair.a])
    pair.b.thaw()
    pair.in_sync()
    tell("back after an outage")
    pair.in_sync(stored=True)
    pair.b.kill()
    pair.register(args.contacts // 100, cseq=4)
    pair.b.start()
    pair.in_sync(stored=True)
    tell("restart with state")
    pair.b.kill()
    pair.database(2)
    pair.b.start()
    pair.in_sync()
    tell("restart empty")
    pair.expire_together()
    tell("all expire")
    refuse(pair)
    tell("20% refused")
    return out


def main():
    args = options()
    directory = tempfile.mkdtemp(prefix="locks-")
    with Net() as net:
        pair = Pair(args, net, directory)
        try:
            print("| while | node | lock | held by | times | mean us | longest us | longest us CPU | of that work | work over 1 ms | "
                  "calm | calm over 1 ms |")
            print("|---|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|")
            longest = measure(pair)
        finally:
            for n in pair.nodes:
                n.cleanup()
    if args.keep:
        print(f"kept: {directory}")
    else:
        shutil.rmtree(directory, ignore_errors=True)
    for what, (us, who) in longest.items():
        print(f"{what}: {us:.0f} us of the processor under a lock at the most ({who})")
    return 1 if max(us for us, _ in longest.values()) > LIMIT_US else 0


if __name__ == "__main__":
    sys.exit(main())
