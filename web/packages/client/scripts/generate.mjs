// Generates src/generated from proto/turms with protoc (Debian: protobuf-compiler) and protoc-gen-es.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const protoRoot = join(here, '../../../../proto');
const out = join(here, '../src/gen');
const plugin = join(
  dirname(createRequire(import.meta.url).resolve('@bufbuild/protoc-gen-es/package.json')),
  'bin/protoc-gen-es',
);

function protoFiles(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return protoFiles(path);
    return entry.name.endsWith('.proto') ? [relative(protoRoot, path)] : [];
  });
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
execFileSync(
  process.env.PROTOC ?? 'protoc',
  [
    `--plugin=protoc-gen-es=${plugin}`,
    `-I${protoRoot}`,
    `--es_out=${out}`,
    '--es_opt=target=ts,import_extension=js',
    ...protoFiles(join(protoRoot, 'turms')).sort(),
  ],
  { stdio: 'inherit' },
);
