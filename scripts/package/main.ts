// `npm run package`: the library as it is published, as a folder and as the tarball that `npm install` takes.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { buildPackage } from './build-package.ts';

const run = promisify(execFile);
const packed = z.tuple([z.object({ filename: z.string() })]);

const folder = await buildPackage();
const out = path.dirname(folder);
const { stdout } = await run('npm', ['pack', folder, '--json', '--pack-destination', out]);
const report: unknown = JSON.parse(stdout);
console.log(path.join(out, packed.parse(report)[0].filename));
