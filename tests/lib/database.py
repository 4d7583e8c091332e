# SPDX-License-Identifier: GPL-2.0-or-later
"""Nodes that keep their state in a database of their own: node-ID.db in the scenario's
directory (conf/repl-state.cfg)."""
import os
import sqlite3

from .wait import DEADLINE, Failed

TABLES = ("version", "location", "reg_replicate")


class DatabaseSteps:
    """Steps for scenarios; see scenario.py."""

    def _file(self, node):
        return f"node-{self._node(node).values['ID']}.db"

    def do_databases(self):
        """An empty database for each node, before the first start."""
        for name in self.nodes:
            self.do_sql(self._file(name), tables=TABLES)

    def do_lock(self, node):
        """Nobody can write to a node's database, until `unlock`."""
        if node in self.locked:
            raise Failed(f"{node}'s database is locked already")
        self.locked[node] = sqlite3.connect(os.path.join(self.dir, self._file(node)),
                                            timeout=DEADLINE, isolation_level=None)
        self.locked[node].execute("BEGIN IMMEDIATE")

    def do_unlock(self, node):
        self.locked.pop(node).close()

    def do_stored(self, node=None):
        """Waits until all that a node has is on its disk."""
        for n in self._nodes(node):
            self.do_mi(n.name, "repl_status", expect={"state": "stored"})
