# SPDX-License-Identifier: GPL-2.0-or-later
"""Items a, b, c: processor time, highest rate, time until a contact is at the peer; how they
grow with the number of nodes, and what a dead peer changes.

Groups that are compared run all the time, and are loaded in turn, so that whatever else the
machine does hits all alike."""
import os
import resource
import time

from tests.bench import phones
from tests.bench.contestants import DEAD, TICKS, baseline_of, cpu_seconds
from tests.lib.wait import Failed

PROBES = 50        # phones a second whose contacts are looked for at the peer
QUIET = 3          # seconds without a new contact after which no more is expected
IDLE = 0           # as a rate
LADDER = (1000, 2000, 3000, 4000, 5000, 6000, 8000, 10000, 12000, 14000, 16000, 18000, 20000,
          24000, 28000, 32000, 40000)
TRIES = 3          # at a rate of the ladder: other programs disturb


def settled(node, expected):
    """Waits until a node has so many contacts, or no more come; how many it has."""
    last, since = node.contacts(), time.monotonic()
    while last < expected and time.monotonic() - since < QUIET:
        time.sleep(0.05)
        count = node.contacts()
        if count != last:
            last, since = count, time.monotonic()
    return last


def label(rate):
    return f"{rate:,}/s" if rate else "idle"


def busy_seconds():
    """Processor time spent on this machine so far, by whomever."""
    with open("/proc/stat", encoding="ascii") as f:
        user, nice, system, _, _, *rest = map(int, f.readline().split()[1:9])
    return (user + nice + system + sum(rest)) / TICKS


def own_seconds():
    """That of this process and of the phones that have ended."""
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, (
        resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


class Samples:
    """Values of several rounds, by name."""

    def __init__(self):
        self.values = {}

    def add(self, name, value):
        self.values.setdefault(name, []).append(value)

    def of(self, name):
        return self.values.get(name, [])


class Speed:
    def __init__(self, bench):
        self.bench, self.args, self.report = bench, bench.args, bench.report
        self.serial = 0

    def prefix(self):
        """Of users that no node has seen."""
        self.serial += 1
        return f"s{self.serial}x"

    # --- single measurements ----------------------------------------------------------

    def load(self, group, rate, seconds):
        """Phones that register at node 1; what they say, with processor time and losses."""
        hosts = range(1, group.count + 1)
        n = rate * seconds
        begin, other = time.monotonic(), busy_seconds() - own_seconds()
        cpu = {h: cpu_seconds(group[h]) for h in hosts}
        have = {h: group[h].contacts() for h in hosts}
        wire = group.net.counted()
        got = phones.run(self.bench.phones_program, group.net.ip(1), group.net.ip(100), n,
                         rate=rate, prefix=self.prefix())
        missing = [n - (settled(group[h], have[h] + n) - have[h]) for h in hosts]
        used = [cpu_seconds(group[h]) - cpu[h] for h in hosts]
        other = busy_seconds() - own_seconds() - other - sum(used)
        got["other"] = other * 100 / (time.monotonic() - begin) / os.cpu_count()
        used = [x * 1e6 / n for x in used]
        got["missing"] = sum(missing[1:])
        got["sender_us"] = used[0]
        got["receiver_us"] = sum(used[1:]) / len(used[1:]) if used[1:] else None
        got["bytes"] = (group.net.counted()[0] - wire[0]) / n
        got["in_time"] = got["seconds"] < 1.05 * seconds + 0.2
        return got

    def delay(self, group, rate, seconds):
        """Milliseconds, sorted, until contacts were at node 2 (at itself, where there is just
        one); how many of how many never were."""
        ip, load = group.net.ip, None
        if rate:
            have, n = group[2].contacts() if group.count > 1 else 0, rate * (seconds + 1)
            load = phones.Phones(self.bench.phones_program, ip(1), ip(100), n, rate=rate,
                                 prefix=self.prefix())
        try:
            got = phones.run(self.bench.phones_program, ip(1), ip(101), PROBES * seconds,
                             rate=PROBES, prefix=self.prefix(),
                             peer=ip(min(2, group.count)))
            if load:
                load.result()
        finally:
            if load:
                load.close()
        if rate and group.count > 1:
            settled(group[2], have + n + got["probed"])
        return got["visible_ms"], got["lost"], got["sent"]

    # --- rounds ------------------------------------------------------------------------

    def rounds(self, groups, rates, rounds):
        """{group: Samples} of all groups in turn, round after round."""
        a, out = self.args, {g: Samples() for g in groups}
        for _ in range(rounds):
            for rate in rates:
                for g in groups:
                    got = self.load(g, rate, a.seconds)
                    for name in ("sender_us", "receiver_us", "missing", "repeated", "bytes",
                                 "other"):
                        out[g].add((name, rate), got[name])
            for rate in (IDLE, *rates):
                for g in groups:
                    times, lost, sent = self.delay(g, rate, a.seconds)
                    out[g].add(("p50", rate), phones.percentile(times, 50))
                    out[g].add(("p99", rate), phones.percentile(times, 99))
                    out[g].add(("lost", rate), lost)
        for g in groups:
            g.check()
        return out

    def tell(self, item, suffix, group, samples, plain, rates):
        """Rows of one group; `plain`: samples of the same server without replication."""
        add = self.report.add
        for r in rates:
            mine, other = samples.of(("sender_us", r)), plain.of(("sender_us", r))
            added = [x - y for x, y in zip(mine, other)]
            receiver = samples.of(("receiver_us", r))
            both = [x + (group.count - 1) * y for x, y in zip(added, receiver)]
            for row, unit, values in (
                    ("plain save", "us", other), ("sender adds", "us", added),
                    ("receiver", "us", receiver), ("replication, all nodes together", "us", both),
                    ("taken by other programs", "%", samples.of(("other", r))),
                    ("bytes on the wire", "B", samples.of(("bytes", r))),
                    ("retransmitted by phones", "", sum(samples.of(("repeated", r)))),
                    ("not at the peer", "", sum(samples.of(("missing", r))))):
                add(item, f"a, {label(r)}{suffix}: {row}", unit, group.name, values)
        for r in (IDLE, *rates):
            for what in ("p50", "p99"):
                add(item, f"c, {label(r)}{suffix}: {what}", "ms", group.name,
                    samples.of((what, r)))
            add(item, f"c, {label(r)}{suffix}: never seen", "", group.name,
                sum(samples.of(("lost", r))))

    def compare(self, item, variants, rates, rounds):
        """Measures groups [(suffix, kind, options)] side by side, with their baselines, and
        adds the rows."""
        groups, plain = [], {}
        try:
            for suffix, kind, options in variants:
                base = baseline_of(kind)
                if base not in plain:
                    plain[base] = base(self.bench, 1)
                    plain[base].start()
                g = kind(self.bench, **options)
                groups.append((suffix, g))
                try:
                    g.start()
                except Failed as e:
                    self.report.note(f"{item}{suffix}: {e}")
                    groups.pop()
                    g.close()
            out = self.rounds([*plain.values(), *(g for _, g in groups)], rates, rounds)
            for suffix, g in groups:
                self.tell(item, suffix, g, out[g], out[plain[baseline_of(type(g))]], rates)
            for base, g in plain.items():
                floor = out[g].of(("p50", IDLE))
                self.report.note(f"{base.name}, asked itself for the contact when idle: "
                                 f"{min(floor):.3f} ms (what asking takes)")
        finally:
            for g in [*plain.values(), *(g for _, g in groups)]:
                g.close()
        self.report.write()

    # --- items -------------------------------------------------------------------------

    def pairs(self):
        """a and c for two nodes."""
        self.compare("two nodes", [("", k, {}) for k in self.bench.kinds], self.args.rates,
                     self.args.rounds)
        self.report.show("two nodes")

    def dead_peers(self):
        """a and c with one more peer that is of no use."""
        for kind in self.bench.main_kinds:
            try:
                self.compare("one dead peer more", [(f", {d}", kind, {"dead": d}) for d in DEAD],
                             self.args.rates[-1:], min(2, self.args.rounds))
            except Failed as e:
                self.report.note(f"{kind.name} with a dead peer: {e}")
        self.report.show("one dead peer more")

    def more_nodes(self):
        """How a and c grow with the number of nodes."""
        for kind in self.bench.main_kinds:
            try:
                self.compare("more nodes", [(f", {n} nodes", kind, {"count": n})
                                            for n in self.args.nodes], self.args.rates,
                             min(2, self.args.rounds))
            except Failed as e:
                self.report.note(f"{kind.name} with more nodes: {e}")
        self.report.show("more nodes")

    def highest(self):
        """b: the highest rate of the ladder without loss or retransmission."""
        best = {}
        for kind in (*dict.fromkeys(map(baseline_of, self.bench.kinds)), *self.bench.kinds):
            best[kind] = self.tell_highest("b", kind, {"count": 2 if kind.replicates else 1},
                                           len(LADDER) - 1)
        ours = self.bench.kinds[0]
        for d in DEAD:
            self.tell_highest(f"b, one peer more, {d}", ours, {"dead": d}, best[ours])
        self.report.show("highest rate")

    def tell_highest(self, row, kind, options, top):
        """Rows of one group; its place on the ladder, from `top` downwards."""
        g, place = kind(self.bench, **options), 0
        try:
            g.start()
            place, why = self.climb(g, top)
            best = LADDER[place] if place >= 0 else 0
        except Failed as e:
            best, why = "not measured", str(e)
        finally:
            g.close()
        add = self.report.add
        add("highest rate", f"{row}: without loss or retransmission", "/s", kind.name, best)
        add("highest rate", f"{row}: and above", "", kind.name, why)
        return max(place, 0)

    def climb(self, group, top):
        """The highest place on the ladder up to `top` at which all goes well, by bisection; what
        happened at the next one. A `top` that is not the end of the ladder is likely to be the
        answer, and tried first."""
        low, high, why = -1, top + 1, "not tried"
        middle = top if high < len(LADDER) else high // 2
        while high - low > 1:
            for _ in range(TRIES):
                got = self.load(group, LADDER[middle], self.args.seconds)
                bad = self.complaint(got)
                if not bad:
                    break
            if bad:
                high, why = middle, f"at {LADDER[middle]:,}: {bad}"
            else:
                low = middle
            group.check()
            middle = (low + high) // 2
        return low, why

    @staticmethod
    def complaint(got):
        parts = [f"{got[k]:,} {text}" for k, text in (
            ("repeated", "retransmitted"), ("refused", "refused"), ("given_up", "unanswered"),
            ("missing", "not at the peer")) if got[k]]
        if not got["in_time"]:
            parts.append(f"{got['sent'] / got['seconds']:,.0f}/s reached")
        return ", ".join(parts)
