// The policy that a pod of a server would find when it starts.
import type { PolicyDocument, PolicyToolRule } from '#policy/document.ts';
import { openPolicyFiles } from '#policy/policy-file.ts';
import { cluster } from './cluster.ts';
import { until, type Patience } from './eventually.ts';

/** Whose word is in a policy, as sorted `namespace/name`. */
export interface Contents {
  readonly document: PolicyDocument;
  /** Grants that allow or deny something. */
  readonly grants: readonly string[];
  readonly sessions: readonly string[];
  /** Those of the sessions that were revoked. */
  readonly revoked: readonly string[];
}

/** The document in the ConfigMap of a server, proven whole; undefined where there is no ConfigMap. */
export async function policyOf(namespace: string, server: string): Promise<PolicyDocument | undefined> {
  const map = await cluster().get('ConfigMap', `${server}-gateway-policy`, namespace);
  if (map === undefined) return undefined;
  const opened = openPolicyFiles(map);
  if (!opened.ok) throw new Error(`${namespace}/${server}: ${JSON.stringify(opened.error)}`);
  return opened.value;
}

/** Looks at the policy of a server until something in it is as it should be. */
export async function policyBecomes(
  namespace: string,
  server: string,
  see: (contents: Contents) => unknown,
  wanted: unknown,
  patience: Patience = {},
): Promise<void> {
  const expected = JSON.stringify(wanted);
  await until(
    `the policy of ${namespace}/${server} shows ${expected}`,
    async () => {
      const document = await policyOf(namespace, server);
      return document === undefined ? 'there is none' : see(contentsOf(document));
    },
    (seen) => JSON.stringify(seen) === expected,
    patience,
  );
}

interface Ref {
  readonly namespace: string;
  readonly name: string;
}

const keysOf = (refs: readonly Ref[]) =>
  [...new Set(refs.map(({ namespace, name }) => `${namespace}/${name}`))].toSorted();

const ofRule = ({ allow, deny }: PolicyToolRule) => [...allow, ...deny].map(({ grant }) => grant);

function contentsOf(document: PolicyDocument): Contents {
  const { subjects, deniedToAll, sessions } = document;
  const folded = subjects.flatMap(({ rules, covers }) => [
    ...rules.flatMap(ofRule),
    ...covers.map(({ grant }) => grant),
  ]);
  return {
    document,
    grants: keysOf([...folded, ...deniedToAll.map(({ grant }) => grant)]),
    sessions: keysOf(sessions),
    revoked: keysOf(sessions.filter(({ revoked }) => revoked)),
  };
}
