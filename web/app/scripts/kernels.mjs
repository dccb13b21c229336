// Compiles kernels/*.ts, which are AssemblyScript, to src/media/background/gen/*.wasm. Also a plugin of Vite, which does it
// before anything is built, served or tested.
import { mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const app = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(app, 'kernels/segmentation.ts');
const target = join(app, 'src/media/background/gen/segmentation.wasm');

function isFresh() {
  const time = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return time(target) > time(source) && time(target) > time(fileURLToPath(import.meta.url));
}

export async function compileKernels() {
  if (isFresh()) return;
  const { default: asc } = await import('assemblyscript/asc');
  mkdirSync(dirname(target), { recursive: true });
  const options = ['--enable', 'simd', '--runtime', 'stub', '--importMemory', '--noAssert', '-O3'];
  const { error, stderr } = await asc.main([source, '--outFile', target, ...options]);
  if (error) throw new Error(`${error.message}\n${stderr}`);
}

/** @returns {import('vite').Plugin} */
export function kernels() {
  return { name: 'turms-kernels', buildStart: compileKernels };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await compileKernels();
