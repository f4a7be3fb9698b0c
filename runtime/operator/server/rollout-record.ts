// Where the template that was promoted last is kept: a ControllerRevision that the server owns. Its data can't change,
// so a promotion makes a new one and the old one goes as an orphan.
import type { McpServer } from '#api/mcp-server.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import { numberAt, recordAt } from '#runtime/kube/json-path.ts';
import { childMetadata } from './child-metadata.ts';
import { revisionOf, type TemplateRevision } from './rollout.ts';

const sequenceOf = (object: KubeObject): number => numberAt(object, 'revision') ?? 0;

/** The newest of a server's records. */
function newest(records: readonly KubeObject[]): KubeObject | undefined {
  return [...records].sort((a, b) => sequenceOf(b) - sequenceOf(a))[0];
}

/** What is on record as promoted; undefined where nothing is, or nothing that can be read. */
export function promotedTemplate(records: readonly KubeObject[]): TemplateRevision | undefined {
  const template = recordAt(newest(records), 'data', 'template');
  return template === undefined ? undefined : revisionOf(template);
}

/** The record of a promoted template; the one that exists where it says the same. */
export function rolloutRecord(
  server: McpServer,
  { revision, template }: TemplateRevision,
  records: readonly KubeObject[],
): Manifest {
  const recordName = `${server.metadata.name}-${revision}`;
  const last = newest(records);
  const lastSequence = last === undefined ? 0 : sequenceOf(last);
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: childMetadata(server, recordName),
    data: { template },
    // Promoting an older template again makes it the newest, also where its record is still there.
    revision: last?.metadata.name === recordName ? lastSequence : lastSequence + 1,
  };
}
