# SPDX-License-Identifier: GPL-2.0-or-later
"""A site: servers in a LAN with a virtual address, a router, the internet, homes behind NAT boxes.

    LAN 192.168.1.0/24                        "internet" 203.0.113.0/24       homes 10.0.0.0/24
    server a .211 --+                                                    +-- nat box .11 -- home1 .2
    server b .212 --+-- switch -- .1 router .1 ---- switch --------------+-- nat box .12 -- home2 .2
    (virtual .213)                                                       +-- public .50

Each of them is a network namespace. The switches learn where a MAC address is, and nobody answers
for others: where the virtual address has gone is known to the router only by a gratuitous ARP,
since the neighbour caches of router and servers are made to last for an hour.

With two switches in the LAN (`halves`) b and a second router are at the other one, and a trunk is
between them that can be cut: then each half has its own way to the internet."""
import os
import signal
import socket
import struct
import threading
import time

from . import netns
from .netns import PHONES, Namespace, command
from .wait import Failed, wait_for

LAN, INTERNET, HOME = "192.168.1", "203.0.113", "10.0.0"
VIRTUAL = f"{LAN}.213"
LAN_IF, WAN_IF = "eth0", "eth1"

# What comes from outside is let in if it comes from where the phone has sent to, address and port:
# conntrack does that by itself. The port outside is not the one inside.
STRICT = f"""table ip box {{
	chain out {{
		type nat hook postrouting priority srcnat; policy accept;
		oifname "{WAN_IF}" ip protocol udp masquerade to :20000-60000 random
		oifname "{WAN_IF}" masquerade
	}}
}}
"""
# Whoever knows the port is let in, as long as the phone has sent something from it lately.
CONE = f"""table ip box {{
	map holes {{ type inet_service : ipv4_addr; flags dynamic,timeout; size 65535; }}
	chain out {{
		type nat hook postrouting priority srcnat; policy accept;
		oifname "{WAN_IF}" masquerade
	}}
	chain seen {{
		type filter hook forward priority 0; policy accept;
		oifname "{WAN_IF}" udp sport 1024-65535 update @holes {{ udp sport timeout %(timeout)ds : ip saddr }}
	}}
	chain in {{
		type nat hook prerouting priority dstnat; policy accept;
		iifname "{WAN_IF}" meta l4proto udp dnat to udp dport map @holes
	}}
}}
"""
KINDS = {"strict": STRICT, "cone": CONE}


class Site(netns.Bridge):
    """Takes the part of net.Net for a scenario, as netns.Bridge does. Phones of the usual steps
    (register, send, listen) are in the LAN, at the router."""

    def __init__(self, name):
        super().__init__(name)
        self.halves = False
        self.switch_of = {}   # of servers
        self.outside = 10     # last part of the address of the last NAT box

    @staticmethod
    def ip(host):
        return f"{LAN}.{host}"

    def __enter__(self):
        try:
            self.hub = Namespace(f"{self.name}-hub")
        except Failed:
            self.release()
            raise
        return self

    def build(self, halves=False):
        """All but servers and homes: add(), add_home()."""
        self.halves = halves
        switches = ["br-1", "br-2", "br-net"] if self.halves else ["br-1", "br-net"]
        for s in switches:
            self.hub.ip(f"link add {s} type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
                        f"link set {s} up")
        if self.halves:
            self.hub.ip("link add trunk1 type veth peer name trunk2", "link set trunk1 master br-1",
                        "link set trunk2 master br-2", "link set trunk1 up", "link set trunk2 up")
        self._router("router", "br-1", 1, [f"{LAN}.{h}" for h in PHONES])
        if self.halves:
            self._router("router2", "br-2", 2)
        public = self._host("public")
        self._plug(public, LAN_IF, "br-net", f"{INTERNET}.50/24")
        self._routes_to_lan(public)
        self._write_rules()

    @property
    def place(self):
        return self.places["router"]

    # --- building --------------------------------------------------------------------

    def _host(self, name):
        self.places[name] = Namespace(f"{self.name}-{name}")
        return self.places[name]

    def _plug(self, ns, device, switch, *addresses):
        """Connects a host to a switch."""
        name = ns.name.removeprefix(self.name + "-")
        port = f"v-{name}" if device == LAN_IF else f"w-{name}"
        self.hub.ip(f"link add {port} type veth peer name {device} netns {ns.name}",
                    f"link set {port} master {switch}", f"link set {port} up")
        ns.ip(*[f"address add {a} dev {device}" for a in addresses], f"link set {device} up")

    @staticmethod
    def settings(ns, **values):
        """Sets sysctls; "__" for ".", since that is no letter of a name."""
        command(*ns.prefix, "sysctl", "-qw", *[f"{k.replace('__', '.')}={v}" for k, v in values.items()])

    def _remember_neighbours(self, ns):
        """A neighbour once known is believed for an hour and not asked again."""
        self.settings(ns, net__ipv4__neigh__eth0__base_reachable_time_ms=3600000,
                      net__ipv4__neigh__eth0__gc_stale_time=3600,
                      # one that has told of itself only is not asked soon after its first use either
                      net__ipv4__neigh__eth0__delay_first_probe_time=3600)

    def _router(self, name, switch, host, more=()):
        ns = self._host(name)
        self._plug(ns, LAN_IF, switch, f"{LAN}.{host}/24", *[f"{a}/24" for a in more])
        self._plug(ns, WAN_IF, "br-net", f"{INTERNET}.{host}/24")
        self.settings(ns, net__ipv4__ip_forward=1, net__ipv4__conf__all__send_redirects=0)
        self._remember_neighbours(ns)

    def _routes_to_lan(self, ns, router=1):
        ns.ip(f"route replace default via {INTERNET}.{router}")

    def add(self, name, *hosts):
        """A server, at the first switch, or by halves at the second if it is not the first."""
        switch = "br-2" if self.halves and self.switch_of else "br-1"
        self.switch_of[name] = switch
        ns = self._host(name)
        self._plug(ns, LAN_IF, switch, *[f"{LAN}.{h}/24" for h in hosts])
        ns.ip(f"route add default via {LAN}.{2 if switch == 'br-2' else 1}")
        # It listens on the virtual address before it has it.
        self.settings(ns, net__ipv4__ip_nonlocal_bind=1)
        self._remember_neighbours(ns)
        return ns

    def add_home(self, name, kind="strict", timeout=600, router=1):
        """A home with phones, behind a NAT box. `timeout`: seconds without a packet until the box forgets
        a pinhole. `router`: by which it goes to the LAN. The namespace of the phones, their address."""
        self.outside += 1
        box, home = self._host(f"nat-{name}"), self._host(name)
        self._plug(box, WAN_IF, "br-net", f"{INTERNET}.{self.outside}/24")
        box.ip(f"link add {LAN_IF} type veth peer name {LAN_IF} netns {home.name}",
               f"address add {HOME}.1/24 dev {LAN_IF}", f"link set {LAN_IF} up")
        home.ip(f"address add {HOME}.2/24 dev {LAN_IF}", f"link set {LAN_IF} up",
                f"route add default via {HOME}.1")
        self._routes_to_lan(box, router)
        rules = KINDS[kind] % {"timeout": timeout} if kind == "cone" else KINDS[kind]
        command(*box.prefix, "nft", "-f", "-", given=rules)
        self.settings(box, net__ipv4__ip_forward=1, net__netfilter__nf_conntrack_udp_timeout=timeout,
                      net__netfilter__nf_conntrack_udp_timeout_stream=timeout)
        return home, f"{HOME}.2"

    # --- faults ------------------------------------------------------------------------

    def link(self, name, up):
        """The cable between a server and its switch."""
        self.hub.ip(f"link set v-{name} {'up' if up else 'down'}")

    def trunk(self, up):
        """The cable between the halves of the LAN."""
        self.hub.ip(f"link set trunk1 {'up' if up else 'down'}")

    def kill_all(self, name):
        """Everything that runs on a host ends at once."""
        place = self.places[name]

        def empty():
            pids = netns.processes(place.name)
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            return not pids, f"{pids} still there"
        wait_for(empty, f"end of the processes at {name}")

    def has_virtual(self, name, address=VIRTUAL):
        place = self.places[name]
        return f" {address}/" in command(*place.prefix, "ip", "-4", "-o", "address", "show", "dev", LAN_IF)

    def drop_virtual(self, name, address=VIRTUAL):
        """As after a start of the machine."""
        if self.has_virtual(name, address):
            out = command(*self.places[name].prefix, "ip", "-4", "-o", "address", "show", "dev", LAN_IF)
            mask = out.split(f" {address}/")[1].split()[0]
            self.places[name].ip(f"address del {address}/{mask} dev {LAN_IF}")

    def neighbour(self, address, router="router"):
        """The server to which a router sends what is for an address; "" if it does not know."""
        out = command(*self.places[router].prefix, "ip", "neigh", "show", address, "dev", LAN_IF)
        return self.macs().get(out.split("lladdr ")[1].split()[0], "") if "lladdr" in out else ""

    def macs(self):
        """{MAC address: name} of the servers."""
        out = {}
        for name in self.switch_of:
            line = command(*self.places[name].prefix, "ip", "-o", "link", "show", "dev", LAN_IF)
            out[line.split("link/ether ")[1].split()[0]] = name
        return out


ARP, IP = 0x0806, 0x0800


class Watch:
    """Sees at the routers what servers send there, and knows them by MAC address: who says that the
    virtual address is his, and who pings which phone."""

    def __init__(self, site, pings=True):
        self.names = {bytes.fromhex(m.replace(":", "")): n for m, n in site.macs().items()}
        self.announced = []    # (time, server)
        self.pings = []        # (time, server, (address, port))
        self.running = True
        self.sockets, self.threads = [], []
        for router in ("router", "router2"):
            for kind, look in ((ARP, self._arp), *([(IP, self._ip)] if pings else [])):
                if router in site.places:
                    self._watch(site.places[router], kind, look)

    def _watch(self, place, kind, look):
        s = place.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(kind))
        s.bind((LAN_IF, kind))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        s.settimeout(0.2)
        self.sockets.append(s)
        self.threads.append(threading.Thread(target=self._loop, args=(s, look), daemon=True))
        self.threads[-1].start()

    def _loop(self, sock, look):
        while self.running:
            try:
                frame = sock.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                return
            server = self.names.get(frame[6:12])
            if server:
                look(server, frame)

    def _arp(self, server, frame):
        if socket.inet_ntoa(frame[28:32]) == VIRTUAL:
            self.announced.append((time.monotonic(), server))

    def _ip(self, server, frame):
        if frame[23] != socket.IPPROTO_UDP:
            return
        udp = 14 + 4 * (frame[14] & 15)
        if frame[udp + 8:udp + 16] == b"OPTIONS ":
            port = struct.unpack("!H", frame[udp + 2:udp + 4])[0]
            self.pings.append((time.monotonic(), server, (socket.inet_ntoa(frame[30:34]), port)))

    def close(self):
        self.running = False
        for t in self.threads:
            t.join(2)
        for s in self.sockets:
            s.close()
