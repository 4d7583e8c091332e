# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of whole nodes under fault: the steps of scenario.py, and those for the network.

Every one ends with the same judgement (table `end` of its file): all nodes have equal tables
of so many contacts, all are in sync with all, none has met what should not be met, and what had
been missed was sent, and not much more."""
import subprocess
import sys
import threading

from . import relay
from .given import Given, Verdict
from .node import kill_group
from .scenario import Scenario
from .table import EXPIRES_SLACK, FIELDS, tables_equal
from .wait import Failed

RELAY_HOST = 200  # relays have two addresses each from here on
OWN = ("Socket",)  # fields that need not be equal
# Statistics of which there must be none, whatever is done to the network.
NEVER = ("dropped", "malformed", "nonsense", "strangers", "stream_limit", "clock_ahead")


class ClusterScenario(Scenario):
    """One file of tests/cluster."""

    KEYS = Scenario.KEYS | {"transports", "relay", "end"}

    def __init__(self, path, net, directory, programs, transport="udp", database="sqlite"):
        self.relays, self.relay_processes = {}, []
        self.background = []
        self._relays_of(path, net)
        super().__init__(path, net, directory, programs, transport, database)
        self.given = Given({n.values["ID"]: n.name for n in self.nodes.values()})
        self._check_end()

    def _check_end(self):
        end = self.data["end"]
        self._check_keys(end, {"contacts", "missed", "doubled", "ignore", "slack"}, "end")
        for key in ("missed", "doubled"):
            self._check_keys(end.get(key, {}), set(self.nodes), f"end.{key}")

    # --- the network --------------------------------------------------------------

    def _relays_of(self, path, net):
        for i, table in enumerate(self.load(path).get("relay", [])):
            self._check_keys(table, {"between", "segment", "pace", "delay"}, f"relay {i + 1}")
            a, b = table["between"]
            as_a, as_b = net.ip(RELAY_HOST + 2 * i), net.ip(RELAY_HOST + 2 * i + 1)
            self.relays[a, b], self.relays[b, a] = as_b, as_a
            self.relay_processes.append((f"relay{i}", table))

    def _place(self, name, host):
        return self.net.add(name, host)

    def _way(self, node, peer):
        return self.relays.get((node.name, peer.name), peer.ip)

    def do_start(self, node=None, **keys):
        while self.relay_processes and not isinstance(self.relay_processes[0], subprocess.Popen):
            self.relay_processes.append(self._start_relay(*self.relay_processes.pop(0)))
        super().do_start(node, **keys)

    def _start_relay(self, name, table):
        a, b = table["between"]
        ips = [self._node(a).ip, self._node(b).ip, self.relays[b, a], self.relays[a, b]]
        place = self.net.add(name, *[ip.rsplit(".", 1)[1] for ip in ips[2:]])
        how = [str(table.get(k, 0)) for k in ("segment", "pace", "delay")]
        process = subprocess.Popen([*place.prefix, sys.executable, relay.__file__, *ips, *how],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   start_new_session=True)
        if process.stdout.readline() != b"ready\n":
            raise Failed(f"{name} does not start")
        return process

    def close(self):
        for process in self.relay_processes:
            if isinstance(process, subprocess.Popen):
                kill_group(process)
                process.wait()
                process.stdout.close()
        super().close()

    # --- steps: the network --------------------------------------------------------

    def do_cut(self, a, b, one_way=False):
        """Nothing goes between the nodes a and the nodes b any more; `one_way`: nothing
        from a to b."""
        for x in self._names(a):
            for y in self._names(b):
                self.net.cut(x, y)
                if not one_way:
                    self.net.cut(y, x)

    def do_heal(self):
        """No cut and no loss any more."""
        self.net.heal()

    def do_lose(self, percent):
        """That many of 100 packets are lost, between all nodes and in both directions."""
        for x in self.nodes:
            for y in self.nodes:
                if x != y:
                    self.net.lose(x, y, percent)

    def do_slow(self, node, kbit):
        """The connection of a node has that bandwidth, both ways."""
        for x in self._names(node):
            self.net.slow(x, kbit)

    def do_flap(self, a, b, times):
        """Cuts and heals so many times, and waits each time until both have noticed."""
        for _ in range(times):
            self.net.cut(a, b)
            self.net.cut(b, a)
            self.do_peer(a, b, "down")
            self.do_peer(b, a, "down")
            self.net.heal(a, b)
            self.net.heal(b, a)
            self._wait(lambda: self._is_up(a, b), f"{b} is up for {a}")
            self._wait(lambda: self._is_up(b, a), f"{a} is up for {b}")

    def _is_up(self, node, peer):
        number = self._node(peer).values["ID"]
        for p in self._node(node).mi.call("repl_peers"):
            if p["node_id"] == number:
                return p["state"] != "down", p["state"]
        return False, "not in repl_peers"

    @staticmethod
    def _names(names):
        return [names] if isinstance(names, str) else names

    # --- steps: phones ---------------------------------------------------------------

    def do_sipp(self, node, background=False, **keys):
        """As in scenario.py; `background`: goes on while the next steps are done, until the
        step `wait`."""
        if not background:
            super().do_sipp(node, **keys)
            return
        self.background.append(Background(lambda: Scenario.do_sipp(self, node, **keys)))

    def do_wait(self):
        """Waits until all phones in the background have registered."""
        while self.background:
            self.background.pop(0).join()

    # --- steps: judging --------------------------------------------------------------

    def do_settled(self, nodes=None, contacts=None, ignore=(), slack=EXPIRES_SLACK):
        """Waits until the nodes (default: all) have equal tables, of that many contacts, and
        each has all its peers among them in sync. `slack`: seconds by which the expiry of a
        contact may differ."""
        chosen = self._nodes(nodes)
        fields = [f for f in FIELDS if f not in OWN and f not in ignore]
        self._wait(lambda: tables_equal(chosen, contacts, fields, slack),
                   "equal tables")
        numbers = {n.values["ID"] for n in chosen}
        for n in chosen:
            if self._is_full(n):
                self._wait(lambda n=n: self._in_sync(n, numbers), f"{n.name} in sync with all")

    def _is_full(self, node):
        return "plain" not in node.options.get("kind", "")

    @staticmethod
    def _in_sync(node, numbers):
        for p in node.mi.call("repl_peers"):
            if p["node_id"] in numbers and (p["state"] != "in-sync" or p["missed"]):
                return False, f"{p['node_id']} is {p['state']}, it lacks {p['missed']}"
        return True, None

    def _counting(self):
        """Nodes that run and count what they give."""
        return [n for n in self.nodes.values() if n.process and self._is_full(n)]

    def do_mark(self):
        """What is sent is counted from here on."""
        self.given.mark(self._counting())

    def do_kill(self, node):
        for n in self._nodes(node):
            if self._is_full(n):
                self.given.ends(n)
        super().do_kill(node)

    def _finish(self):
        end = self.data["end"]
        self.do_wait()
        self.do_settled(contacts=end["contacts"], ignore=end.get("ignore", ()),
                        slack=end.get("slack", EXPIRES_SLACK))
        self._judge(Verdict(self.given.totals(self._counting()), list(self.nodes), end["missed"],
                            end.get("doubled", {})))
        for n in self.nodes.values():
            self._check_never(n)
        super()._finish()

    def _judge(self, verdict):
        self.report = verdict.report()
        try:
            verdict.check()
        except Failed as e:
            raise Failed(f"{e}\n{self.report}\n{self._detail()}") from None

    def _detail(self):
        """What nodes that run have counted since they were started."""
        names = ("changes", "sent", "acked", "failed", "retried", "applied", "duplicate", "stale",
                 "repairs")
        return "\n".join(
            f"{n.name}: " + ", ".join(f"{c} {n.statistic('reg_replicate:' + c)}" for c in names)
            for n in self._counting())

    def _check_never(self, node):
        if not self._is_full(node):
            return
        for name in NEVER:
            if value := node.statistic(f"reg_replicate:{name}"):
                raise Failed(f"{node.name}: statistic {name} is {value}")


class Background:
    """Something that goes on in a thread; its failure is that of join()."""

    def __init__(self, work):
        self.work, self.error = work, None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        try:
            self.work()
        except Failed as e:
            self.error = e

    def join(self):
        self.thread.join()
        if self.error:
            raise self.error
