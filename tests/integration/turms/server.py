"""Starts and stops the real server process."""

import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request

BINARY = os.environ["TURMS_BINARY"]

SETTINGS = {
    "http.bind": "127.0.0.1",
    "http.port": 0,
    "admin.port": 0,
    "turms.gateway.websocket.host": "127.0.0.1",
    "turms.gateway.websocket.port": 0,
    "turms.gateway.tcp.host": "127.0.0.1",
    "turms.gateway.tcp.port": 0,
    "livekit.enabled": "false",
    "plugins.enabled": "",
    "log.level": "warn",
}


class Server:
    def __init__(self, settings=None, data=None):
        self.settings = {**SETTINGS, **(settings or {})}
        self.data = data or tempfile.mkdtemp(prefix="turms-test-")
        self.process = None
        self.next_user = 1000

    def start(self):
        command = [BINARY, "serve", "--data", self.data]
        for key, value in self.settings.items():
            command += ["--set", f"{key}={value}"]
        self.log = open(pathlib.Path(self.data) / "stderr.log", "ab")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log)
        line = self._ready_line()
        self.http, self.websocket, self.tcp, self.admin = (
            line["http"], line["websocket"], line["tcp"], line["admin"])
        return self

    def _ready_line(self):
        ready, _, _ = select.select([self.process.stdout], [], [], 30)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            self.kill()
            raise RuntimeError(f"the server did not start:\n{self.stderr()}")
        return json.loads(line)

    def stderr(self):
        return (pathlib.Path(self.data) / "stderr.log").read_text(errors="replace")[-4000:]

    def kill(self):
        """kill -9: nothing is flushed, nothing said."""
        self.process.kill()
        self.process.wait()
        self._release()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=30)
        self._release()
        return status

    def _release(self):
        self.process.stdout.close()
        self.log.close()

    def remove(self):
        if self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.data, ignore_errors=True)

    def run(self, *arguments, stdin=""):
        done = subprocess.run([BINARY, *arguments, "--data", self.data], input=stdin, text=True,
                              capture_output=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(f"turms {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def add_user(self, password="turms"):
        self.next_user += 1
        self.run("user", "add", "--id", str(self.next_user), "--name", f"user {self.next_user}",
                 "--password-stdin", stdin=password + "\n")
        return self.next_user

    def add_group(self, owner, members=(), name="a group"):
        out = self.run("group", "add", "--name", name, "--owner", str(owner), "--members",
                       ",".join(map(str, members or [owner])))
        return int(re.search(r"added group (\d+)", out)[1])

    def metrics(self):
        """{"name{labels}": value}"""
        text = urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=10).read().decode()
        values = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                key, _, value = line.rpartition(" ")
                values[key] = float(value)
        return values

    def rejections(self):
        """Everything that any port turned away, by reason."""
        found = {}
        for key, value in self.metrics().items():
            match = re.match(r'turms\w*_(?:rejections|rejected)_total\{(.*)\}', key)
            if match:
                found[match[1]] = value
        return found

    def resident_bytes(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("no VmRSS")


def wait_until(condition, what, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for: {what}")
        time.sleep(0.02)
