// What the operator was seen to ask for, in all suites before this one, against what it may: whatever it may and never
// does is a permission too many, and whatever it asks for and may not is one too few. It needs a whole run.
import { describe, expect, it } from '@jest/globals';
import { Account } from '../harness/account.ts';
import { cluster } from '../harness/cluster.ts';

const { namespace, serviceAccount } = cluster().about.operator;
const operator = new Account(namespace, serviceAccount);

/** Granted and not asked for by any suite, and why that is right. */
const UNUSED: Readonly<Record<string, string>> = {
  'update mcpservers/finalizers.mcpruntime.org':
    'Never asked for by name: clusters with OwnerReferencesPermissionEnforcement look whether it is granted.',
  'compile mcpservers.mcpruntime.org':
    'No request has this verb: the admission policy that protects compiled policy looks whether it is granted.',
};

describe('the permissions of the operator', () => {
  it('are all used', async () => {
    const idle = [...(await operator.granted())].filter(
      (each) => !operator.used.has(each) && UNUSED[each] === undefined,
    );
    // Granted, and no suite of this run had the operator do it: take it away, or test what it is for.
    expect(idle.toSorted()).toEqual([]);
  });

  it('are enough: it asks for nothing that it may not do', async () => {
    const may = await operator.granted();
    expect([...operator.used].filter((each) => !may.has(each)).toSorted()).toEqual([]);
  });

  it('are refused only by an API server that starts and does not know them yet', async () => {
    expect(await operator.refused()).toEqual([]);
  });

  it('have no exception that is none', async () => {
    const may = await operator.granted();
    const wrong = Object.keys(UNUSED).filter((each) => operator.used.has(each) || !may.has(each));
    expect(wrong).toEqual([]);
  });

  it('are those of one account, which asks for nothing that is no resource', () => {
    expect(operator.events.filter(({ resource }) => resource === '').map(({ uri }) => uri)).toEqual([]);
  });
});
