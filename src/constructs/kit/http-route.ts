// HTTPRoute of the Gateway API, a kind that no generated class knows. What the API server would fill in is required
// here: its lists are compared as a whole, and a rendered one that leaves members out would never equal the stored one.
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import type { ObjectMeta } from './kubernetes.ts';

/** The Gateway that a route belongs to. */
export interface HttpRouteParent {
  readonly namespace: string;
  readonly name: string;
  /** Listener. @default every one that fits */
  readonly sectionName?: string | undefined;
}

/** A Service of the route's namespace that gets calls. */
export interface HttpRouteBackend {
  readonly service: string;
  readonly port: number;
  /** Share of the calls, in relation to the other backends. */
  readonly weight: number;
}

export interface HttpRouteProps {
  readonly metadata: ObjectMeta;
  readonly parent: HttpRouteParent;
  /** @default every host */
  readonly host?: string | undefined;
  /** Paths whose calls, and those below them, go to the backends. */
  readonly pathPrefixes: readonly string[];
  readonly backends: readonly HttpRouteBackend[];
}

const GROUP = 'gateway.networking.k8s.io';

export function addHttpRoute(scope: Construct, id: string, props: HttpRouteProps): ApiObject {
  const { metadata, parent, host, pathPrefixes, backends } = props;
  return new ApiObject(scope, id, {
    apiVersion: `${GROUP}/v1`,
    kind: 'HTTPRoute',
    metadata: { ...metadata },
    spec: {
      parentRefs: [{ group: GROUP, kind: 'Gateway', ...parent }],
      hostnames: host === undefined ? undefined : [host],
      rules: [
        {
          matches: pathPrefixes.map((value) => ({ path: { type: 'PathPrefix', value } })),
          backendRefs: backends.map(({ service, port, weight }) => ({
            group: '',
            kind: 'Service',
            name: service,
            port,
            weight,
          })),
        },
      ],
    },
  });
}
