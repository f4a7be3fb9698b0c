// The ConfigMap of a policy holds that policy and nothing else, whoever has written to it.
import { describe, expect, it } from '@jest/globals';
import { FIELD_MANAGERS } from '#api/names.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import { isOwnContent, withoutForeign } from '#runtime/operator/server/policy-map.ts';

const RENDERED = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'notes-gateway-policy' },
  data: { 'policy.json': '{}' },
};

type Contents = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** A ConfigMap as it lives. @param owners manager and what it wrote: `{kubectl: {data: {extra: '1'}}}` */
function live(owners: Readonly<Record<string, Contents>>): KubeObject {
  const contents = Object.values(owners);
  const merged = (member: string) =>
    Object.fromEntries(contents.flatMap((each) => Object.entries(each[member] ?? {})));
  const fields = (of: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.keys(of).map((key) => [`f:${key}`, {}]));
  return {
    ...RENDERED,
    metadata: {
      ...RENDERED.metadata,
      managedFields: Object.entries(owners).map(([manager, written]) => ({
        manager,
        operation: manager === FIELD_MANAGERS.operator ? ('Apply' as const) : ('Update' as const),
        fieldsV1: Object.fromEntries(
          Object.entries(written).map(([member, of]) => [`f:${member}`, fields(of)]),
        ),
      })),
    },
    data: merged('data'),
    binaryData: merged('binaryData'),
  };
}

const OURS = { [FIELD_MANAGERS.operator]: { data: { 'policy.json': '{}' } } };

describe('the ConfigMap of a policy', () => {
  it('that nobody else wrote to is as it has to be', () => {
    expect(isOwnContent(live(OURS))).toBe(true);
    expect(withoutForeign(RENDERED, live(OURS))).toBeUndefined();
  });

  it('loses what others put in beside the policy, of whichever form', () => {
    const tampered = live({
      ...OURS,
      kubectl: { data: { extra: '1' }, binaryData: { 'policy.json.gz': 'AAAA' } },
    });
    expect(isOwnContent(tampered)).toBe(false);
    expect(withoutForeign(RENDERED, tampered)).toEqual({
      data: { extra: null },
      binaryData: { 'policy.json.gz': null },
    });
  });

  it('keeps a policy that somebody else wrote over until it is applied again', () => {
    const tampered = live({ kubectl: { data: { 'policy.json': '{"allow": true}' } } });
    expect(isOwnContent(tampered)).toBe(false);
    expect(withoutForeign(RENDERED, tampered)).toBeUndefined();
  });

  it('leaves what is ours and no longer wanted to the next apply', () => {
    const larger = live({ [FIELD_MANAGERS.operator]: { binaryData: { 'policy.json.gz': 'AAAA' } } });
    expect(withoutForeign(RENDERED, larger)).toBeUndefined();
  });
});
