#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The main job, shown: three nodes, many phones, a node that hangs, a node that dies.

Every number that is printed is asked from the nodes; every "equal" is a comparison of all
three tables contact by contact. The exit code is 0 only if everything healed and nothing
was sent that was not missed."""
import argparse
import os
import shutil
import signal
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TOP)

from tests.lib import cores, sipp  # noqa: E402
from tests.lib.net import Net  # noqa: E402
from tests.lib.node import Node, Programs  # noqa: E402
from tests.lib.table import FIELDS, tables_equal  # noqa: E402
from tests.lib.wait import Failed, wait_for  # noqa: E402

EXAMPLE = os.path.join(TOP, "examples/three-nodes/node.cfg")
REGISTER = os.path.join(TOP, "tests/sipp/register.xml")
# Each node reaches a phone from a socket of its own here, as there is no virtual address.
SAME = tuple(f for f in FIELDS if f != "Socket")
# What may come twice, where the machine is slow: a window of each node, and half of all, if both
# complete node 3 at the same time. What was lost under way is sent again, and does not count.
WINDOW = 32


def options():
    ap = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    ap.add_argument("--phones", type=int, default=1000, help="how many (default 1000)")
    ap.add_argument("--rate", type=int, default=500, help="registrations a second (default 500)")
    ap.add_argument("--keep", action="store_true", help="leave the nodes running at the end")
    ap.add_argument("--build", default="build", help="where opensips-stub and modules are")
    cores.add_options(ap)
    args = ap.parse_args()
    return cores.choose(args, os.path.join(TOP, args.build))


def say(text=""):
    print(text, flush=True)


class Demo:
    def __init__(self, args, net, directory):
        self.args, self.dir, self.net = args, directory, net
        programs = Programs(args.core, args.modules, args.repl_module)
        with open(EXAMPLE, encoding="utf-8") as f:
            template = f.read()
        self.nodes = [Node(f"node {i}", net.ip(i), os.path.join(directory, f"node{i}"), programs,
                           template, {"ID": i, "PEERS": self.peers(i)}) for i in (1, 2, 3)]
        self.runs = 0
        self.cseq = {}

    def peers(self, own):
        lines, ip = [], self.net.ip
        for i in {1, 2, 3} - {own}:
            lines += [f'modparam("reg_replicate", "peer", '
                      f'"node_id={i}, uri=sip:{ip(i)}:5060;transport=tcp")',
                      f'modparam("reg_replicate", "socket_map", '
                      f'"udp:{ip(i)}:5060=udp:{ip(own)}:5060")']
        return "\n".join(lines)

    # --- phones --------------------------------------------------------------------

    def phones(self, what, first, last, nodes, expires=3600):
        """Lets phones first..last-1 send a REGISTER, shared out evenly among the nodes."""
        begin, users = time.monotonic(), range(first, last)
        for k, node in enumerate(nodes):
            self.runs += 1
            rows = []
            for u in users[k::len(nodes)]:
                self.cseq[u] = self.cseq.get(u, 0) + 1
                rows.append((f"phone{u}", f"sip:phone{u}@{self.net.ip(100)}:5060", expires,
                             self.cseq[u]))
            if rows:
                sipp.run(REGISTER, f"{node.ip}:5060", self.net.ip(100), self.dir, rows,
                         name=f"sipp{self.runs}", rate=self.args.rate)
        say(f"    {last - first:5} phones {what}, {time.monotonic() - begin:.1f} s")

    # --- looking -------------------------------------------------------------------

    def peer(self, node, peer_id):
        for p in node.mi.call("repl_peers"):
            if p["node_id"] == peer_id:
                return p
        raise Failed(f"{node.name} does not know peer {peer_id}")

    def wait_state(self, nodes, peer_id, wanted, what):
        def check():
            states = [self.peer(n, peer_id)["state"] for n in nodes]
            return all((s == "down") == (wanted == "down") for s in states), states
        wait_for(check, what)

    def wait_missed(self, nodes, peer_id, missed):
        def check():
            got = [self.peer(n, peer_id)["missed"] for n in nodes]
            return all(g == missed for g in got), got
        wait_for(check, f"{missed} changes missed by node {peer_id}")
        for n in nodes:
            say(f"    {n.name} knows: node {peer_id} lacks {missed} changes")

    def sent(self, nodes, peer_id):
        """(sent to that peer by these nodes, acknowledged by it)"""
        peers = [self.peer(n, peer_id) for n in nodes]
        return sum(p["sent"] for p in peers), sum(p["acked"] for p in peers)

    def equal(self, count):
        tables = wait_for(lambda: tables_equal(self.nodes, count, SAME), "equal tables")
        wait_for(self.all_know, "every node to know that nobody lacks anything")
        say(f"    all three tables are equal, contact by contact: {len(tables[0])} contacts")

    def all_know(self):
        states = [n.mi.call("repl_status") for n in self.nodes]
        return all(s["in_sync"] and s["missed"] == 0 for s in states), states

    def healed(self, begin, missed, before, after):
        sent, acked = after[0] - before[0], after[1] - before[1]
        say(f"    {time.monotonic() - begin:.1f} s until then; {missed} changes were missed, "
            f"{sent} were sent")
        if sent < missed or acked > missed * 3 // 2 + 2 * WINDOW:
            raise Failed(f"{sent} changes sent for {missed} missed, {acked} acknowledged")

    # --- the acts --------------------------------------------------------------------

    def start(self):
        say("1. Three nodes, each knows the two others")
        for n in self.nodes:
            n.start()
            say(f"    {n.name} is at {n.ip}, process {n.process.pid}")
        for n in self.nodes:
            others = [i for i in (1, 2, 3) if self.nodes[i - 1] is not n]
            for i in others:
                self.wait_state([n], i, "up", f"{n.name} sees node {i}")

    def register(self):
        n = self.args.phones
        say("2. Phones register, each through one of the nodes")
        self.phones("register", 0, n, self.nodes)
        self.equal(n)

    def hang(self):
        n, (one, two, three) = self.args.phones, self.nodes
        new, again, gone = n // 5, n // 8, n // 20
        say("3. Node 3 hangs (it is stopped, but keeps its memory)")
        three.freeze()
        self.wait_state([one, two], 3, "down", "node 3 noticed as down")
        say("    nodes 1 and 2 have noticed")
        self.phones("register, new ones", n, n + new, [one, two])
        self.phones("register again", 0, again, [one, two], expires=1800)
        self.phones("unregister", n - gone, n, [one, two], expires=0)
        missed = new + again + gone
        self.wait_missed([one, two], 3, missed)
        before, begin = self.sent([one, two], 3), time.monotonic()
        say("    node 3 goes on")
        three.thaw()
        self.equal(n + new - gone)
        self.healed(begin, missed, before, self.sent([one, two], 3))

    def die(self):
        n, (one, two, three) = self.args.phones, self.nodes
        new, again, gone = n // 10, n // 10, n // 20
        have = n + n // 5 - n // 20
        first = n + n // 5
        say("4. Node 3 dies (kill -9), and all that it had in memory with it")
        three.kill()
        self.wait_state([one, two], 3, "down", "node 3 noticed as down")
        self.phones("register, new ones", first, first + new, [one, two])
        self.phones("register again", 0, again, [one, two])
        self.phones("unregister", again, again + gone, [one, two], expires=0)
        count = have + new - gone
        wait_for(lambda: tables_equal([one, two], count, SAME), "nodes 1 and 2 equal")
        status = one.mi.call("repl_status")
        missed = status["bindings"] + status["tombstones"]
        say(f"    it will lack everything: {status['bindings']} bindings and "
            f"{status['tombstones']} removals to be remembered")
        before, begin = self.sent([one, two], 3), time.monotonic()
        three.start()
        say("    node 3 is started again, empty")
        self.equal(count)
        self.healed(begin, missed, before, self.sent([one, two], 3))
        say("    among them what only node 3 itself had accepted, now told by the others")

    def finish(self):
        for n in self.nodes:
            n.check()
        if not self.args.keep:
            for n in self.nodes:
                n.stop()
            say("Everything healed.")
            return
        say("Everything healed. The nodes are still running; talk to node 1:")
        fifo = self.nodes[0].fifo
        say(f"    opensips-cli -o communication_type=fifo -o fifo_file={fifo} "
            f"-o fifo_reply_dir={self.nodes[0].dir} -x mi repl_status")
        say(f"    logs: {self.dir}/node*/log")
        say("    end them: kill " + " ".join(str(n.process.pid) for n in self.nodes))

    def run(self):
        self.start()
        self.register()
        self.hang()
        self.die()
        self.finish()


def show_logs(nodes):
    for n in nodes:
        say(f"--- last lines of {n.name}'s log")
        for line in n.log().splitlines()[-15:]:
            say("    " + line)


def main():
    args = options()
    if args.phones < 100:
        sys.exit("--phones: give 100 or more")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    directory = tempfile.mkdtemp(prefix="reg_replicate-demo-")
    kept = False
    with Net() as net:
        demo = Demo(args, net, directory)
        try:
            demo.run()
            kept = args.keep
            return 0
        except Failed as e:
            say(f"FAILED: {e}")
            show_logs(demo.nodes)
            return 1
        finally:
            if not kept:
                for n in demo.nodes:
                    n.cleanup()
                shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
