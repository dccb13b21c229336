// Measures meetings behind a shaped link and prints a table: node run.mjs [OPTION...] [SCENARIO...]
//   --server KIND     turms, livekit, livekit-send-side; several with commas (default: turms)
//   --mode MODE       tun (root) or udp (default: tun for root)
//   --browser KIND    of the watchers: chromium or firefox
//   --rounds N        times that each is measured; the table has the medians
//   --trace DIR       writes what happened over time there (CSV), and the server's log, for each run
//   --json FILE       writes all figures there as well
//   TURMS_BINARY           our server (default: build/release/turms); the link program is that of the same build
//   TURMS_LINKS_SETTINGS   more settings of it: "key=value key=value"
//   TURMS_LIVEKIT_BINARY   LiveKit's server
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measure, scenarios } from './scenarios.mjs';
import { removeMedia } from './world.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    server: { type: 'string', default: 'turms' },
    mode: { type: 'string', default: process.getuid() === 0 ? 'tun' : 'udp' },
    browser: { type: 'string', default: 'chromium' },
    rounds: { type: 'string', default: '1' },
    trace: { type: 'string' },
    json: { type: 'string' },
  },
});
const servers = values.server.split(',');
const wanted = positionals.length > 0 ? positionals : Object.keys(scenarios);
const unknown = wanted.filter((name) => !scenarios[name]);
if (unknown.length > 0) {
  console.error(`unknown scenario: ${unknown.join(', ')}; there are ${Object.keys(scenarios).join(', ')}`);
  process.exit(2);
}

/** Figures by scenario, then by what they are: { unit, bar, values: { server: [numbers] } }. */
const results = {};

async function measureOnce(name, server, round) {
  const trace = values.trace && join(values.trace, `${name}-${server}-${round + 1}`);
  const figures = await measure(name, { server, mode: values.mode, browser: values.browser, seed: round + 1, trace });
  const rows = (results[name] ??= new Map());
  for (const { what, value, unit, bar } of figures) {
    if (!rows.has(what)) rows.set(what, { unit, bar, values: {} });
    (rows.get(what).values[server] ??= []).push(value);
  }
}

function median(numbers) {
  // What never came is worse than any number.
  const sorted = numbers.map((n) => n ?? Infinity).sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

function format(number, unit) {
  if (number === undefined) return '';
  if (!Number.isFinite(number)) return 'never';
  const digits = Math.abs(number) < 10 && !Number.isInteger(number) ? 2 : 0;
  return `${number.toFixed(digits)}${unit ? ` ${unit}` : ''}`;
}

function describeBar(bar, unit) {
  if (!bar) return '';
  return 'most' in bar ? `≤ ${format(bar.most, unit)}` : `≥ ${format(bar.least, unit)}`;
}

function meets(number, bar) {
  return 'most' in bar ? number <= bar.most : number >= bar.least && Number.isFinite(number);
}

function print(name) {
  console.log(`\n| ${scenarios[name].title} | bar | ${servers.join(' | ')} |\n|---|---|${'---|'.repeat(servers.length)}`);
  for (const [what, { unit, bar, values: byServer }] of results[name]) {
    const cells = servers.map((server) => {
      if (!byServer[server]) return '';
      const number = median(byServer[server]);
      const mark = bar && !meets(number, bar) ? ' ✗' : '';
      return `${format(number, unit)}${mark}`;
    });
    console.log(`| ${what} | ${describeBar(bar, unit)} | ${cells.join(' | ')} |`);
  }
}

let failed = false;
if (values.trace) await mkdir(values.trace, { recursive: true });
for (const name of wanted) {
  if (scenarios[name].needs && scenarios[name].needs !== values.mode) {
    console.log(`\n${scenarios[name].title}: left out, it needs links of TUN devices (root)`);
    continue;
  }
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const server of servers) {
      try {
        await measureOnce(name, server, round);
      } catch (error) {
        failed = true;
        console.error(`${name}, ${server}: ${error?.stack ?? error}`);
      }
    }
  }
  if (results[name]) print(name);
}
await removeMedia();
if (values.json) {
  const plain = Object.fromEntries(Object.entries(results).map(([name, rows]) => [name, Object.fromEntries(rows)]));
  await writeFile(values.json, `${JSON.stringify(plain, null, 2)}\n`);
}
process.exit(failed ? 1 : 0);
