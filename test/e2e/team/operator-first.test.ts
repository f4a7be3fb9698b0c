// The platform of a team that loses its operator first: installed as Argo CD does it, in waves; then removed the wrong way
// round, while nobody looks after what is left.
import { afterAll, beforeAll, describe, it, jest } from '@jest/globals';
import { sync } from '../harness/gitops/argo.ts';
import { inventory, nothingIsLeft } from '../harness/gitops/inventory.ts';
import { deleteResources, deleteRest, deleteStack, stacksBackwards } from '../harness/gitops/uninstall.ts';
import { furnish, Office, SUPPORT } from '../harness/office.ts';

jest.setTimeout(420_000);

let before: ReadonlySet<string>;
let office: Office;
let folder: string;

beforeAll(async () => {
  await furnish();
  before = await inventory();
  office = await Office.open();
  folder = await office.synth('installed');
});
afterAll(() => office.close());

describe('a platform that is applied in waves', () => {
  it('becomes healthy wave by wave, and serves', async () => {
    await sync(folder);
    for (const server of ['manuals', 'guests']) await office.answers(server, SUPPORT);
  });

  it('is removed without its operator, and nothing waits for it', async () => {
    await deleteStack(folder, 'platform');
    await deleteResources();
    for (const stack of stacksBackwards(folder)) if (stack !== 'platform') await deleteStack(folder, stack);
    await deleteRest();
    await nothingIsLeft(before);
  });
});
