// The examples of docs/guide that need no browser, as they stand there, with the real server and real proxies. Those with a page
// are a scenario of tests/e2e.
//   TURMS_BINARY  the server under test (default: build/release/turms)
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:https';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Runner } from '../../e2e/lib/runner.mjs';
import { clientOf } from '../../e2e/lib/client.mjs';
import { freePort, start, startTurms } from '../../e2e/lib/server.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const examples = join(root, 'docs/guide/examples');
const binary = process.env.TURMS_BINARY ?? join(root, 'build/release/turms');
const run = promisify(execFile);
const runner = new Runner(async () => {});
const directory = await mkdtemp(join(tmpdir(), 'turms-guide-'));

/** The path of a program of a Debian package: installed, or unpacked from its archive without installing it. Nothing: neither. */
async function programOf(name) {
  for (const path of [`/usr/sbin/${name}`, `/usr/bin/${name}`]) if (existsSync(path)) return path;
  if (spawnSync('apt-get', ['download', '-q', name], { cwd: directory }).status !== 0) return undefined;
  const archive = (await readdir(directory)).find((file) => file.startsWith(`${name}_`) && file.endsWith('.deb'));
  if (!archive || spawnSync('dpkg', ['-x', archive, name], { cwd: directory }).status !== 0) return undefined;
  return [`usr/sbin/${name}`, `usr/bin/${name}`].map((path) => join(directory, name, path)).find(existsSync);
}

async function settings() {
  const files = (await readdir(examples, { recursive: true })).filter((file) => file.endsWith('.yaml') && !file.includes('node_modules'));
  assert.ok(files.length > 5);
  for (const file of files) await run(binary, ['config', 'check', '--config', join(examples, file), '--data', join(directory, 'none')]);
}

async function adminCalls() {
  const turms = await startTurms();
  try {
    const { stdout: made } = await run(binary, ['admin', 'token', '--name', 'guide', '--url', turms.adminUrl], {
      env: { ...process.env, TURMS_ADMIN_PASSWORD: 'turms' },
    });
    const { stdout } = await run(join(examples, 'admin/people.sh'), [], {
      env: { ...process.env, TURMS_ADMIN_URL: turms.adminUrl, TURMS_ADMIN_TOKEN: /^token\s+(\S+)$/m.exec(made)[1] },
    });
    assert.deepEqual(JSON.parse(stdout.trim().split('\n').at(-1)).data.map(({ name }) => name), ['Dora', 'Emil']);
    const dora = await clientOf(turms, 2001n, 'a-first-password');
    assert.deepEqual((await dora.groups.joined()).map(({ name }) => name), ['Workshop']);
    dora.signOut();
  } finally {
    await turms.stop();
  }
}

/** What must go through a proxy: the page, and sessions. `serve` starts it before a port and tells how it is reached. */
async function behindAProxy(serve) {
  const turms = await startTurms({ settings: { 'http.trusted_proxies': '127.0.0.1' } });
  let proxy;
  try {
    proxy = await serve(turms.origin);
    const page = await new Promise((done, failed) => {
      const options = { headers: { accept: 'text/html' }, agent: new Agent({ rejectUnauthorized: false }) };
      get(`${proxy.origin}/`, options, (response) => {
        let body = '';
        response.on('data', (part) => (body += part)).on('end', () => done({ response, body }));
      }).on('error', failed);
    });
    assert.equal(page.response.statusCode, 200);
    assert.match(page.body, /<title>/);
    assert.match(page.response.headers['content-security-policy'], new RegExp(`wss://${new URL(proxy.origin).host}`));
    const alice = await clientOf({ webSocketUrl: `${proxy.origin.replace('https', 'wss')}/turms` }, 1n, 'turms', Insecure);
    const [{ id: groupId }] = await alice.groups.joined();
    const { id } = await alice.messages.send({ groupId }, 'through the proxy');
    assert.deepEqual((await alice.messages.byIds([id])).map(({ text }) => text), ['through the proxy']);
    alice.signOut();
    assert.doesNotMatch(turms.log().join('\n'), /trusted_proxies/);
  } finally {
    await proxy?.stop();
    await turms.stop();
  }
}

const { WebSocket } = createRequire(join(root, 'web/package.json'))('ws');
/** Certificates of a test are nobody's. */
class Insecure extends WebSocket {
  constructor(url) {
    super(url, { rejectUnauthorized: false });
  }
}

const [certificate, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
const named = ['-subj', '/CN=turms', '-addext', 'subjectAltName=IP:127.0.0.1'];
await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...named, '-days', '2', '-keyout', key, '-out', certificate]);

async function nginx(program, turms) {
  const port = await freePort();
  const example = (await readFile(join(examples, 'proxy/nginx.conf'), 'utf8'))
    .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
    .replace(/ssl_certificate .*;/, `ssl_certificate ${certificate};`)
    .replace(/ssl_certificate_key .*;/, `ssl_certificate_key ${key};`)
    .replace('http://127.0.0.1:7880', turms);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${directory}/${what};`).join(' ');
  const file = join(directory, 'nginx.conf');
  await writeFile(
    file,
    `daemon off; worker_processes 1; pid ${directory}/nginx.pid; error_log stderr notice;
     events {} http { access_log off; ${temporary} ${example} }`,
  );
  const server = await start('nginx', program, ['-e', 'stderr', '-p', directory, '-c', file], (line) => line.includes('start worker process '));
  return { ...server, origin: `https://127.0.0.1:${port}` };
}

async function caddy(program, turms) {
  const [port, plain] = await Promise.all([freePort(), freePort()]);
  const example = (await readFile(join(examples, 'proxy/Caddyfile'), 'utf8'))
    .replace('chat.example.com {', `https://127.0.0.1:${port} {\n\ttls ${certificate} ${key}`)
    .replace('127.0.0.1:7880', new URL(turms).host);
  const file = join(directory, 'Caddyfile');
  await writeFile(file, `{\n\tadmin off\n\tdefault_sni 127.0.0.1\n\thttp_port ${plain}\n}\n${example}`);
  const server = await start('caddy', program, ['run', '--config', file, '--adapter', 'caddyfile'], (line) => line.includes('serving initial configuration'));
  return { ...server, origin: `https://127.0.0.1:${port}` };
}

await runner.test('the server takes every configuration', settings);
await runner.test('users and groups are made over the admin API', adminCalls);
for (const [name, serve] of Object.entries({ nginx, caddy })) {
  const program = await programOf(name);
  if (program) await runner.test(`behind ${name}`, () => behindAProxy((turms) => serve(program, turms)));
  else runner.skip(`behind ${name}`, 'it is neither installed nor to be had');
}
await rm(directory, { recursive: true, force: true });
process.exit(runner.finish());
