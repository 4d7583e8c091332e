# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of taking an address over: servers, tools, phones behind NAT boxes (site.py), calls.

The servers run the configurations of examples/, as they are there: only what names a place of the
machine (modules, the FIFO, the hooks) is replaced, since all hosts share one file system."""
import os
import re
import shutil
import sys
import time

from .cluster import ClusterScenario
from .examples import example, placed
from .fleet import Fleet
from .keepalived import Keepalived
from .netns import command
from .runner import TOP
from .scenario import Scenario
from .site import VIRTUAL, Watch
from .table import table_of
from .wait import DEADLINE, Failed, wait_for

HOOKS = os.path.join(TOP, "scripts", "failover")
SERVER = (VIRTUAL, 5060)
DOMAIN = "192.168.1.213"
CALLER_PORT, PHONE_PORT = 5070, 10000


class FailoverScenario(ClusterScenario):
    """One file of tests/cluster/failover."""

    KEYS = (ClusterScenario.KEYS - {"relay", "end"}) | {"home", "halves"}

    def __init__(self, path, net, directory, programs, transport="udp", database="sqlite"):
        net.build(self.load(path).get("halves", False))
        self.tools, self.homes, self.watch, self.kept_seen = {}, {}, None, {}
        self.figures = []
        self.killed = self.gone = None   # when the last fault began, and when it was complete
        super().__init__(path, net, directory, programs, transport, database)
        self.fleet = Fleet(os.path.join(directory, "phones.log"))
        for table in self.data.get("home", []):
            self._check_keys(table, {"name", "kind", "timeout", "router"}, "a home")
            self.homes[table["name"]] = net.add_home(**table)

    def _check_end(self):
        pass

    def _add_node(self, i, table):
        super()._add_node(i, table)
        node = self.nodes[table["name"]]
        node.values["HOOKS"] = os.path.join(node.dir, "hooks")
        shutil.copytree(HOOKS, node.values["HOOKS"])
        for name in os.listdir(node.values["HOOKS"]):
            path = os.path.join(node.values["HOOKS"], name)
            with open(path, "r+", encoding="utf-8") as f:
                text = placed(f.read())
                f.seek(0)
                f.truncate()
                f.write(self._named(node, text).replace("#!/usr/bin/env python3", "#!" + sys.executable))

    @staticmethod
    def _named(node, text):
        """What @NAMES@ of a tool's file mean at a node."""
        for name, value in {"FIFO": node.fifo, "DIR": node.dir, "HOOKS": node.values["HOOKS"]}.items():
            text = text.replace(f"@{name}@", value)
        return text

    def _template(self, conf, include, programs):
        text = example(conf)
        # A phone is given up later: on a machine that is busy it may be slow to ring.
        return text.replace("\nroute {", '\nmodparam("tm", "fr_timeout", 30)\n@EXTRA@\nroute {', 1)

    def _alive(self):
        super()._alive()
        for tool in self.tools.values():
            tool.check()

    def _finish(self):
        self.report = "; ".join(self.figures)
        for name in list(self.tools):
            self.do_tool_stop(name)
        Scenario._finish(self)

    def close(self):
        for tool in self.tools.values():
            tool.forget()
        if self.watch:
            self.watch.close()
        self.fleet.close()
        super().close()

    def _tell(self, text):
        self.figures.append(text)

    def _phones(self, do, **keys):
        return self.fleet.ask(do, alive=self._alive, **keys)

    # --- steps: tools ------------------------------------------------------------------

    def do_keepalived(self, node=None, conf="keepalived/server%d.conf", patience=30000, wait=True,
                      set=None):  # noqa: A002
        """Starts keepalived at these hosts, with their configurations of examples/: one after the other, so
        that with `nopreempt` the first has the address (default: at all of them; node = "b": b will
        be the backup). `patience`: milliseconds of the health check. `set`: values that take the place of
        those there, {"advert_int": 0.2}; false: the line goes."""
        first = None if node else self._nodes(node)[0]
        for n in self._nodes(node):
            text = self._named(n, example(conf % n.values["ID"] if "%" in conf else conf))
            # It looks at every directory of the path to a hook, up to /; a checkout may be anywhere.
            # Nothing but what a scenario is about makes a health check fail, however slow the machine is;
            # where it is not about that, one at the start is enough.
            values = {"enable_script_security": False, "timeout": 60, "interval": 3600, **(set or {})}
            for key, value in values.items():
                text, count = re.subn(rf"^(\s*){key}\b.*$", "" if value is False else rf"\g<1>{key} {value}",
                                      text, flags=re.M)
                if not count:
                    raise Failed(f"the configuration has no {key}")
            text = text.replace(" -t 800", f" -t {patience}")
            self.tools[n.name] = Keepalived(n.place, n.dir, text)
            self.tools[n.name].start()
            if wait:
                self.do_tool_state(n.name, "MASTER" if n is first else "BACKUP")

    def do_tool_state(self, node, state):
        """Waits until keepalived is MASTER, BACKUP or FAULT there."""
        def look():
            now = self.tools[node].state()
            return now == state, now
        self._wait(look, f"keepalived at {node} is {state}")

    def do_tool_stop(self, node):
        """The tool ends as by systemctl stop."""
        self.tools.pop(node).stop()

    def do_master(self, node, others=True):
        """Waits until a host has the virtual address, and its server knows that it is the active one;
        `others`: and nobody else, as far as servers run, and they know it."""
        want = {n.name for n in self._nodes(node)}

        def look():
            for n in self.nodes.values():
                on = n.process is not None
                if on and self.net.has_virtual(n.name) != (n.name in want) and (others or n.name in want):
                    return False, f"{n.name}: {'without' if n.name in want else 'with'} the virtual address"
            for n in self.nodes.values():
                if n.process and (others or n.name in want):
                    role = n.mi.call("repl_status")["role"]
                    if (role == "active") != (n.name in want):
                        return False, f"{n.name} is {role}"
            return True, None
        self._wait(look, f"{node} is the master")

    def do_one_master(self):
        """Waits until one of the hosts has the address, whichever, and all know it."""
        def look():
            have = [n.name for n in self.nodes.values() if n.process and self.net.has_virtual(n.name)]
            active = [n.name for n in self.nodes.values()
                      if n.process and n.mi.call("repl_status")["role"] == "active"]
            return len(have) == 1 and active == have, f"{have} have it, {active} are active"
        self._wait(look, "one master")

    # --- steps: faults -----------------------------------------------------------------

    def do_power_off(self, node):
        """A host loses its power: everything at it ends, and it is away."""
        for n in self._nodes(node):
            self.killed = time.monotonic()
            self.net.link(n.name, False)
            self.gone = time.monotonic()
            self.net.kill_all(n.name)
            n.kill()
            if n.name in self.tools:
                self.tools.pop(n.name).forget()

    def do_power_on(self, node):
        """The host is there again, and empty; nothing is started yet."""
        for n in self._nodes(node):
            self.net.drop_virtual(n.name)
            self.net.link(n.name, True)

    def do_kill(self, node):
        """SIGKILL to all processes of the server; the host lives."""
        self.killed = time.monotonic()
        Scenario.do_kill(self, node)
        self.gone = time.monotonic()

    def do_freeze(self, node):
        self.killed = time.monotonic()
        super().do_freeze(node)
        self.gone = time.monotonic()

    def do_link(self, node, up):
        for n in self._nodes(node):
            self.killed = self.killed if up else time.monotonic()
            self.net.link(n.name, up)
            self.gone = self.gone if up else time.monotonic()

    def do_trunk(self, up):
        """The cable between the two switches of the LAN."""
        self.killed = self.killed if up else time.monotonic()
        self.net.trunk(up)

    def do_take(self, node, announce=True, address=VIRTUAL, role=True):
        """An operator gives a host the virtual address (or another one), with a gratuitous ARP or without;
        `role`: and tells its server."""
        for n in self._nodes(node):
            if announce:
                command(*n.place.prefix, os.path.join(HOOKS, "address"), "take", f"{address}/24", "eth0")
            else:
                n.place.ip(f"address add {address}/24 dev eth0")
            if role:
                n.mi.call("repl_role", {"role": "active"})

    def do_kernel(self, node, set):  # noqa: A002
        """Settings of a host's kernel: {"net.ipv4.ip_nonlocal_bind" = 0}."""
        for n in self._nodes(node):
            for name, value in set.items():
                command(*n.place.prefix, "sysctl", "-qw", f"{name}={value}")

    def do_has_address(self, node):
        """Waits until that host has the address, whoever else has it."""
        self._wait(lambda: (self.net.has_virtual(node), "it has not"), f"{node} has the address")

    def do_arp(self, node, router="router"):
        """Waits until the router sends what is for the address to that host."""
        def look():
            now = self.net.neighbour(VIRTUAL, router)
            return now == node, now
        self._wait(look, f"{VIRTUAL} is {node} for the router")

    # --- steps: phones -------------------------------------------------------------------

    def do_phones(self, group, count, home=None, prefix="user", first=0, expires=3600, rate=500,
                  register=True):
        """`count` phones at a home (default: not behind a NAT, at the internet), each at a port of its own,
        that register once at the virtual address. `register`: true, false, or "later": not waited for."""
        place, ip = self.homes[home] if home else (self.net.places["public"], "203.0.113.50")
        self._phones("add", group=group, netns=f"/run/netns/{place.name}", ip=ip, count=count, prefix=prefix,
                     first=first, port=(PHONE_PORT if home else CALLER_PORT) + first, server=SERVER, domain=DOMAIN)
        if register == "later":
            self._phones("register", group=group, expires=expires, rate=rate, wait=False)
        elif register:
            self.do_register_all(group, expires, rate)

    def do_register_all(self, group, expires=3600, rate=500):
        codes = self._phones("register", group=group, expires=expires, rate=rate)["codes"]
        if set(codes) != {"200"}:
            raise Failed(f"answers to REGISTER: {codes}")

    def do_registered(self, group, least):
        """Waits until so many phones of the group have their 200."""
        def look():
            n = sum(1 for at in self._phones("status", group=group)["registered"].values() if at)
            return n >= least, n
        self._wait(look, f"registrations of {group}")

    def do_kept(self, node, group, margin):
        """Every registration that was acknowledged `margin` ms before the fault, or earlier, is there."""
        have = {aor for aor, _ in table_of(self._node(node))}
        acked = {u: at for u, at in self._phones("status", group=group)["registered"].items() if 0 < at < self.killed}
        late = [self.killed - at for u, at in acked.items() if u not in have]
        self._tell(f"{len(acked)} registrations acknowledged before the fault, {len(late)} of them missing"
                   + (f", acknowledged at most {max(late) * 1000:.0f} ms before" if late else ""))
        if late and max(late) * 1000 >= margin:
            raise Failed(f"missing at {node}, acknowledged {max(late) * 1000:.0f} ms before the fault")

    def do_behave(self, group, ring=None, ring_limit=None):
        """How phones take calls: after `ring` seconds (without: when told by `pick_up`); after `ring_limit`
        they refuse."""
        self._phones("behave", group=group, ring=ring, ring_limit=ring_limit)

    def do_call(self, name, to, caller, count=None, rate=100, first=0, wait="confirmed", codes=None):
        """Phones of the group `caller` call those of group `to`. `wait`: until all of the calls are
        `ringing`, `final`, `confirmed` or `ended`; false: not. `count = 0`: until the step `enough`. Then the final answers have to be `codes`,
        {"200" = 10} (default: all 200), and every INVITE came from the virtual address."""
        n = self._phones("call", name=name, caller=caller, to=to, count=count, rate=rate, first=first)
        if wait:
            self.do_calls(name, wait, codes if codes is not None or wait == "ringing" else {"200": n})

    def do_calls(self, name, wait="confirmed", codes=None):
        """Waits for a set of calls, as `call` does."""
        got = self._phones("wait", name=name, state=wait)
        if codes is not None and got != codes:
            raise Failed(f"final answers: {got}")
        wrong = [c for c in self._phones("calls", name=name) if c["source"] and tuple(c["source"]) != SERVER]
        if wrong:
            raise Failed(f"{len(wrong)} INVITEs came to phones from elsewhere, the first: {wrong[0]}")

    def do_enough(self, name):
        """No more calls of a set are begun."""
        self._phones("enough", name=name)

    def do_begun(self, name, least):
        """Waits until so many calls of a set have been answered."""
        def look():
            n = sum(1 for c in self._phones("calls", name=name) if c["answered"])
            return n >= least, n
        self._wait(look, f"calls of {name}")

    def do_outage(self, name, by, within=None):
        """What became of the calls of a set during the fault and after: all that were begun after it have
        to be answered. `by`: who took over. `within`: seconds from the fault to the first that is."""
        calls = self._phones("calls", name=name)
        after = [c for c in calls if c["begun"] > self.gone]
        failed = [c for c in after if c["code"] != 200]
        broken = [c for c in calls if c["begun"] <= self.gone and c["code"] != 200]
        if not after or failed:
            raise Failed(f"{len(failed)} of {len(after)} calls after the fault failed: {failed[:1]}")
        first = min(c["answered"] for c in after) - self.killed
        told = [at for at, server in self.watch.announced if server == by and at > self.killed] if self.watch else []
        if told:
            self._tell(f"address announced after {told[0] - self.killed:.3f} s")
        late = [c for c in after if c["answered"] - c["begun"] > 0.4]
        self._tell(f"first answered INVITE after {first:.3f} s")
        self._tell(f"{len(after)} calls begun after the fault: all answered, {len(late)} of them late, begun until "
                   f"{max([c['begun'] - self.killed for c in late], default=0):.2f} s after it, the slowest took "
                   f"{max(c['answered'] - c['begun'] for c in after):.2f} s")
        self._tell(f"{len(broken)} of {len(calls) - len(after)} begun before it failed")
        if within is not None and first > within:
            raise Failed(f"the first INVITE was answered after {first:.3f} s")

    def do_pick_up(self, name):
        """The phones that ring take their calls."""
        self._phones("answer", name=name)

    def do_inside(self, name, by, method, codes=None, rate=200):
        """INVITE or BYE by `caller` or `callee` in all calls of a set that stand; CANCEL in those that do
        not yet. All have to be answered: by 200, or by `codes`."""
        got = self._phones("inside", name=name, side=by, method=method, rate=rate)
        if (codes is None and set(got) != {"200"}) or (codes is not None and got != codes):
            raise Failed(f"answers to {method} by {by}: {got}")

    def do_nobody_registers(self, group, sent=1):
        """Every phone has sent so many REGISTERs (repetitions not counted), not one more."""
        status = self._phones("status", group=group)
        if status["registers"] != sent * len(status["pings"]):
            raise Failed(f"{status['registers']} REGISTERs of {len(status['pings'])} phones")

    # --- steps: keep-alives ----------------------------------------------------------------

    def do_watch(self, pings=True):
        """From here on it is seen who pings (unless `pings` is false), and who announces the address."""
        if self.watch:
            self.watch.close()
        self.watch = Watch(self.net, pings)

    def do_pinged(self, group, by, times=1, deadline=DEADLINE):
        """Waits until so many pings more have come to every phone of the group, and were sent by that server.
        `deadline`: seconds."""
        def pings():
            return self._phones("status", group=group)["pings"]

        def sent():
            return sum(1 for p in list(self.watch.pings) if p[1] == by)
        before, sent_before = pings(), sent()

        def look():
            self._alive()
            got = [now - then for now, then in zip(pings(), before)]
            enough = sent() - sent_before >= times * len(got)
            return min(got) >= times and enough, f"{min(got)} to {max(got)} pings to a phone"
        wait_for(look, f"{by} pings {group}", deadline)

    def do_only_pings(self, node):
        """Nobody else has pinged since the last `watch`."""
        others = [p for p in self.watch.pings if p[1] != node]
        if others:
            raise Failed(f"{len(others)} pings by {sorted({p[1] for p in others})}")
