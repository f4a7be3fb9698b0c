// The files that images are built by, read as data: what they say has to agree with what the renderer and the programs say.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { DISTRIBUTOR_PORTS } from '#api/distributor-api.ts';
import { PROXY_NODE_ENV, PROXY_NODE_FLAGS, PROXY_PORTS } from '#api/proxy-config.ts';
import { SENTINEL_PORTS } from '#api/sentinel-config.ts';
import { OPERATOR_PORTS } from '#constructs/control-plane/names.ts';
import { NONROOT_ID } from '#constructs/kit/security.ts';
import { PROGRAMS, SERVERS, TARGETS } from '#scripts/images/targets.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const runtime = read('runtime/Dockerfile');
const servers = read('scripts/images/servers.Dockerfile');

/** Instructions of a stage, continued lines joined. */
function stage(dockerfile: string, name: string): readonly string[] {
  const [, text = ''] = dockerfile.split(new RegExp(`^FROM \\S+ AS ${name}$`, 'm'));
  const [own = ''] = text.split(/^FROM /m);
  return own
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => /^[A-Z]/.test(line));
}

const targetsOf = (dockerfile: string) =>
  [...dockerfile.matchAll(/^FROM node AS (\S+)$/gm)].map((match) => match[1]);

const said = (lines: readonly string[], instruction: string) =>
  lines
    .filter((line) => line.startsWith(`${instruction} `))
    .map((line) => line.slice(instruction.length + 1));

describe('the Dockerfiles', () => {
  it('have a target for every program and every server, and no other', () => {
    expect(targetsOf(runtime)).toEqual([...PROGRAMS]);
    expect(targetsOf(servers)).toEqual([...SERVERS]);
  });

  it.each([runtime, servers])('build on an image that is always named by whoever builds', (dockerfile) => {
    const lines = dockerfile.split('\n').filter((line) => /^(ARG|FROM)/.test(line));
    expect(lines.slice(0, 2)).toEqual(['ARG NODE_BASE', 'FROM ${NODE_BASE} AS node']);
  });

  it.each([runtime, servers])('run nothing while they build, and never as root', (dockerfile) => {
    const common = stage(dockerfile, 'node');
    expect(dockerfile).not.toMatch(/^(RUN|ADD|SHELL|ONBUILD)/m);
    expect([...dockerfile.matchAll(/^USER (.*)$/gm)].map((match) => match[1])).toEqual([
      `${NONROOT_ID}:${NONROOT_ID}`,
    ]);
    expect(said(common, 'ENTRYPOINT')).toEqual(['["node", "/app/main.mjs"]']);
  });

  it('copy the folders that are prepared for a target, the larger first', () => {
    const copied = TARGETS.map((target) => [
      target,
      said([...stage(runtime, target), ...stage(servers, target)], 'COPY'),
    ]);
    expect(copied).toEqual(
      TARGETS.map((target) => [target, [...(target === 'sentinel' ? ['engine/ /'] : []), `${target}/ /`]]),
    );
  });

  it('start a proxy with the flags and variables it is measured with', () => {
    expect(said(stage(runtime, 'proxy'), 'ENV')).toEqual(
      Object.entries(PROXY_NODE_ENV).map(([name, value]) => `${name}=${value}`),
    );
    expect(said(stage(runtime, 'proxy'), 'ENTRYPOINT')).toEqual([
      `["node", ${PROXY_NODE_FLAGS.map((flag) => `"${flag}"`).join(', ')}, "/app/main.mjs"]`,
    ]);
  });

  it('name the ports that the programs listen on', () => {
    const ports = PROGRAMS.map((target) => said(stage(runtime, target), 'EXPOSE'));
    expect(ports).toEqual([
      [`${OPERATOR_PORTS.metrics} ${OPERATOR_PORTS.probes}`],
      [`${DISTRIBUTOR_PORTS.stream} ${DISTRIBUTOR_PORTS.pages}`],
      [`${PROXY_PORTS.gateway} ${PROXY_PORTS.metrics}`],
      [`${SENTINEL_PORTS.ingest} ${SENTINEL_PORTS.api}`],
    ]);
  });
});
