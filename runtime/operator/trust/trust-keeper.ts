// Keeps the platform's authority and the certificate of the distributors: in two Secrets of the platform's namespace,
// replaced long before they end. Only the replica that works runs this, so nobody writes them at the same time. The
// keys leave the Secrets for as long as something is signed, and are never logged.
import {
  AUTHORITY_SECRET,
  DISTRIBUTOR,
  DISTRIBUTOR_TLS_NAME,
  FIELD_MANAGERS,
  NAMESPACES,
} from '#api/names.ts';
import { LABELS, PLATFORM } from '#api/labels.ts';
import type { Permission } from '#api/permission.ts';
import { pause } from '#runtime/kube/clock.ts';
import type { Kube } from '#runtime/kube/kube.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import type { Clock } from '#runtime/process/clock.ts';
import type { Log } from '#runtime/process/log.ts';
import { SECRET } from '#runtime/policy-book/kinds.ts';
import { recordAt } from '#runtime/kube/json-path.ts';
import type { KeyPair } from './certificates.ts';
import { isDue, planTrust, renewAtMs, type Aged, type TrustPlan, type TrustTimes } from './trust-plan.ts';

export const PERMISSIONS: readonly Permission[] = [
  {
    group: SECRET.group,
    resource: SECRET.resource,
    verbs: ['get', 'create', 'patch'],
    names: [AUTHORITY_SECRET, DISTRIBUTOR.tlsSecret],
    scope: 'platform',
    reason: 'The authority of the platform, and the certificate that proxies know the distributors by.',
  },
];

export interface TrustKeeperOptions {
  readonly kube: Pick<Kube, 'get' | 'apply'>;
  readonly times: TrustTimes;
  /** Hears of the certificates to trust, PEM, whenever they were looked at. */
  readonly onBundle: (bundle: string, signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  /** After a failure. @default 5000 */
  readonly retryMs?: number;
}

interface Authority extends KeyPair, Aged {}

/** How long what is there is taken for right, so that a Secret that somebody removed comes back. */
const LOOK_AGAIN_MS = 5 * 60_000;
const RETRY_MS = 5_000;
const ENTRY = /^authority-(\d+)\.crt$/;

/** Loaded by the replica that works, when it does: the library is large. */
const certificates = () => import('./certificates.ts');

function decoded(secret: KubeObject | undefined): ReadonlyMap<string, string> {
  const entries = Object.entries(recordAt(secret, 'data') ?? {});
  return new Map(
    entries.flatMap(([key, value]) =>
      typeof value === 'string' ? [[key, Buffer.from(value, 'base64').toString('utf8')] as const] : [],
    ),
  );
}

function secretOf(name: string, type: string, values: Readonly<Record<string, string>>): KubeObject {
  const data = Object.entries(values).map(
    ([key, value]) => [key, Buffer.from(value).toString('base64')] as const,
  );
  return {
    apiVersion: 'v1',
    kind: SECRET.kind,
    metadata: { name, namespace: NAMESPACES.platform, labels: { [LABELS.partOf]: PLATFORM } },
    type,
    data: Object.fromEntries(data),
  };
}

const bundleOf = (authorities: readonly KeyPair[]) =>
  authorities.map(({ certificate }) => certificate).join('');

const isSameSet = (a: readonly KeyPair[], b: readonly KeyPair[]) =>
  a.length === b.length && bundleOf(a) === bundleOf(b);

export class TrustKeeper {
  private readonly options: TrustKeeperOptions;

  constructor(options: TrustKeeperOptions) {
    this.options = options;
  }

  /**
   * Looks after them until the signal fires. `ready` is called after the first look: with something to trust, or without
   * where the Secrets can't be had, because servers are worked on all the same.
   */
  async run(ready: () => void, signal: AbortSignal): Promise<void> {
    const isOver = () => signal.aborted;
    while (!isOver()) {
      let waitMs = this.options.retryMs ?? RETRY_MS;
      try {
        waitMs = await this.look(signal);
      } catch (error) {
        const { log } = this.options;
        if (!isOver()) log.error({ error }, "The platform's certificates could not be kept; trying again.");
      }
      ready();
      await pause(waitMs, signal);
    }
  }

  /** One look at both Secrets. Writes where something is missing or due. @returns when to look again, in ms */
  async look(signal: AbortSignal): Promise<number> {
    const { clock, onBundle } = this.options;
    const plan = await this.authorities(signal);
    if (plan.signer === undefined) return RETRY_MS;
    // First those who have to trust it, then the one that shows it.
    await onBundle(bundleOf(plan.trusted), signal);
    const renewMs = await this.serving(plan.signer, bundleOf(plan.trusted), signal);
    const nextMs = Math.min(plan.nextAtMs, renewMs) - clock.nowMs();
    return Math.min(LOOK_AGAIN_MS, Math.max(1_000, nextMs));
  }

  private async authorities(signal: AbortSignal): Promise<TrustPlan<Authority>> {
    const { kube, times, clock, log } = this.options;
    const { makeAuthority, lifeOf } = await certificates();
    const secret = await kube.get(SECRET, { namespace: NAMESPACES.platform, name: AUTHORITY_SECRET }, signal);
    const values = decoded(secret);
    const stored = [...values].flatMap(([name, certificate]): readonly Authority[] => {
      const made = ENTRY.exec(name)?.[1];
      const key = values.get(`authority-${made ?? ''}.key`);
      const life = lifeOf(certificate);
      return made === undefined || key === undefined || life === undefined
        ? []
        : [{ certificate, key, ...life }];
    });
    let plan = planTrust(stored, times, clock.nowMs());
    if (plan.makeAnother) {
      const lifetime = { nowMs: clock.nowMs(), validMs: times.authorityValidMs };
      const pair = await makeAuthority('MCP Runtime', lifetime);
      const life = lifeOf(pair.certificate);
      if (life !== undefined) plan = planTrust([...plan.trusted, { ...pair, ...life }], times, clock.nowMs());
      log.info({}, 'There is a new authority; it signs when it is known everywhere.');
    }
    if (!isSameSet(plan.trusted, stored)) {
      const entries = plan.trusted.flatMap(({ certificate, key, madeAtMs }) => [
        [`authority-${madeAtMs}.crt`, certificate] as const,
        [`authority-${madeAtMs}.key`, key] as const,
      ]);
      const object = secretOf(AUTHORITY_SECRET, 'Opaque', Object.fromEntries(entries));
      await kube.apply(SECRET, object, { manager: FIELD_MANAGERS.operator }, signal);
    }
    return plan;
  }

  /** The certificate of the distributors. @returns when it has to be replaced */
  private async serving(signer: Authority, bundle: string, signal: AbortSignal): Promise<number> {
    const { kube, times, clock, log } = this.options;
    const { issueServing, isSignedBy, holdsFor, lifeOf } = await certificates();
    const name = DISTRIBUTOR.tlsSecret;
    const names = [DISTRIBUTOR_TLS_NAME, `${DISTRIBUTOR.podsService}.${NAMESPACES.platform}.svc`];
    const values = decoded(await kube.get(SECRET, { namespace: NAMESPACES.platform, name }, signal));
    const current = values.get('tls.crt') ?? '';
    const life = lifeOf(current);
    const isGood =
      life !== undefined &&
      values.has('tls.key') &&
      values.get('ca.crt') === bundle &&
      !isDue(life, clock.nowMs()) &&
      isSignedBy(current, signer.certificate) &&
      holdsFor(current, names);
    if (isGood) return renewAtMs(life);
    const lifetime = { nowMs: clock.nowMs(), validMs: times.servingValidMs };
    const { certificate, key } = await issueServing(signer, names, lifetime);
    const object = secretOf(name, 'kubernetes.io/tls', {
      'tls.crt': certificate,
      'tls.key': key,
      'ca.crt': bundle,
    });
    await kube.apply(SECRET, object, { manager: FIELD_MANAGERS.operator }, signal);
    log.info({ names }, 'The distributors have a new certificate.');
    return renewAtMs(lifeOf(certificate) ?? { madeAtMs: clock.nowMs(), endsAtMs: clock.nowMs() });
  }
}
