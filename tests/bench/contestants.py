# SPDX-License-Identifier: GPL-2.0-or-later
"""What is compared: groups of nodes, each with a replication of its own, or none. All have two
workers for phones, and tables of the same number of slots."""
import glob
import json
import os
import shutil
import signal
import socket
import subprocess

from tests.bench.phones import prefer
from tests.bench.wire import Net, Relay
from tests.lib.node import Node, kill_group, render
from tests.lib.wait import DEADLINE, Failed, wait_for

CONF = os.path.join(os.path.dirname(os.path.abspath(__file__)), "conf")
TICKS = os.sysconf("SC_CLK_TCK")
MISSING = 9  # host of the peer that does not exist
DEAD = ("black hole", "refuses", "hangs")


def text_of(name):
    with open(os.path.join(CONF, name), encoding="utf-8") as f:
        return f.read()


def cpu_seconds(node):
    """User and system time so far of all processes of a node."""
    total = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
                fields = f.read().rpartition(")")[2].split()
            if int(fields[2]) == node.process.pid:  # its process group
                total += process_seconds(pid, fields)
        except OSError:
            continue  # it has just ended
    return total


def process_seconds(pid, fields):
    """The same time as in its stat, if the kernel has it, in nanoseconds instead of ticks."""
    try:
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as f:
            return int(f.read().split()[0]) / 1e9
    except FileNotFoundError:
        return (int(fields[11]) + int(fields[12])) / TICKS


class OpenSips(Node):
    """A node of OpenSIPS, or of the stand-in core."""

    def launch(self):
        super().launch()
        prefer(self.process)

    def contacts(self):
        return self.statistic("usrloc:location-contacts")

    def memory_used(self):
        return self.statistic("shmem:real_used_size")

    def requests(self):
        """SIP requests that came in."""
        return self.statistic("core:rcv_requests")


class KamailioProgram:
    """Kamailio: installed, or just unpacked below a directory (scripts/bench does that)."""

    def __init__(self, unpacked):
        self.path, self.options, self.environment = shutil.which("kamailio"), [], dict(os.environ)
        if not self.path:
            self.path = shutil.which(os.path.join(unpacked, "usr/sbin/kamailio"))
            for modules in glob.glob(os.path.join(unpacked, "usr/lib/*/kamailio/modules")):
                self.options = ["-L", modules]
                self.environment["LD_LIBRARY_PATH"] = os.path.dirname(modules)


class Kamailio:
    """A node of Kamailio."""

    def __init__(self, name, ip, directory, program, values, memory):
        self.name, self.ip, self.dir, self.memory = name, ip, directory, memory
        self.program = program
        self.values, self.process = values, None
        os.makedirs(directory, exist_ok=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def launch(self):
        with open(self.path("cfg"), "w", encoding="utf-8") as f:
            f.write(render(text_of("kamailio.cfg"), self.values | {"IP": self.ip, "DIR": self.dir}))
        with open(self.path("log"), "ab") as log:
            self.process = subprocess.Popen(
                [self.program.path, *self.program.options, "-f", self.path("cfg"), "-DD", "-E",
                 "-Y", self.dir, "-P", self.path("pid"), "-m", str(self.memory)],
                env=self.program.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)
        prefer(self.process)

    def answers(self):
        if self.process.poll() is not None:
            raise Failed(f"{self.name} ended while starting: see {self.path('log')}")
        try:
            return True, self.contacts()
        except (Failed, OSError) as e:
            return False, e

    def start(self):
        self.launch()
        wait_for(self.answers, f"start of {self.name}")

    def call(self, method, params=()):
        """A command of its RPC interface."""
        here = self.path(f"rpc-{os.getpid()}")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            try:
                s.bind(here)
                s.settimeout(DEADLINE)
                s.connect(self.path("rpc"))
                s.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method,
                                   "params": list(params)}).encode())
                answer = json.loads(s.recv(1 << 20))
            finally:
                os.unlink(here)
        if "error" in answer:
            raise Failed(f"{self.name}, {method}: {answer['error']}")
        return answer["result"]

    def statistic(self, name):
        for line in self.call("stats.get_statistics", [name.split(":")[0] + ":"]):
            if line.split("=")[0].strip() == name:
                return int(line.split("=")[1])
        raise Failed(f"{self.name} has no statistic {name}")

    def contacts(self):
        return self.statistic("usrloc:location_contacts")

    def memory_used(self):
        return self.statistic("shmem:real_used_size")

    def requests(self):
        return self.statistic("core:rcv_requests")

    def freeze(self):
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self):
        os.killpg(self.process.pid, signal.SIGCONT)

    def kill(self):
        process, self.process = self.process, None
        kill_group(process)
        process.wait()
        if os.path.exists(self.path("rpc")):
            os.unlink(self.path("rpc"))

    def check_alive(self):
        if self.process and self.process.poll() is not None:
            raise Failed(f"{self.name} has ended")

    def cleanup(self):
        if self.process:
            self.kill()


class Group:
    """Nodes 1 to `count`, which replicate to one another. `dead`: one more peer in everybody's
    list, that is of no use. `relay`: 1 and 2 talk through a relay of 1 Gbit/s."""

    name = None
    port = 5060           # of what nodes say to each other
    replicates = True
    most = 10**9          # contacts of a full copy that is worth trying
    meet_within = 120     # seconds
    numbers = 0

    def __init__(self, bench, count=2, dead=None, relay=False, memory=2048):
        Group.numbers += 1
        self.bench, self.count, self.dead, self.memory = bench, count, dead, memory
        self.net = Net(Group.numbers)
        self.relay = None
        if relay:
            self.relay_anew()
        if dead == "black hole":
            self.net.black_hole(MISSING)
        self.hosts = list(range(1, count + 1 + (dead == "hangs")))
        self.nodes = {}
        for h in self.hosts:
            self.nodes[h] = self.make(h, os.path.join(bench.dir, f"{self.net.number}-{h}"))

    def relay_anew(self, cut_after=0):
        """A relay between 1 and 2, in place of the one there is."""
        if self.relay:
            self.relay.close()
        self.relay = Relay(self.bench.relay_program, self.net, self.port, cut_after)

    def peers(self, host):
        """[(number, address)] of a node's peers."""
        others = [h for h in self.hosts if h != host]
        if self.dead in ("black hole", "refuses"):
            others.append(MISSING)
        return [(h, self.way(host, h)) for h in others]

    def way(self, host, peer):
        """The address under which a node knows another."""
        if self.relay and {host, peer} == {1, 2}:
            return self.net.ip(Relay.AS_1 if peer == 1 else Relay.AS_2)
        return self.net.ip(peer)

    def __getitem__(self, host):
        return self.nodes[host]

    def start(self, *hosts):
        """Starts these nodes, by default all, and then waits until they have met."""
        for h in hosts or self.hosts:
            self.nodes[h].launch()
            wait_for(self.nodes[h].answers, f"start of {self.nodes[h].name}")
        if not hosts:
            wait_for(self.joined, f"{self.name}: nodes that know each other", self.meet_within)
            if self.dead == "hangs":
                self.nodes[self.hosts[-1]].freeze()
        return self

    def make(self, host, directory):
        raise NotImplementedError

    def joined(self):
        """A condition."""
        return True, None

    def can_give(self):
        """A condition: node 1, alone, would give an empty node what it has."""
        return True, None

    def check(self):
        """Failed if a node has ended by itself."""
        for n in self.nodes.values():
            n.check_alive()

    def close(self):
        for n in self.nodes.values():
            n.cleanup()
        if self.relay:
            self.relay.close()
        self.net.close()


class OnOpenSips(Group):
    def make(self, host, directory):
        values = {"SOCKETS": "", "BEFORE": "", "REPLICATION": "", "HANDLE": "", "SAVE": "save"}
        values |= self.values(host)
        return OpenSips(f"{self.name}, node {host}", self.net.ip(host), directory,
                        self.bench.programs, text_of("opensips.cfg"), values, self.memory)

    def values(self, host):
        return {}


class PlainOpenSips(OnOpenSips):
    name, replicates = "plain", False


class RegReplicate(OnOpenSips):
    name = "reg_replicate"

    def values(self, host):
        a = self.bench.args
        lines = ['loadmodule "@REPL_MODULE@"'.replace("@REPL_MODULE@",
                                                      self.bench.programs.repl_module),
                 f'modparam("reg_replicate", "node_id", {host})']
        if a.secret:
            lines.append('modparam("reg_replicate", "secret", "a secret just for measuring")')
        for h, address in self.peers(host):
            lines += [f'modparam("reg_replicate", "peer", '
                      f'"node_id={h}, uri=sip:{address}:5060;transport={a.transport}")',
                      f'modparam("reg_replicate", "socket_map", '
                      f'"udp:{self.net.ip(h)}:5060=udp:{self.net.ip(host)}:5060")']
        return {"REPLICATION": "\n".join(lines), "SAVE": "save_replicate",
                "HANDLE": "\tif (handle_replica())\n\t\texit;"}

    def joined(self):
        for h in self.hosts:
            for p in self.nodes[h].mi.call("repl_peers"):
                if p["node_id"] in self.hosts and p["state"] != "in-sync":
                    return False, f"{p['node_id']} is {p['state']} for {h}"
        return True, None

    def check(self):
        """Failed also if one has logged what it should not."""
        for n in self.nodes.values():
            n.check()


class Clusterer(OnOpenSips):
    """usrloc's own replication, in mode full-sharing-cluster."""

    name, port, dispatch, meet_within = "clusterer", 5566, 1, 20

    def start(self, *hosts):
        """Three and more nodes do not always meet: then again from the start, a few times."""
        for left in reversed(range(5)):
            try:
                return super().start(*hosts)
            except Failed:
                if not left:
                    raise
            for n in self.nodes.values():
                n.cleanup()
        return self

    def values(self, host):
        lines = ['loadmodule "proto_bin.so"', 'loadmodule "clusterer.so"',
                 'modparam("proto_bin", "bin_max_msg_chunks", 64)',
                 'modparam("clusterer", "db_mode", 0)',
                 'modparam("clusterer", "ping_interval", 1)',
                 'modparam("clusterer", "node_timeout", 5)',
                 f'modparam("clusterer", "my_node_id", {host})',
                 f'modparam("clusterer", "dispatch_jobs", {self.dispatch})',
                 f'modparam("clusterer", "my_node_info", "cluster_id=1, '
                 f'url=bin:{self.net.ip(host)}:5566{", flags=seed" if host == 1 else ""}")']
        lines += [f'modparam("clusterer", "neighbor_node_info", '
                  f'"cluster_id=1, node_id={h}, url=bin:{address}:5566")'
                  for h, address in self.peers(host)]
        return {"SOCKETS": "socket=bin:@IP@:5566".replace("@IP@", self.net.ip(host)),
                "BEFORE": "\n".join(lines),
                "REPLICATION": 'modparam("usrloc", "working_mode_preset", "full-sharing-cluster")\n'
                               'modparam("usrloc", "location_cluster", 1)'}

    def joined(self):
        for h in self.hosts:
            clusters = self.nodes[h].mi.call("clusterer_list")["Clusters"]
            up = [n for c in clusters for n in c["Nodes"]
                  if n["node_id"] in self.hosts and n["link_state"] == "Up"]
            if len(up) != len(self.hosts) - 1:
                return False, f"{len(up)} are up for {h}"
            if not self.synced(h):
                return False, f"{h} is not synced"
        return True, None

    def synced(self, host):
        return all(cap["state"] == "Ok"
                   for c in self.nodes[host].mi.call("clusterer_list_cap")["Clusters"]
                   for cap in c["Capabilities"])

    def can_give(self):
        return self.synced(1), "not synced"


class ClustererDirect(Clusterer):
    name, dispatch = "clusterer, dispatch_jobs=0", 0


class OnKamailio(Group):
    def make(self, host, directory):
        values = {"REPLICATION": "", "HANDLE": ""} | self.values(host)
        return Kamailio(f"{self.name}, node {host}", self.net.ip(host), directory,
                        self.bench.kamailio, values, self.memory)

    def values(self, host):
        return {}


class PlainKamailio(OnKamailio):
    name, replicates = "plain Kamailio", False


class Dmq(OnKamailio):
    """dmq_usrloc, with the sizes of messages and batches that its documentation gives."""

    name, most = "dmq_usrloc", 100000
    batch = ('modparam("dmq_usrloc", "batch_msg_contacts", 50)',
             'modparam("dmq_usrloc", "batch_size", 10000)',
             'modparam("dmq_usrloc", "batch_usleep", 500000)')

    def values(self, host):
        ip = self.net.ip
        own = self.way(3 - host, host) if host in (1, 2) else ip(host)
        lines = ['loadmodule "dmq.so"', 'loadmodule "dmq_usrloc.so"',
                 f'modparam("dmq", "server_address", "sip:{own}:5060")',
                 f'modparam("dmq", "server_socket", "udp:{ip(host)}:5060")',
                 'modparam("dmq", "num_workers", 2)',
                 'modparam("dmq_usrloc", "enable", 1)',
                 'modparam("dmq_usrloc", "sync", 1)', *self.batch]
        lines += [f'modparam("dmq", "notification_address", "sip:{address}:5060")'
                  for _, address in self.peers(host)]
        return {"REPLICATION": "\n".join(lines), "HANDLE":
                '\tif (is_method("KDMQ")) {\n\t\tdmq_handle_message();\n\t\texit;\n\t}'}

    def joined(self):
        for h in self.hosts:
            active = [n for n in self.nodes[h].call("dmq.list_nodes")
                      if n["status"] == "active" and not int(n["local"])]
            if len(active) < len(self.hosts) - 1:
                return False, f"{h} has met {len(active)}"
        return True, None


class DmqOneByOne(Dmq):
    """With the default: a message for each contact."""

    name, batch = "dmq_usrloc, default sizes", ()


def baseline_of(kind):
    return PlainKamailio if issubclass(kind, OnKamailio) else PlainOpenSips


def available(modules, kamailio):
    """Those that can be run here, ours first; and why others cannot, as sentences."""
    kinds, without = [RegReplicate], []
    if kamailio.path:
        kinds.append(Dmq)
    else:
        without.append("There is no Kamailio (Debian's package kamailio): not compared.")
    have = [any(os.path.exists(os.path.join(modules, x)) for x in (f"{m}.so", f"{m}/{m}.so"))
            for m in ("clusterer", "proto_bin")]
    if all(have):
        kinds += [Clusterer, ClustererDirect]
    else:
        without.append("No clusterer and proto_bin among the core's modules: OpenSIPS's own "
                       "replication not compared (--core, --modules).")
    return kinds, without
