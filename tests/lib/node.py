# SPDX-License-Identifier: GPL-2.0-or-later
"""A node: a core that runs a configuration, in a directory of its own."""
import glob
import os
import re
import shutil
import signal
import socket
import subprocess

from . import cores
from .mi import FifoMI, HttpMI, MIError, MIUnreachable
from .net import HERE
from .table import FIELDS
from .wait import DEADLINE, Failed, wait_for

# Lines that no healthy node writes, whatever is done to it from outside.
BAD_LOG = re.compile(r"CRITICAL|\bBUG\b|>>> |AddressSanitizer|LeakSanitizer|runtime error:|"
                     r"ThreadSanitizer|segfault|core dumped")


class Programs:
    """Where the core, its modules and the module under test are."""

    def __init__(self, core, modules, repl_module, sources=None):
        """`sources`: those that the core was built of; where it is, if they are not told."""
        self.core = os.path.abspath(core)
        self.sources = os.path.abspath(sources or os.path.dirname(self.core))
        self.modules = os.path.abspath(modules)
        self.repl_module = os.path.abspath(repl_module)

    def core_lines(self):
        """Lines that only this core needs, or knows: doc/cores.md tells why."""
        return "tcp_threads=1" if cores.name_of(self.core).startswith("opensips 4.") else ""

    def name(self):
        return cores.name_of(self.core)


def render(template, values):
    """The text with every @NAME@ replaced; a name without a value is an error."""
    def value(m):
        if m.group(1) not in values:
            raise Failed(f"@{m.group(1)}@ has no value")
        return str(values[m.group(1)])
    return re.sub(r"@(\w+)@", value, template)


class Node:
    """One node, of OpenSIPS. It leads a process group of its own, so that signals reach all of it.

    The configuration is a template; besides the values given it may use @IP@, @DIR@,
    @FIFO@, @MODULES@ and @REPL_MODULE@. It runs at a place: here, or in a namespace."""

    BAD_LOG = BAD_LOG
    FIELDS = FIELDS  # that it keeps of a contact, as others do

    def __init__(self, name, ip, directory, programs, template, values=None, memory=64,
                 place=HERE):
        self.name, self.ip, self.dir = name, ip, directory
        self.programs, self.template = programs, template
        self.values = dict(values or {})
        self.memory, self.place = memory, place
        self.env = {}  # added to ours
        self.process = None
        self.tcp_listeners = []
        self.may_log = ""  # what is no fault here: a regular expression
        os.makedirs(directory, exist_ok=True)
        self.fifo = os.path.join(directory, "mi")
        self.mi = FifoMI(self.fifo, directory, running=self.is_running)

    # --- life -------------------------------------------------------------------

    def write_config(self):
        values = dict(self.values, IP=self.ip, DIR=self.dir, FIFO=self.fifo,
                      MODULES=self.programs.modules, REPL_MODULE=self.programs.repl_module,
                      CORE=self.programs.core_lines())
        text = render(self.template, values)
        # A virtual address, on which it listens too, may be elsewhere.
        self.tcp_listeners = [(ip, int(port)) for ip, port in
                              re.findall(r"^socket=tcp:([\d.]+):(\d+)", text, re.M) if ip == self.ip]
        path = os.path.join(self.dir, "node.cfg")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def start(self):
        """Starts it and waits until it answers on its FIFO and listens on TCP."""
        self.launch()
        wait_for(self.answers, f"start of {self.name}")

    def launch(self):
        """Starts it, and waits for nothing."""
        if self.process:
            raise Failed(f"{self.name} is running already")
        cfg = self.write_config()
        with open(self.log_path(), "ab") as log:
            self.process = subprocess.Popen(
                [*self.place.prefix, *self.command(cfg)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.dir,
                env=dict(os.environ, **self.env), start_new_session=True)

    def command(self, cfg):
        """The command line that runs a configuration."""
        return [self.programs.core, "-F", "-f", cfg, "-m", str(self.memory)]

    def answers(self):
        """A condition: it can be asked, and listens on TCP. Failed if it has ended."""
        code = self.process.poll()
        if code is not None:
            self.process = None
            raise Failed(f"{self.name} ended while starting ({ending(code)})")
        return self.responds()

    def responds(self):
        try:
            # OpenSIPS opens its FIFO twice, and loses what comes in between
            self.mi.call("uptime", timeout=1)
            for address in self.tcp_listeners:
                with self.place.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
                    s.settimeout(DEADLINE)
                    s.connect(address)
        except (MIUnreachable, MIError, OSError) as e:
            return False, e
        return True, None

    def stop(self, group=False):
        """Ends it as an operator would, by SIGTERM to the main process, or as systemd does, to
        all its processes. It must end by itself, with exit code 0 and its FIFO gone."""
        process, self.process = self.process, None
        if group:
            os.killpg(process.pid, signal.SIGTERM)
        else:
            process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            kill_group(process)
            raise Failed(f"{self.name} did not end on SIGTERM") from None
        self._kill_rest(process)
        if code != 0:
            raise Failed(f"{self.name} ended badly ({ending(code)})")

    def _children(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children",
                  encoding="ascii") as f:
            return [int(pid) for pid in f.read().split()]

    def _all_forked(self):
        """It answers on its FIFO before the last of its processes is there, that for TCP. A child
        that is lost before has just made the start fail."""
        types = [p["Type"] for p in self.mi.call("ps")["Processes"]]
        return "TCP main" in types, types

    def lose_child(self):
        """SIGKILL to one child. Everything must end by itself, and say so."""
        wait_for(self._all_forked, f"all processes of {self.name}")
        victim = self._children()[-1]
        process, self.process = self.process, None
        os.kill(victim, signal.SIGKILL)
        try:
            code = process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            code = 0
        left = kill_group(process)
        if code == 0 or left or "signal 9" not in self.log():
            raise Failed(f"{self.name} lost a child: {ending(code)}, processes left: {left}, "
                         "or nothing in the log")
        os.rename(self.log_path(), self.log_path() + ".lost-child")

    def kill(self):
        """SIGKILL to all its processes at once: a crash of the machine."""
        process, self.process = self.process, None
        kill_group(process)
        process.wait()
        self._kill_rest(process)
        if os.path.exists(self.fifo):
            os.unlink(self.fifo)

    def _kill_rest(self, process):
        """What may have ended a moment ago, and its sockets, must be gone before the next start."""
        if kill_group(process):
            wait_for(lambda: (not group_lives(process.pid), "some of its processes live"),
                     f"end of {self.name}")

    def signal(self, signum):
        os.killpg(self.process.pid, signum)

    def freeze(self):
        self.signal(signal.SIGSTOP)

    def thaw(self):
        self.signal(signal.SIGCONT)

    def cleanup(self):
        """Ends it whatever its state is, without judging how."""
        if self.process:
            self.kill()

    # --- looking at it -----------------------------------------------------------

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def check_alive(self):
        """Fails if it has ended by itself."""
        if self.process and self.process.poll() is not None:
            code = self.process.returncode
            kill_group(self.process)
            self.process = None
            raise Failed(f"{self.name} has ended ({ending(code)})")

    def check(self):
        """Fails if it has ended by itself, or has logged what no node should."""
        self.check_alive()
        for line in self.log().splitlines():
            if self.BAD_LOG.search(line) and not (self.may_log and re.search(self.may_log, line)):
                raise Failed(f"{self.name} logged: {line}")

    def log_path(self):
        return os.path.join(self.dir, "log")

    def log(self):
        try:
            with open(self.log_path(), encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def contacts(self, domain):
        """(aor, fields) of each contact of a usrloc domain, fields as ul_dump tells them."""
        for d in self.mi.call("ul_dump")["Domains"]:
            if d["name"] == domain:
                for aor in d["AORs"]:
                    for c in aor["Contacts"]:
                        yield aor["AOR"], c

    def http(self, port=8888, root="mi"):
        return HttpMI(f"http://{self.ip}:{port}/{root}")

    def statistic(self, name):
        """Value of a statistic by "group:name"."""
        values = self.mi.call("get_statistics", {"statistics": [name.split(":")[0] + ":"]})
        if name not in values:
            raise Failed(f"{self.name} has no statistic {name}")
        return int(values[name])


def ending(code):
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def kill_group(process):
    """True if there was anything left to kill."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
        return True
    except ProcessLookupError:
        return False


def group_lives(group):
    """Is any process of that group there, which may have sockets open? One that has ended and that
    nobody has waited for does not count."""
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="ascii", errors="replace") as f:
                state, _, pgrp = f.read().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(pgrp) == group and state not in "ZX":
            return True
    return False


def remove_tree(path):
    shutil.rmtree(path, ignore_errors=True)
