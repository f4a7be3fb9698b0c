// A distributor as it runs, with the real ends of its wires: proxies' streams and the operator's reader, over TLS.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { request as httpsRequest } from 'node:https';
import { DISTRIBUTOR_TLS_NAME } from '#api/names.ts';
import type { Distributor } from '#runtime/distributor/distributor.ts';
import { makeAuthority } from '#runtime/operator/trust/certificates.ts';
import { GRANT, POD, SESSION } from '#runtime/policy-book/kinds.ts';
import { aGrant, aSession } from '#test/policy/build.ts';
import { eventually } from '#test/runtime/proxy/harness/distributor.ts';
import { NOTES } from './build.ts';
import { kubeObject, OPERATOR_TOKEN, Place } from './place.ts';

let place: Place;

beforeEach(async () => {
  place = await Place.start();
  place.api.put(GRANT, kubeObject(aGrant()));
  place.api.put(SESSION, kubeObject(aSession()));
});
afterEach(() => place.end());

async function serving(options: Parameters<Place['distributor']>[0] = {}): Promise<Distributor> {
  await place.certify();
  const distributor = place.distributor(options);
  await eventually(() => distributor.problems().length === 0);
  return distributor;
}

type Proxy = ReturnType<Place['proxy']>;
const sessionsOf = ({ policy }: Proxy) => policy.current?.document.sessions ?? [];
const isRevoked = (proxy: Proxy) => sessionsOf(proxy).some(({ revoked }) => revoked);
const revoke = () => place.api.put(SESSION, kubeObject(aSession({ revoked: true })));

/** One request, as anybody can make it; `body` stays open as a stream's does. */
async function asked(
  port: number | undefined,
  method: string,
  path: string,
  token?: string,
): Promise<{ readonly status: number; readonly body: string }> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const ca = place.authority.certificate;
  const servername = DISTRIBUTOR_TLS_NAME;
  return await new Promise((resolve, reject) => {
    const sent = httpsRequest({
      host: '127.0.0.1',
      port,
      method,
      path,
      headers,
      ca,
      servername,
      agent: false,
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => {
        sent.destroy();
        resolve({ status: response.statusCode ?? 0, body });
      });
    });
    if (method === 'POST') sent.write('\n');
    else sent.end();
  });
}

describe('a distributor', () => {
  it('is not ready, and says why, until it has read everything and has a certificate', async () => {
    place.fault = ({ path }) => (path.includes('sessions') ? { status: 503 } : undefined);
    const distributor = place.distributor();
    await eventually(() => distributor.problems().length === 1);
    await eventually(
      () => distributor.problems()[0]?.startsWith('mcpagentsessions are not read yet') === true,
    );
    place.fault = () => undefined;
    await eventually(() => distributor.problems()[0]?.includes('mcp-runtime-distributor-tls') === true);
    expect(distributor.streamPort).toBeUndefined();
    await place.certify();
    await eventually(() => distributor.problems().length === 0);
    expect(distributor.streamPort).toBeGreaterThan(0);
  });

  it('brings a proxy its policy, and a revocation at once', async () => {
    const distributor = await serving();
    const proxy = place.proxy(place.pod('notes-1'), distributor.streamPort);
    await eventually(() => sessionsOf(proxy).length === 1);
    const startMs = performance.now();
    revoke();
    await eventually(() => isRevoked(proxy));
    expect(performance.now() - startMs).toBeLessThan(500);
  });

  it('tells the operator what every proxy enforces, and that this is all, and of each change', async () => {
    const distributor = await serving();
    const proxy = place.proxy(place.pod('notes-1'), distributor.streamPort);
    const operator = place.operator(distributor.streamPort);
    await eventually(() => operator.state === 'connected');
    const revisions = () => operator.of(NOTES).map(({ podUid, revision }) => `${podUid} ${revision}`);
    const told = () => [`uid-notes-1 ${proxy.policy.current?.document.revision ?? ''}`];
    await eventually(() => revisions().join() === told().join());
    revoke();
    await eventually(() => isRevoked(proxy) && revisions().join() === told().join());
    expect(operator.of(NOTES)).toMatchObject([{ auditDelayed: false }]);
    for (const each of proxy.streams) await each.stop();
    await eventually(() => operator.of(NOTES).length === 0);
  });

  it('waits with "this is all" for a ready pod whose proxy has not spoken yet', async () => {
    const distributor = await serving();
    const token = place.pod('notes-1');
    const operator = place.operator(distributor.streamPort);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(operator.state).toBe('disconnected');
    place.proxy(token, distributor.streamPort);
    await eventually(() => operator.state === 'connected');
    expect(operator.of(NOTES)).toHaveLength(1);
  });

  it('says whether the server was reached past its proxy', async () => {
    const open = new Set([9103, 8088]);
    const distributor = await serving({ connect: (_address, port) => Promise.resolve(open.has(port)) });
    place.proxy(place.pod('notes-1'), distributor.streamPort);
    const operator = place.operator(distributor.streamPort);
    await eventually(() => operator.of(NOTES)[0]?.reachablePastProxy === true);
  });

  it.each<[string, () => string | undefined, number, string]>([
    ['no token', () => undefined, 401, 'no_token'],
    ['a token that nobody knows', () => 'unknown', 401, 'rejected'],
    [
      'a token for something else',
      () => {
        place.tokens.set('ingest', {
          account: 'system:serviceaccount:team-a:notes',
          audience: 'mcp-runtime-ingest',
        });
        return 'ingest';
      },
      401,
      'wrong_audience',
    ],
    [
      'the token of another account of the namespace, bound to a pod of the server',
      () => {
        place.pod('notes-1');
        place.tokens.set('other', { account: 'system:serviceaccount:team-a:default', pod: 'notes-1' });
        return 'other';
      },
      403,
      'other_account',
    ],
    [
      'the token of the account that is bound to no pod',
      () => {
        place.tokens.set('unbound', { account: 'system:serviceaccount:team-a:notes' });
        return 'unbound';
      },
      403,
      'pod_unbound',
    ],
    [
      'the token of a pod that is not there',
      () => {
        place.tokens.set('gone', { account: 'system:serviceaccount:team-a:notes', pod: 'gone' });
        return 'gone';
      },
      403,
      'pod_unknown',
    ],
  ])('lets in nobody with %s', async (_what, token, status, reason) => {
    const distributor = await serving();
    const answer = await asked(distributor.streamPort, 'POST', '/policy', token());
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ reason });
    expect(answer.body).not.toContain('registry.example.org');
  });

  it('tells acknowledgements to no proxy, and policy to no operator', async () => {
    const distributor = await serving();
    const token = place.pod('notes-1');
    expect(await asked(distributor.streamPort, 'GET', '/acknowledgements', token)).toMatchObject({
      status: 403,
    });
    expect(await asked(distributor.streamPort, 'GET', '/acknowledgements')).toMatchObject({ status: 401 });
    expect(await asked(distributor.streamPort, 'POST', '/policy', OPERATOR_TOKEN)).toMatchObject({
      status: 403,
    });
    expect(await asked(distributor.streamPort, 'GET', '/policy', token)).toMatchObject({ status: 404 });
  });

  it('asks to come again while the API server is away, and lets in whom it knows', async () => {
    const distributor = await serving();
    const known = place.pod('notes-1');
    const proxy = place.proxy(known, distributor.streamPort);
    await eventually(() => sessionsOf(proxy).length === 1);
    place.reviews = false;
    expect(await asked(distributor.streamPort, 'POST', '/policy', place.pod('notes-2'))).toMatchObject({
      status: 503,
    });
    const again = place.proxy(known, distributor.streamPort);
    await eventually(() => sessionsOf(again).length === 1);
  });

  it('knows a pod that its watch has not told it of yet', async () => {
    const distributor = await serving();
    place.api.silent = true;
    const proxy = place.proxy(place.pod('notes-1'), distributor.streamPort);
    await eventually(() => sessionsOf(proxy).length === 1);
  });

  it('ends the stream of a pod that is gone', async () => {
    const distributor = await serving();
    const token = place.pod('notes-1');
    const proxy = place.proxy(token, distributor.streamPort);
    const operator = place.operator(distributor.streamPort);
    await eventually(() => operator.of(NOTES).length === 1 && sessionsOf(proxy).length === 1);
    place.tokens.delete(token);
    place.api.remove(POD, { namespace: 'team-a', name: 'notes-1' });
    await eventually(() => operator.of(NOTES).length === 0);
  });

  it('serves a new certificate to whoever comes, without ending a stream', async () => {
    const distributor = await serving();
    const proxy = place.proxy(place.pod('notes-1'), distributor.streamPort);
    await eventually(() => sessionsOf(proxy).length === 1);
    place.authority = await makeAuthority('next', { nowMs: Date.now(), validMs: 3_600_000 });
    await place.certify();
    const later = place.proxy(place.pod('notes-2'), distributor.streamPort);
    await eventually(() => sessionsOf(later).length === 1);
    revoke();
    await eventually(() => isRevoked(proxy) && isRevoked(later));
  });

  it('goes on with its certificate where the next one is damaged', async () => {
    const distributor = await serving();
    place.putCertificate('-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n', 'no key');
    await eventually(() => place.log.lines.some(({ level }) => level === 'error'));
    const proxy = place.proxy(place.pod('notes-1'), distributor.streamPort);
    await eventually(() => sessionsOf(proxy).length === 1);
    expect(distributor.problems()).toEqual([]);
  });

  it('ends every stream when it ends, and the proxy goes on with the one it has elsewhere', async () => {
    const [first, second] = [await serving(), await serving()];
    const proxy = place.proxy(place.pod('notes-1'), first.streamPort, second.streamPort);
    await eventually(() => sessionsOf(proxy).length === 1);
    await first.stop();
    revoke();
    await eventually(() => isRevoked(proxy));
  });

  it('reads again what it has missed, where a proxy has seen more, and brings that to all', async () => {
    const stuck = await serving();
    const listening = place.proxy(place.pod('notes-1'), stuck.streamPort);
    await eventually(() => sessionsOf(listening).length === 1);
    // Watches that say nothing from here on; whoever begins now reads everything as it is.
    const token = place.pod('notes-2');
    place.api.silent = true;
    revoke();
    const fresh = await serving();
    const wellInformed = place.proxy(token, stuck.streamPort, fresh.streamPort);
    await eventually(() => isRevoked(wellInformed));
    await eventually(() => isRevoked(listening));
  });

  it('logs no token, whatever happens', async () => {
    const distributor = await serving();
    const token = place.pod('notes-1');
    place.proxy(token, distributor.streamPort);
    place.reviews = false;
    await asked(distributor.streamPort, 'POST', '/policy', 'some-other-token');
    expect(JSON.stringify(place.log.lines)).not.toMatch(new RegExp(`${token}|some-other-token`));
  });
});
