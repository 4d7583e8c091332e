# SPDX-License-Identifier: GPL-2.0-or-later
"""Items d, e, f: the full copy into an empty node, what a peer missed while it was away, and
memory; and how the copy grows with the table."""
import time

from tests.bench import phones
from tests.bench.contestants import RegReplicate, baseline_of
from tests.bench.speed import settled
from tests.lib.wait import Failed, wait_for

LONG = 7200                 # Expires of all
POLL = 0.02                 # seconds between two looks
STUCK = 20                  # seconds without progress after which no more is expected
OUTAGES = (("stopped", 10), ("cut off", 10), ("cut off", 45))  # the last: beyond transactions' ends


class Copies:
    def __init__(self, bench):
        self.bench, self.args, self.report = bench, bench.args, bench.report

    # --- steps -------------------------------------------------------------------------

    def fill(self, group, count):
        """Phones register at node 1 as fast as it answers."""
        got = phones.run(self.bench.phones_program, group.net.ip(1), group.net.ip(100), count,
                         expires=LONG)
        if got["answered"] != count:
            raise Failed(f"{group.name}: {got['answered']} of {count} phones answered")

    def memory(self, node):
        """Shared memory in use, once transactions that are over have been freed."""
        time.sleep(8)
        last = node.memory_used()
        for _ in range(30):
            time.sleep(1)
            used = node.memory_used()
            if used > last * 0.999:
                break
            last = used
        return used

    @staticmethod
    def sent(group):
        """Changes that node 1 has sent to node 2; None where that is not counted."""
        if not isinstance(group, RegReplicate):
            return None
        return group[1].mi.call("repl_peers")[0]["sent"]

    def copy(self, group):
        """Starts node 2, empty. Seconds until it has all that node 1 has, or nothing more
        comes; bytes; what is missing; changes sent."""
        count, sent = group[1].contacts(), self.sent(group)
        bytes_before, begin = group.net.counted()[0], time.monotonic()
        group.start(2)
        started, have, since, first = time.monotonic(), 0, time.monotonic(), None
        while have < count and time.monotonic() - since < STUCK:
            time.sleep(POLL)
            now = group[2].contacts()
            if now != have:
                have, since = now, time.monotonic()
                first = first or since
        return {"seconds": since - begin, "starting": started - begin,
                "copying": since - first if first else None, "missing": count - have,
                "bytes": group.net.counted()[0] - bytes_before,
                "sent": None if sent is None else self.sent(group) - sent}

    def tell_copy(self, item, row, name, got):
        """Rows of one copy. Where not all came, no time is told."""
        whole = got["missing"] == 0
        for what, unit, value in (
                ("seconds from the start of the empty node", "s",
                 got["seconds"] if whole else "incomplete"),
                ("of that, from the first contact to the last", "s",
                 got["copying"] if whole else "incomplete"),
                ("bytes on the wire", "B", got["bytes"]),
                ("changes sent", "", got["sent"]),
                ("not there", "", got["missing"])):
            self.report.add(item, f"d, {row}: {what}", unit, name, value)

    # --- a peer that was away ------------------------------------------------------------

    def away(self, group, number):
        """Phones register anew while node 2 is away: outage `number` of OUTAGES."""
        a, ip, (how, seconds) = self.args, group.net.ip, OUTAGES[number]
        expires = LONG - 600 * (number + 1)  # by which those that changed are known
        had_bytes, had_packets = group.net.counted()
        sent, requests, asked = self.sent(group), group[2].requests(), 0
        begin = time.monotonic()
        if how == "stopped":
            group[2].freeze()
        else:
            group.net.cut(1, 2)
        phones.run(self.bench.phones_program, ip(1), ip(100), a.missed, rate=a.missed,
                   expires=expires, cseq=number + 2)
        time.sleep(max(0, begin + seconds - time.monotonic()))
        if how == "stopped":
            group[2].thaw()
        else:
            group.net.heal()
        back, have, since = time.monotonic(), 0, time.monotonic()
        while have < a.missed and time.monotonic() - since < 2 * STUCK:
            time.sleep(2 * POLL)
            got = phones.run(self.bench.phones_program, ip(2), ip(100), a.missed, query=True,
                             within=expires)
            asked += got["sent"] + got["repeated"]
            if got["within"] != have:
                have, since = got["within"], time.monotonic()
        now_bytes, now_packets = group.net.counted()
        requests = group[2].requests() - requests - asked
        for what, unit, value in (
                ("seconds from its return", "s",
                 since - back if have == a.missed else "incomplete"),
                ("bytes on the wire", "B", now_bytes - had_bytes),
                ("packets on the wire", "", now_packets - had_packets),
                ("SIP requests to it", "", requests if requests > 0 else None),
                ("changes sent", "", None if sent is None else self.sent(group) - sent),
                ("not there", "", a.missed - have)):
            self.report.add("missed", f"e, peer {how} for {seconds} s: {what}", unit, group.name,
                            value)

    # --- items ---------------------------------------------------------------------------

    def plain_memory(self, kind):
        g = kind(self.bench, 1)
        try:
            g.start()
            empty = g[1].memory_used()
            self.fill(g, self.args.bindings)
            return (self.memory(g[1]) - empty) / self.args.bindings
        finally:
            g.close()

    def tell_memory(self, group, plain, empty):
        for h, what in ((1, "sender"), (2, "receiver")):
            own = (self.memory(group[h]) - empty[h]) / max(1, group[h].contacts())
            self.report.add("memory", f"f: over the server's own, {what}", "B", group.name,
                            own - plain)
        self.report.add("memory", "f: the server's own, without replication", "B", group.name,
                        plain)

    def pair(self, kind, plain):
        """Memory, a peer that was away, and the copy into an empty node, one after the other
        on the same two nodes."""
        g, a = kind(self.bench), self.args
        try:
            g.start()
            empty = {h: g[h].memory_used() for h in (1, 2)}
            self.fill(g, a.bindings)
            missing = a.bindings - settled(g[2], a.bindings)
            self.report.add("full copy", f"{a.bindings:,} registered as fast as answered: "
                            "not at the peer", "", kind.name, missing)
            self.tell_memory(g, plain, empty)
            for number in range(len(OUTAGES) - self.args.quick):
                self.away(g, number)
            g.check()
            g[2].kill()
            self.tell_copy("full copy", f"{a.bindings:,}, loopback", kind.name, self.copy(g))
            g.check()
        finally:
            g.close()

    def relayed(self, kind):
        """The copy through a relay, and once more with a cut in the middle."""
        g, a = kind(self.bench, relay=True), self.args
        try:
            g.start(1)
            wait_for(g.can_give, f"{kind.name}: node 1 ready", deadline=60)
            self.fill(g, a.bindings)
            whole = self.copy(g)
            self.tell_copy("full copy", f"{a.bindings:,}, 1,460 bytes at a time, 1 Gbit/s",
                           kind.name, whole)
            g[2].kill()
            g.relay_anew(cut_after=whole["bytes"] // 2)
            self.tell_copy("full copy",
                           f"{a.bindings:,}, the same, cut for 3 s after half of the bytes",
                           kind.name, self.copy(g))
            g.check()
        finally:
            g.close()

    def all(self):
        memory = {}
        for kind in self.bench.main_kinds:
            base = baseline_of(kind)
            for step in (lambda k: self.pair(k, memory[baseline_of(k)]), self.relayed):
                try:
                    if base not in memory:
                        memory[base] = self.plain_memory(base)
                    step(kind)
                except Failed as e:
                    self.report.note(f"{kind.name}: {e}")
        for item in ("full copy", "missed", "memory"):
            self.report.show(item)

    def sizes(self):
        """The copy at other sizes of the table."""
        for kind in self.bench.main_kinds:
            for size in self.args.sizes:
                if size > kind.most:
                    self.report.note(f"{kind.name}: a copy of {size:,} was not tried")
                    continue
                g = kind(self.bench, memory=max(2048, size // 200))
                try:
                    g.start(1)
                    wait_for(g.can_give, f"{kind.name}: node 1 ready", deadline=60)
                    self.fill(g, size)
                    self.tell_copy("other sizes", f"{size:,}, loopback", kind.name, self.copy(g))
                    g.check()
                except Failed as e:
                    self.report.note(f"{kind.name}, {size:,} contacts: {e}")
                finally:
                    g.close()
        self.report.show("other sizes")
