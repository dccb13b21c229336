"""Authentication by a directory: a real slapd, plain and over TLS."""

import concurrent.futures
import contextlib
import pathlib
import shutil
import socket
import subprocess
import tempfile
import unittest

from case import TurmsTest
from client import Client, Tcp
from server import Server, wait_until

IAM = "turms.gateway.session.identity-access-management."
SLAPD = shutil.which("slapd", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/libexec:/usr/lib/openldap")
LOGIN_FAILED, NOT_ACTIVE, UNAVAILABLE, INTERNAL_ERROR = 2011, 2012, 1201, 1200
ALICE, BOB, NOBODY, TWICE, STRANGER = 101, 102, 103, 104, 987654321

ENTRIES = f"""
dn: dc=example,dc=com
objectClass: organization
objectClass: dcObject
o: Example
dc: example

dn: uid={ALICE},dc=example,dc=com
objectClass: inetOrgPerson
uid: {ALICE}
cn: Alice
sn: A
userPassword: correct horse

dn: uid={BOB},dc=example,dc=com
objectClass: inetOrgPerson
uid: {BOB}
cn: Bob (who has no password)
sn: B

dn: cn=Somebody\\, with a comma,dc=example,dc=com
objectClass: inetOrgPerson
uid: {STRANGER}
cn: Somebody, with a comma
sn: S
userPassword: pässwörd

dn: cn=one,dc=example,dc=com
objectClass: inetOrgPerson
uid: {TWICE}
cn: one
sn: T
userPassword: twice

dn: cn=other,dc=example,dc=com
objectClass: inetOrgPerson
uid: {TWICE}
cn: other
sn: T
userPassword: twice
"""


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    with contextlib.closing(socket.socket()) as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Directory:
    """slapd with the entries above."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="turms-slapd-"))
        (self.folder / "db").mkdir()
        self.port, self.tls_port = free_port(), free_port()
        self.make_certificate()
        (self.folder / "slapd.conf").write_text(f"""
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCACertificateFile {self.folder}/ca.pem
TLSCertificateFile {self.folder}/server.pem
TLSCertificateKeyFile {self.folder}/server.key
database mdb
suffix "dc=example,dc=com"
rootdn "cn=admin,dc=example,dc=com"
rootpw secret
directory {self.folder}/db
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="cn=admin,dc=example,dc=com" read by * none
""")
        subprocess.run([SLAPD, "-T", "add", "-f", "slapd.conf"], cwd=self.folder, input=ENTRIES, text=True, check=True,
                       capture_output=True, timeout=60)
        self.process = None

    def make_certificate(self):
        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True, timeout=60)

        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=test authority", "-keyout", "ca.key", "-out", "ca.pem")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost",
                "-keyout", "server.key", "-out", "server.csr")
        (self.folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-extfile", "names", "-out", "server.pem")

    def start(self):
        urls = f"ldap://127.0.0.1:{self.port} ldaps://127.0.0.1:{self.tls_port}"
        self.process = subprocess.Popen([SLAPD, "-h", urls, "-f", "slapd.conf", "-d", "0"], cwd=self.folder,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: answers(self.port) and answers(self.tls_port), "slapd", 30)
        return self

    def stop(self):
        self.process.terminate()
        self.process.wait(30)

    def remove(self):
        if self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def settings(self, **more):
        return {IAM + "type": "LDAP", IAM + "ldap.base-dn": "dc=example,dc=com",
                IAM + "ldap.admin.host": "127.0.0.1", IAM + "ldap.admin.port": self.port,
                IAM + "ldap.admin.username": "cn=admin,dc=example,dc=com", IAM + "ldap.admin.password": "secret",
                IAM + "ldap.user.host": "127.0.0.1", IAM + "ldap.user.port": self.port,
                IAM + "ldap.timeout-millis": 5000,
                **{IAM + "ldap." + key: value for key, value in more.items()}}


@unittest.skipUnless(SLAPD, "slapd is not installed (Debian: apt-get install slapd)")
class Ldap(TurmsTest):
    accounts = 0

    @classmethod
    def make_server(cls):
        cls.directory = Directory().start()
        cls.addClassCleanup(cls.directory.remove)
        return cls.server_with()

    @classmethod
    def server_with(cls, **settings):
        server = Server(cls.directory.settings(**settings)).start()
        cls.addClassCleanup(server.remove)
        return server

    def code(self, user, password, server=None):
        client = Client(server or self.server, Tcp)
        self.addCleanup(client.close)
        return client.sign_in(user, password=password).code

    def test_the_password_of_the_entry_signs_in(self):
        self.assertEqual(self.code(ALICE, "correct horse"), 1000)
        # Neither is stored here.
        self.assertEqual(self.code(STRANGER, "pässwörd"), 1000)

    def test_others_do_not(self):
        for user, password in [(ALICE, "wrong"), (ALICE, ""), (ALICE, "correct horse\0"), (ALICE, "x" * 300),
                               (ALICE, "secret"), (BOB, "anything"), (BOB, "")]:
            with self.subTest((user, password)):
                self.assertEqual(self.code(user, password), LOGIN_FAILED)
                # A right one forgives the guess.
                self.assertEqual(self.code(STRANGER, "pässwörd"), 1000)
        client = self.connect()
        self.assertEqual(client.request("create_session", version=1, user_id=ALICE).code, LOGIN_FAILED)

    def test_who_is_not_in_the_directory_is_not_active(self):
        self.assertEqual(self.code(NOBODY, "correct horse"), NOT_ACTIVE)

    def test_two_entries_of_one_user_are_a_fault_of_the_filter(self):
        self.assertEqual(self.code(TWICE, "twice"), INTERNAL_ERROR)

    def test_connections_are_kept_and_shared(self):
        codes = [self.code(ALICE, "correct horse") for _ in range(20)]
        self.assertEqual(set(codes), {1000})
        # A refusal leaves no one else signed in on the connection.
        self.assertEqual([self.code(ALICE, "wrong"), self.code(STRANGER, "pässwörd"), self.code(ALICE, "correct horse")],
                         [LOGIN_FAILED, 1000, 1000])

    def test_many_at_once_take_turns(self):
        # More than there are connections, and fewer than guesses that slow a user down.
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            codes = list(pool.map(lambda _: self.code(ALICE, "correct horse"), range(64)))
        self.assertEqual(set(codes), {1000})

    def test_a_longer_filter(self):
        server = self.server_with(**{"user.search-filter": "(&(objectClass=inetOrgPerson)(|(uid=${userId})(cn=user-${userId}))(!(sn=B)))"})
        self.assertEqual(self.code(ALICE, "correct horse", server), 1000)
        self.assertEqual(self.code(BOB, "anything", server), NOT_ACTIVE)

    def test_over_tls(self):
        tls = {"admin.port": self.directory.tls_port, "admin.ssl.enabled": "true",
               "user.port": self.directory.tls_port, "user.ssl.enabled": "true"}
        trusted = self.server_with(**tls, **{"ca-file": self.directory.folder / "ca.pem"})
        self.assertEqual(self.code(ALICE, "correct horse", trusted), 1000)
        self.assertEqual(self.code(ALICE, "wrong", trusted), LOGIN_FAILED)
        # Nobody vouches for this certificate.
        self.assertEqual(self.code(ALICE, "correct horse", self.server_with(**tls)), UNAVAILABLE)

    def test_an_administrator_that_is_refused(self):
        server = self.server_with(**{"admin.password": "wrong"})
        self.assertEqual(self.code(ALICE, "correct horse", server), UNAVAILABLE)

    def test_a_server_that_is_away_and_comes_back(self):
        directory = Directory().start()
        self.addClassCleanup(directory.remove)
        server = Server(directory.settings()).start()
        self.addClassCleanup(server.remove)
        self.assertEqual(self.code(ALICE, "correct horse", server), 1000)
        directory.stop()
        self.assertEqual(self.code(ALICE, "correct horse", server), UNAVAILABLE)
        directory.start()
        self.assertEqual(self.code(ALICE, "correct horse", server), 1000)

    def test_a_server_that_says_nothing(self):
        with contextlib.closing(socket.socket()) as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen(16)
            server = self.server_with(**{"admin.port": silent.getsockname()[1], "timeout-millis": 300})
            self.assertEqual(self.code(ALICE, "correct horse", server), UNAVAILABLE)

    def test_settings_that_cannot_work_are_refused_at_the_start(self):
        for key, value in [("user.search-filter", "(uid=5)"), ("user.search-filter", "(uid=${userId}"),
                           ("user.search-filter", "(&)${userId}")]:
            with self.subTest(value):
                server = Server(self.directory.settings(**{key: value}))
                self.addCleanup(shutil.rmtree, server.data, ignore_errors=True)
                with self.assertRaises(RuntimeError) as refused:
                    server.start()
                self.assertIn("ldap", str(refused.exception))
