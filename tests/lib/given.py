# SPDX-License-Identifier: GPL-2.0-or-later
"""What nodes of a cluster give each other: changes, by who sent them and to whom, counted from a mark on;
and what of that is too much. doc/testing.md tells why it is judged so."""
import collections

from .wait import Failed

COUNTED = ("sent", "acked")
MARGIN = 1.2  # what a wrong guess costs, where an older answer overtakes a newer one


def range_of(value):
    """The least and the most changes that a node lacked: a number, or both."""
    return value if isinstance(value, list) else [value, value]


class Given:
    """Totals of all nodes since the mark, whichever of them have ended meanwhile."""

    def __init__(self, names):
        """`names`: of nodes, by id."""
        self.names = names
        self.base, self.spent = {}, collections.Counter()

    def _read(self, node):
        """{(receiver, what): how many}, since the node was started."""
        return {(self.names[p["node_id"]], what): p[what]
                for p in node.mi.call("repl_peers") if p["node_id"] in self.names for what in COUNTED}

    def mark(self, nodes):
        self.spent.clear()
        self.base = {n.name: self._read(n) for n in nodes}

    def _add(self, total, node):
        base = self.base.get(node.name, {})
        for (receiver, what), value in self._read(node).items():
            total[node.name, receiver, what] += value - base.get((receiver, what), 0)

    def ends(self, node):
        """It is about to end: what it has counted is kept."""
        self._add(self.spent, node)
        self.base.pop(node.name, None)

    def totals(self, nodes):
        """{(sender, receiver, what): how many}"""
        total = collections.Counter(self.spent)
        for n in nodes:
            self._add(total, n)
        return total


class Verdict:
    """Whether what was given fits to what was missed."""

    def __init__(self, totals, names, missed, doubled):
        """`totals` of Given; `missed`, `doubled`: of the table `end`."""
        self.totals, self.names = totals, names
        self.missed = {n: range_of(missed.get(n, 0)) for n in names}
        self.doubled = doubled

    def to(self, receiver, what):
        return sum(self.totals[s, receiver, what] for s in self.names)

    def once(self, receiver):
        """The most that one node may give to another."""
        return int(self.missed[receiver][1] * MARGIN)

    def allowed(self, receiver):
        return self.once(receiver) + self.doubled.get(receiver, 0)

    def report(self):
        sent = sum(self.to(n, "sent") for n in self.names)
        acked = {n: self.to(n, "acked") for n in self.names}
        return (", ".join(f"{n} lacked {'-'.join(map(str, sorted(set(self.missed[n]))))} got {acked[n]}"
                          for n in self.names) + f"; lost {sent - sum(acked.values())}")

    def check(self):
        """Every change that was missed has to be sent. What is sent and not acknowledged has to be sent
        again: how often that happens is a matter of the network and of the machine. But nobody may
        acknowledge much more than it lacked, and nobody is given a thing twice by the same node."""
        for n in self.names:
            if self.to(n, "sent") < self.missed[n][0]:
                raise Failed(f"only {self.to(n, 'sent')} changes were sent to {n}: not what was meant")
            for s in self.names:
                if self.totals[s, n, "acked"] > self.once(n):
                    raise Failed(f"{s} gave {n} {self.totals[s, n, 'acked']}, more than {self.once(n)}: "
                                 "the same again")
            if self.to(n, "acked") > self.allowed(n):
                raise Failed(f"{n} got {self.to(n, 'acked')}, more than {self.allowed(n)}: it had that already")
        lost = sum(self.to(n, "sent") - self.to(n, "acked") for n in self.names)
        if lost > (most := sum(self.allowed(n) for n in self.names)):
            raise Failed(f"{lost}, more than {most}, were sent without an answer")
