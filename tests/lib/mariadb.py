# SPDX-License-Identifier: GPL-2.0-or-later
"""A MariaDB server of a test's own: Debian's mariadbd, its data in a directory, no network, only a
socket there. As a program, for tests in other languages: python3 mariadb.py DIRECTORY makes the
data, starts the server, and prints the socket's path; it runs until standard input ends.
`restart` and `stop` as lines of input do that, and are answered by a line."""
import os
import shutil
import signal
import subprocess
import sys

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from tests.lib.wait import DEADLINE, Failed, wait_for  # noqa: E402

# what makes it small and quick; nothing here changes what SQL does, but that nobody waits for a table
# that lock() has locked
OPTIONS = ["--no-defaults", "--skip-networking", "--skip-grant-tables",
           "--innodb-buffer-pool-size=8M", "--innodb-log-file-size=4M",
           "--innodb-flush-log-at-trx-commit=0", "--key-buffer-size=1M", "--skip-log-bin",
           "--aria-pagecache-buffer-size=1M", "--performance-schema=OFF", "--lock-wait-timeout=0"]


def find(*names):
    for name in names:
        path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin")
        if path:
            return path
    raise Failed(f"{names[0]} is not installed: scripts/setup --all")


class Lock:
    """Tables of a database that others can only read, until close()."""

    def __init__(self, process, tables):
        self.process = process
        print(f"LOCK TABLES {', '.join(f'{t} READ' for t in tables)}; SELECT 'locked';",
              file=process.stdin, flush=True)
        if process.stdout.readline().strip() != "locked":
            error = process.stderr.read()
            self.close()
            raise Failed(f"mariadb cannot lock tables: {error}")

    def close(self):
        self.process.stdin.close()  # its end gives them back
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


class MariaDB:
    """One server. `socket` is where it listens."""

    def __init__(self, directory):
        self.dir = os.path.abspath(directory)
        self.data = os.path.join(self.dir, "data")
        # one of its own: a server that starts removes the temporary tables of all others there
        self.tmp = os.path.join(self.dir, "tmp")
        self.socket = os.path.join(self.dir, "sock")
        self.process = None

    def _user(self):
        """It refuses to run as root without being told so."""
        return ["--user=root"] if os.geteuid() == 0 else []

    def create(self):
        os.makedirs(self.tmp, exist_ok=True)
        with open(os.path.join(self.dir, "log"), "ab") as log:
            subprocess.run([find("mariadb-install-db", "mysql_install_db"), "--no-defaults",
                            f"--datadir={self.data}", f"--tmpdir={self.tmp}", "--skip-test-db", "--skip-name-resolve",
                            "--auth-root-authentication-method=normal", *self._user()],
                           env=dict(os.environ, TMPDIR=self.tmp), check=True, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def start(self):
        if not os.path.isdir(self.data):
            self.create()
        with open(os.path.join(self.dir, "log"), "ab") as log:
            self.process = subprocess.Popen(
                [find("mariadbd", "mysqld"), *OPTIONS, f"--datadir={self.data}", f"--tmpdir={self.tmp}",
                 f"--socket={self.socket}", f"--pid-file={self.dir}/pid", *self._user()],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        wait_for(self._answers, "start of mariadbd")

    def _answers(self):
        if self.process.poll() is not None:
            raise Failed(f"mariadbd ended while starting, see {self.dir}/log")
        p = self._client("select 1")
        return p.returncode == 0, p.stderr

    def _command(self, *args):
        return [find("mariadb", "mysql"), "--no-defaults", "-N", "-B", f"--socket={self.socket}",
                f"--init-command=SET lock_wait_timeout={int(DEADLINE)}", *args]

    def _client(self, text, *args):
        return subprocess.run(self._command(*args), input=text, text=True, capture_output=True,
                              timeout=DEADLINE)

    def lock(self, database):
        """From now on nobody can write to a database."""
        tables = [row[0] for row in self.sql("SHOW TABLES", database)]
        return Lock(subprocess.Popen(self._command("--unbuffered", database), stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True), tables)

    def sql(self, text, database=None):
        """Runs statements; the rows of their results, as lists of texts."""
        p = self._client(text, *([database] if database else []))
        if p.returncode != 0:
            raise Failed(f"mariadb: {p.stderr.strip()}")
        return [line.split("\t") for line in p.stdout.splitlines()]

    def stop(self):
        """Ends it in order."""
        if not self.process:
            return
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Failed("mariadbd did not end on SIGTERM") from None

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def cleanup(self):
        process, self.process = self.process, None
        if process:
            process.kill()
            process.wait()


def main(directory):
    server = MariaDB(directory)
    try:
        server.start()
        print(server.socket, flush=True)
        for line in sys.stdin:
            server.stop()
            if line.strip() == "restart":
                server.start()
            print("done", flush=True)
    finally:
        server.cleanup()


if __name__ == "__main__":
    main(sys.argv[1])
