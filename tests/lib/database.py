# SPDX-License-Identifier: GPL-2.0-or-later
"""Nodes that keep their state in a database of their own (conf/repl-state.cfg): with SQLite node-ID.db
in the scenario's directory, with MySQL node_ID of the scenario's server."""
import contextlib
import os
import sqlite3
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

from . import cores
from .examples import EXAMPLES
from .wait import DEADLINE, Failed

TABLES = ("version", "location", "reg_replicate")
DRIVERS = {"sqlite": "db_sqlite", "mysql": "db_mysql"}


def needs_of(database):
    """Which modules a scenario needs that is played with it."""
    if database not in DRIVERS:
        raise Failed(f"there is no database '{database}': {', '.join(DRIVERS)}")
    return [DRIVERS[database]]



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

    def _mysql_url(self):
        """Of the scenario's server, without a database. OpenSIPS 3.4 knows no sockets in it, but its
        client library takes the one of the environment."""
        knows = True
        for kind in self.programs.kinds:
            with open(kind.core, "rb") as f:
                knows = knows and b"unix(" in f.read()
        return f"mysql://root:secret@{f'unix({self.mariadb.socket})' if knows else 'localhost'}"

    def _database_values(self, values, programs):
        """For a node's configuration: @DATABASE@, lines for the driver, and @DB_URL@."""
        lines = [f'loadmodule "{DRIVERS[self.database]}.so"']
        if self.database == "mysql":
            url = f"{self._mysql_url()}/node_{values['ID']}"
        else:
            url = f"sqlite://{self.dir}/node-{values['ID']}.db"
            for name, value in (("exec_pragma", '"synchronous=NORMAL"'), ("busy_timeout", values["BUSY"])):
                if not cores.lacks(programs.modules, [f"db_sqlite:{name}"]):  # that of 3.4 has none
                    lines.append(f'modparam("db_sqlite", "{name}", {value})')
        return {"DATABASE": "\n".join(lines), "DB_URL": url}

    def do_databases(self):
        """An empty database for each node, before the first start."""
        for name, node in self.nodes.items():
            if self.database == "mysql":
                self._make_database(f"node_{node.values['ID']}")
                self.do_sql(node=name, tables=TABLES)
            else:
                self.do_sql(node=name, tables=TABLES)
                with contextlib.closing(self._sqlite(self._file(name))) as db:
                    db.execute("PRAGMA journal_mode=WAL")  # the file remembers it

    def _sqlite(self, file):
        return sqlite3.connect(os.path.join(self.dir, file), timeout=DEADLINE)

    def _attach_others(self, db, own):
        """A node's statements reach the databases of the others as node_ID, as with a server."""
        for name, node in self.nodes.items():
            path = os.path.join(self.dir, self._file(name))
            if name != own and os.path.exists(path):
                db.execute(f"ATTACH '{path}' AS node_{node.values['ID']}")

    def do_account(self, user, realm, password, file=None, database=None):
        """An account of auth_db, made as examples/digest-auth says; of ["x", N]: x0 .. x(N-1)."""
        users = [user] if isinstance(user, str) else [f"{user[0]}{i}" for i in range(user[1])]
        self.do_sql(file, database, run=[add_account.statement(u, realm, password) for u in users])

    def do_lock(self, node):
        """Nobody can write to a node's database, until `unlock`."""
        if node in self.locked:
            raise Failed(f"{node}'s database is locked already")
        if self.database == "mysql":
            self.locked[node] = self.mariadb.lock(f"node_{self._node(node).values['ID']}")
            return
        self.locked[node] = sqlite3.connect(os.path.join(self.dir, self._file(node)),
                                            timeout=DEADLINE, isolation_level=None)
        self.locked[node].execute("BEGIN IMMEDIATE")

    def do_unlock(self, node):
        self.locked.pop(node).close()

    def do_lost_answers(self, node, lost=True):
        """Each row that usrloc inserts at a node is there, but usrloc is told that it is not: as if the
        server had carried out what had timed out at the client. Until it is played with lost = false."""
        if not lost:
            self.do_sql(node=node, run="DROP TRIGGER lost_answers")
        elif self.database == "mysql":  # what fails later in the statement undoes nothing in MyISAM
            self.do_sql(node=node, run=["ALTER TABLE location ENGINE=MyISAM", (
                "CREATE TRIGGER lost_answers AFTER INSERT ON location FOR EACH ROW "
                "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'answer lost'")])
        else:
            self.do_sql(node=node, run="CREATE TRIGGER lost_answers AFTER INSERT ON location "
                                       "BEGIN SELECT RAISE(FAIL, 'answer lost'); END")

    def do_stored(self, node=None):
        """Waits until all that a node has is on its disk."""
        for n in self._nodes(node):
            self.do_mi(n.name, "repl_status", expect={"state": "stored"})
