// Programs that the ways out are tried on.
import { ApiObject, type App, type Chart } from 'cdk8s';
import { BootstrapStack } from '#stacks/bootstrap-stack.ts';
import { PlatformStack } from '#stacks/platform-stack.ts';
import { SentinelStack } from '#stacks/sentinel-stack.ts';
import { ServersStack } from '#stacks/servers-stack.ts';
import type { SynthesisedProgram } from '#render/synthesise.ts';
import { aServer, grantProps, sessionProps } from '../constructs/build.ts';

/** The image of a program of the platform. */
export const imageOf = (name: string) => `registry.example.org/mcp-runtime/${name}:1.0.0`;

/** Everything there is, with a team that has these servers. */
export const wholePlatform =
  (...servers: readonly string[]) =>
  (app: App): void => {
    new BootstrapStack(app, 'bootstrap');
    const apiToken = { secretName: 'sentinel-api' };
    const { ingestUrl } = new SentinelStack(app, 'sentinel', { image: imageOf('sentinel'), apiToken });
    new PlatformStack(app, 'platform', {
      image: imageOf('operator'),
      distributor: { image: imageOf('distributor') },
      config: { gatewayImage: imageOf('proxy'), ingestUrl, ingressNamespace: 'ingress' },
    });
    const team = new ServersStack(app, 'team-a', { namespace: 'team-a' });
    for (const name of servers) {
      const server = aServer(team, { name }, name);
      server.grant(`${name}-readers`, grantProps());
      server.session(`${name}-demo`, sessionProps());
    }
  };

/** A ConfigMap, for charts that need something in them. */
export function anObject(
  chart: Chart,
  id: string,
  props: Partial<ConstructorParameters<typeof ApiObject>[2]> = {},
): ApiObject {
  return new ApiObject(chart, id, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: id }, ...props });
}

export const manifestsOf = ({ charts }: SynthesisedProgram) =>
  charts.flatMap(({ objects }) => objects.map(({ manifest }) => manifest));
