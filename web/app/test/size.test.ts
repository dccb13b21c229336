import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';

const app = join(dirname(fileURLToPath(import.meta.url)), '..');
/** Compressed: on a link of 400 kbit/s it takes three seconds. */
const maxFirstLoadBytes = 150 * 1024;

/** What the page loads before somebody does anything: what its HTML names, and what that imports at once. */
function firstLoad(directory: string): string[] {
  const html = readFileSync(join(directory, 'index.html'), 'utf8');
  const found = new Set(['index.html']);
  const waiting = [...html.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, path]) => path!);
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    if (!path.endsWith('.js')) continue;
    const imports = readFileSync(join(directory, path), 'utf8').matchAll(/(?:^|[;}])import(?:[^"'()]*from)?["']\.\/([^"']+)["']/g);
    for (const [, name] of imports) waiting.push(`assets/${name}`);
  }
  return [...found];
}

test('the first load is small, and knows nothing of meetings', () => {
  const directory = mkdtempSync(join(tmpdir(), 'turms-app-'));
  try {
    execFileSync('npx', ['vite', 'build', '--outDir', directory, '--emptyOutDir', '--logLevel', 'error'], {
      cwd: app,
      stdio: 'pipe',
      // Not that of the tests, with which React is its version for development.
      env: { ...process.env, NODE_ENV: 'production' },
    });
    const files = firstLoad(directory);
    expect(files.some((path) => /index-.*\.js$/.test(path))).toBe(true);
    expect(files.filter((path) => /room|MeetingView|PreJoin/.test(path))).toEqual([]);
    const bytes = files.reduce((sum, path) => sum + brotliCompressSync(readFileSync(join(directory, path))).length, 0);
    expect(bytes).toBeLessThan(maxFirstLoadBytes);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}, 300_000);
