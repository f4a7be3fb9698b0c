import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.resolve(import.meta.dirname, '../..');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
const run = promisify(execFile);

// Inside the repository, so that the library's own name resolves.
let folder: string;
beforeAll(() => {
  mkdirSync(path.join(root, '.build'), { recursive: true });
  folder = mkdtempSync(path.join(root, '.build/readme-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('README', () => {
  const programs = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');

  const environment = /```yaml\n(# environment\.yaml\n[\s\S]*?)```/.exec(readme)?.[1] ?? '';

  it.each([
    ['of servers', 0, ['team-a.yaml']],
    [
      'of the platform, with its environment,',
      1,
      ['bootstrap.yaml', 'entrance.yaml', 'platform.yaml', 'sentinel.yaml', 'tenant-lab.yaml'],
    ],
  ] as const)('has a program %s that renders as it stands', async (_what, index, files) => {
    const program = path.join(folder, `program-${index}.ts`);
    const output = path.join(folder, `dist-${index}`);
    writeFileSync(program, programs[index] ?? '');
    writeFileSync(path.join(folder, 'environment.yaml'), environment);
    const env = { ...process.env, MCP_RUNTIME_PROGRAM: program, CDK8S_OUTDIR: output };
    const { stderr } = await run(process.execPath, ['--import', 'tsx', 'main.cdk8s.ts'], { cwd: root, env });
    expect(stderr).toBe('');
    expect(readdirSync(output).toSorted()).toEqual(files);
  });

  it.each([...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((match) => match[1] ?? ''))(
    'links to %s, which is there',
    (link) => {
      expect(existsSync(path.join(root, link))).toBe(true);
    },
  );
});
