#!/usr/bin/env python3
"""The `turms` program as an operator and a script see it: commands, exit status, ready line, files, pages."""

import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import sqlite3
import ssl
import stat
import subprocess
import sys
import tempfile
import unittest

BINARY = os.environ.get("TURMS_BINARY") or str(pathlib.Path(__file__).resolve().parents[3] / "build/release/turms")
ANY_PORTS = ["http.port=0", "admin.port=0", "turms.gateway.websocket.port=0", "turms.gateway.tcp.port=0", "livekit.rtc.udp_port=0",
             "livekit.rtc.tcp_port=-1",
             "http.bind=127.0.0.1", "turms.gateway.websocket.host=127.0.0.1", "turms.gateway.tcp.host=127.0.0.1",
             "livekit.rtc.bind=127.0.0.1", "livekit.rtc.node_ip=127.0.0.1"]


def settings(*assignments):
    return [word for assignment in [*ANY_PORTS, *assignments] for word in ("--set", assignment)]


def run(*arguments, stdin=""):
    return subprocess.run([BINARY, *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=60)


def get(port, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


@contextlib.contextmanager
def serving(data, *arguments):
    process = subprocess.Popen([BINARY, "serve", "--data", data, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        if not line:
            raise AssertionError(f"no ready line: {process.stderr.read()}")
        yield process, json.loads(line)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        process.stdout.close()
        process.stderr.close()


def frames(port, path):
    """The payloads of a WebSocket's frames, until the server ends it."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection, connection.makefile("rb") as stream:
        connection.sendall((f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n").encode())
        assert b" 101 " in stream.readline()
        while stream.readline() != b"\r\n":
            pass
        while len(head := stream.read(2)) == 2:
            size = head[1] & 0x7F
            if size >= 126:
                size = int.from_bytes(stream.read(2 if size == 126 else 8), "big")
            yield stream.read(size)


class Program(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.data = self.folder / "data"

    def config(self, text):
        path = self.folder / "turms.yaml"
        path.write_text(text)
        return path

    def test_wrong_usage_is_2(self):
        for arguments in [[], ["nonsense"], ["serve", "--nonsense"], ["user", "add", "--id", "1"], ["user", "add", "--id", "x", "--name", "a", "--password", "p"]]:
            with self.subTest(arguments=arguments):
                self.assertEqual(run(*arguments).returncode, 2)
        self.assertEqual(run("--help").returncode, 0)
        self.assertEqual(run("version").returncode, 0)

    def test_wrong_configuration_is_2_and_says_where(self):
        path = self.config("http:\n  prot: 7880\n")
        done = run("config", "check", "--config", path)
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"{path}:2: unknown key 'http.prot', did you mean 'http.port'?", done.stderr)
        self.assertEqual(run("serve", "--data", self.data, "--config", path).returncode, 2)
        self.assertEqual(run("config", "check", "--set", "http.port=99999").returncode, 2)
        self.assertEqual(run("config", "check", "--config", self.config("http:\n  port: 7880\n")).returncode, 0)

    def test_settings_that_do_not_fit_each_other_are_2(self):
        for assignments, message in [
            (["livekit.webhook.api_key=other"], "none of livekit.keys"),
            (["plugins.livekit.url=http://127.0.0.1:1"], "needs plugins.livekit.api_key"),
            (["plugins.livekit.api_key=k"], "livekit.webhook.api_key"),
        ]:
            with self.subTest(assignments=assignments):
                done = run("serve", "--data", self.data, *settings(*assignments))
                self.assertEqual(done.returncode, 2)
                self.assertIn(message, done.stderr)

    def test_a_taken_port_is_1(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            done = run("serve", "--data", self.data, *settings(f"http.port={taken.getsockname()[1]}"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("turms: ", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_one_server_to_a_data_directory(self):
        with serving(self.data, *settings()):
            done = run("serve", "--data", self.data, *settings())
        self.assertEqual(done.returncode, 1)
        self.assertIn("another server", done.stderr)

    def test_ready_line_and_clean_end(self):
        with serving(self.data, *settings()) as (process, ready):
            self.assertEqual(ready["event"], "ready")
            for name in ["http", "websocket", "tcp", "udp"]:
                self.assertGreater(ready[name], 0, name)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(30), 0)

    def test_clients_are_told_to_reconnect_before_the_end(self):
        with serving(self.data, *settings()) as (process, ready):
            token = run("token", "--data", self.data, "--identity", "a", "--room", "r", "--join").stdout.strip()
            heard = frames(ready["http"], f"/rtc?access_token={token}&protocol=16")
            join = next(heard)
            self.assertEqual(join[0], 0x0A)  # SignalResponse.join
            process.send_signal(signal.SIGTERM)
            leave = next(frame for frame in heard if frame[:1] == b"\x42")  # SignalResponse.leave
            self.assertIn(b"\x10\x03", leave)  # reason: SERVER_SHUTDOWN
            self.assertIn(b"\x18\x02", leave)  # action: RECONNECT
            heard.close()
            self.assertEqual(process.wait(30), 0)

    def test_a_second_signal_ends_it_at_once(self):
        # A webhook that is never answered holds up the end.
        with socket.create_server(("127.0.0.1", 0)) as silent:
            hook = f"http://127.0.0.1:{silent.getsockname()[1]}/"
            with serving(self.data, *settings(f"livekit.webhook.urls={hook}")) as (process, ready):
                token = run("token", "--data", self.data, "--identity", "a", "--room", "r", "--join").stdout.strip()
                heard = frames(ready["http"], f"/rtc?access_token={token}&protocol=16")
                next(heard)
                connection, _ = silent.accept()
                with connection:
                    self.assertIn(b"POST / ", connection.recv(65536))
                    process.send_signal(signal.SIGTERM)
                    self.assertTrue(any("draining" in line for line in process.stderr))
                    process.send_signal(signal.SIGTERM)
                    self.assertEqual(process.wait(30), 1)  # 0 is what an orderly end says
                self.assertIn("second signal", process.stderr.read())
                heard.close()

    def test_the_database_is_where_store_url_says(self):
        elsewhere = self.folder / "elsewhere" / "chat.db"
        for url, file in [("sqlite:inner/chat.db", self.data / "inner" / "chat.db"), (f"sqlite:{elsewhere}", elsewhere)]:
            with self.subTest(url=url):
                config = self.config(f"store:\n  url: {url}\n")
                added = run("user", "add", "--id", 7, "--name", "g", "--password", "p", "--data", self.data, "--config", config)
                self.assertEqual(added.returncode, 0, added.stderr)
                self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
                with serving(self.data, "--config", str(config), *settings()):
                    self.assertIn("7", run("user", "list", "--data", self.data, "--config", config).stdout)
                self.assertFalse((self.data / "turms.db").exists())
        for url in ["sqlite:", "mysql:x", "chat.db"]:
            self.assertEqual(run("config", "check", "--set", f"store.url={url}").returncode, 2, url)

    def test_no_default_secret(self):
        with serving(self.data, *settings()) as (_, ready):
            keys = self.data / "livekit-keys.yaml"
            self.assertEqual(stat.S_IMODE(keys.stat().st_mode), 0o600)
            self.assertEqual(stat.S_IMODE(self.data.stat().st_mode), 0o700)
            first = keys.read_text()
            self.assertNotIn("devkey", first)
            token = run("token", "--data", self.data, "--identity", "a", "--room", "r", "--join").stdout.strip()
            self.assertEqual(get(ready["http"], "/rtc/validate?access_token=" + token)[0], 200)
            self.assertEqual(get(ready["http"], "/rtc/validate?access_token=" + token[:-2])[0], 401)
        with serving(self.data, *settings()):
            self.assertEqual((self.data / "livekit-keys.yaml").read_text(), first)
        keys.chmod(0o644)
        done = run("serve", "--data", self.data, *settings())
        self.assertEqual(done.returncode, 1)
        self.assertIn("chmod 600", done.stderr)

    def test_accounts_and_groups_while_it_serves(self):
        with serving(self.data, *settings()):
            self.assertEqual(run("user", "add", "--data", self.data, "--id", 11, "--name", "ann", "--password", "secret").returncode, 0)
            self.assertEqual(run("user", "add", "--data", self.data, "--id", 12, "--name", "ben", "--password-stdin", stdin="pw\n").returncode, 0)
            again = run("user", "add", "--data", self.data, "--id", 11, "--name", "ann", "--password", "secret")
            self.assertEqual(again.returncode, 1)
            self.assertIn("already", again.stderr)
            self.assertEqual(run("user", "passwd", "--data", self.data, "--id", 11, "--password", "other").returncode, 0)
            self.assertEqual(run("user", "passwd", "--data", self.data, "--id", 99, "--password", "other").returncode, 1)
            self.assertEqual(run("user", "list", "--data", self.data).stdout, "11\tann\tactive\n12\tben\tactive\n")
            self.assertEqual(run("group", "add", "--data", self.data, "--name", "team", "--owner", 11, "--members", "12").returncode, 0)
            self.assertEqual(run("group", "add", "--data", self.data, "--name", "team", "--owner", 77).returncode, 1)
            self.assertIn("team\towner 11\tactive", run("group", "list", "--data", self.data).stdout)

    def test_demo_accounts(self):
        for _ in range(2):  # the second start finds them there
            with serving(self.data, "--dev", *settings()):
                self.assertEqual(run("user", "list", "--data", self.data).stdout, "1\talice\tactive\n2\tbob\tactive\n3\tcarol\tactive\n")
                self.assertEqual(len(run("group", "list", "--data", self.data).stdout.splitlines()), 1)

    def test_demo_accounts_are_told_in_development_only(self):
        with serving(self.data, *settings()) as (_, ready):
            self.assertEqual(json.loads(get(ready["http"], "/auth/demo")[2]), {})
        with serving(self.data, "--dev", *settings()) as (_, ready):
            told = json.loads(get(ready["http"], "/auth/demo")[2])
            self.assertEqual(told, {"names": ["alice", "bob", "carol"], "password": "turms"})

    def test_root_is_ok_for_health_checks_and_the_app_for_browsers(self):
        with serving(self.data, *settings()) as (_, ready):
            status, headers, body = get(ready["http"], "/")
            self.assertEqual((status, body), (200, b"OK"))
            status, headers, body = get(ready["http"], "/", Accept="text/html")
            self.assertEqual(status, 200)
            self.assertIn(b"<html", body)
            policy = headers["Content-Security-Policy"]
            self.assertIn("default-src 'self'", policy)
            self.assertTrue(policy.endswith(f"connect-src 'self' ws://127.0.0.1:{ready['http']} wss://127.0.0.1:{ready['http']}"), policy)
            self.assertNotIn("unsafe-inline", policy)
            self.assertNotIn("unsafe-eval", policy.replace("wasm-unsafe-eval", ""))
            self.assertNotIn(b"<style", body)
            etag = headers["ETag"]
            self.assertEqual(get(ready["http"], "/", Accept="text/html", **{"If-None-Match": etag})[0], 304)
            _, headers, packed = get(ready["http"], "/", Accept="text/html", **{"Accept-Encoding": "gzip"})
            self.assertEqual(headers.get("Content-Encoding"), "gzip")
            self.assertLess(len(packed), len(body))
            _, headers, smallest = get(ready["http"], "/", Accept="text/html", **{"Accept-Encoding": "gzip, deflate, br"})
            self.assertEqual(headers.get("Content-Encoding"), "br")
            self.assertLess(len(smallest), len(packed))
            self.assertEqual(get(ready["http"], "/no/such/file.js")[0], 404)
            # Relative, as the page is, which may be below a path that only a proxy knows.
            for path, page in (("/some/path", "../"), ("/other", "./"), ("/some/path/", "../../")):
                status, headers, _ = get(ready["http"], path, Accept="text/html")
                self.assertEqual((status, headers["Location"]), (302, page))
            self.assertEqual(get(ready["http"], "/assets/../../etc/passwd")[0], 404)

    def test_admin_port(self):
        with serving(self.data, *settings()) as (_, ready):
            status, _, body = get(ready["admin"], "/metrics")
            self.assertEqual(status, 200)
            self.assertIn(b"process_resident_memory_bytes", body)
            self.assertEqual(json.loads(get(ready["admin"], "/health")[2]), {"status": "up", "meetings": "open"})

    def test_reference_is_the_documentation(self):
        documented = (pathlib.Path(__file__).resolve().parents[3] / "docs/configuration.md").read_text()
        self.assertEqual(run("config", "reference").stdout, documented)

    def test_show_masks_secrets(self):
        shown = run("config", "show", "--set", "livekit.keys=k: hidden").stdout
        self.assertIn('"k": "********"', shown)
        self.assertNotIn("hidden", shown)

    def test_doctor_names_a_taken_port(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = run("doctor", "--data", self.data, *settings(f"http.port={port}"))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, f"problem HTTP port {port} is taken")
        self.assertIn("turms.db is not there yet", done.stdout)
        self.assertFalse(self.data.exists(), "it only looks")

    def database(self, *statements):
        with contextlib.closing(sqlite3.connect(self.data / "turms.db")) as database:
            for statement in statements:
                database.execute(statement)
            database.commit()

    def files(self):
        return {path.name: path.read_bytes() for path in self.data.rglob("*") if path.is_file()}

    def test_doctor_looks_at_the_database_and_changes_nothing(self):
        run("user", "add", "--data", self.data, "--id", 7, "--name", "g", "--password", "p")
        for statement, words in [("select 1", "ok      database {} is sound\n"),
                                 ("pragma user_version = 1", "ok      database {} is sound; the next start brings it from schema 1 to "),
                                 ("pragma user_version = 1000", "problem database {} cannot be used: the database was written by a newer version")]:
            with self.subTest(statement=statement):
                self.database(statement)
                before = self.files()
                done = run("doctor", "--data", self.data, *settings())
                self.assertIn(words.format(self.data / "turms.db"), done.stdout)
                self.assertEqual(self.files(), before)

    def test_doctor_finds_a_damaged_database(self):
        run("user", "add", "--data", self.data, "--id", 7, "--name", "g", "--password", "p")
        with open(self.data / "turms.db", "r+b") as file:
            file.seek(4096)
            file.write(b"\x5a" * 4096 * 4)
        done = run("doctor", "--data", self.data, *settings())
        self.assertIn("damaged", done.stdout)
        self.assertEqual(done.returncode, 1)

    def test_doctor_looks_while_the_server_runs_and_after_it_was_killed(self):
        with serving(self.data, *settings()) as (process, _):
            run("user", "add", "--data", self.data, "--id", 7, "--name", "g", "--password", "p")
            self.assertIn("is sound\n", run("doctor", "--data", self.data, *settings()).stdout)
            process.kill()
            process.wait()
            before = self.files()
            self.assertIn("turms.db-wal", before)
            self.assertIn("is sound\n", run("doctor", "--data", self.data, *settings()).stdout)
            after = self.files()
            for name in ["turms.db", "turms.db-wal"]:
                self.assertEqual(after[name], before[name], name)

    def backup(self, command, backup, data=None, *more):
        return run("backup", command, backup, "--data", data or self.data, *more)

    def users(self, data, *more):
        return run("user", "list", "--data", data, *more).stdout

    def test_a_backup_made_while_it_serves_is_restored_elsewhere(self):
        backup, restored = self.folder / "backup", self.folder / "restored"
        with serving(self.data, *settings()):
            run("user", "add", "--data", self.data, "--id", 7, "--name", "g", "--password", "p")
            (self.data / "files" / "a").mkdir(parents=True)
            (self.data / "files" / "a" / "picture").write_bytes(b"\x00\x01" * 3_000_000)
            made = self.backup("create", backup)
            self.assertEqual(made.returncode, 0, made.stderr)
            run("user", "add", "--data", self.data, "--id", 8, "--name", "later", "--password", "p")
        self.assertEqual(stat.S_IMODE(backup.stat().st_mode), 0o700)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["backup", "data"])
        self.assertFalse((backup / "data" / "turms.db-wal").exists())
        self.assertEqual(self.backup("verify", backup).stdout, "the backup is good\n")
        self.assertEqual(self.backup("restore", backup, restored).returncode, 0)
        self.assertEqual(self.users(restored), "7\tg\tactive\n")
        for name in ["livekit-keys.yaml", "files/a/picture"]:
            self.assertEqual((restored / name).read_bytes(), (self.data / name).read_bytes(), name)
            self.assertEqual((restored / name).stat().st_mode, (self.data / name).stat().st_mode, name)
        with serving(restored, *settings()):
            self.assertEqual(self.users(restored), "7\tg\tactive\n")

    def test_a_backup_holds_what_a_killed_server_left_in_its_log(self):
        with serving(self.data, *settings()) as (process, _):
            run("user", "add", "--data", self.data, "--id", 7, "--name", "g", "--password", "p")
            process.kill()
            process.wait()
            self.assertGreater((self.data / "turms.db-wal").stat().st_size, 0)
            before = self.files()
            self.assertEqual(self.backup("create", self.folder / "backup").returncode, 0)
            for name in ["turms.db", "turms.db-wal"]:
                self.assertEqual(self.files()[name], before[name], name)
        self.assertEqual(self.backup("restore", self.folder / "backup", self.folder / "restored").returncode, 0)
        self.assertEqual(self.users(self.folder / "restored"), "7\tg\tactive\n")

    def test_a_backup_goes_to_where_store_url_says(self):
        run("user", "add", "--id", 7, "--name", "g", "--password", "p", "--data", self.data)
        backup = self.folder / "backup"
        self.assertEqual(self.backup("create", backup).returncode, 0)
        for name, file in [("inner/chat.db", "inner/chat.db"), (self.folder / "other.db", self.folder / "other.db")]:
            restored = self.folder / f"restored {pathlib.Path(name).name}"
            where = ["--set", f"store.url=sqlite:{name}"]
            self.assertEqual(self.backup("restore", backup, restored, *where).returncode, 0)
            self.assertTrue((restored / file).exists())
            self.assertFalse((restored / "turms.db").exists())
            self.assertEqual(self.users(restored, *where), "7\tg\tactive\n")

    def test_a_backup_that_is_not_whole_is_refused_and_nothing_is_written_over(self):
        run("user", "add", "--id", 7, "--name", "g", "--password", "p", "--data", self.data)
        backup, restored = self.folder / "backup", self.folder / "restored"
        self.assertEqual(self.backup("create", backup).returncode, 0)
        for command, arguments, words in [("create", [backup], "is there"), ("restore", [backup], "holds data"),
                                          ("create", [self.folder / "new", self.folder / "nothing"], "unable to open"),
                                          ("verify", [self.folder / "nothing"], "no backup")]:
            done = self.backup(command, *arguments)
            self.assertEqual(done.returncode, 1, command)
            self.assertIn(words, done.stderr)
        manifest, database = backup / "manifest.json", backup / "data" / "turms.db"
        good = {path: path.read_bytes() for path in [manifest, database]}
        foreign = json.loads(good[manifest])
        foreign["files"].append({"path": "../../escaped", "bytes": 0, "sha256": ""})
        for path, content, words in [(database, good[database] + b"x", "not as it was"),
                                     (database, good[database][:-1] + bytes([good[database][-1] ^ 1]), "not as it was"),
                                     (database, None, "is missing"),
                                     (manifest, b"{}", "is damaged"), (manifest, b'{"format": 2}', "another version"),
                                     (manifest, b'{"format": 1, "files": []}', "no database"),
                                     (manifest, json.dumps(foreign).encode(), "outside"), (manifest, None, "no backup")]:
            with self.subTest(words=words):
                path.unlink()
                if content is not None:
                    path.write_bytes(content)
                for command in ["verify", "restore"]:
                    done = self.backup(command, backup, restored)
                    self.assertEqual(done.returncode, 1)
                    self.assertIn(words, done.stderr)
                path.write_bytes(good[path])
        self.assertFalse(restored.exists())
        self.assertEqual(self.backup("restore", backup, restored).returncode, 0)

    def free_port(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            return taken.getsockname()[1]

    def certificate(self):
        key, certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                       check=True, capture_output=True)
        return key, certificate

    def test_doctor_asks_a_running_server_path_by_path(self):
        key, certificate = self.certificate()
        port, tcp = self.free_port(), self.free_port()
        chosen = settings(f"http.port={port}", f"livekit.rtc.tcp_port={tcp}", f"http.tls.cert_file={certificate}",
                          f"http.tls.key_file={key}", "livekit.turn.enabled=true", "livekit.turn.domain=127.0.0.1",
                          f"livekit.turn.tls_port={port}")
        with serving(self.data, *chosen):
            done = run("doctor", "--data", self.data, *chosen)
            self.assertIn(f"ok      HTTP at port {port} works", done.stdout)
            self.assertIn(f"ok      WebSocket at port {port} works", done.stdout)
            self.assertIn(f"ok      media over TCP at port {tcp} works", done.stdout)
            # Who signs for itself is not trusted: the hop that fails is named.
            self.assertRegex(done.stdout, f"problem TURN over TLS at 127.0.0.1:{port} does not work: connected, but certificate refused")
            self.assertNotIn("is taken", done.stdout)
            moved = run("doctor", "--data", self.data, *chosen, "--set", f"livekit.rtc.tcp_port={self.free_port()}")
            self.assertRegex(moved.stdout, "problem media over TCP at port .* does not work: no connection to .*: Connection refused")

    def test_https_on_the_http_port_and_a_client_behind_a_trusted_proxy(self):
        key, certificate = self.certificate()
        chosen = settings(f"http.tls.cert_file={certificate}", f"http.tls.key_file={key}", "http.trusted_proxies=127.0.0.0/8",
                          "http.proxy_protocol=true")
        with serving(self.data, *chosen) as (_, ready):
            context = ssl.create_default_context(cafile=certificate)
            with socket.create_connection(("127.0.0.1", ready["http"]), timeout=20) as plain:
                plain.sendall(b"PROXY TCP4 203.0.113.7 127.0.0.1 1000 443\r\n")
                with context.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
                    self.assertIn(secure.version(), ("TLSv1.2", "TLSv1.3"))
                    secure.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    self.assertTrue(secure.recv(4096).startswith(b"HTTP/1.1 200"))

    def test_media_ports_that_contradict_each_other_are_refused(self):
        key, certificate = self.certificate()
        own = [f"livekit.turn.cert_file={certificate}", f"livekit.turn.key_file={key}", "livekit.turn.enabled=true"]
        for assignments, words in [(["http.proxy_protocol=true"], "http.proxy_protocol"), (["http.trusted_proxies=10.0.0.1/8"], "http.trusted_proxies"),
                                   (["http.tls.cert_file=/nonexistent"], "http.tls"), (own, "livekit.turn.domain"),
                                   ([*own, "livekit.turn.domain=x", "http.port=7999", "livekit.turn.tls_port=7999"], "livekit.turn.cert_file")]:
            with self.subTest(assignments=assignments):
                done = run("serve", "--data", self.data, *settings(*assignments))
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(words, done.stderr)

    def test_an_empty_secret_is_refused(self):
        path = self.config("livekit:\n  keys: {k: ''}\n")
        for command in ["serve", "config check"]:
            done = run(*command.split(), "--data", self.data, "--config", path)
            self.assertEqual(done.returncode, 2)
            self.assertIn("livekit.keys.k is an empty secret", done.stderr)

    def test_a_key_without_effect_is_accepted_and_said_so(self):
        path = self.config("livekit:\n  rtc:\n    port_range_start: 50000\n")
        done = run("config", "check", "--config", path)
        self.assertEqual(done.returncode, 0)
        self.assertIn(f"{path}:3: livekit.rtc.port_range_start has no effect", done.stdout)


if __name__ == "__main__":
    outcome = unittest.main(exit=False, verbosity=1).result
    # A test whose subtests fail is one failed test.
    failed = len({getattr(test, "test_case", test).id() for test, _ in outcome.failures + outcome.errors})
    print(f"{outcome.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
