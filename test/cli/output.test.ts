import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { identityArguments } from '#cli/caller-options.ts';
import { findNamed } from '#cli/connection.ts';
import { columns } from '#cli/output.ts';

const word = fc.stringMatching(/^[a-z]{1,12}$/);

describe('columns', () => {
  it('begin at the same place in every row, and end without spaces', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(word, word, word), { minLength: 1, maxLength: 20 }), (rows) => {
        const lines = columns(rows);
        const starts = rows.map(([a, b, c], at) => {
          const line = lines[at] ?? '';
          expect(line.split(/ +/)).toEqual([a, b, c]);
          return `${line.indexOf(` ${b}`, a.length)} ${line.lastIndexOf(` ${c}`)}`;
        });
        expect(new Set(starts).size).toBe(1);
        expect(lines.every((line) => line === line.trimEnd())).toBe(true);
      }),
    );
  });
});

describe('finding what a person named', () => {
  const servers = [
    { namespace: 'a', name: 'notes' },
    { namespace: 'b', name: 'notes' },
    { namespace: 'b', name: 'mail' },
  ];

  it('takes a name that is the only one', () => {
    expect(findNamed('server', 'mail', servers)).toBe(servers[2]);
  });

  it('asks for the namespace where a name is in two', () => {
    expect(() => findNamed('server', 'notes', servers)).toThrow('a/notes, b/notes');
    expect(findNamed('server', 'b/notes', servers)).toBe(servers[1]);
  });

  it('says what there is where a name is none of it', () => {
    expect(() => findNamed('server', 'post', servers)).toThrow('Use one of: a/notes, b/notes, b/mail.');
  });
});

describe('an identity as arguments', () => {
  it('leaves out what is not set', () => {
    expect(identityArguments({ human: 'u', session: 's', team: undefined })).toBe('--human u --session s');
  });
});
