import { describe, expect, it } from '@jest/globals';
import { JsonPatch } from 'cdk8s';
import { podTemplateJson, preStopSleep } from '#constructs/kit/pod-template.ts';

const TEMPLATE = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'a' }] } };

describe('a pod template', () => {
  it('is plain data without members that say nothing', () => {
    const metadata = { labels: { app: 'a' }, annotations: undefined };
    expect(podTemplateJson({ ...TEMPLATE, metadata })).toStrictEqual(TEMPLATE);
  });

  it('keeps what the generated classes do not know', () => {
    const policy = JsonPatch.add('/spec/containers/0/restartPolicyRules', []);
    expect(podTemplateJson(TEMPLATE, [...preStopSleep(0, 5), policy])).toMatchObject({
      spec: {
        containers: [
          { name: 'a', lifecycle: { preStop: { sleep: { seconds: 5 } } }, restartPolicyRules: [] },
        ],
      },
    });
  });

  it('does not sleep for less than a second, which older API servers refuse', () => {
    expect(podTemplateJson(TEMPLATE, preStopSleep(0, 0))).toStrictEqual(TEMPLATE);
  });
});
