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
  it('has a program that renders as it stands', async () => {
    const program = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
    writeFileSync(path.join(folder, 'program.ts'), program);
    const env = {
      ...process.env,
      MCP_RUNTIME_PROGRAM: path.join(folder, 'program.ts'),
      CDK8S_OUTDIR: path.join(folder, 'dist'),
    };
    const { stderr } = await run(process.execPath, ['--import', 'tsx', 'main.cdk8s.ts'], { cwd: root, env });
    expect(stderr).toBe('');
    expect(readdirSync(path.join(folder, 'dist'))).toContain('team-a.yaml');
  });

  it.each([...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((match) => match[1] ?? ''))(
    'links to %s, which is there',
    (link) => {
      expect(existsSync(path.join(root, link))).toBe(true);
    },
  );
});
