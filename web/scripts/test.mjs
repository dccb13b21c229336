// Runs the tests of both packages, those of the client also against a real server when TURMS_BINARY names one, and
// ends with `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startTurms } from '../../tests/e2e/lib/server.mjs';

const web = join(dirname(fileURLToPath(import.meta.url)), '..');
const reports = mkdtempSync(join(tmpdir(), 'turms-web-'));
let passed = 0;
let failed = 0;
let skipped = 0;

function run(name, directory, args, env = {}) {
  const report = join(reports, `${name}.json`);
  const { stdout, stderr, status } = spawnSync(
    'npx',
    ['vitest', 'run', '--reporter=json', `--outputFile=${report}`, ...args],
    { cwd: join(web, directory), env: { ...process.env, ...env }, encoding: 'utf8' },
  );
  const results = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined;
  const failures = results?.numFailedTests ?? 0;
  passed += results?.numPassedTests ?? 0;
  // A suite that ends badly without a failed test did not even start.
  failed += status !== 0 && failures === 0 ? 1 : failures;
  skipped += results?.numPendingTests ?? 0;
  console.log(`${name}: ${results?.numPassedTests ?? 0} passed, ${failures} failed`);
  if (status === 0) return;
  for (const file of results?.testResults ?? []) {
    if (file.message) console.log(file.message);
    for (const test of file.assertionResults) {
      if (test.status === 'failed') console.log(`FAIL  ${test.fullName}\n${test.failureMessages.join('\n')}`);
    }
  }
  console.log(stdout.slice(-4000), stderr.slice(-4000));
}

try {
  run('client', 'packages/client', ['--exclude', '**/live.test.ts']);
  run('app', 'app', []);
  if (process.env.TURMS_BINARY) {
    const server = await startTurms();
    run('live', 'packages/client', ['live.test.ts'], { TURMS_URL: server.webSocketUrl });
    await server.stop();
  }
} catch (error) {
  console.log(error);
  failed += 1;
} finally {
  rmSync(reports, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
