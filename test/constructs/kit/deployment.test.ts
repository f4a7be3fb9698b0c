import { describe, expect, it } from '@jest/globals';
import { JsonPatch } from 'cdk8s';
import { z } from 'zod';
import { addDeploymentObject } from '#constructs/kit/deployment.ts';
import { manifestOf } from '#constructs/kit/manifest.ts';
import { aChart } from '../build.ts';

function aDeployment() {
  const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'a' }] } };
  const spec = { selector: { matchLabels: { app: 'a' } }, template };
  return addDeploymentObject(aChart(), 'deployment', { metadata: { name: 'a' }, spec });
}

const containers = z.object({
  spec: z.looseObject({
    template: z.looseObject({ spec: z.looseObject({ containers: z.array(z.unknown()) }) }),
  }),
});

const rendered = (deployment: ReturnType<typeof aDeployment>) =>
  containers.parse(manifestOf(deployment)).spec.template.spec.containers;

describe('a Deployment', () => {
  it('keeps what the generated classes do not know', () => {
    const deployment = aDeployment();
    deployment.addJsonPatch(JsonPatch.add('/spec/template/spec/containers/0/restartPolicyRules', []));
    expect(rendered(deployment)).toEqual([{ name: 'a', restartPolicyRules: [] }]);
  });

  it('is in the namespace of its chart', () => {
    expect(manifestOf(aDeployment()).metadata.namespace).toBe('team-a');
  });
});
