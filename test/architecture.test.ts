// The rules of the house, on every file there is, and for each rule a file that breaks it.
import { glob } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ambientViolations, importViolations, referenceViolations } from './architecture/house.ts';
import {
  importsOf,
  readSources,
  referencesOf,
  root,
  ROOMS,
  roomOf,
  tsconfigOf,
  type Source,
} from './architecture/sources.ts';

let sources: readonly Source[] = [];
beforeAll(async () => {
  sources = await readSources();
});

const breaks = (file: string, text: string) => importViolations({ path: file, text });
const reads = (file: string, text: string) => ambientViolations({ path: file, text });

describe('the house', () => {
  it('has a tsconfig for every room, a room for every tsconfig, and all of them in the root', async () => {
    const found: string[] = [];
    for await (const file of glob('**/tsconfig.json', {
      cwd: root,
      exclude: ['**/node_modules/**', '.build/**'],
    })) {
      found.push(file.split(path.sep).join('/'));
    }
    const folders = found.filter((file) => file !== 'tsconfig.json').map((file) => path.posix.dirname(file));
    expect([...folders, '.'].sort()).toEqual([...ROOMS].sort());
    expect([...referencesOf('tsconfig.json')].sort()).toEqual([...ROOMS].sort());
  });

  it('sees the files of every room that has any', () => {
    const seen = new Set(sources.map((source) => roomOf(source.path)));
    expect([...seen]).toEqual(
      expect.arrayContaining(['src/api', 'imports', 'src/policy', 'test', 'scripts']),
    );
    expect(sources.length).toBeGreaterThan(100);
  });

  it('has no file that imports what its room may not', () => {
    expect(sources.flatMap(importViolations)).toEqual([]);
  });

  it('has no pure room that reads the clock, randomness, the environment or the network', () => {
    expect(sources.flatMap(ambientViolations)).toEqual([]);
  });

  it('has references that are the rooms imported from, no more and no less', () => {
    const wrong = ROOMS.flatMap((room) => referenceViolations(room, sources, referencesOf(tsconfigOf(room))));
    expect(wrong).toEqual([]);
  });
});

describe('what would break a rule', () => {
  it.each([
    ['a lower floor importing a higher one', 'src/api/x.ts', "import { decide } from '#policy/decide.ts';"],
    ['a relative way around the subpaths', 'src/policy/x.ts', "import '../constructs/kit/kubernetes.ts';"],
    ['a type of a higher floor', 'src/api/x.ts', "import type { A } from '#policy/document.ts';"],
    ['a re-export of a higher floor', 'src/policy/x.ts', "export * from '#constructs/server/mcp-server.ts';"],
    ['a dynamic import of a higher floor', 'src/stacks/x.ts', "await import('#runtime/process/log.ts');"],
    ['rooms on one floor', 'src/render/x.ts', "import '#stacks/servers.ts';"],
    ['a program importing another', 'runtime/proxy/x.ts', "import '#runtime/sentinel/store/schema.ts';"],
    ['a program importing constructs', 'runtime/proxy/x.ts', "import '#constructs/kit/kubernetes.ts';"],
    ['plumbing with domain words', 'runtime/process/x.ts', "import '#api/trust.ts';"],
    ['an example reaching behind the surface', 'examples/x.ts', "import '#constructs/server/mcp-server.ts';"],
    ['a package that src/api may not have', 'src/api/x.ts', "import { parse } from 'yaml';"],
    ['files in src/api', 'src/api/x.ts', "import { readFileSync } from 'node:fs';"],
    ['files without the prefix', 'src/stacks/x.ts', "import { readFile } from 'fs/promises';"],
    ['the network in src/policy', 'src/policy/x.ts', "import http from 'node:http';"],
    ['a digest in constructs', 'src/constructs/server/x.ts', "import { createHash } from 'node:crypto';"],
    ['cdk8s-plus outside the kit', 'src/constructs/server/x.ts', "import { k8s } from 'cdk8s-plus-28';"],
    ['cdk8s in a program', 'runtime/proxy/x.ts', "import { App } from 'cdk8s';"],
    ['Pulumi in a stack', 'src/stacks/x.ts', "import * as pulumi from '@pulumi/pulumi';"],
    ['the store in the proxy', 'runtime/proxy/x.ts', "import { createClient } from '@clickhouse/client';"],
  ])('is %s', (_what, file, text) => {
    expect(breaks(file, text)).toHaveLength(1);
  });

  it.each([
    ['the time', 'const now = Date.now();'],
    ['the time as an object', 'const now = new Date();'],
    ['the time as text', 'const now = Date();'],
    ['randomness', 'const id = Math.random();'],
    ['an id', 'const id = crypto.randomUUID();'],
    ['the environment', 'const home = process.env.HOME;'],
    ['the environment around a corner', "const home = globalThis['process'];\nglobalThis.process;"],
    ['the network', "await fetch('http://localhost');"],
    ['a timer', 'setTimeout(() => {}, 1);'],
  ])('is reading %s in a pure room', (_what, text) => {
    for (const room of ['src/api', 'src/policy', 'src/constructs/server', 'src/stacks']) {
      expect(reads(`${room}/x.ts`, text)).toHaveLength(1);
    }
    expect(reads('runtime/process/x.ts', text)).toEqual([]);
  });

  it('is a reference too few or too many', () => {
    const own = [{ path: 'src/policy/x.ts', text: "import '#api/trust.ts';" }];
    expect(referenceViolations('src/policy', own, ['src/api'])).toEqual([]);
    expect(referenceViolations('src/policy', own, [])).toHaveLength(1);
    expect(referenceViolations('src/policy', own, ['src/api', 'imports'])).toHaveLength(1);
  });

  it('is not a word in a comment or a text, nor a time that is given', () => {
    const text = "// import '#policy/x.ts'; Date.now()\nconst t = 'new Date()';\nconst d = new Date(0);";
    expect(breaks('src/api/x.ts', text)).toEqual([]);
    expect(reads('src/api/x.ts', text)).toEqual([]);
  });

  it('is not what rooms are for', () => {
    expect(
      breaks('src/policy/x.ts', "import '#api/trust.ts'; import { createHash } from 'node:crypto';"),
    ).toEqual([]);
    expect(breaks('src/api/x.ts', "import { z } from 'zod'; import './trust.ts';")).toEqual([]);
    expect(importsOf({ path: 'runtime/sentinel/console/src/x.tsx', text: "import '../../y.ts';" })).toEqual([
      { specifier: '../../y.ts', room: 'runtime/sentinel' },
    ]);
  });
});
