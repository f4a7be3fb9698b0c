// What one MCPServer can decide about itself. `self` is the spec, defaults filled in.
import type { Rule } from './kind.ts';

const gatewayOn = 'has(self.gateway) && self.gateway.enabled';
const authMode = (mode: string) => `has(self.auth) && self.auth.mode == '${mode}'`;
const canary = `has(self.rollout) && self.rollout.strategy == 'Canary'`;
/** An empty class is the installation's, which may be this one. */
const gatewayClass = `self.ingressClass in ['gateway', '']`;
const proxyVolume = (name: string) =>
  `${name} in ['gateway-policy', 'gateway-state', 'gateway-identity', 'gateway-keys']`;

export const mcpServerRules: readonly Rule[] = [
  {
    rule: `!(${gatewayOn}) || self.gateway.port != self.port`,
    message: "the gateway's port must differ from the server's port",
    fieldPath: '.gateway.port',
  },
  {
    rule: `!(${gatewayOn}) || (self.gateway.port != 9103 && self.port != 9103 && self.servicePort != 9103)`,
    message: 'port 9103 is taken by the metrics of the gateway',
    fieldPath: '.gateway.port',
  },
  {
    rule: `!(${gatewayOn}) || (self.gateway.port != 9104 && self.port != 9104)`,
    message: 'port 9104 is taken by the peers of the gateway',
    fieldPath: '.gateway.port',
  },
  {
    rule: `!(${gatewayOn} && ${authMode('oauth')}) || (has(self.auth.issuerURL) && self.auth.issuerURL != '')`,
    message: 'auth.mode oauth needs auth.issuerURL',
    fieldPath: '.auth',
    reason: 'FieldValueRequired',
  },
  {
    rule: `!(${authMode('mtls')}) || (${gatewayOn})`,
    message: 'auth.mode mtls needs gateway.enabled',
    fieldPath: '.auth',
    reason: 'FieldValueRequired',
  },
  {
    rule: `!(${authMode('mtls')}) || (has(self.auth.trustDomain) && self.auth.trustDomain != '')`,
    message: 'auth.mode mtls needs auth.trustDomain',
    fieldPath: '.auth',
    reason: 'FieldValueRequired',
  },
  {
    rule: `!(${authMode('mtls')}) || self.ingressClass == '' || self.ingressClass == 'traefik'`,
    message: 'auth.mode mtls works with ingressClass traefik only',
    fieldPath: '.ingressClass',
  },
  {
    rule: `!has(self.analytics) || !has(self.analytics.enabled) || !has(self.analytics.disabled) || self.analytics.enabled != self.analytics.disabled`,
    message: 'analytics.enabled and analytics.disabled contradict each other; set one of them',
    fieldPath: '.analytics',
  },
  {
    rule: `!has(self.analytics) || (${gatewayOn}) || (has(self.analytics.disabled) && self.analytics.disabled) || (has(self.analytics.enabled) && !self.analytics.enabled) || !(has(self.analytics.ingestURL) || has(self.analytics.source) || has(self.analytics.eventType) || has(self.analytics.apiKeySecretRef))`,
    message: 'analytics is recorded by the gateway; enable it, or disable analytics',
    fieldPath: '.analytics',
    reason: 'FieldValueForbidden',
  },
  {
    rule: `!(${canary}) || (has(self.rollout.canaryReplicas) && self.rollout.canaryReplicas > 0)`,
    message: 'strategy Canary needs canaryReplicas of at least 1',
    fieldPath: '.rollout',
    reason: 'FieldValueRequired',
  },
  {
    rule: `!(${canary}) || has(self.replicas)`,
    message: 'strategy Canary needs replicas',
    fieldPath: '.rollout',
    reason: 'FieldValueRequired',
  },
  {
    rule: `!(${canary}) || !has(self.replicas) || !has(self.rollout.canaryReplicas) || self.rollout.canaryReplicas < self.replicas`,
    message: 'canaryReplicas must be less than replicas',
    fieldPath: '.rollout',
  },
  {
    rule: `!has(self.rollout) || !has(self.rollout.canaryWeight) || ${gatewayClass}`,
    message: 'canaryWeight needs ingressClass gateway; with others a canary gets the share of its pods',
    fieldPath: '.rollout.canaryWeight',
  },
  {
    rule: `!has(self.rollout) || !has(self.rollout.promote) || !has(self.rollout.abort) || self.rollout.promote == '' || self.rollout.promote != self.rollout.abort`,
    message: 'promote and abort name the same revision; set one of them',
    fieldPath: '.rollout.promote',
  },
  {
    rule: '!has(self.autoscaling) || !has(self.replicas)',
    message: 'replicas and autoscaling both decide the number of pods; set one of them',
    fieldPath: '.replicas',
    reason: 'FieldValueForbidden',
  },
  {
    rule: `!has(self.autoscaling) || !(${canary})`,
    message: 'strategy Canary divides a fixed number of pods; set replicas instead of autoscaling',
    fieldPath: '.autoscaling',
    reason: 'FieldValueForbidden',
  },
  {
    rule: '!has(self.autoscaling) || self.autoscaling.minReplicas <= self.autoscaling.maxReplicas',
    message: 'maxReplicas must be at least minReplicas',
    fieldPath: '.autoscaling.maxReplicas',
  },
  {
    rule: `!has(self.gatewayRef) || ${gatewayClass}`,
    message: 'gatewayRef needs ingressClass gateway',
    fieldPath: '.gatewayRef',
  },
  {
    rule: `!has(self.ingressTLS) || self.ingressClass != 'gateway'`,
    message:
      'ingressTLS has no effect with ingressClass gateway; the listener of the Gateway has the certificate',
    fieldPath: '.ingressTLS',
    reason: 'FieldValueForbidden',
  },
  {
    rule: `!has(self.ingressTLS) || !has(self.ingressTLS.clusterIssuer) || !has(self.ingressTLS.issuer)`,
    message: 'clusterIssuer and issuer exclude each other; set one of them',
    fieldPath: '.ingressTLS.issuer',
  },
  {
    rule: `!has(self.podTemplate) || !has(self.podTemplate.spec) || !has(self.podTemplate.spec.volumes) || self.podTemplate.spec.volumes.all(volume, !(${proxyVolume('volume.name')}))`,
    message:
      'volumes gateway-policy, gateway-state, gateway-identity and gateway-keys are those of the proxy',
    fieldPath: '.podTemplate.spec.volumes',
    reason: 'FieldValueForbidden',
  },
  {
    rule: `!has(self.podTemplate) || !has(self.podTemplate.spec) || !has(self.podTemplate.spec.containers) || self.podTemplate.spec.containers.all(container, !has(container.volumeMounts) || container.volumeMounts.all(mount, !(${proxyVolume('mount.name')})))`,
    message:
      'the server may not mount gateway-policy, gateway-state, gateway-identity or gateway-keys, which hold what the proxy trusts',
    fieldPath: '.podTemplate.spec.containers',
    reason: 'FieldValueForbidden',
  },
];
