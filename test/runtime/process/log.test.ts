import { describe, expect, it } from '@jest/globals';
import { createLog } from '#runtime/process/log.ts';

describe('createLog', () => {
  it('writes one JSON object a line and hides secrets at the top and one level down', () => {
    const lines: string[] = [];
    const log = createLog({ program: 'proxy', destination: { write: (line) => void lines.push(line) } });
    log.warn({ port: 1, token: 'abc', ingest: { apiKey: 'def', url: 'http://h' } }, 'Careful.');
    log.debug({}, 'not shown at level info');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'warn',
      program: 'proxy',
      port: 1,
      token: '(hidden)',
      ingest: { apiKey: '(hidden)', url: 'http://h' },
      msg: 'Careful.',
    });
  });
});
