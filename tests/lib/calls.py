# SPDX-License-Identifier: GPL-2.0-or-later
"""Steps of scenarios that call: user agents (ua.py) in the runner's own process. They see what
they are sent only while a step of theirs is done."""
import socket
import time

from .ua import Loop, Phone
from .wait import DEADLINE, Failed

FIRST_AGENT = 150  # user agents have the addresses from here on


class CallSteps:
    """Part of Scenario."""

    def _agent(self, user, domain):
        if not hasattr(self, "agents"):
            self.agents, self.calls, self.loop = {}, {}, Loop()
        if user not in self.agents:
            sock = self.net.place.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind((self.net.ip(FIRST_AGENT + len(self.agents)), 5060))
            sock.setblocking(False)
            self.agents[user] = Phone(self.loop, user, domain, sock, None, self.calls)
        return self.agents[user]

    def _turn_until(self, condition, what):
        end = time.monotonic() + DEADLINE
        while not condition():
            if time.monotonic() > end:
                raise Failed(f"{what}: not within {DEADLINE:g} s")
            self._alive()
            self.loop.turn()

    def do_agent(self, node, user, expires=600, domain="example.test", status=200):
        """A user agent that can call and be called: registers at a node, from then on its server."""
        agent, codes = self._agent(user, domain), []
        agent.server = (self._node(node).ip, 5060)
        agent.register(expires, codes.append)
        self._turn_until(lambda: codes, f"{user} registers")
        if codes != [status]:
            raise Failed(f"{user}: answered {codes[0]}")

    def do_call(self, caller, callee, status=200, by=None):
        """One agent calls another user through its server; what is answered is hung up by the
        caller, then. `by`: the node that the INVITE comes to the callee from."""
        agent, ends, byes = self._agents(caller), [], []
        call = agent.call(callee, ends.append)
        self._turn_until(lambda: ends, f"answer to {caller}")
        if call.code != status:
            raise Failed(f"{caller}: answered {call.code}")
        if status >= 300:
            return
        self._turn_until(lambda: call.confirmed, f"ACK at {callee}")
        if by and call.source[0] != self._node(by).ip:
            raise Failed(f"the INVITE came from {call.source[0]}")
        agent.inside(call.legs["caller"], "BYE", byes.append)
        self._turn_until(lambda: byes, f"answer to BYE of {caller}")
        if byes != [200] or not call.ended:
            raise Failed(f"BYE of {caller}: answered {byes[0]}")

    def _agents(self, user):
        if user not in getattr(self, "agents", {}):
            raise Failed(f"there is no agent '{user}'")
        return self.agents[user]

    def close_agents(self):
        for agent in getattr(self, "agents", {}).values():
            agent.sock.close()
