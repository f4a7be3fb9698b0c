// Programs for checks: what is wrong with one, by the name of the check, and what is only remarked.
import { App, Chart } from 'cdk8s';
import { setSettings, type Settings } from '#constructs/kit/settings.ts';
import { InvalidProgramError } from '#render/invalid-program-error.ts';
import { synthesiseApp } from '#render/synthesise.ts';

export interface Told {
  /** `demo/notes: message [name]` of what stops the synthesis. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** Builds a program in a chart `demo` of namespace `team-a`, and says what checks find. */
export function checked(build: (chart: Chart) => unknown, settings: Settings = {}): Told {
  const app = new App();
  setSettings(app, settings);
  const chart = new Chart(app, 'demo', { namespace: 'team-a' });
  build(chart);
  try {
    const { warnings } = synthesiseApp(app);
    return {
      errors: [],
      warnings: warnings.map(({ name, path, message }) => `${path}: ${message} [${name}]`),
    };
  } catch (error) {
    if (!(error instanceof InvalidProgramError)) throw error;
    return { errors: error.problems.map(({ path, message }) => `${path}: ${message}`), warnings: [] };
  }
}
