// Whether the route is this server's and in force: by the word of its controller.
import { describe, expect, it } from '@jest/globals';
import type { ObservedServer } from '#runtime/operator/server/status/observed-server.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import { anIngress, conditionIn, said, secondsAgo, statusOf } from './build.ts';

describe('an Ingress', () => {
  const at = (
    ingressReadiness: 'strict' | 'permissive',
    addresses: readonly string[],
    observed: Partial<ObservedServer> = {},
  ) =>
    statusOf({
      config: { ingressReadiness },
      observed: () => ({ ingress: anIngress(addresses), ...observed }),
    });

  it.each([
    ['strict', ['192.0.2.1'], 'True Observed'],
    ['strict', [], 'False Waiting'],
    ['permissive', ['192.0.2.1'], 'True Observed'],
    ['permissive', [], 'True Observed'],
  ] as const)('in mode %s with addresses %j is %s', (mode, addresses, expected) => {
    const status = at(mode, addresses);
    expect(said(status, 'IngressReady')).toBe(expected);
    expect(status.ingressReady).toBe(expected.startsWith('True'));
    expect(status.phase).toBe(expected.startsWith('True') ? 'Ready' : 'PartiallyReady');
  });

  it('that has no rule is not ready in either mode', () => {
    const bare = { ...anIngress([]), spec: {} };
    expect(said(at('permissive', [], { ingress: bare }), 'IngressReady')).toBe('False Waiting');
  });

  it('that does not exist is waited for', () => {
    expect(said(at('strict', [], { ingress: undefined }), 'IngressReady')).toBe('False Waiting');
  });

  it('of a class that the cluster lacks is stalled, and the remedy is named', () => {
    const status = at('strict', ['192.0.2.1'], { ingressClass: 'missing' });
    expect(said(status, 'IngressReady')).toBe('False IngressClassNotFound');
    expect(said(status, 'Stalled')).toBe('True IngressClassNotFound');
    expect(status.message).toContain(
      'no ingress class traefik; install its controller, or set spec.ingressClass',
    );
  });

  it('of a class that nobody could look up is judged by its address', () => {
    const status = at('strict', ['192.0.2.1'], { ingressClass: 'unknown' });
    expect(said(status, 'IngressReady')).toBe('True Observed');
  });
});

describe('a route that an older server has', () => {
  it('is not accepted, and the older one is named', () => {
    const status = statusOf({
      observed: () => ({ routeConflict: { namespace: 'team-b', name: 'older' }, ingress: undefined }),
    });
    expect(said(status, 'Accepted')).toBe('False RouteConflict');
    expect(conditionIn(status, 'Accepted').message).toContain('team-b/older');
    expect(said(status, 'IngressReady')).toBe('False RouteConflict');
    expect(status).toMatchObject({ phase: 'Error', ingressReady: false, deploymentReady: true });
    expect(said(statusOf(), 'Accepted')).toBe('True Observed');
  });
});

describe('an HTTPRoute', () => {
  const GENERATION = 3;
  const parentRef = { name: 'edge', namespace: 'infra', sectionName: 'https' };
  const yes = (type: string, observedGeneration = GENERATION) => ({
    type,
    status: 'True',
    observedGeneration,
  });
  const no = (type: string, reason: string) => ({
    type,
    status: 'False',
    reason,
    message: 'because.',
    observedGeneration: GENERATION,
  });

  const aRoute = (...parents: readonly object[]): KubeObject => ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'notes', namespace: 'team-a', generation: GENERATION },
    spec: { parentRefs: [parentRef] },
    status: { parents },
  });

  const aGateway = (...listeners: readonly object[]): KubeObject => ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'edge', namespace: 'infra', generation: GENERATION },
    status: { listeners },
  });

  const taken = { parentRef, conditions: [yes('Accepted'), yes('ResolvedRefs')] };
  const listening = aGateway({ name: 'https', conditions: [yes('Accepted'), yes('Programmed')] });

  const of = (observed: Partial<ObservedServer>) =>
    statusOf({
      spec: { ingressClass: 'gateway', gatewayRef: parentRef },
      observed: () => ({
        ingress: undefined,
        ingressClass: 'missing',
        httpRoute: aRoute(taken),
        gateway: listening,
        ...observed,
      }),
    });

  it('is ready when its own parent took this generation and the listener listens', () => {
    const status = of({});
    expect(said(status, 'IngressReady')).toBe('True Observed');
    expect(status).toMatchObject({ phase: 'Ready', ingressReady: true });
    expect(status.resolved).toMatchObject({ gateway: 'infra/edge/https', ingressClass: 'gateway' });
  });

  it.each([
    ['it does not exist', { httpRoute: undefined }, 'Waiting'],
    ['no controller has looked at it', { httpRoute: aRoute() }, 'Waiting'],
    [
      'its parent speaks of an earlier generation',
      { httpRoute: aRoute({ parentRef, conditions: [yes('Accepted', 2), yes('ResolvedRefs', 2)] }) },
      'Waiting',
    ],
    [
      'another Gateway took it',
      { httpRoute: aRoute({ ...taken, parentRef: { ...parentRef, name: 'other' } }) },
      'Waiting',
    ],
    [
      'a Gateway of that name in its own namespace took it',
      { httpRoute: aRoute({ ...taken, parentRef: { name: 'edge', sectionName: 'https' } }) },
      'Waiting',
    ],
    [
      'another listener took it',
      { httpRoute: aRoute({ ...taken, parentRef: { ...parentRef, sectionName: 'http' } }) },
      'Waiting',
    ],
    [
      'another port of the Gateway took it',
      { httpRoute: aRoute({ ...taken, parentRef: { ...parentRef, port: 8443 } }) },
      'Waiting',
    ],
    [
      'a Service of that name took it',
      { httpRoute: aRoute({ ...taken, parentRef: { ...parentRef, group: '', kind: 'Service' } }) },
      'Waiting',
    ],
    [
      'its parent refused it',
      {
        httpRoute: aRoute({
          parentRef,
          conditions: [no('Accepted', 'NotAllowedByListeners'), yes('ResolvedRefs')],
        }),
      },
      'RouteNotAccepted',
    ],
    [
      'what it refers to is not there',
      {
        httpRoute: aRoute({
          parentRef,
          conditions: [yes('Accepted'), no('ResolvedRefs', 'BackendNotFound')],
        }),
      },
      'RouteNotAccepted',
    ],
    [
      'its parent has not said whether its references hold',
      { httpRoute: aRoute({ parentRef, conditions: [yes('Accepted')] }) },
      'Waiting',
    ],
    ['the Gateway does not exist', { gateway: undefined }, 'RouteParentNotFound'],
    [
      'the listener is not programmed',
      { gateway: aGateway({ name: 'https', conditions: [no('Programmed', 'Invalid')] }) },
      'RouteParentNotReady',
    ],
    [
      'only another listener is programmed',
      { gateway: aGateway({ name: 'http', conditions: [yes('Programmed')] }) },
      'RouteParentNotReady',
    ],
    [
      'the listener was programmed for an earlier Gateway',
      { gateway: aGateway({ name: 'https', conditions: [yes('Programmed', 2)] }) },
      'RouteParentNotReady',
    ],
    [
      'the cluster has no Gateway API',
      {
        httpRoute: undefined,
        failures: [
          { child: 'HTTPRoute notes', code: 'unknown_kind', message: 'no such kind', at: secondsAgo(1) },
        ],
      },
      'KindNotFound',
    ],
  ] as const)('is not ready where %s', (_what, observed, reason) => {
    const status = of(observed);
    expect(said(status, 'IngressReady')).toBe(`False ${reason}`);
    expect(status.ingressReady).toBe(false);
  });

  it('is ready where its own parent took it, whatever another one says', () => {
    const other = {
      parentRef: { ...parentRef, name: 'other' },
      conditions: [no('Accepted', 'NoMatchingParent')],
    };
    expect(said(of({ httpRoute: aRoute(other, taken) }), 'IngressReady')).toBe('True Observed');
  });

  it('needs any listener where none is named', () => {
    const status = statusOf({
      spec: { ingressClass: 'gateway', gatewayRef: { name: 'edge' } },
      observed: () => ({
        httpRoute: aRoute({ ...taken, parentRef: { name: 'edge' } }),
        gateway: aGateway({ name: 'a', conditions: [] }, { name: 'b', conditions: [yes('Programmed')] }),
      }),
    });
    expect(said(status, 'IngressReady')).toBe('True Observed');
  });
});
