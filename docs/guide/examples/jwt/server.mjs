// A web app that has users, sessions and a page of its own, and gets chat and meetings from turms.
//
//   TURMS_URL=https://chat.example.com TURMS_ADMIN_TOKEN=… JWT_SECRET_FILE=/etc/turms/jwt-secret node jwt/server.mjs
//
// TURMS_ADMIN_URL (http://127.0.0.1:8510) is the admin port, PORT (3000) where this app listens.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { People } from './people.mjs';
import { turmsToken } from './token.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const secret = readFileSync(process.env.JWT_SECRET_FILE, 'utf8').trimEnd();
const people = new People(process.env.TURMS_ADMIN_URL ?? 'http://127.0.0.1:8510', process.env.TURMS_ADMIN_TOKEN);

// What such an app has already: users with ids and passwords, and sessions.
const users = [
  { id: 1001, name: 'Ann', password: 'ann-secret' },
  { id: 1002, name: 'Ben', password: 'ben-secret' },
];
const sessions = new Map();

// What is new: turms learns of the users and of who belongs together …
for (const user of users) await people.add(user);
const team = await people.group('Team', 1001, [1002]);

const script = await build({ entryPoints: [here('page.js')], bundle: true, format: 'esm', write: false });
const page = readFileSync(here('page.html'));

const userOf = (request) => sessions.get(/session=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1]);

async function readJson(request) {
  let text = '';
  for await (const part of request) {
    text += part;
    if (text.length > 10_000) throw new Error('too large');
  }
  return JSON.parse(text);
}

function json(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers });
  response.end(JSON.stringify(body));
}

const routes = {
  'GET /': (request, response) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page),
  'GET /page.js': (request, response) =>
    response.writeHead(200, { 'content-type': 'text/javascript' }).end(script.outputFiles[0].contents),

  'POST /login': async (request, response) => {
    const { name, password } = await readJson(request);
    const user = users.find((one) => one.name === name && one.password === password);
    if (!user) return json(response, 401, {});
    const session = randomUUID();
    sessions.set(session, user);
    json(response, 200, {}, { 'set-cookie': `session=${session}; HttpOnly; SameSite=Strict; Path=/` });
  },

  // … and whoever is signed in here gets a token for it.
  'GET /turms-token': (request, response) => {
    const user = userOf(request);
    if (!user) return json(response, 401, {});
    json(response, 200, { url: process.env.TURMS_URL, userId: String(user.id), token: turmsToken(user.id, secret), groupId: team });
  },
};

const server = createServer(async (request, response) => {
  const route = routes[`${request.method} ${request.url}`];
  try {
    if (route) await route(request, response);
    else response.writeHead(404).end();
  } catch {
    if (!response.headersSent) response.writeHead(400).end();
  }
});
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
