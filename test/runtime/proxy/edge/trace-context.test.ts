import { describe, expect, it } from '@jest/globals';
import {
  isInSample,
  isTracestate,
  readTraceparent,
  traceparentOf,
} from '#runtime/proxy/edge/trace-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe('a traceparent', () => {
  it.each<[string, boolean]>([
    [`00-${TRACE}-${SPAN}-01`, true],
    [`00-${TRACE}-${SPAN}-00`, false],
    [`00-${TRACE}-${SPAN}-03`, true],
    [`00-${TRACE}-${SPAN}-fe`, false],
    [`cc-${TRACE}-${SPAN}-01`, true],
    [`cc-${TRACE}-${SPAN}-01-what-comes-next`, true],
  ])('%s names a trace, and says whether it is recorded', (value, sampled) => {
    expect(readTraceparent(value)).toEqual({ traceId: TRACE, spanId: SPAN, sampled });
  });

  it.each([
    '',
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `cc-${TRACE}-${SPAN}-01more`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE.slice(1)}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}`,
    ` 00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
  ])('"%s" is none', (value) => {
    expect(readTraceparent(value)).toBeUndefined();
  });

  it('that is written can be read', () => {
    expect(readTraceparent(traceparentOf(TRACE, SPAN, true))).toEqual({
      traceId: TRACE,
      spanId: SPAN,
      sampled: true,
    });
  });
});

describe('a tracestate', () => {
  it('has members, and bounds', () => {
    expect(isTracestate('rojo=00f067aa0ba902b7,congo=t61rcWkgMzE')).toBe(true);
    expect(isTracestate(`a=${'x'.repeat(510)}`)).toBe(true);
    expect(isTracestate(`a=${'x'.repeat(511)}`)).toBe(false);
    expect(isTracestate(Array(33).fill('a=b').join(','))).toBe(false);
    expect(isTracestate('')).toBe(false);
    expect(isTracestate('a=\u00e9')).toBe(false);
  });
});

describe('a sample', () => {
  it('is of the share that is asked for, and the same for the same trace', () => {
    const ids = Array.from({ length: 1000 }, (_, at) =>
      ((at * 4_294_967) >>> 0).toString(16).padStart(8, '0').padEnd(32, 'a'),
    );
    const count = (share: number) => ids.filter((id) => isInSample(id, share)).length;
    expect([count(0), count(1)]).toEqual([0, 1000]);
    expect(count(0.25)).toBeGreaterThan(240);
    expect(count(0.25)).toBeLessThan(260);
  });
});
