// The console's first page: what runs, what is being decided right now, and who may do what. Read-only. Everything
// that comes from a server or a client is put on the page as text.
import type { ReactNode } from 'react';
import { SENTINEL_PATHS, serverList, trafficSummary } from '#api/sentinel-api.ts';
import { AccessSection } from './access-section.tsx';
import { urlOf } from './ask.ts';
import { DecisionsSection } from './decisions-section.tsx';
import { Header } from './header.tsx';
import { ServersSection } from './servers-section.tsx';
import { SignIn } from './sign-in.tsx';
import { TrafficSection } from './traffic-section.tsx';
import { useAnswer } from './use-answer.ts';
import { useDecisions } from './use-decisions.ts';
import { queryOf, useFilter } from './use-filter.ts';

export function App(): ReactNode {
  const [filter, setFilter] = useFilter();
  const decisions = useDecisions(filter);
  const servers = useAnswer(serverList, SENTINEL_PATHS.servers, decisions.news);
  const { namespace, server } = queryOf({ server: filter.server });
  const summary = useAnswer(
    trafficSummary,
    urlOf(SENTINEL_PATHS.summary, { namespace, server }),
    decisions.news,
  );
  if (servers.unauthorised) return <SignIn />;
  return (
    <>
      <Header live={decisions.live} problem={servers.problem} pending={summary.value?.pending ?? 0} />
      <main>
        <div className="overview">
          <ServersSection servers={servers} filter={filter} onFilter={setFilter} />
          <TrafficSection summary={summary} server={filter.server} />
        </div>
        <DecisionsSection
          decisions={decisions}
          servers={servers.value?.servers ?? []}
          filter={filter}
          onFilter={setFilter}
        />
        <AccessSection news={decisions.news} />
      </main>
    </>
  );
}
