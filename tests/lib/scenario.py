# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios: nodes, and steps done to them, read from a TOML file.

doc/testing.md says how one is written. Here, every step is a method do_NAME; it gets
the keys of its table as arguments, so that an unknown or a missing key is an error."""
import contextlib
import json
import os
import re
import sqlite3
import subprocess
import time
import tomllib

from . import certificates, digest, sipp
from .calls import CallSteps
from .clusterer import ClustererSteps
from .crowd import Crowd
from .database import DatabaseSteps
from .examples import example
from .edited import OF_CORE, edited
from .mariadb import MariaDB
from .kamailio import Kamailio
from .mi import MIError, MIUnreachable
from .node import Node, render
from .sip import Listener, Phone, Socket, status_of
from .table import EXPIRES_SLACK, FIELDS, table_of, tables_equal
from .wait import Failed, wait_for

SIP_PORT = 5060
HOME = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "sipp")
SCRIPTS = os.path.join(os.path.dirname(os.path.dirname(HOME)), "scripts")
SQL = os.path.join(SCRIPTS, "sql")
PROGRAMS = {"opensips": Node, "kamailio": Kamailio}  # that a node may be
FIRST_PHONE = 100  # phones have the addresses from here on


class Step:
    """What is being done, for the message of a failure."""

    def __init__(self, number, table):
        self.number = number
        self.table = dict(table)
        self.name = self.table.pop("do", "?")

    def __str__(self):
        args = ", ".join(f"{k}={v!r}" for k, v in self.table.items())
        return f"step {self.number}: {self.name} {args}"


class Scenario(DatabaseSteps, CallSteps, ClustererSteps):
    """One scenario file, run in a directory with a range of addresses of its own."""

    KEYS = {"title", "why", "variant", "needs", "needs_with", "not_on", "mariadb", "databases", "may_log", "edit", "node", "step"}
    report = ""        # a line that tells what came out

    def __init__(self, path, net, directory, programs, transport="udp", database="sqlite"):
        """`programs`: a Mix. `transport`: between nodes, for those that do not say it; or which of the scenario's
        variants this is, where it has some. `database`: of database.py."""
        self.data = self.load(path)
        if "variant" in self.data:
            self._vary(self.data["variant"][transport])
            transport = "udp"
        self.net, self.dir, self.programs = net, directory, programs
        self.transport, self.database = transport, database
        self.title = self.data.get("title", os.path.basename(path))
        self.nodes, self.phones, self.listeners, self.remembered, self.kept = {}, {}, {}, {}, {}
        self.locked = {}   # databases, by node
        self.step = None
        self.mariadb = MariaDB(os.path.join(directory, "mariadb"))
        self._check_keys(self.data, self.KEYS, "the scenario")
        for i, table in enumerate(self.data["node"], 1):
            self._add_node(i, table)
        for node in self.nodes.values():
            node.values["PEERS"] = self._peers(node)

    @staticmethod
    def load(path):
        with open(path, "rb") as f:
            return tomllib.load(f)

    @staticmethod
    def _check_keys(table, known, where):
        unknown = set(table) - known
        if unknown:
            raise Failed(f"unknown key in {where}: {', '.join(sorted(unknown))}")

    # --- nodes -------------------------------------------------------------------

    def _vary(self, variant):
        """What a variant says of nodes is added to what is said of all."""
        nodes = {table["name"]: table for table in self.data["node"]}
        self._check_keys(variant, set(nodes), "a variant")
        for name, table in variant.items():
            nodes[name].update(table)

    def _add_node(self, i, table):
        self._check_keys(table, {"name", "conf", "host", "id", "transport", "peers", "kind",
                                 "params", "values", "memory", "include", "program"}, f"node {i}")
        host = table.get("host", i)
        programs = self.programs.of(i)
        net = self.net.ip(0).rsplit(".", 1)[0]
        values = {"ID": table.get("id", i), "LOG_LEVEL": 3, "FLAGS": "path-lazy",
                  "WRITE": "write-through", "BUSY": 5000, "PING": 3, "SCENE": self.dir,
                  "FR": 30, "FR_INV": 120, "AS": "", "TOLD": f"{net}.71",
                  "NET": net,
                  "EXTRA": "\n".join(table.get("params", []))
                           .replace("@NET@", net).replace("@SCENE@", self.dir)
                           .replace("@MYSQL@", self._mysql_url())}
        values.update({k: str(v).replace("@NET@", net).replace("@SCENE@", self.dir)
                       .replace("@MYSQL@", self._mysql_url())
                       for k, v in table.get("values", {}).items()})
        for key, text in self._database_values(values, programs).items():
            values[key] = text
            values["EXTRA"] = values["EXTRA"].replace(f"@{key}@", text)
        name = table["name"]
        program = table.get("program", "opensips")
        if program not in PROGRAMS:
            raise Failed(f"program '{program}' of {name} is none of {', '.join(PROGRAMS)}")
        node = PROGRAMS[program](name, self.net.ip(host), os.path.join(self.dir, name), programs,
                    self._template(table["conf"], table.get("include", []), programs), values, table.get("memory", 64),
                    place=self._place(name, host))
        node.options = dict(table, programs=programs)
        node.env["MYSQL_UNIX_PORT"] = self.mariadb.socket
        node.may_log = self.data.get("may_log", "")
        self.nodes[name] = node

    def _change_core(self, node, programs):
        node.programs = programs
        node.template = self._template(node.options["conf"], node.options.get("include", []), programs)
        node.values.update(self._database_values(node.values, programs))

    def _place(self, _name, _host):
        """Where a node runs."""
        return self.net.place

    def _template(self, conf, include, programs):
        """The files of `include` come before the node's own lines. "core:FILE" is one of the
        core's sources, changed by the scenario's `edit`."""
        def text(name):
            if name.startswith("examples/"):  # its addresses are moved to the scenario's range
                return example(name.removeprefix("examples/")).replace("192.168.1.", "@NET@.")
            with open(os.path.join(HOME, "conf", name), encoding="utf-8") as f:
                return f.read()
        extra = "".join(text(name) for name in include) + "@EXTRA@"
        if conf.startswith(OF_CORE):
            return edited(os.path.join(programs.sources, conf.removeprefix(OF_CORE)),
                          self.data.get("edit", [])).replace("@EXTRA@", extra)
        return text(conf).replace("@BASE@", text("base.inc")).replace("@EXTRA@", extra)

    def _peers(self, node):
        """The peer parameters: the nodes named by `peers`, else all others."""
        names = node.options.get("peers", [n for n in self.nodes if n != node.name])
        transport = node.options.get("transport", self.transport)
        lines = []
        for n in names:
            peer = self.nodes[n]
            kind = peer.options.get("kind", "")
            lines.append(f'modparam("reg_replicate", "peer", "node_id={peer.values["ID"]}, '
                         f'uri=sip:{self._way(node, peer)}:{SIP_PORT};transport={transport}'
                         + (f", {kind}" if kind else "") + '")')
        return "\n".join(lines)

    def _way(self, _node, peer):
        """The address by which a node reaches another one."""
        return peer.ip

    # --- running -----------------------------------------------------------------

    def run(self):
        """Does all steps, then ends all nodes and judges how they ended. Failed if not
        everything was as it should be."""
        try:
            for database in self.data.get("mariadb", []):
                self._make_database(database)
            for i, table in enumerate(self.data["step"], 1):
                self.step = Step(i, table)
                self._do(self.step)
            self.step = None
            self._finish()
        except (Failed, MIError, MIUnreachable) as e:
            raise Failed(f"{self.step}\n  {e}" if self.step else str(e)) from None
        finally:
            self.close()

    def _do(self, step):
        method = getattr(self, "do_" + step.name, None)
        if not method:
            raise Failed(f"there is no step '{step.name}'")
        try:
            method(**{k: self._fill(v) for k, v in step.table.items()})
        except TypeError as e:
            if "do_" in str(e):
                raise Failed(str(e)) from None
            raise

    def _fill(self, value):
        """Replaces @NAME@ (a node's address), @NET@ and @SCENE@, and what was kept, in strings."""
        if isinstance(value, str):
            values = {n: node.ip for n, node in self.nodes.items()}
            values["NET"] = self.net.ip(0).rsplit(".", 1)[0]
            values.update(SCENE=self.dir, MYSQL=self._mysql_url())
            values.update(self.kept)
            return render(value, values)
        if isinstance(value, list):
            return [self._fill(v) for v in value]
        if isinstance(value, dict):
            return {k: self._fill(v) for k, v in value.items()}
        return value

    def _finish(self):
        for node in self.nodes.values():
            node.check()
        for node in self.nodes.values():
            if node.process:
                node.stop()
        for node in self.nodes.values():
            node.check()

    def close(self):
        for node in self.nodes.values():
            node.cleanup()
        self.mariadb.cleanup()
        self._close_calls()
        for thing in list(self.phones.values()) + list(self.listeners.values()) + \
                list(self.locked.values()):
            thing.close()
        self.phones, self.listeners, self.locked = {}, {}, {}

    def _node(self, name):
        if name not in self.nodes:
            raise Failed(f"there is no node '{name}'")
        return self.nodes[name]

    def _alive(self):
        """Failed if a node has ended by itself: nothing needs to be waited for then."""
        for node in self.nodes.values():
            node.check_alive()

    def _wait(self, condition, what):
        def both():
            self._alive()
            try:
                return condition()
            except MIUnreachable as e:
                return False, e
        return wait_for(both, what)

    def _nodes(self, names):
        names = [names] if isinstance(names, str) else names
        return [self._node(n) for n in (names or self.nodes)]

    # --- steps: nodes ------------------------------------------------------------

    def do_start(self, node=None, params=None, conf=None, values=None, like=None):
        """`params`: lines that take the place of those added to the configuration before; `conf`:
        another configuration; `values`: in place of those of these names; `like`: with the core of
        that node from now on, as after an upgrade."""
        for n in self._nodes(node):
            if like is not None:
                self._change_core(n, self._node(like).options["programs"])
            if params is not None:
                n.values["EXTRA"] = "\n".join(params)
            if conf is not None:
                n.template = self._template(conf, n.options.get("include", []), n.programs)
            n.values.update(values or {})
            n.start()

    def do_configure(self, node, params=None, conf=None, values=None):
        """Writes the configuration of a node that runs anew, with what is said as in `start`: what it
        reads when it is told to (reload_routes)."""
        n = self._node(node)
        if params is not None:
            n.values["EXTRA"] = "\n".join(params)
        if conf is not None:
            n.template = self._template(conf, n.options.get("include", []))
        n.values.update(values or {})
        n.write_config()

    def do_start_fails(self, node, has, params=None):
        """A node that must not start, and must say why: a line of its log matches."""
        n = self._node(node)
        if params is not None:
            n.values["EXTRA"] = "\n".join(params)
        try:
            n.start()
        except Failed:
            if n.process:
                raise
            self.do_log(node, has)
            return
        raise Failed(f"{node} has started")

    def do_certificates(self, node, authority="authority"):
        """Puts cert.pem, key.pem and the authority's ca.pem into the directories of nodes."""
        for n in self._nodes(node):
            certificates.give(self.dir, n, authority)

    def do_stop(self, node, group=False):
        for n in self._nodes(node):
            n.stop(group)

    def do_scaled_down(self, node):
        """Waits until all workers are gone that were made under load: no two of `ps` have one name."""
        def look(n):
            names = [p["Type"] for p in n.mi.call("ps")["Processes"] if "receiver" in p["Type"]]
            return len(names) == len(set(names)), names
        for n in self._nodes(node):
            self._wait(lambda n=n: look(n), f"{n.name} has no more workers than it needs")

    def do_lose_child(self, node):
        for n in self._nodes(node):
            n.lose_child()

    def do_kill(self, node):
        for n in self._nodes(node):
            n.kill()

    def do_freeze(self, node):
        for n in self._nodes(node):
            n.freeze()

    def do_thaw(self, node):
        for n in self._nodes(node):
            n.thaw()

    def do_log(self, node, has, count=1):
        """Waits until the node's log has that many lines that match."""
        def look():
            lines = [x for x in self._node(node).log().splitlines() if re.search(has, x)]
            return len(lines) >= count, f"{len(lines)} lines"
        self._wait(look, f"log of {node} with /{has}/")

    def do_not_logged(self, node, has):
        """No line of the logs so far matches."""
        for n in self._nodes(node):
            lines = [x for x in n.log().splitlines() if re.search(has, x)]
            if lines:
                raise Failed(f"{n.name} logged: {lines[0]}")

    # --- steps: databases --------------------------------------------------------

    @staticmethod
    def _script(driver, table):
        with open(os.path.join(SQL, driver, table + ".sql"), encoding="utf-8") as f:
            return f.read()

    def _make_database(self, name):
        if not self.mariadb.process:
            self.mariadb.start()
        self.mariadb.sql(f"CREATE DATABASE {name}")

    def do_mariadb(self, what):
        """The scenario's server: start, stop, freeze, thaw."""
        if what not in ("start", "stop", "freeze", "thaw"):
            raise Failed(f"mariadb cannot {what}")
        getattr(self.mariadb, what)()

    def do_sql(self, file=None, database=None, node=None, tables=(), run=(), ask=None, expect=None):
        """SQLite's database `file` of the scenario's directory, or `database` of its server, or that
        of a `node`: makes `tables` by the scripts of scripts/sql, runs the statements `run`; or waits
        until the rows of `ask` are just as expected."""
        run = [run] if isinstance(run, str) else run
        if node and self.database == "mysql":
            database = f"node_{self._node(node).values['ID']}"
        elif node:
            file = self._file(node)
        if database:
            self.mariadb.sql("".join(self._script("mysql", t) for t in tables)
                             + "".join(f"{s};" for s in run), database)
        else:
            with contextlib.closing(sqlite3.connect(os.path.join(self.dir, file), timeout=10)) as db:
                if node:
                    self._attach_others(db, node)
                for table in tables:
                    db.executescript(self._script("sqlite", table))
                for statement in run:
                    db.execute(statement)
                db.commit()
        if ask:
            self._wait(lambda: self._rows_are(file, database, ask, expect), f"rows of {ask}")

    def _rows_are(self, file, database, ask, expect):
        """All that a server's client gives are texts."""
        if database:
            rows = self.mariadb.sql(ask, database)
            expect = [["NULL" if v is None else str(v) for v in row] for row in expect]
        else:
            with contextlib.closing(sqlite3.connect(os.path.join(self.dir, file), timeout=10)) as db:
                rows = [list(row) for row in db.execute(ask)]
        return rows == expect, rows

    # --- steps: phones -----------------------------------------------------------

    def _phone(self, user, phone, transport, domain):
        key = phone or user
        if key not in self.phones:
            ip = self.net.ip(FIRST_PHONE + len(self.phones))
            self.phones[key] = Phone(user, domain, (ip, 0 if transport == "tcp" else SIP_PORT),
                                     transport, self._alive, self.net.place)
        return self.phones[key]

    def do_register(self, node, user, phone=None, contact=None, contacts=None, expires=None,
                    headers=(), cseq=None, call_id=None, transport="udp", ip=None,
                    port=SIP_PORT, status=200, reply=None, again=False, domain="example.test",
                    keep=None, within=None, wait=True, password=None, algorithm="MD5", auth_user=None):
        """A REGISTER to a node, and its answer. `password`: a 401 is answered, with that algorithm,
        as `auth_user` or the user. `contact`: one, or `contacts`: several;
        PHONE in them is the phone's own address. `again`: the last one once more, unchanged.
        `keep`: names for pieces of the answer. `within`: seconds that it may take at most.
        Not `wait`: the answer is the matter of later steps."""
        p = self._phone(user, phone, transport, domain)
        begin = time.monotonic()
        to = (ip or self._node(node).ip, port)
        if again:
            args = ()
        else:
            own = "%s:%d" % p.socket.address()
            wanted = contacts if contacts is not None else [contact] if contact else []
            args = ([c.replace("PHONE", own) for c in wanted], expires, headers, cseq, call_id)
        if not wait:
            p.send(to, *args)
            return
        answer = p.again(to) if again else p.register(to, *args)
        if password is not None:
            answer = self._authorize(p, to, answer, password, algorithm, auth_user)
        took = time.monotonic() - begin
        if within is not None and took > within:
            raise Failed(f"the answer took {took:.1f} s")
        self._check_answer(answer, status, reply, keep)

    def _authorize(self, phone, to, answer, *credentials):
        """The answer to a REGISTER, after challenges were answered: one, and as phones do more where
        it took longer than a nonce is good."""
        for _ in range(5):
            if status_of(answer) != 401:
                break
            answer = phone.authorize(to, answer, *credentials)
            if "stale=true" not in answer:
                break
        return answer

    def do_one_time_nonces(self, node, user, password):
        """Waits until a REGISTER that was accepted is challenged when it comes again: OpenSIPS's auth
        sees to that from nonce_expire seconds after its start on."""
        def look():
            self.do_register(node, user, password=password)
            answer = self._phone(user, None, "udp", "example.test").again((self._node(node).ip, SIP_PORT))
            return status_of(answer) == 401, answer.splitlines()[0]
        self._wait(look, f"nonces of {node} are good once")

    def do_answered(self, user, status=200, reply=None):
        """Waits for the final answer to a phone's last REGISTER. `user`: one or several."""
        for name in [user] if isinstance(user, str) else user:
            answer = self.phones[name].answer()
            if answer is None:
                raise Failed(f"{name}: no answer")
            self._check_answer(answer, status, reply)

    def do_unanswered(self, user):
        """No final answer to the last REGISTER of these phones so far."""
        for name in [user] if isinstance(user, str) else user:
            answer = self.phones[name].answer(0)
            if answer:
                raise Failed(f"{name}: answered {answer.splitlines()[0]}")

    def _check_answer(self, answer, status, reply, keep=None):
        if status_of(answer) != status:
            raise Failed(f"answered {answer.splitlines()[0]}")
        if reply and not re.search(reply, answer, re.M):
            raise Failed(f"the answer has no /{reply}/:\n{answer}")
        for name, pattern in (keep or {}).items():
            found = re.search(pattern, answer, re.M)
            if not found:
                raise Failed(f"the answer has no /{pattern}/:\n{answer}")
            self.kept[name] = found.group(1)

    def do_sipp(self, node, scenario="register.xml", users=None, prefix="user", first=0,
                expires=3600, rate=200, contacts=1, transport="u1", host=90, window=1000):
        """sipp registers `users` users, prefix0 .. at a node; `contacts` of each."""
        n = self._node(node)
        local = self.net.ip(host)
        rows = [(f"{prefix}{i}", f"sip:{prefix}{i}@{local}:{6000 + c}", expires, f"{c + 1}",
                 f"[authentication username={prefix}{i} password=secret]")
                for i in range(first, first + users) for c in range(contacts)]
        sipp.run(os.path.join(HOME, scenario), f"{n.ip}:{SIP_PORT}", local, self.dir, rows,
                 name=f"sipp-{self.step.number if self.step else ''}-{host}", rate=rate, transport=transport, window=window,
                 alive=self._alive, place=self.net.place)

    def do_send(self, to, text, host=95, source_port=SIP_PORT, transport="udp", status=None,
                reply=None, user=None, password=None):
        """Sends a text as it is (line ends become CRLF); waits for its final answer if
        `status` is given, else for nothing. `password`: a 401 or 407 is answered as `user`."""
        s = Socket(transport, (self.net.ip(host), source_port), self._alive,
                   self.net.place)
        try:
            message = text.replace("\r\n", "\n").replace("\n", "\r\n")
            target = (self._node(to).ip, SIP_PORT)
            if status is None:
                s.send(message, target)
                return
            answer = s.ask(message, target)
            if answer and password is not None and status_of(answer) in (401, 407):
                method, uri, _ = message.split(" ", 2)
                line = digest.authorization(answer, method, uri, user, password)
                answer = line and s.ask(digest.again(message, line), target)
            if answer is None:
                raise Failed("no answer")
            if status_of(answer) != status:
                raise Failed(f"answered {answer.splitlines()[0]}")
            if reply and not re.search(reply, answer, re.M):
                raise Failed(f"the answer has no /{reply}/:\n{answer}")
        finally:
            s.close()

    # --- steps: phones that register all the while ---------------------------------

    def do_crowd(self, node, count=20, expires=3600, host=80, stays=False):
        """Phones that register, refresh and un-register at a node in the background; or, where they are
        there, go on at that node, as soon as it has all that they were answered: who un-registers where the
        binding has not arrived removes nothing. Waits until each has been answered there twice. `stays`, from
        the beginning: nobody un-registers."""
        n = self._node(node)
        if "crowd" not in self.listeners:
            self.listeners["crowd"] = Crowd(self.net.ip(host), count, n.ip, expires, self._alive, stays)
        crowd = self.listeners["crowd"]
        crowd.pause()
        self._has_acknowledged(n, crowd)
        crowd.target = n.ip
        crowd.resume()
        self._crowd_goes_on(crowd)

    def _crowd_goes_on(self, crowd):
        until = crowd.turns + 2 * len(crowd.phones)

        def look():
            crowd.check()
            return crowd.turns >= until, f"{crowd.turns} of {until} turns"
        self._wait(look, "the crowd")

    def do_acknowledged(self, node):
        """The crowd pauses, and all that it was answered is in the tables of these nodes, and nothing else of
        it; then it goes on. """
        crowd = self.listeners["crowd"]
        self._crowd_goes_on(crowd)
        crowd.pause()
        for n in self._nodes(node):
            self._has_acknowledged(n, crowd)
        crowd.resume()

    def _has_acknowledged(self, node, crowd):
        def look():
            differs = crowd.differs(table_of(node))
            return differs is None, differs
        self._wait(look, f"all that was acknowledged at {node.name}")

    def do_copy_bindings(self, source, to, **options):
        """scripts/copy-bindings, from a node to another one. The crowd goes on, but nobody un-registers:
        what is copied after that would come back, as nothing orders the two."""
        if crowd := self.listeners.get("crowd"):
            stayed = crowd.stays
            crowd.pause()
            crowd.stays = True
            crowd.resume()
        a, b = self._node(source), self._node(to)
        command = [os.path.join(SCRIPTS, "copy-bindings"), "--fifo", a.fifo, "--reply-dir", a.dir,
                   "--from", a.ip, "--to", b.ip]
        for name, value in options.items():
            command += ["--" + name.replace("_", "-"), value]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
        if done.returncode != 0:
            raise Failed(f"copy-bindings: {done.stdout}{done.stderr}")
        if crowd:
            crowd.stays = stayed

    # --- steps: listeners --------------------------------------------------------

    def do_listen(self, name, host, port=SIP_PORT, status=200, hold=False, deaf_to=None):
        """A UDP address that collects what it gets, and answers: OPTIONS with 200, other
        requests with `status` (0: it answers nothing). `hold`: REGISTERs only at `release`.
        `deaf_to`: an address that gets no answers."""
        self.listeners[name] = Listener((self.net.ip(host), port), status, self.net.place, hold,
                                        deaf_to=deaf_to)

    def do_phone(self, user, status=200, domain="example.test"):
        """A phone that answers what it is sent, too: `received` and the like know it by its
        user. Once more: from now on it answers with `status` (0: nothing)."""
        if user in self.listeners:
            self.listeners[user].status = status
            return
        local = (self.net.ip(FIRST_PHONE + len(self.phones)), SIP_PORT)
        listener = Listener(local, status, self.net.place, alive=self._alive)
        self.listeners[user] = listener
        self.phones[user] = Phone(user, domain, local, listener=listener)

    def do_release(self, name, status=200):
        """The listener answers what it holds."""
        self.listeners[name].release(status)

    def do_unlisten(self, name):
        self.listeners.pop(name).close()

    def do_received(self, name, has, count=1, sender=None):
        """Waits until the listener has at least that many messages that match, from `sender`
        (address:port) only."""
        def look():
            n = len(self.listeners[name].received(has, sender))
            return n >= count, f"{n} messages"
        self._wait(look, f"{name} receives /{has}/")

    def do_forget(self, name):
        """The listener forgets what it has got so far."""
        self.listeners[name].forget()

    def do_not_received(self, name, has, sender=None):
        """None of what the listener has got so far matches, or none from `sender`."""
        got = self.listeners[name].received(has, sender)
        if got:
            raise Failed(f"{len(got)} messages have it, the first:\n{got[0]}")

    # --- steps: tables -----------------------------------------------------------

    def do_contacts(self, node, aor, expect, only=True, expires=None, table="location"):
        """Waits until a user has these contacts at these nodes: each a table of fields of
        ul_dump, at least `Contact`. `expires` = [least, most] for all of them."""
        for n in self._nodes(node):
            self._wait(lambda n=n: self._contacts(n, aor, expect, only, expires, table),
                     f"contacts of {aor} at {n.name}")

    @staticmethod
    def _contacts(node, aor, expect, only, expires, table):
        have = {c: f for (a, c), f in table_of(node, table).items() if a == aor}
        wanted = {e["Contact"] for e in expect}
        if only and set(have) != wanted:
            return False, f"has {sorted(have)}"
        for e in expect:
            got = have.get(e["Contact"])
            if got is None:
                return False, f"{e['Contact']} is not there"
            for key, value in e.items():
                if got.get(key) != value:
                    return False, f"{e['Contact']}: {key} is {got.get(key)!r}"
            if expires and not expires[0] <= got["Expires"] <= expires[1]:
                return False, f"{e['Contact']}: Expires is {got['Expires']}"
        return True, have

    def do_same(self, nodes=None, count=None, ignore=(), slack=EXPIRES_SLACK, table="location"):
        """Waits until the nodes (default: all) have equal tables, of `count` contacts."""
        fields = [f for f in FIELDS if f not in ignore]
        self._wait(lambda: tables_equal(self._nodes(nodes), count, fields, slack, table),
                   "equal tables")

    def do_count(self, node, contacts=None, least=None, table="location"):
        """Waits until a node has that many contacts, or at least that many."""
        def look():
            n = len(table_of(self._node(node), table))
            return n == contacts or (least is not None and n >= least), f"{n} contacts"
        self._wait(look, f"{contacts or least} contacts at {node}")

    # --- steps: management interface ----------------------------------------------

    def do_mi(self, node, method, params=None, expect=None, error=None, http=False):
        """Calls a command, over the FIFO or HTTP. `expect`: dotted path to value in the result; asked again until
        all of them are so. A value "*" is anything. `error`: the code of the error."""
        mi = self._node(node).http() if http else self._node(node).mi
        if error is not None:
            try:
                mi.call(method, params)
            except MIError as e:
                if e.code != error:
                    raise Failed(f"{method}: {e}") from None
                return
            raise Failed(f"{method} succeeded")

        def look():
            try:
                return matches(mi.call(method, params), expect or {})
            except (MIError, MIUnreachable) as e:
                return False, e
        self._wait(look, f"{method} at {node}")

    def do_statistic(self, node, name, least=None, most=None, remember=None, since=None):
        """Waits until a statistic is in the range. `remember`: keeps its value under a name;
        `since`: the range is for what was added since the value kept under that name."""
        base = self.remembered[since] if since else 0

        def look():
            value = self._node(node).statistic(name) - base
            ok = (least is None or value >= least) and (most is None or value <= most)
            return ok, value
        value = self._wait(look, f"{name} at {node}")
        if remember:
            self.remembered[remember] = value + base

    def do_peer(self, node, peer, state):
        """Waits until a node sees another one in that state (repl_peers)."""
        number = self._node(peer).values["ID"]

        def look():
            for p in self._node(node).mi.call("repl_peers"):
                if p["node_id"] == number:
                    return p["state"] == state, p["state"]
            return False, "not in repl_peers"
        self._wait(look, f"{peer} is {state} for {node}")

    def do_in_sync(self, nodes=None):
        """Waits until each of the nodes has all the others in sync."""
        names = [n.name for n in self._nodes(nodes)]
        for a in names:
            for b in names:
                if a != b:
                    self.do_peer(a, b, "in-sync")


def matches(result, expect):
    """Is everything in `expect` so in the result of a command? (bool, reason or result)"""
    for path, value in expect.items():
        got = result
        for part in path.split("."):
            try:
                got = got[int(part)] if isinstance(got, list) else got[part]
            except (KeyError, IndexError, ValueError, TypeError):
                return False, f"no {path} in {json.dumps(result)[:500]}"
        if value != "*" and got != value:
            return False, f"{path} is {got!r}"
    return True, result

