// The Python SDKs, unchanged: cases of python_sdk.py, each in a process of its own. Left out where PyPI cannot be
// reached to install them.
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { apiKey, apiSecret, webSocketUrl } from './world.mjs';

const execute = promisify(execFile);
const packages = ['livekit==1.2.1', 'livekit-api==1.2.2'];
const environment = fileURLToPath(new URL('../../../build/python-sdk', import.meta.url));
const script = fileURLToPath(new URL('python_sdk.py', import.meta.url));
const python = `${environment}/bin/python`;

/** The interpreter of an environment that has these packages. */
export async function installed(wanted) {
  const marks = wanted.map((name) => `${environment}/installed-${name}`);
  try {
    await Promise.all(marks.map((mark) => access(mark)));
  } catch {
    await execute('python3', ['-m', 'venv', environment]);
    await execute(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...wanted], { timeout: 300_000 });
    await execute('touch', marks);
  }
  return python;
}

export async function run(test) {
  try {
    await installed(packages);
  } catch (error) {
    console.log(`      Python is left out: its SDKs cannot be installed (${error.message.split('\n')[0]})`);
    return;
  }
  const env = { ...process.env, LIVEKIT_URL: webSocketUrl(), LIVEKIT_API_KEY: apiKey, LIVEKIT_API_SECRET: apiSecret };
  for (const [name, argument] of [
    ['Python sees the picture that Python sends', 'picture'],
    ['Python sends packets, texts and calls', 'data'],
    ['Python sends files byte by byte', 'files'],
    ['Python sees what is encrypted end to end with the key and not without', 'secret'],
    ['Python makes, reads and closes rooms, and removes people', 'administration'],
  ]) {
    await test(name, () => execute(python, [script, argument], { env, timeout: 90_000 }));
  }
}
