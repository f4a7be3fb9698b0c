import type { ReactNode } from 'react';
import type { ServerList, ServerRecord } from '#api/sentinel-api.ts';
import { countText } from './format.ts';
import type { Shown } from './use-answer.ts';
import type { Filter } from './use-filter.ts';

export interface ServersSectionProps {
  readonly servers: Shown<ServerList>;
  readonly filter: Filter;
  readonly onFilter: (filter: Filter) => void;
}

/** The first digits of `sha256:<hex>`, enough to compare by eye. */
function shortRevision(revision: string): string {
  return revision.slice(revision.indexOf(':') + 1).slice(0, 12);
}

export function ServersSection({ servers, filter, onFilter }: ServersSectionProps): ReactNode {
  const { value, problem } = servers;
  return (
    <section className="card" aria-labelledby="servers-title">
      <div className="section-head">
        <h2 id="servers-title">Servers</h2>
        {value !== undefined && (
          <span className="muted">counts of the last {value.windowMinutes} minutes</span>
        )}
      </div>
      {value?.problem !== undefined && <p className="notice bad">{value.problem}</p>}
      {value === undefined && <p className="empty">{problem ?? 'Loading…'}</p>}
      {value?.servers.length === 0 && (
        <p className="empty">
          No server yet. One appears here when the platform starts it, or with its first recorded request.
        </p>
      )}
      {value !== undefined && value.servers.length > 0 && (
        <ul className="servers">
          {value.servers.map((server) => (
            <Server
              key={`${server.namespace}/${server.name}`}
              server={server}
              isChosen={filter.server === `${server.namespace}/${server.name}`}
              onChoose={(chosen) => onFilter({ ...filter, server: chosen })}
            />
          ))}
        </ul>
      )}
    </section>
  );
}

interface ServerProps {
  readonly server: ServerRecord;
  readonly isChosen: boolean;
  readonly onChoose: (server: string | undefined) => void;
}

function Server({ server, isChosen, onChoose }: ServerProps): ReactNode {
  const key = `${server.namespace}/${server.name}`;
  const { counts } = server;
  return (
    <li className={isChosen ? 'server chosen' : 'server'}>
      <div className="server-head">
        <button
          type="button"
          className="server-name"
          aria-pressed={isChosen}
          title={isChosen ? 'Show every server' : 'Show only this server'}
          onClick={() => onChoose(isChosen ? undefined : key)}
        >
          {server.name}
        </button>
        <span className={`state ${server.state}`}>{server.state}</span>
      </div>
      <p className="muted small">
        {server.namespace}
        {server.tools.length > 0 &&
          ` · ${server.tools.length} ${server.tools.length === 1 ? 'tool' : 'tools'}`}
        {server.policyRevision !== undefined && (
          <span title={server.policyRevision}> · policy {shortRevision(server.policyRevision)}</span>
        )}
      </p>
      {server.description !== undefined && <p className="small">{server.description}</p>}
      {server.message !== undefined && (
        <p className={server.state === 'failed' ? 'bad-text small' : 'small'}>{server.message}</p>
      )}
      {server.url !== undefined && <code className="url">{server.url}</code>}
      <dl className="counts">
        <Count name="allowed" count={counts.allow} kind="allow" />
        <Count name="denied" count={counts.deny} kind="deny" />
        {counts.would_deny > 0 && <Count name="would deny" count={counts.would_deny} kind="would_deny" />}
      </dl>
    </li>
  );
}

function Count({
  name,
  count,
  kind,
}: {
  readonly name: string;
  readonly count: number;
  readonly kind: string;
}) {
  return (
    <div className={count === 0 ? 'count zero' : `count ${kind}`}>
      <dt>{name}</dt>
      <dd>{countText(count)}</dd>
    </div>
  );
}
