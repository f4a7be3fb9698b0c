// How an installation is watched: what is scraped, when somebody has to look, and what they see then.
import { z } from 'zod';
import { problemsOf } from '#api/sentences.ts';
import { constructPath, InvalidConstructError } from '#constructs/kit/invalid-construct-error.ts';
import { Construct } from 'constructs';
import { addCollector } from './collector.ts';
import { addDashboards, addDatasource } from './grafana.ts';
import {
  observabilitySettings,
  type ObservabilityProps,
  type ObservabilitySettings,
} from './observability-settings.ts';
import { addPrometheusOperatorObjects } from './prometheus-operator.ts';
import { addPrometheusFiles } from './scrape-config.ts';

export class Observability extends Construct {
  readonly settings: ObservabilitySettings;

  /** @throws InvalidConstructError with everything that is wrong */
  constructor(scope: Construct, id: string, props: ObservabilityProps) {
    const parsed = z.safeParse(observabilitySettings, props, { reportInput: true });
    if (!parsed.success) {
      const problems = problemsOf([], parsed.error);
      throw new InvalidConstructError('Observability', constructPath(scope, id), problems);
    }
    super(scope, id);
    const settings: ObservabilitySettings = parsed.data;
    this.settings = settings;
    if (settings.collector !== undefined) addCollector(this, settings.collector);
    if (settings.metrics === 'prometheus-operator') addPrometheusOperatorObjects(this, settings);
    if (settings.metrics === 'scrape-config') addPrometheusFiles(this, settings);
    if (settings.dashboards) addDashboards(this, settings);
    if (settings.datasource !== undefined) addDatasource(this, settings, settings.datasource);
  }
}
