// What README.md shows is TypeScript that fits the package: its pieces, one after the other, are one program.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

const here = fileURLToPath(new URL('..', import.meta.url));

test('the examples of README.md fit the package', () => {
  const pieces = [...readFileSync(join(here, 'README.md'), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code!);
  expect(pieces.length).toBeGreaterThan(7);
  const name = join(here, 'src/readme-example.ts');
  const code = pieces.join('\n').replaceAll("'turms-client'", "'./index.js'");
  const { config } = ts.readConfigFile(join(here, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, here);
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => path === name || fileExists(path);
  host.readFile = (path) => (path === name ? code : readFile(path));
  host.getSourceFile = (path, version, ...rest) =>
    path === name ? ts.createSourceFile(path, code, version) : getSourceFile(path, version, ...rest);
  const program = ts.createProgram([name], options, host);
  const problems = ts.getPreEmitDiagnostics(program, program.getSourceFile(name));
  expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
}, 60_000);
