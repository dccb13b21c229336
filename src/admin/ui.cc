#include "admin/ui.h"

namespace turms::admin {

const std::string_view kUiPage = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Turms administration</title>
<link rel="stylesheet" href="/openapi/ui.css">
<script src="/openapi/common.js" defer></script>
<script src="/openapi/ui.js" defer></script>
</head>
<body>
<header>
<h1>Turms administration</h1>
<form id="sign-in">
<input id="account" name="account" autocomplete="username" placeholder="Account" aria-label="Account">
<input id="password" name="password" type="password" autocomplete="current-password" placeholder="Password" aria-label="Password">
<button>Sign in</button>
<output id="who" aria-live="polite"></output>
</form>
</header>
<main id="operations"></main>
</body>
</html>
)html";

const std::string_view kUiStyle = R"css(
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border-bottom: 1px solid #8886; padding: .3rem .6rem; text-align: left; }
dl { display: grid; gap: .2rem 1rem; grid-template-columns: max-content 1fr; }
dd { margin: 0; }
header { display: flex; flex-wrap: wrap; gap: 1rem; align-items: baseline; justify-content: space-between; }
h1 { font-size: 1.3rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
details { border: 1px solid #8886; border-radius: .4rem; margin: .4rem 0; padding: .4rem .8rem; }
summary { cursor: pointer; }
summary code { display: inline-block; }
.method { font-weight: 700; min-width: 4.5rem; }
.permission { color: #777; float: right; font-size: .85rem; }
label { display: grid; gap: .5rem; grid-template-columns: minmax(9rem, 1fr) 2fr; margin: .3rem 0; }
label small { color: #777; grid-column: 2; }
input, button { font: inherit; padding: .25rem .5rem; }
pre { background: #8882; border-radius: .4rem; max-height: 24rem; overflow: auto; padding: .6rem; white-space: pre-wrap; word-break: break-word; }
)css";

const std::string_view kCommonScript = R"js('use strict';

function element(name, attributes = {}, ...children) {
  const made = Object.assign(document.createElement(name), attributes);
  made.append(...children);
  return made;
}

// Ids have more digits than a number keeps: they become texts.
function parse(text) {
  return JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"|-?\d{16,}/g, (found) => found.startsWith('"') ? found : `"${found}"`));
}

// `body`: JSON.
async function send(authorization, method, path, body) {
  const headers = { Authorization: authorization };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const response = await fetch(path, { method, headers, body, credentials: 'omit' });
  return { status: response.status, text: await response.text() };
}

// Makes the form exchange a password for a token that lasts half a day.
function signIn(purpose, signedIn) {
  document.getElementById('sign-in').addEventListener('submit', async (event) => {
    event.preventDefault();
    const who = document.getElementById('who');
    const account = document.getElementById('account').value;
    const secret = document.getElementById('password');
    const pair = new TextEncoder().encode(account + ':' + secret.value);
    secret.value = '';
    const body = JSON.stringify({ name: purpose, ttlSeconds: 43200 });
    const answer = await send('Basic ' + btoa(String.fromCharCode(...pair)), 'POST', '/admins/tokens', body)
      .catch((error) => ({ status: 0, text: String(error) }));
    if (answer.status === 200) {
      who.textContent = `signed in as ${account}`;
      signedIn(parse(answer.text).data.token);
    } else {
      who.textContent = answer.status === 429 ? 'too many tries: wait a moment' : answer.status === 401 ? 'wrong account or password' : answer.text;
    }
  });
}
)js";

const std::string_view kUiScript = R"js('use strict';

// Without one, so that the browser does not ask for itself.
let token = 'none';

// Ids have more digits than a JavaScript number keeps, so the text is laid out and never parsed.
function pretty(text) {
  let out = '';
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; ++i) {
    const c = text[i];
    if (quoted) {
      out += c;
      if (c === '\\') out += text[++i];
      else if (c === '"') quoted = false;
    } else if (c === '"') {
      quoted = true;
      out += c;
    } else if (c === '{' || c === '[') {
      out += c;
      if (text[i + 1] !== '}' && text[i + 1] !== ']') out += '\n' + '  '.repeat(++depth);
      else out += text[++i];
    } else if (c === '}' || c === ']') {
      out += '\n' + '  '.repeat(--depth) + c;
    } else if (c === ',') {
      out += ',\n' + '  '.repeat(depth);
    } else {
      out += c === ':' ? ': ' : c;
    }
  }
  return out;
}

function schemaOf(field) {
  return field.schema ?? field.allOf[0];
}

function describe(schema) {
  if (schema.type === 'array') return `list of ${schema.items.type}s, with commas`;
  return schema.format === 'date-time' ? 'date' : schema.type;
}

function input(name, field, required) {
  const schema = schemaOf(field);
  const box = element('input', { name, required, placeholder: describe(schema), autocomplete: 'off' });
  if (field.format === 'password') box.type = 'password';
  return element('label', {}, element('span', {}, name + (required ? ' *' : '')), box, element('small', {}, field.description));
}

// JSON of one member, as its schema has it; digits stay digits.
function member(schema, text) {
  if (schema.type === 'array') return '[' + text.split(',').map((item) => member(schema.items, item.trim())).join(',') + ']';
  if (schema.type === 'integer' && /^-?\d+$/.test(text)) return text;
  if (schema.type === 'boolean' && /^(true|false)$/.test(text)) return text;
  return JSON.stringify(text);
}

function operation(path, method, spec) {
  const result = element('pre', { hidden: true });
  const form = element('form', { noValidate: true });
  for (const parameter of spec.parameters ?? []) form.append(input('query.' + parameter.name, parameter, parameter.required));
  const schema = spec.requestBody?.content['application/json'].schema;
  for (const [name, field] of Object.entries(schema?.properties ?? {})) {
    form.append(input('body.' + name, field, (schema.required ?? []).includes(name)));
  }
  form.append(element('button', {}, 'Send'));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const query = new URLSearchParams();
    const members = [];
    for (const [name, text] of new FormData(form)) {
      if (text === '') continue;
      if (name.startsWith('query.')) query.set(name.slice(6), text);
      else members.push(JSON.stringify(name.slice(5)) + ':' + member(schemaOf(schema.properties[name.slice(5)]), text));
    }
    const answer = await send('Bearer ' + token, method.toUpperCase(), path + (query.size ? '?' + query : ''), schema ? `{${members.join(',')}}` : undefined)
      .catch((error) => ({ status: 0, text: JSON.stringify(String(error)) }));
    result.hidden = false;
    result.textContent = answer.status + '\n' + pretty(answer.text);
  });
  return element('details', {},
    element('summary', {},
      element('code', { className: 'method' }, method.toUpperCase()), ' ', element('code', {}, path), ' ', spec.summary,
      element('span', { className: 'permission' }, spec['x-permission'] ?? '')),
    form, result);
}

async function show() {
  const document_ = await (await fetch('/openapi/docs', { credentials: 'omit' })).json();
  const main = document.getElementById('operations');
  let tag = '';
  for (const [path, operations] of Object.entries(document_.paths)) {
    for (const [method, spec] of Object.entries(operations)) {
      if (['openapi', 'ui', 'ui.js'].includes(spec.tags[0])) continue;
      if (spec.tags[0] !== tag) main.append(element('h2', {}, tag = spec.tags[0]));
      main.append(operation(path, method, spec));
    }
  }
}

signIn('openapi ui', (made) => { token = made; });
show();
)js";

}  // namespace turms::admin
