// What one MCPServer can decide about itself. `self` is the spec, defaults filled in.
import type { Rule } from './kind.ts';

const gatewayOn = 'has(self.gateway) && self.gateway.enabled';
const authMode = (mode: string) => `has(self.auth) && self.auth.mode == '${mode}'`;
const canary = `has(self.rollout) && self.rollout.strategy == 'Canary'`;

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
];
