import type { ReactNode } from 'react';
import type { InventoryGrant, InventorySession, InventorySubject } from '#api/inventory.ts';
import { accessList, SENTINEL_PATHS } from '#api/sentinel-api.ts';
import { dayText } from './format.ts';
import { useAnswer } from './use-answer.ts';

/** Grants and sessions, for reading: they are changed where they are declared. */
export function AccessSection({ news }: { readonly news: number }): ReactNode {
  const { value } = useAnswer(accessList, SENTINEL_PATHS.access, news);
  if (value === undefined || value.grants.length + value.sessions.length === 0) return null;
  return (
    <section className="card" aria-labelledby="access-title">
      <div className="section-head">
        <h2 id="access-title">Access</h2>
        <span className="muted">who may call what, and until when</span>
      </div>
      <div className="access">
        <Sessions sessions={value.sessions} />
        <Grants grants={value.grants} />
      </div>
    </section>
  );
}

function Sessions({ sessions }: { readonly sessions: readonly InventorySession[] }): ReactNode {
  return (
    <div className="scroll" role="region" aria-label="Sessions" tabIndex={0}>
      <table>
        <caption>Sessions</caption>
        <thead>
          <tr>
            <th scope="col">Session</th>
            <th scope="col">Server</th>
            <th scope="col">Subject</th>
            <th scope="col">Trust</th>
            <th scope="col">State</th>
            <th scope="col">Expires</th>
          </tr>
        </thead>
        <tbody>
          {sessions.map((session) => (
            <tr key={`${session.namespace}/${session.name}`}>
              <td title={`${session.namespace}/${session.name}`}>{session.name}</td>
              <td>{session.server}</td>
              <td>{subjectText(session.subject)}</td>
              <td>{session.consentedTrust}</td>
              <td>
                <span className={`state ${session.state}`}>{session.state}</span>
              </td>
              <td>
                {session.expiresAt === undefined ? (
                  <span className="muted">never</span>
                ) : (
                  <Day iso={session.expiresAt} />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Grants({ grants }: { readonly grants: readonly InventoryGrant[] }): ReactNode {
  return (
    <div className="scroll" role="region" aria-label="Grants" tabIndex={0}>
      <table>
        <caption>Grants</caption>
        <thead>
          <tr>
            <th scope="col">Grant</th>
            <th scope="col">Server</th>
            <th scope="col">Subject</th>
            <th scope="col">Trust up to</th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {grants.map((grant) => (
            <tr key={`${grant.namespace}/${grant.name}`}>
              <td title={`${grant.namespace}/${grant.name}`}>{grant.name}</td>
              <td>{grant.server}</td>
              <td>{subjectText(grant.subject)}</td>
              <td>{grant.maxTrust}</td>
              <td>
                <span className={`state ${grant.disabled ? 'disabled' : 'active'}`}>
                  {grant.disabled ? 'disabled' : 'active'}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Day({ iso }: { readonly iso: string }): ReactNode {
  return (
    <time dateTime={iso} title={iso}>
      {dayText(iso)}
    </time>
  );
}

function subjectText({ humanId, agentId, teamId }: InventorySubject): string {
  const parts = [humanId, agentId, teamId === undefined ? undefined : `team ${teamId}`];
  const set = parts.filter((part) => part !== undefined);
  return set.length === 0 ? 'any verified caller' : set.join(' · ');
}
