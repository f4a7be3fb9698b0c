import { describe, expect, it } from '@jest/globals';
import { createServer } from 'node:net';
import { isExposed, isExposedIn } from '#runtime/local/exposed-port.ts';
import { freePort } from '#runtime/local/ports.ts';

const row = (address: string, port: string, state: string) =>
  `   0: ${address}:${port} 00000000:0000 ${state} 00000000:00000000`;

describe('a port', () => {
  it.each([
    ['every IPv4 interface', '00000000', true],
    ['every IPv6 interface', '0'.repeat(32), true],
    ['one interface of the machine', '0A01A8C0', true],
    ['127.0.0.1', '0100007F', false],
    ['127.0.0.5', '0500007F', false],
    ['::1', `${'0'.repeat(24)}01000000`, false],
    ['::ffff:127.0.0.1', `${'0'.repeat(16)}FFFF00000100007F`, false],
  ])('of %s', (_name, address, expected) => {
    expect(isExposedIn(row(address, '1F90', '0A'), 8080)).toBe(expected);
    expect(isExposedIn(row(address, '1F91', '0A'), 8080)).toBe(false);
    expect(isExposedIn(row(address, '1F90', '01'), 8080)).toBe(false);
  });

  it.each([
    ['127.0.0.1', false],
    ['0.0.0.0', process.platform === 'linux'],
  ])('that a program has opened on %s', async (host, expected) => {
    const port = await freePort();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, host, resolve));
    expect(await isExposed(port)).toBe(expected);
    await new Promise((resolve) => server.close(resolve));
  });
});
