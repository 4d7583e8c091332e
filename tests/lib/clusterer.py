# SPDX-License-Identifier: GPL-2.0-or-later
"""Nodes of OpenSIPS's own cluster (module clusterer), as a step of scenarios.

A node that starts pings the others. When the answer arrives before the process that sent the ping has
noted that it did, which happens on a busy machine, clusterer takes no notice of the answer, and does not
ping again: for good, that node calls the link "Probe", asks for no contacts and hands on none. The other
side says "Up". An operator disables and enables the other node there; so does this step."""
import time

PATIENCE = 5.0  # seconds: longer than a link that comes up by itself takes


class ClustererSteps:
    def do_clusterer(self, nodes=None):
        """Waits until each of the nodes (default: all) has a link to all others and whatever clusterer
        gives it at its start. A link that does not come is disabled and enabled, at either side: the one
        that has it waits for the other."""
        nodes, since = self._nodes(nodes), {}  # since when a link is not up, by nodes

        def look():
            seen = [(n, links_of(n), states_of(n)) for n in nodes]
            for node, links, _ in seen:
                for number, (cluster, state) in links.items():
                    if state == "Up":
                        since.pop((node.name, number), None)
                    elif time.monotonic() - since.setdefault((node.name, number), time.monotonic()) > PATIENCE:
                        renew(node, cluster, number)
                        del since[node.name, number]
            return all(state == "Up" for _, links, _ in seen for _, state in links.values()) and \
                all(state == "Ok" for _, _, states in seen for state in states.values()), \
                [(n.name, links, states) for n, links, states in seen]
        self._wait(look, "clusterer")


def links_of(node):
    """(cluster, state of the link) of each other node, by node id."""
    return {n["node_id"]: (c["cluster_id"], n["link_state"])
            for c in node.mi.call("clusterer_list")["Clusters"] for n in c["Nodes"]}


def states_of(node):
    """"Ok", or "not synced", of each module that uses clusterer at this node."""
    return {f["name"]: f["state"]
            for c in node.mi.call("clusterer_list_cap")["Clusters"] for f in c["Capabilities"]}


def renew(node, cluster, number):
    """The link to another node begins anew."""
    for status in (0, 1):
        node.mi.call("clusterer_set_status",
                     {"cluster_id": cluster, "node_id": number, "status": status})
