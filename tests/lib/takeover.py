# SPDX-License-Identifier: GPL-2.0-or-later
"""What moves the address, as each example has it: which files go where on a machine, and how the
tool is started there."""
import os
import shlex
import shutil
import signal
from xml.etree import ElementTree

from . import netns, site
from .runner import TOP
from .wait import Failed, wait_for

HOOKS = os.path.join(TOP, "scripts", "failover")
# Milliseconds until an answer of a server is late, instead of what the examples say: a machine that
# is busy with tests is no failure. 0: as the examples say, to see how long a take-over takes.
PATIENCE = int(os.environ.get("PATIENCE", "4000"))


class Tool:
    """A tool, on all servers of an example."""

    virtual = site.VIRTUAL   # where phones send to
    runs_servers = False     # it starts and stops the servers, too
    central = False          # it runs on the router, not on the servers

    def __init__(self, example, directory):
        """`example`: directory of its files. `directory`: of the scenario."""
        self.example, self.dir = example, directory
        self.running = {}    # by name of the host
        self.others = []     # more processes

    def prepare(self, host, _number):
        """Lays out files; the machine is not running yet."""
        hooks = os.path.join(host.own("/usr/local/lib"), "reg_replicate", "failover")
        shutil.copytree(HOOKS, hooks)
        for name in ("check_options", "role") if PATIENCE else ():
            path = os.path.join(hooks, name)
            os.rename(path, path + ".real")
            with open(path, "w", encoding="ascii") as f:
                f.write(f'#!/bin/sh\nexec "$0.real" "$@" --timeout {PATIENCE}\n')
            os.chmod(path, 0o755)

    @staticmethod
    def need(program):
        if not shutil.which(program):
            raise Failed(f"{program} is not installed")

    def booted(self, host):
        """What has to be done when a machine has started."""

    def box_booted(self, host):
        """The same for the router."""

    def command(self, host):
        """What is run on a machine, and stays."""
        raise NotImplementedError

    def log(self, host):
        return os.path.join(self.dir, f"{host.name}-tool", "log")

    def start(self, host):
        os.makedirs(os.path.dirname(self.log(host)), exist_ok=True)
        self.running[host.name] = host.spawn(*self.command(host), log=self.log(host))

    def stop(self, host):
        """Asks it to end, and waits until it has."""
        process = self.running[host.name]
        process.send_signal(signal.SIGTERM)
        wait_for(lambda: (process.poll() is not None, "runs"), f"end of the tool at {host.name}")

    def finish(self):
        """At the end of a scenario, while everything runs."""

    def close(self):
        for process in [*self.running.values(), *self.others]:
            process.kill()
            process.wait()


class PlainScript(Tool):
    def command(self, host):
        return [os.path.join(self.example, "takeover"),
                os.path.join(self.example, f"takeover-{number_of(host)}.conf")]


class Ucarp(Tool):
    def prepare(self, host, number):
        super().prepare(host, number)
        shutil.copytree(self.example, os.path.join(host.copy("/etc"), "ucarp"))
        self.need("ucarp")

    def command(self, host):
        return unit(os.path.join(self.example, f"ucarp-{number_of(host)}.service"))


class Heartbeat(Tool):
    """Heartbeat forks; all its processes end with the machine, or by `heartbeat -k`."""

    BINARY = "/usr/libexec/heartbeat/heartbeat"

    def prepare(self, host, number):
        super().prepare(host, number)
        self.need(self.BINARY)
        etc = host.copy("/etc/ha.d")
        for name in ("ha.cf", "haresources", "authkeys", "sip-watch"):
            shutil.copy(os.path.join(self.example, name), etc)
        shutil.copy(os.path.join(self.example, "sip-role"), os.path.join(etc, "resource.d"))
        os.chmod(os.path.join(etc, "authkeys"), 0o600)
        host.own("/var/log")
        host.copy("/var/lib/heartbeat")

    def start(self, host):
        # Where there is no systemd, nobody else does it.
        for path in ("", "/ccm", "/crm", "/dopd"):
            host.run("install", "-d", "-m", "750", "-o", "hacluster", "-g", "haclient",
                     "/run/heartbeat" + path)
        super().start(host)

    def command(self, host):
        return [self.BINARY, "-f"]


class Pacemaker(Tool):
    """Corosync and Pacemaker. They start and stop the servers too, by the resource agent."""

    runs_servers = True

    def prepare(self, host, number):
        super().prepare(host, number)
        for program in ("corosync", "pacemakerd", "cibadmin"):
            self.need(program)
        system = host.copy("/etc")
        os.symlink(os.path.join(host.dir, "etc", "common"), os.path.join(system, "opensips"))
        etc = os.path.join(system, "corosync")
        shutil.copy(os.path.join(self.example, "corosync.conf"), etc)
        key = os.path.join(self.dir, "authkey")
        if not os.path.exists(key):
            netns.command("corosync-keygen", "-s", "1024", "-k", key)
        shutil.copy(key, etc)
        agents = host.copy("/usr/lib/ocf/resource.d")
        os.makedirs(os.path.join(agents, "reg_replicate"))
        shutil.copy(os.path.join(self.example, "opensips"), os.path.join(agents, "reg_replicate"))
        for path in ("/var/lib/pacemaker", "/var/lib/corosync", "/var/log"):
            host.copy(path)
        os.chmod(host.own("/dev/shm"), 0o1777)

    def start(self, host):
        host.run("corosync", "-t")
        os.makedirs(os.path.dirname(self.log(host)), exist_ok=True)
        self.others.append(host.spawn("corosync", "-f", log=self.log(host)))
        super().start(host)

    def command(self, host):
        return ["pacemakerd"]

    def configure(self, host, program):
        """Loads the configuration, with another place of the program."""
        with open(os.path.join(self.example, "configuration.xml"), encoding="utf-8") as f:
            text = f.read()
        text = text.replace('value="/usr/sbin/opensips"', f'value="{program}"')
        if PATIENCE:
            text = text.replace('timeout="5s"', 'timeout="60s"').replace('timeout="10s"', 'timeout="60s"')
        path = os.path.join(self.dir, "configuration.xml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        wait_for(lambda: self.complete(host), "all servers show in crm_mon")
        load = ("cibadmin", "--replace", "--scope", "configuration", "--xml-file", path)
        wait_for(lambda: host.tries(*load), f"{host.name} takes the configuration")
        host.run("crm_verify", "--live-check")

    def complete(self, host):
        """Are all in the cluster? What is loaded before may be lost when they agree on a configuration."""
        ok, told = host.tries("crm_mon", "--one-shot", "--output-as=xml")
        nodes = ElementTree.fromstring(told).iterfind("nodes/node") if ok else ()
        online = {n.get("name") for n in nodes if n.get("online") == "true" and n.get("pending") == "false"}
        return online == set(self.running), f"online: {online or told}"

    def stop(self, host):
        """As before maintenance: the server is not promoted here."""
        host.run("crm_resource", "--ban", "--promoted", "--resource", "sip-clone", "--node", host.name)

    def back(self, host):
        host.run("crm_resource", "--clear", "--resource", "sip-clone", "--node", host.name)

    def finish(self):
        """pacemakerd stops the servers."""
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        for name, process in self.running.items():
            wait_for(lambda p=process: (p.poll() is not None, "runs"), f"end of Pacemaker at {name}")
        super().finish()


class Central(Tool):
    """One that runs on the router in front of the servers, and calls a hook there."""

    central = True
    hook = None

    def prepare_box(self, host):
        Tool.prepare(self, host, 0)
        os.symlink(os.path.join(self.example, self.hook),
                   os.path.join(host.over["/usr/local/lib"], "reg_replicate", self.hook))

    def command(self, host):
        return unit(os.path.join(self.example, "elect.service"))

    def call(self, host, *words):
        return host.run(os.path.join("/usr/local/lib/reg_replicate", self.hook), *words).strip()

    def move(self, box, address):
        self.call(box, "move", address)


class RouteChange(Central):
    hook = "move-route"

    def booted(self, host):
        host.run("ip", "address", "replace", f"{self.virtual}/32", "dev", "lo")


class NatBox(Central):
    hook = "move-nat"
    virtual = f"{site.INTERNET}.1"

    def prepare_box(self, host):
        super().prepare_box(host)
        self.need("conntrack")

    def box_booted(self, host):
        host.run("nft", "-f", os.path.join(self.example, "sip.nft"))


class Cloud(NatBox):
    """The router is the provider, whose API nobody but the test calls."""

    def __init__(self, example, directory):
        super().__init__(os.path.join(os.path.dirname(example), "nat-box"), directory)


def number_of(host):
    return host.name.removeprefix("server")


def unit(path, key="ExecStart"):
    """A command of a systemd unit."""
    with open(path, encoding="utf-8") as f:
        text = f.read().replace("\\\n", " ")
    line = next(x for x in text.splitlines() if x.startswith(key + "="))
    return shlex.split(line.removeprefix(key + "="))


TOOLS = {"plain-script": PlainScript, "ucarp": Ucarp, "heartbeat": Heartbeat, "pacemaker": Pacemaker,
         "route-change": RouteChange, "nat-box": NatBox, "cloud": Cloud}
