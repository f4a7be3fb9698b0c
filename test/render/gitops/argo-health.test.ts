// The health checks of Argo CD, run by the interpreter of the language that they are in.
import { beforeAll, describe, expect, it } from '@jest/globals';
import { HEALTH_SCRIPT } from '#render/gitops/argo-health.ts';
import { Lua } from './lua.ts';
import { STATED, type Verdict } from './statuses.ts';

let lua: Lua;
beforeAll(async () => {
  lua = await Lua.find();
}, 120_000);

const healthOf = (object: object) => lua.healthOf(HEALTH_SCRIPT, object);

const NAMES = { progressing: 'Progressing', healthy: 'Healthy', degraded: 'Degraded' } satisfies Record<
  Verdict,
  string
>;

describe('the health checks of Argo CD', () => {
  it.each(STATED)('say of an object that is $what: $verdict', async ({ object, verdict }) => {
    const { status, message } = await healthOf(object);
    expect(status).toBe(NAMES[verdict]);
    expect(message).toMatch(/^(Ready|Stalled) is (True|False)$|^The operator has not looked at this yet\.$/);
  });

  it('say so of an object without a status', async () => {
    expect(await healthOf({ metadata: { generation: 1 } })).toMatchObject({ status: 'Progressing' });
  });
});
