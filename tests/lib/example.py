# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of the examples: two servers with the very files of examples/, the real tool that moves
the address, phones behind a NAT box, a caller outside. Only mpath is another one."""
import glob
import os
import re
import shutil
import socket
import time

from . import site, takeover
from .host import Host
from .mi import FifoMI, MIError, MIUnreachable
from .netns import command
from .node import Node
from .runner import TOP
from .scenario import Scenario
from .sip import Socket, status_of
from .ua import Loop, Phone
from .wait import DEADLINE, Failed, wait_for

EXAMPLES = os.path.join(TOP, "examples")
COMMON = os.path.join(EXAMPLES, "common")
SERVERS = {"server1": 211, "server2": 212}
PORT = 5060
HOME_TIMEOUT = 600  # of the phones' NAT box: nobody sends keep-alives in these tests
PROBE = 0.02        # seconds between two questions whether somebody answers


class Server(Node):
    """A node with the files of an example, on a machine of its own. Its management FIFO is in
    the machine's /run, so that the paths in these files can stay."""

    def __init__(self, host, ip, directory, programs, config):
        super().__init__(host.name, ip, directory, programs, "", place=host)
        self.config = config
        self.options = {}
        self.run_dir = os.path.join(host.over["/run"], "opensips")
        self.fifo = os.path.join(self.run_dir, "opensips_fifo")
        self.mi = FifoMI(self.fifo, self.run_dir, running=self.is_running)

    def write_config(self):
        """A copy of the configuration, with the places of the modules."""
        etc = os.path.join(self.dir, "etc")
        for source in {COMMON, os.path.dirname(self.config)}:
            shutil.copytree(source, os.path.join(etc, os.path.basename(source)), dirs_exist_ok=True)
        path = os.path.join(etc, os.path.relpath(self.config, EXAMPLES))
        with open(path, encoding="utf-8") as f:
            text = f.read()
        text, n = re.subn(r"(?m)^mpath=.*$", f'{self.programs.core_lines()}\nmpath="{self._modules()}/"', text)
        if n != 1:
            raise Failed(f"{self.config}: {n} lines of mpath, not one")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        self.tcp_listeners = [(self.ip, PORT)]
        return path

    def _modules(self):
        """All modules in one directory, as where OpenSIPS is installed; 3.4 knows no more than one mpath."""
        place = os.path.join(self.dir, "modules")
        if not os.path.exists(place):
            os.makedirs(place)
            os.symlink(self.programs.repl_module, os.path.join(place, "reg_replicate.so"))
            for path in [*glob.glob(os.path.join(self.programs.modules, "*.so")),
                         *glob.glob(os.path.join(self.programs.modules, "*", "*.so"))]:
                if os.path.basename(path) != "reg_replicate.so":
                    os.symlink(path, os.path.join(place, os.path.basename(path)))
        return place

    def launch(self):
        os.makedirs(self.run_dir, exist_ok=True)
        super().launch()

    def adopt(self):
        """It has been started by somebody else. True if it answers."""
        try:
            with open(os.path.join(self.run_dir, "opensips.pid"), encoding="ascii") as f:
                self.process = Adopted(int(f.read()))
            self.mi.call("uptime", timeout=1)
            return True, None
        except (OSError, ValueError, MIUnreachable, MIError) as e:
            self.process = None
            return False, e


class Adopted:
    """A process that is not our child, with the part of subprocess.Popen that a node needs."""

    returncode = 0  # nobody knows

    def __init__(self, pid):
        self.pid = pid

    def poll(self):
        try:
            with open(f"/proc/{self.pid}/stat", encoding="ascii") as f:
                return self.returncode if f.read().rsplit(") ", 1)[1][0] in "ZX" else None
        except OSError:
            return self.returncode

    def wait(self, timeout=DEADLINE):
        wait_for(lambda: (self.poll() is not None, "it runs"), f"end of process {self.pid}", timeout)
        return self.returncode


class ExampleScenario(Scenario):
    """One file of tests/examples."""

    KEYS = Scenario.KEYS | {"example", "servers", "home"}

    def __init__(self, path, net, directory, programs, *ways):
        self.hosts, self.loop, self.calls = {}, Loop(), {}
        self.users, self.caller = [], None
        self.fault, self.hung, self.box = 0.0, None, None
        data = self.load(path)
        net.build()
        self.example = os.path.join(EXAMPLES, data["example"])
        self.servers = os.path.join(EXAMPLES, data.get("servers", "common"))
        self.tool = takeover.TOOLS[data["example"]](self.example, directory)
        super().__init__(path, net, directory, programs, *ways)
        if self.tool.central:
            self.box = Host(net.place, "router", os.path.join(directory, "router"))
            self.tool.prepare_box(self.box)
            self.box.boot()
            self.tool.box_booted(self.box)

    @staticmethod
    def load(path):
        data = Scenario.load(path)
        data.setdefault("node", [{"name": name} for name in SERVERS])
        return data

    def _add_node(self, i, table):
        name = table["name"]
        directory = os.path.join(self.dir, name)
        place = self.net.add(name, SERVERS[name])
        command(*place.prefix, "sysctl", "-q", "-p", os.path.join(COMMON, "sysctl.conf"))
        host = self.hosts[name] = Host(place, name, directory)
        self.tool.prepare(host, i)
        programs = self.programs.of(i)
        os.symlink(programs.core, os.path.join(host.over["/usr/local/lib"], "opensips"))
        self.nodes[name] = Server(host, self.net.ip(SERVERS[name]), directory, programs,
                                  os.path.join(self.servers, f"{name}.cfg"))
        self.nodes[name].values["ID"] = i

    def close(self):
        super().close()
        self.tool.close()
        for name, host in self.hosts.items():
            self.net.kill_all(name)
            host.shutdown()
        if self.box:
            self.net.kill_all("router")
            self.box.shutdown()

    def _finish(self):
        if self.tool.runs_servers:
            for n in self.nodes.values():
                n.check()
            self.tool.finish()
            for n in self.nodes.values():
                n.process = None
        super()._finish()

    # --- steps: servers ------------------------------------------------------------

    def do_start(self, node=None, params=None):
        """Machines, and a server on each."""
        for n in self._nodes(node):
            if not self.hosts[n.name].holder:
                self.hosts[n.name].boot()
                self.tool.booted(self.hosts[n.name])
            if self.tool.runs_servers:
                shutil.copy(n.write_config(), os.path.join(n.dir, "etc", "common", "opensips.cfg"))
        if self.tool.runs_servers:
            return
        super().do_start(node, params)
        for n in [] if self.tool.central else self._nodes(node):
            self.hosts[n.name].run(*takeover.unit(os.path.join(COMMON, "role.conf"), "ExecStartPost"))

    def do_tool(self, node=None):
        """Starts what moves the address."""
        if self.tool.central:
            if not self.tool.running:
                self.tool.start(self.box)
            return
        for n in self._nodes(node):
            self.tool.start(self.hosts[n.name])
        if self.tool.runs_servers:
            if not node:
                self.tool.configure(next(iter(self.hosts.values())), "/usr/local/lib/opensips")
            self.do_runs(node)

    def do_runs(self, node=None):
        """Waits until the tool has started the server."""
        for n in self._nodes(node):
            self._wait(n.adopt, f"{n.name} is started by the tool")

    def do_stop_tool(self, node):
        """As for maintenance."""
        self.fault = time.monotonic()
        if self.tool.central:
            other = next(n.ip for n in self.nodes.values() if n.name != node)
            self.tool.move(self.box, other)
        else:
            self.tool.stop(self.hosts[node])

    def do_bring(self, node):
        """Moves the address to this server, wherever it is, as an operator would."""
        other = next(name for name in self.hosts if name != node)
        self.tool.stop(self.hosts[other])
        self.do_holds(node)
        self.tool.back(self.hosts[other])

    def do_gone(self):
        """Waits until the server that hung has been ended by the tool."""
        self._wait(lambda: (self.hung.poll() is not None, "it is there"), "end of the server that hung")

    def do_holds(self, node):
        """This server has the address and knows that it is the active one; the other, if it runs,
        has not, and is standby."""
        for n in self.nodes.values():
            wanted = n.name == node
            if not n.process:
                continue
            self._wait(lambda n=n, wanted=wanted: self._has(n.name, wanted),
                       f"{n.name} {'has' if wanted else 'has not'} the address")
            role = "active" if wanted else "standby"
            self._wait(lambda n=n, role=role: self._role(n, role), f"{n.name} is {role}")

    def _has(self, name, wanted):
        if self.tool.central:
            has = self.tool.call(self.box, "show") == self.nodes[name].ip
        else:
            has = self.net.has_virtual(name)
        return has == wanted, has

    @staticmethod
    def _role(node, role):
        now = node.mi.call("repl_role")["role"]
        return now == role, now

    # --- steps: faults ----------------------------------------------------------------

    def do_kill(self, node):
        """The server ends at once, the machine stays."""
        self.fault = time.monotonic()
        super().do_kill(node)

    def do_freeze(self, node):
        self.fault = time.monotonic()
        super().do_freeze(node)
        if self.tool.runs_servers:  # which will end it
            n = self._node(node)
            self.hung, n.process = n.process, None

    def do_lose(self, node):
        """The machine is gone: no process, no network."""
        self.fault = time.monotonic()
        self.net.link(node, False)
        self.nodes[node].cleanup()  # all of it at once, or the main process sees its children die
        self.net.kill_all(node)
        self.hosts[node].shutdown()

    def do_back(self, node):
        """A lost machine is started again, with server and tool."""
        self.net.drop_virtual(node)
        self.net.link(node, True)
        command(*self.hosts[node].place.prefix, "ip", "route", "replace", "default", "via",
                self.net.ip(1))
        self.do_start(node)
        self.do_tool(node)

    def do_unplug(self, node):
        """The cable of the machine."""
        self.fault = time.monotonic()
        self.net.link(node, False)

    def do_plug(self, node):
        self.net.link(node, True)
        command(*self.hosts[node].place.prefix, "ip", "route", "replace", "default", "via",
                self.net.ip(1))

    # --- steps: phones ------------------------------------------------------------------

    def do_phones(self, count=3, expires=3600):
        """So many phones behind a NAT box register at the virtual address, and one outside."""
        home, ip = self.net.add_home("home", self.data.get("home", "strict"), HOME_TIMEOUT)
        public = self.net.places["public"]
        where = [(home, (ip, 0), f"user{i}") for i in range(count)]
        where.append((public, (f"{site.INTERNET}.50", 0), "caller"))
        for place, local, user in where:
            sock = place.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind(local)
            sock.setblocking(False)
            phone = Phone(self.loop, user, self.tool.virtual, sock, (self.tool.virtual, PORT), self.calls)
            self.phones[user] = sock
            codes = []
            phone.register(expires, codes.append)
            self._turn(lambda codes=codes: codes, f"answer to the REGISTER of {user}")
            if codes != [200]:
                raise Failed(f"REGISTER of {user}: {codes}")
            if user == "caller":
                self.caller = phone
            else:
                self.users.append(phone)

    def _turn(self, condition, what):
        """Lets phones do what they have to do."""
        end = time.monotonic() + DEADLINE
        while not condition():
            self._alive()
            if time.monotonic() > end:
                raise Failed(f"{what}: not within {DEADLINE:g} s")
            self.loop.turn()

    def do_known(self, node=None):
        """Each of these servers holds all phones."""
        for n in self._nodes(node):
            self.do_count(n.name, contacts=len(self.users) + 1)

    def do_calls(self):
        """Each phone is called from outside; it rings, answers, is reached from the virtual address,
        and the caller hangs up. Nobody has registered again."""
        for phone in self.users:
            done, byes = [], []
            call = self.caller.call(phone.user, done.append)
            self._turn(lambda done=done: done, f"final answer to the call to {phone.user}")
            if call.code != 200:
                raise Failed(f"call to {phone.user}: {call.code}")
            self._turn(lambda call=call: call.confirmed, f"ACK at {phone.user}")
            if tuple(call.source) != (self.tool.virtual, PORT):
                raise Failed(f"{phone.user} was called from {call.source}")
            self.caller.inside(call.legs["caller"], "BYE", byes.append)
            self._turn(lambda byes=byes: byes, f"answer to the BYE for {phone.user}")
            if byes != [200]:
                raise Failed(f"BYE for {phone.user}: {byes}")
            if phone.sent_registers != 1:
                raise Failed(f"{phone.user} has registered again")

    def do_served(self, by=None):
        """Waits until somebody answers at the virtual address, asked from outside; the time since the
        last fault is in the report. `by`: a node that has to be the only one with an active role."""
        with_socket = Socket("udp", (f"{site.INTERNET}.50", 0), place=self.net.places["public"])
        try:
            self._wait(lambda: self._asked(with_socket), "an answer at the virtual address")
        finally:
            with_socket.close()
        took = time.monotonic() - self.fault
        self.report += f"{', ' if self.report else ''}{self.step.number}: {took:.2f} s"
        if by:
            self.do_holds(by)

    def _asked(self, sock):
        ip, port = sock.address()
        branch = f"z9hG4bK{time.monotonic_ns()}"
        sock.send("\r\n".join([
            f"OPTIONS sip:{self.tool.virtual} SIP/2.0", f"Via: SIP/2.0/UDP {ip}:{port};rport;branch={branch}",
            "Max-Forwards: 70", f"From: <sip:probe@{ip}>;tag=1", f"To: <sip:{self.tool.virtual}>",
            f"Call-ID: {branch}", "CSeq: 1 OPTIONS", "Content-Length: 0", "", ""]),
            (self.tool.virtual, PORT))
        answer = sock.receive(PROBE)
        return bool(answer) and status_of(answer) == 200, answer
