import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { silentLog } from '#runtime/process/log.ts';
import { Shutdown } from '#runtime/process/shutdown.ts';

function subject(deadlineMs: number) {
  const signals = new EventEmitter();
  const exited = Promise.withResolvers<number>();
  const shutdown = new Shutdown({ log: silentLog, deadlineMs, signals, exit: exited.resolve });
  return { signals, exited: exited.promise, shutdown };
}

describe('Shutdown', () => {
  it('runs the steps last registered first, once, and exits 0', async () => {
    const { signals, exited, shutdown } = subject(10_000);
    const ran: string[] = [];
    shutdown.add({ name: 'first', run: () => void ran.push('first') });
    shutdown.add({ name: 'second', run: async () => void ran.push(await Promise.resolve('second')) });
    signals.emit('SIGTERM');
    expect(await exited).toBe(0);
    expect(await shutdown.run()).toBe(0);
    expect(ran).toEqual(['second', 'first']);
  });

  it('goes on after a step that failed, and exits 1', async () => {
    const { signals, exited, shutdown } = subject(10_000);
    const ran: string[] = [];
    shutdown.add({ name: 'last', run: () => void ran.push('last') });
    shutdown.add({ name: 'failing', run: () => Promise.reject(new Error('no')) });
    signals.emit('SIGINT');
    expect(await exited).toBe(1);
    expect(ran).toEqual(['last']);
  });

  it('leaves a step behind at the deadline', async () => {
    const { signals, exited, shutdown } = subject(20);
    shutdown.add({ name: 'stuck', run: () => new Promise(() => undefined) });
    signals.emit('SIGTERM');
    expect(await exited).toBe(1);
  });

  it('ends at once at a second signal', async () => {
    const { signals, exited, shutdown } = subject(60_000);
    const release = Promise.withResolvers<undefined>();
    shutdown.add({ name: 'slow', run: () => release.promise });
    signals.emit('SIGINT');
    signals.emit('SIGINT');
    expect(await exited).toBe(1);
    release.resolve(undefined);
  });
});
