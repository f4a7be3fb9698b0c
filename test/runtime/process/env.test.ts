import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { SECRET, envFlag, envHttpUrl, envInteger, envList, readEnv } from '#runtime/process/env.ts';

const schema = z.object({
  PORT: envInteger(0, 65_535).default(8091).describe('the port to listen on'),
  TARGET: envHttpUrl().describe('where requests go, http://127.0.0.1:8088'),
  HOSTS: envList().default([]),
  LOUD: envFlag().default(false),
  KEY: z.string().min(8, 'expected at least 8 characters').optional().register(SECRET, { shown: false }),
});

describe('readEnv', () => {
  it('reads what is set, takes defaults for the rest and ignores other variables', () => {
    const read = readEnv(schema, {
      TARGET: 'http://127.0.0.1:1/mcp',
      HOSTS: ' a.example , ,b',
      PORT: '',
      HOME: '/',
    });
    expect(read).toEqual({
      ok: true,
      value: {
        PORT: 8091,
        TARGET: new URL('http://127.0.0.1:1/mcp'),
        HOSTS: ['a.example', 'b'],
        LOUD: false,
      },
    });
  });

  it('names every wrong variable with what was found and what it is for', () => {
    const read = readEnv(schema, { PORT: '99999', LOUD: 'yes' });
    expect(read).toEqual({
      ok: false,
      problems: [
        {
          variable: 'PORT',
          message: 'PORT is "99999", expected a whole number from 0 to 65535. It is the port to listen on.',
        },
        { variable: 'TARGET', message: 'TARGET is not set. It is where requests go, http://127.0.0.1:8088.' },
        { variable: 'LOUD', message: 'LOUD is "yes", expected true or false.' },
      ],
    });
  });

  it('never repeats the value of a secret', () => {
    const read = readEnv(schema, { TARGET: 'http://h', KEY: 'hunter2' });
    expect(read.ok).toBe(false);
    expect(JSON.stringify(read)).not.toContain('hunter2');
  });

  it.each(['ftp://x', 'http://user:pw@h', '/path', 'h:80'])('refuses %s as a URL', (TARGET) => {
    expect(readEnv(schema, { TARGET }).ok).toBe(false);
  });

  it.each(['-1', '1.5', '0x10', ' 7', '1e3'])('refuses %s as a whole number', (PORT) => {
    expect(readEnv(schema, { TARGET: 'http://h', PORT }).ok).toBe(false);
  });
});
