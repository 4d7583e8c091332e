#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How long are locks held?

    tests/bench/locks.py --core /path/opensips

The module is built with LOCK_TIMES=1.

Two nodes with their state in SQLite, many contacts, and what makes a node work: refreshes at a rate, with
digests; a peer that hung and gets what it missed; one that comes back with its state, one that comes
back empty. After each of these, who held which lock for how long, at both nodes: mean and longest by
the wall clock, which includes times when the holder was scheduled out, and the longest in processor time.
The exit code is 1 if somebody needed more than a millisecond of the processor under a lock."""
import argparse
import os
import shutil
import sqlite3
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, TOP)

from tests.bench import phones  # noqa: E402
from tests.lib import cores  # noqa: E402
from tests.lib.net import Net  # noqa: E402
from tests.lib.node import Node, Programs  # noqa: E402
from tests.lib.wait import wait_for  # noqa: E402

CONF = os.path.join(TOP, "tests/sipp/conf")
LIMIT_US = 1000


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
    return cores.choose(ap.parse_args(), build, ["LOCK_TIMES=1"])


def text_of(name):
    with open(os.path.join(CONF, name), encoding="utf-8") as f:
        return f.read()


class Pair:
    def __init__(self, args, net, directory):
        self.args, self.net, self.dir = args, net, directory
        template = text_of("repl-state.cfg").replace("@BASE@", text_of("base.inc"))
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
                      "EXTRA": 'modparam("proto_tcp", "tcp_max_msg_chunks", 64)\n'
                               f'modparam("usrloc", "hash_size", {args.hash_size})',
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
                db.executescript(f.read())
        db.execute("PRAGMA journal_mode=WAL")
        db.close()

    def register(self, count, first=0, rate=0, cseq=1):
        """So many phones at a."""
        got = phones.run(self.args.phones, self.a.ip, self.net.ip(100), count, first=first, rate=rate,
                         cseq=cseq)
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

    def tell(self, what):
        """The tables of what was held since the last time; the longest, in us of the processor."""
        longest = 0
        for n in self.nodes:
            for row in sorted(n.mi.call("repl_lock_times"), key=lambda r: -r["max_cpu_us"])[:8]:
                print(f"| {what} | {n.name} | {row['lock']} | {row['held_by']} | {row['calls']:.0f} | "
                      f"{row['mean_us']:.1f} | {row['max_us']:.0f} | {row['max_cpu_us']:.0f} | "
                      f"{row['cpu_over_1ms']:.0f} |", flush=True)
                longest = max(longest, row["max_cpu_us"])
        return longest


def measure(pair):
    """The phases; the longest of each."""
    args, out = pair.args, {}
    for n in pair.nodes:
        n.start()
    pair.register(args.contacts)
    pair.in_sync()
    out["new contacts"] = pair.tell("new contacts")
    pair.register(args.rate * args.seconds, rate=args.rate, cseq=2)
    pair.in_sync(stored=True)
    out["refreshes"] = pair.tell("refreshes")
    pair.b.freeze()
    pair.register(args.contacts // 5, cseq=3)
    pair.b.thaw()
    pair.in_sync()
    out["back after an outage"] = pair.tell("back after an outage")
    pair.in_sync(stored=True)
    pair.b.kill()
    pair.register(args.contacts // 100, cseq=4)
    pair.b.start()
    pair.in_sync(stored=True)
    out["restart with state"] = pair.tell("restart with state")
    pair.b.kill()
    pair.database(2)
    pair.b.start()
    pair.in_sync()
    out["restart empty"] = pair.tell("restart empty")
    return out


def main():
    args = options()
    directory = tempfile.mkdtemp(prefix="locks-")
    with Net() as net:
        pair = Pair(args, net, directory)
        try:
            print("| while | node | lock | held by | times | mean us | longest us | longest us CPU | over 1 ms CPU |")
            print("|---|---|---|---|---:|---:|---:|---:|---:|")
            longest = measure(pair)
        finally:
            for n in pair.nodes:
                n.cleanup()
    shutil.rmtree(directory, ignore_errors=True)
    for what, us in longest.items():
        print(f"{what}: {us:.0f} us of the processor under a lock at the most")
    return 1 if max(longest.values()) > LIMIT_US else 0


if __name__ == "__main__":
    sys.exit(main())
