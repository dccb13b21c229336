#include "admin/ui.h"

namespace turms::admin {

const std::string_view kDashboardPage = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Turms</title>
<link rel="stylesheet" href="/openapi/ui.css">
<script src="/openapi/common.js" defer></script>
<script src="/ui.js" defer></script>
</head>
<body>
<header>
<h1>Turms</h1>
<a href="/openapi/ui">API</a>
<form id="sign-in">
<input id="account" name="account" autocomplete="username" placeholder="Account" aria-label="Account">
<input id="password" name="password" type="password" autocomplete="current-password" placeholder="Password" aria-label="Password">
<button>Sign in</button>
<output id="who" aria-live="polite"></output>
</form>
</header>
<main id="sections" aria-live="polite"></main>
</body>
</html>
)html";

const std::string_view kDashboardScript = R"js('use strict';

const kPageSize = 20;
let token = '';

async function call(method, path, body) {
  const answer = await send('Bearer ' + token, method, path, body && JSON.stringify(body));
  const said = parse(answer.text);
  if (answer.status !== 200) throw new Error(said.reason ?? `HTTP ${answer.status}`);
  return said.data ?? said;
}

// `columns`: names of members; `actions`: [label, what a row's button does].
function table(columns, rows, actions, reload) {
  const body = element('tbody');
  for (const row of rows) {
    const line = element('tr', {}, ...columns.map((name) => element('td', {}, String(row[name] ?? ''))));
    const buttons = element('td');
    for (const [label, act] of actions) {
      const button = element('button', { type: 'button' }, label);
      button.addEventListener('click', async () => {
        if (!confirm(`${label}: ${row.name ?? ''} ${row.id ?? row.userId}?`)) return;
        button.disabled = true;
        await act(row).catch((error) => alert(error.message));
        await reload();
      });
      buttons.append(button);
    }
    line.append(buttons);
    body.append(line);
  }
  return element('table', {}, element('thead', {}, element('tr', {}, ...columns.map((name) => element('th', { scope: 'col' }, name)), element('th'))), body);
}

function section(title, load) {
  const content = element('div');
  const reload = async () => {
    try {
      content.replaceChildren(await load(reload));
    } catch (error) {
      content.replaceChildren(element('p', {}, error.message));
    }
  };
  const refresh = element('button', { type: 'button' }, 'Refresh');
  refresh.addEventListener('click', reload);
  reload();
  return element('section', {}, element('h2', {}, title, ' ', refresh), content);
}

// A table in pages.
function pages(title, path, columns, actions) {
  let page = 0;
  return section(title, async (reload) => {
    const found = await call('GET', `${path}${path.includes('?') ? '&' : '?'}page=${page}&size=${kPageSize}`);
    const records = found.records ?? found;
    const turn = (label, by, possible) => {
      const button = element('button', { type: 'button', disabled: !possible }, label);
      button.addEventListener('click', () => { page += by; return reload(); });
      return button;
    };
    const more = found.total === undefined ? records.length === kPageSize : (page + 1) * kPageSize < found.total;
    return element('div', {}, table(columns, records, actions, reload),
      turn('Back', -1, page > 0), turn('On', 1, more), found.total === undefined ? '' : ` ${found.total} in all`);
  });
}

function facts(values) {
  return element('dl', {}, ...Object.entries(values).flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, String(value))]));
}

function show() {
  const remove = (path, parameter = 'ids') => (row) => call('DELETE', `${path}?${parameter}=${row.id}`);
  document.getElementById('sections').replaceChildren(
    section('Health', async () => {
      const health = parse(await (await fetch('/health', { credentials: 'omit' })).text());
      const [node] = await call('GET', '/cluster/members');
      return facts({ ...health, ...node });
    }),
    section('Storage', async () => {
      const stored = await call('GET', '/storage');
      const sizes = Object.entries(stored.bytes).sort((a, b) => Number(b[1]) - Number(a[1]))
        .map(([what, bytes]) => ({ what, 'size (MiB)': (Number(bytes) / 1048576).toFixed(1), rows: stored.rows[what] ?? '' }));
      const others = Object.entries(stored.rows).filter(([what]) => !(what in stored.bytes)).map(([what, rows]) => ({ what, rows }));
      return table(['what', 'size (MiB)', 'rows'], [...sizes, ...others], []);
    }),
    section('Online', async () => facts(await call('GET', '/users/online-infos/count'))),
    pages('Sessions', '/users/online-infos/sessions/page', ['userId', 'deviceType', 'status', 'ip', 'loginDate'], [
      ['End', (row) => call('DELETE', `/sessions?ids=${row.userId}&deviceTypes=${row.deviceType}`)]]),
    pages('Users', '/users/page', ['id', 'name', 'registrationDate', 'isActive'], [
      ['Sign out', remove('/sessions')],
      ['Deactivate', (row) => call('PUT', `/users?ids=${row.id}`, { isActive: false })],
      ['Activate', (row) => call('PUT', `/users?ids=${row.id}`, { isActive: true })]]),
    pages('Groups', '/groups/page?isActive=true', ['id', 'name', 'ownerId', 'creationDate'], [['Delete', remove('/groups')]]),
    pages('Meetings', '/meetings?activeOnly=true', ['id', 'name', 'creatorId', 'groupId', 'startDate'], [['End', remove('/meetings')]]),
    section('Plugins', async (reload) => table(['id', 'version', 'status', 'error'], await call('GET', '/plugins'), [
      ['Start', (row) => call('PUT', `/plugins?ids=${row.id}`, { status: 'STARTED' })],
      ['Pause', (row) => call('PUT', `/plugins?ids=${row.id}`, { status: 'PAUSED' })],
      ['Resume', (row) => call('PUT', `/plugins?ids=${row.id}`, { status: 'RESUMED' })],
      ['Stop', (row) => call('PUT', `/plugins?ids=${row.id}`, { status: 'STOPPED' })]], reload)),
    section('Log', async () => table(['date', 'level', 'text'], (await call('GET', '/logs?size=50')).reverse(), [])),
    pages('Changes', '/audit-logs', ['date', 'account', 'address', 'action', 'status', 'reason'], []));
}

signIn('page', (made) => {
  token = made;
  show();
});
)js";

}  // namespace turms::admin
