// What the programs in the cluster were seen to ask for in all suites before this one, against what their roles allow. The
// distributors and the sentinel face the pods of tenants: what they may, they need, and it is reading.
import { describe, expect, it } from '@jest/globals';
import { DISTRIBUTOR, NAMESPACES } from '#api/names.ts';
import { OPERATOR } from '#constructs/control-plane/names.ts';
import { Account } from '#test/cluster/harness/account.ts';
import { describeOwnNode } from '../harness/node.ts';

const READERS = [
  ['distributor', NAMESPACES.platform, DISTRIBUTOR.serviceAccount],
  ['sentinel', NAMESPACES.sentinel, 'mcp-sentinel'],
] as const;

describeOwnNode('by the record of the API server,', () => {
  describe.each(READERS)('the %s', (_name, namespace, account) => {
    const program = new Account(namespace, account);

    it('asks for all that it may, and for nothing else', async () => {
      expect([...program.used].toSorted()).toEqual([...(await program.granted())].toSorted());
      expect(await program.refused()).toEqual([]);
    });

    it('reads, and asks whose tokens are, and writes nothing', () => {
      const writes = program.events.filter(
        ({ verb, resource }) => !['get', 'list', 'watch'].includes(verb) && resource !== 'tokenreviews',
      );
      expect(writes.map(({ verb, uri }) => `${verb} ${uri}`)).toEqual([]);
    });
  });

  it('the operator is refused nothing', async () => {
    expect(await new Account(NAMESPACES.platform, OPERATOR.serviceAccount).refused()).toEqual([]);
  });
});
