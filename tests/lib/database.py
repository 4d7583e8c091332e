# SPDX-License-Identifier: GPL-2.0-or-later
"""Nodes that keep their state in a database of their own: node-ID.db in the scenario's
directory (conf/repl-state.cfg)."""
import os
import sqlite3
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

from .examples import EXAMPLES
from .wait import DEADLINE, Failed

TABLES = ("version", "location", "reg_replicate")



def _program(path):
    """A Python program of the project as a module."""
    loader = SourceFileLoader(os.path.basename(path).replace("-", "_"), path)
    module = module_from_spec(spec_from_loader(loader.name, loader))
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


add_account = _program(os.path.join(EXAMPLES, "digest-auth", "add-account"))


class DatabaseSteps:
    """Steps for scenarios; see scenario.py."""

    def _file(self, node):
        return f"node-{self._node(node).values['ID']}.db"

    def do_databases(self):
        """An empty database for each node, before the first start."""
        for name in self.nodes:
            self.do_sql(self._file(name), tables=TABLES)

    def do_account(self, user, realm, password, file=None, database=None):
        """An account of auth_db, made as examples/digest-auth says; of ["x", N]: x0 .. x(N-1)."""
        users = [user] if isinstance(user, str) else [f"{user[0]}{i}" for i in range(user[1])]
        self.do_sql(file, database, run=[add_account.statement(u, realm, password) for u in users])

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
