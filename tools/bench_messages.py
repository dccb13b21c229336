"""Benchmarks of chat, for tools/bench: messages, connections, an archive of millions, and ejabberd beside them.

Passwords are hashed with little memory here, so that signing in costs what all else of it costs.
"""

import contextlib
import functools
import glob
import os
import pathlib
import shutil
import socket
import sqlite3
import statistics
import subprocess
import tempfile
import time

MEMBERS = [100, 1_000, 10_000]
GROUP = 1_000_000  # the ids of groups follow
CHEAP = ["turms.security.password.argon2.memory-kib=64", "turms.security.password.argon2.passes=1"]


class Ours:
    """A running turms, as the load generator sees it."""

    def __init__(self, bench, server):
        self.bench, self.server = bench, server
        self.pids = [server.pid]
        self.ports = {"tcp": ("turms", server.tcp), "websocket": ("turms-websocket", server.http), "tls": ("turms-websocket", server.http)}

    def populate(self, users, groups):
        """Users 1..N with the password of alice; `groups`: how many members each has, of whom alice owns it."""
        with sqlite3.connect(pathlib.Path(self.server.data) / "turms.db", timeout=30) as database:
            columns = ", ".join(row[1] for row in database.execute("pragma table_info(user)") if row[1] != "id")
            database.executemany(f"insert into user (id, {columns}) select ?, {columns} from user where id = 1", [(user,) for user in range(4, users + 1)])
            for group, members in enumerate(groups, GROUP):
                database.execute("insert into chat_group (id, type_id, creator_id, owner_id, name, intro, announcement, min_score, creation_date, "
                                 "last_updated_date, active) values (?, 0, 1, 1, 'load', '', '', 0, 0, 0, 1)", [group])
                database.executemany("insert into group_member (group_id, user_id, name, role, join_date) values (?, ?, '', ?, 0)",
                                     [(group, user, 0 if user == 1 else 2) for user in range(1, members + 1)])
        database.close()
        time.sleep(1)  # It looks for what others have written five times a second.


@contextlib.contextmanager
def ours(bench, extra=(), pin=True):
    with bench.turms([*CHEAP, *extra], pin=pin) as server:
        yield Ours(bench, server)


EJABBERD = """
hosts: [localhost]
loglevel: error
certfiles: [{folder}/both.pem]
sql_type: pgsql
sql_server: 127.0.0.1
sql_port: {database}
sql_database: postgres
sql_username: {user}
sql_password: none
default_db: sql
auth_method: sql
auth_password_format: plain
acl: {{local: {{user_regexp: ""}}}}
listen:
  - {{port: {plain}, ip: 127.0.0.1, module: ejabberd_c2s, starttls: false, access: all, shaper: none, backlog: 1024}}
  - {{port: {tls}, ip: 127.0.0.1, module: ejabberd_c2s, tls: true, access: all, shaper: none, backlog: 1024}}
modules:
  mod_mam: {{default: always, assume_mam_usage: false}}
  mod_muc:
    host: conference.localhost
    history_size: 0
    max_users: 5000
    default_room_options: {{mam: true, presence_broadcast: [], max_users: 5000}}
"""


class Ejabberd:
    def __init__(self, pids, plain, tls, sql):
        self.ports = {"tcp": ("xmpp", plain), "tls": ("xmpp", tls)}
        self.root_pids, self.sql = pids, sql

    @property
    def pids(self):
        """Its own and those of the database."""
        found = list(self.root_pids)
        for stat in glob.glob("/proc/[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = pathlib.Path(stat).read_text()
                if int(fields.rsplit(")", 1)[1].split()[1]) in self.root_pids:
                    found.append(int(fields.split()[0]))
        return sorted(set(found))

    def populate(self, users, groups):
        self.sql(f"insert into users (username, password) select 'u' || n, 'turms' from generate_series(1, {users}) n on conflict do nothing")


def missing_for_ejabberd():
    if not glob.glob("/usr/lib/*/ejabberd-*/ebin"):
        return "the package ejabberd is not installed"
    if not glob.glob("/usr/lib/erlang/lib/p1_pgsql-*/ebin"):
        return "the package erlang-p1-pgsql is not installed"
    if not glob.glob("/usr/lib/postgresql/*/bin/postgres"):
        return "the package postgresql is not installed"
    return None


def wait_for(ready, process, name):
    limit = time.monotonic() + 60
    while time.monotonic() < limit and process.poll() is None:
        if ready():
            return
        time.sleep(0.05)
    raise RuntimeError(f"{name} did not start")


def wait_for_port(port, process, name):
    def listens():
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 0.5).close()
            return True

    wait_for(listens, process, name)


def end(process):
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def postgres(bench, folder, port):
    """One of its own, which syncs each commit to the disk, as it does by default. It refuses to run as root."""
    binaries = pathlib.Path(sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1])
    data = folder / "postgres"
    data.mkdir()
    become = []
    if os.geteuid() == 0:
        shutil.chown(data, "postgres", "postgres")
        become = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    def run(*command):
        subprocess.run([*become, *map(str, command)], check=True, capture_output=True, cwd="/")

    run(binaries / "initdb", "-D", data, "-A", "trust", "-U", "bench", "--locale=C.UTF-8", "-E", "UTF8")
    process = subprocess.Popen(bench.pinned([*become, binaries / "postgres", "-D", data, "-p", port, "-k", data, "-c", "listen_addresses=127.0.0.1",
                                             "-c", "logging_collector=off"], "server"),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
    try:
        client = ["-h", "127.0.0.1", "-p", str(port), "-U", "bench"]
        wait_for_port(port, process, "PostgreSQL")
        wait_for(lambda: subprocess.run([binaries / "pg_isready", *client], capture_output=True).returncode == 0, process, "PostgreSQL")

        def sql(*arguments):
            subprocess.run([binaries / "psql", "-q", *client, "-v", "ON_ERROR_STOP=1", "postgres", *arguments],
                           check=True, capture_output=True)

        yield process, sql
    finally:
        end(process)


@contextlib.contextmanager
def ejabberd(bench):
    """Debian's, with the archive (XEP-0313) of each message in PostgreSQL, on ports of loopback and files of its own."""
    with tempfile.TemporaryDirectory() as name, bench.certificate() as (cert, key):
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        (folder / "both.pem").write_text(pathlib.Path(cert).read_text() + pathlib.Path(key).read_text())
        plain, tls, port = bench.free_ports(3)
        (folder / "ejabberd.yml").write_text(EJABBERD.format(folder=folder, database=port, user="bench", plain=plain, tls=tls))
        with postgres(bench, folder, port) as (database, sql):
            sql("-f", "/usr/share/ejabberd/sql/pg.sql")
            libraries = pathlib.Path(sorted(glob.glob("/usr/lib/*/ejabberd-*/ebin"))[-1].removesuffix("/ebin")).parent
            environment = {**os.environ, "ERL_LIBS": str(libraries), "EJABBERD_CONFIG_PATH": str(folder / "ejabberd.yml"),
                           "EJABBERD_LOG_PATH": str(folder / "ejabberd.log"), "HOME": name}
            process = subprocess.Popen(bench.pinned(["erl", "-noinput", "+K", "true", "+P", "250000", "-mnesia", "dir", f'"{folder}/mnesia"',
                                                     "-s", "ejabberd"], "server"),
                                       env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                wait_for_port(plain, process, "ejabberd")
                yield Ejabberd([process.pid, database.pid], plain, tls, lambda statement: sql("-c", statement))
            finally:
                end(process)


def load(bench, server, way, *arguments):
    protocol, port = server.ports[way]
    pids = [value for pid in server.pids for value in ["--server-pid", pid]]
    tls = ["--tls"] if way == "tls" else []
    return bench.run_json([bench.BENCH / "turms_im_load", "--protocol", protocol, "--port", port, *tls, *pids, *arguments])


def under_load(bench, server, *arguments):
    """The row of a saturated server, and that of a fifth of as many messages."""
    full = load(bench, server, "tcp", *arguments, "--seconds", 6)
    fifth = full and load(bench, server, "tcp", *arguments, "--seconds", 6, "--rate", max(full["messages_per_second"] * 0.2, 1))
    return (full, fifth) if fifth else None


PRIVATE = ["--connections", 64, "--senders", 64]


def crowd(online, group):
    return ["--connections", online, "--senders", min(10, online), "--group", group]


def median(rows, key):
    return statistics.median(row[key] for row in rows)


def print_messages(rows):
    """`rows`: name → [(saturated, at a fifth)]."""
    print("| durable messages | a second | CPU a message, saturated / 20 % load, us | CPU a delivery, us | saturated: send to delivery p50 / p99 ms | "
          "at 20 % p50 / p99 ms |\n|---|---|---|---|---|---|")
    for name, pairs in rows.items():
        full, fifth = zip(*pairs)
        print(f"| {name} | {median(full, 'messages_per_second'):,.0f} | {median(full, 'us_per_message'):.0f} / {median(fifth, 'us_per_message'):.0f} | "
              f"{median(full, 'us_per_delivery'):.2f} / {median(fifth, 'us_per_delivery'):.2f} | "
              f"{median(full, 'delivery_p50_ms'):.1f} / {median(full, 'delivery_p99_ms'):.1f} | "
              f"{median(fifth, 'delivery_p50_ms'):.2f} / {median(fifth, 'delivery_p99_ms'):.1f} |")
    print()


def bench_messaging(bench, rounds):
    """Private messages, and groups of which all or a tenth are online."""
    rows = {}
    for _ in range(rounds):
        with ours(bench) as server:
            server.populate(max(MEMBERS), MEMBERS)
            cases = {"private": PRIVATE, "group of 100, all online": crowd(100, GROUP)}
            cases.update({f"group of {members:,}, {members // 10:,} online": crowd(members // 10, GROUP + i) for i, members in enumerate(MEMBERS)})
            for name, arguments in cases.items():
                if pair := under_load(bench, server, *arguments):
                    rows.setdefault(name, []).append(pair)
    print_messages(rows)
    print("Bars: group of 100 at 20 % p99 ≤ 4 ms; group of 10,000 with 1,000 online p99 ≤ 50 ms.\n")


def idle(bench, server, way):
    return load(bench, server, way, "--connections", 1000, "--users", 250, "--senders", 1, "--rate", 1, "--seconds", 1)


def print_connections(rows):
    print("| connections | KiB of the server for each | sign-ins a second, passwords hardly hashed | CPU of one, us |\n|---|---|---|---|")
    for name, measured in rows.items():
        print(f"| {name} | {median(measured, 'memory_kib_per_connection'):.1f} | {median(measured, 'sign_ins_per_second'):,.0f} | "
              f"{median(measured, 'us_per_sign_in'):.0f} |")
    print()


def own_connections(bench, rows):
    """A fresh server for each, since what one has freed the next would use."""
    for way, name in [("tcp", "turms, TCP"), ("websocket", "turms, WebSocket"), ("tls", "turms, WebSocket in TLS")]:
        with bench.certificate() as (cert, key):
            tls = [f"http.tls.cert_file={cert}", f"http.tls.key_file={key}"] if way == "tls" else []
            with ours(bench, tls) as server:
                server.populate(250, [])
                if row := idle(bench, server, way):
                    rows.setdefault(name, []).append(row)


def bench_connections(bench, rounds):
    """What an idle connection keeps, and what a sign-in costs."""
    rows = {}
    for _ in range(rounds):
        own_connections(bench, rows)
    print_connections(rows)


def bench_ejabberd(bench, rounds):
    """The same loads for this server and for ejabberd, in turns."""
    if reason := missing_for_ejabberd():
        print(f"ejabberd: skipped, {reason}.\n")
        return
    messages, connections = {}, {}
    for _ in range(rounds):
        for name, start in [("turms", ours), ("ejabberd", ejabberd)]:
            with start(bench) as server:
                server.populate(250, [100])
                # A room of XMPP is made by who comes first.
                for case, arguments in [("private", PRIVATE), ("group of 100, all online", crowd(100, GROUP))]:
                    if pair := under_load(bench, server, *arguments):
                        messages.setdefault(f"{name}, {case}", []).append(pair)
        own_connections(bench, connections)
        for way, name in [("tcp", "ejabberd, TCP"), ("tls", "ejabberd, TCP in TLS")]:
            with ejabberd(bench) as server:
                server.populate(250, [])
                if row := idle(bench, server, way):
                    connections.setdefault(name, []).append(row)
    print_messages(messages)
    print_connections(connections)
    print_ratios(messages, connections)


def print_ratios(messages, connections):
    print("| ejabberd / ours | |\n|---|---|")
    for case in ["private", "group of 100, all online"]:
        pairs = [messages.get(f"{name}, {case}") for name in ["turms", "ejabberd"]]
        if not all(pairs):
            continue
        for index, at in enumerate(["saturated", "20 % load"]):
            def of(pair_rows, key):
                return median([pair[index] for pair in pair_rows], key)
            for what, key in [("CPU a message", "us_per_message"), ("CPU a delivery", "us_per_delivery"), ("p50", "delivery_p50_ms"), ("p99", "delivery_p99_ms")]:
                print(f"| {case}, {at}: {what} | {of(pairs[1], key) / max(of(pairs[0], key), 0.001):.1f} |")
    for way, one, other in [("without TLS", "turms, TCP", "ejabberd, TCP"), ("in TLS", "turms, WebSocket in TLS", "ejabberd, TCP in TLS")]:
        if one in connections and other in connections:
            for what, key in [("memory of an idle connection", "memory_kib_per_connection"), ("CPU of a sign-in", "us_per_sign_in")]:
                print(f"| {way}: {what} | {median(connections[other], key) / max(median(connections[one], key), 0.001):.1f} |")
    print()


def bench_archive(bench, rounds):
    """The last messages, and search, in a million and in ten million. The database, 5 GB, is deleted afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        for messages in [1_000_000, 10_000_000]:
            print(f"Archive of {messages:,}:\n", flush=True)
            subprocess.run([bench.BENCH / "turms_im_store", "--directory", folder, "--messages", str(messages)])


def benches(bench):
    return {name: functools.partial(function, bench)
            for name, function in [("messaging", bench_messaging), ("connections", bench_connections), ("ejabberd", bench_ejabberd),
                                   ("archive", bench_archive)]}
