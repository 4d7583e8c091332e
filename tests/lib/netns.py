# SPDX-License-Identifier: GPL-2.0-or-later
"""Network namespaces: a network of its own for each node, and faults between them.

A bridge in a namespace of its own (the hub) connects the nodes. Nothing is done to the
interfaces of the machine: even the veth pairs are made inside. Phones are in the hub, and
reach nodes through the bridge's own address; cuts and loss are of what the bridge hands on,
so they are between nodes only."""
import ctypes
import os
import signal
import socket
import subprocess
import threading

from .wait import Failed, wait_for

CLONE_NEWNET = 0x40000000
PREFIX = "rrc"  # of the names of all our namespaces; then the pid of the runner
RANGE = "10.88.0"
PHONES = range(90, 180)  # last part of the addresses of phones and sipp
libc = ctypes.CDLL(None, use_errno=True)


def command(*args, given=None):
    """Runs a program; its output. Failed if it fails."""
    try:
        done = subprocess.run(args, input=given, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Failed(f"{args[0]} is not installed") from None
    if done.returncode != 0:
        raise Failed(f"{' '.join(args)}: {done.stderr.strip() or done.returncode}"
                     + (f"\n{given}" if given else ""))
    return done.stdout


def names():
    """All namespaces of this machine."""
    return [line.split()[0] for line in command("ip", "netns", "list").splitlines() if line]


class Namespace:
    """A network namespace: a place to run programs and to open sockets in."""

    def __init__(self, name):
        self.name = name
        # Not `ip netns exec`: it mounts /sys anew, which fails where / is no mount point (chroot).
        self.prefix = ("nsenter", f"--net=/run/netns/{name}")
        command("ip", "netns", "add", name)
        try:
            self.ip("link set lo up")
        except Failed:
            command("ip", "netns", "del", name)
            raise

    def ip(self, *lines):
        command(*self.prefix, "ip", "-batch", "-", given="\n".join(lines) + "\n")

    def socket(self, *args):
        """A socket of this namespace. It is made by a thread that moves there: a socket stays
        where it was made, and the process stays where it is."""
        out = []

        def make():
            try:
                with open(f"/run/netns/{self.name}", "rb") as ns:
                    if libc.setns(ns.fileno(), CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), "setns")
                out.append(socket.socket(*args))
            except OSError as e:
                out.append(Failed(f"no socket in {self.name}: {e}"))
        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        if isinstance(out[0], Failed):
            raise out[0]
        return out[0]

    def remove(self):
        remove(self.name)


def processes(name):
    return [int(p) for p in command("ip", "netns", "pids", name).split() if int(p) != os.getpid()]


def remove(name):
    """Ends all that runs in the namespace, and removes it."""
    def empty():
        pids = processes(name)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return not pids, f"{pids} still there"
    wait_for(empty, f"end of the processes in {name}", 10)
    command("ip", "netns", "del", name)


def remove_all(prefix):
    """Removes all namespaces with that prefix, as far as that goes."""
    for name in names():
        if name.startswith(prefix):
            try:
                remove(name)
            except Failed:
                pass


class Bridge:
    """The network of one scenario: namespaces, the bridge between them, the faults.

    Takes the part of net.Net for a scenario."""

    def __init__(self, name):
        """`name`: for the names of the namespaces; no two runs may have the same."""
        self.name = f"{PREFIX}{os.getpid()}-{name}"
        self.places = {}
        self.cuts = set()   # (from, to)
        self.loss = {}      # (from, to): percent
        self.hub = None

    def __enter__(self):
        try:
            self.hub = Namespace(f"{self.name}-hub")
            self.hub.ip("link add br0 type bridge stp_state 0 forward_delay 0",
                        f"address add {RANGE}.254/24 dev br0",
                        *[f"address add {RANGE}.{h}/24 dev br0" for h in PHONES],
                        "link set br0 up")
            self._write_rules()
        except Failed:
            self.release()
            raise
        return self

    def __exit__(self, *exc):
        self.release()

    def release(self):
        for place in [*self.places.values(), *([self.hub] if self.hub else [])]:
            place.remove()
        self.places, self.hub = {}, None

    @property
    def place(self):
        """Where phones are."""
        return self.hub

    @staticmethod
    def ip(host):
        return f"{RANGE}.{host}"

    def add(self, name, *hosts):
        """A namespace with these addresses, connected to the bridge."""
        ns = Namespace(f"{self.name}-{name}")
        self.places[name] = ns
        port = f"v-{name}"
        self.hub.ip(f"link add {port} type veth peer name eth0 netns {ns.name}",
                    f"link set {port} master br0", f"link set {port} up")
        ns.ip(*[f"address add {RANGE}.{h}/24 dev eth0" for h in hosts], "link set eth0 up")
        return ns

    # --- faults ------------------------------------------------------------------

    def cut(self, a, b):
        """Nothing of IP goes from a to b any more. ARP does: otherwise a cut in one
        direction would become one in both as soon as b has to ask for a's address."""
        self.cuts.add((a, b))
        self._write_rules()

    def heal(self, a=None, b=None):
        """Undoes the cut from a to b, or all cuts and loss."""
        if a is None:
            self.cuts, self.loss = set(), {}
        else:
            self.cuts.discard((a, b))
        self._write_rules()

    def lose(self, a, b, percent):
        """That many of 100 packets from a to b are lost."""
        self.loss[a, b] = percent
        self._write_rules()

    def _write_rules(self):
        lines = ["table bridge faults", "delete table bridge faults", "table bridge faults {",
                 "chain forward { type filter hook forward priority 0; policy accept;"]
        way = 'iifname "v-%s" oifname "v-%s" ether type ip '
        lines += [way % pair + "drop" for pair in sorted(self.cuts)]
        lines += [way % pair + f"numgen random mod 100 < {p} drop"
                  for pair, p in sorted(self.loss.items())]
        command(*self.hub.prefix, "nft", "-f", "-",
                given="\n".join(lines + ["}", "}", ""]))

    def slow(self, name, kbit):
        """Limits what goes to and from a node, also from phones."""
        for ns, device in ((self.hub, f"v-{name}"), (self.places[name], "eth0")):
            command(*ns.prefix, "tc", "qdisc", "replace", "dev", device, "root", "tbf",
                    "rate", f"{kbit}kbit", "burst", "3000", "latency", "400ms")


class Watchdog:
    """A process that cleans up after this one, however this one ends: it waits for the end
    of a pipe that only this process holds."""

    def __init__(self, prefix, clean):
        """`clean`: called at the end too."""
        read, self.write = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(read)
            return
        try:
            os.setsid()
            for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(s, signal.SIG_IGN)
            os.close(self.write)
            os.read(read, 1)
            remove_all(prefix)
            clean()
        finally:
            os._exit(0)

    def finish(self):
        """Lets it clean up, and waits until it has."""
        if self.pid:
            os.close(self.write)
            os.waitpid(self.pid, 0)
            self.pid = 0


def check_able():
    """Failed with the reason if this machine cannot do what is needed here."""
    if os.geteuid() != 0:
        raise Failed("network namespaces need root")
    name = f"{PREFIX}{os.getpid()}-able"
    with Bridge("able") as net:
        net.add("a", 1)
        net.add("b", 2)
        net.lose("a", "b", 10)
        net.slow("a", 1000)
        net.place.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    if any(n.startswith(name) for n in names()):
        raise Failed("namespaces cannot be removed")
