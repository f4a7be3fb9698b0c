import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { HostCheck } from '#runtime/proxy/edge/host-check.ts';
import { ServerMessageReader } from '#runtime/proxy/json/server-message.ts';
import { World } from './harness/world.ts';

let world: World;
afterEach(async () => {
  jest.restoreAllMocks();
  await world.close();
});

describe('a defect of the proxy', () => {
  it('in a stage refuses that request and leaves the proxy running', async () => {
    world = await World.start();
    const broken = jest.spyOn(HostCheck.prototype, 'allowsHost').mockImplementationOnce(() => {
      throw new Error('defect');
    });
    expect(await world.call('read_note')).toMatchObject({
      status: 403,
      json: { error: { data: { reason: 'undecided' } } },
    });
    expect(broken).toHaveBeenCalledTimes(1);
    expect(world.received).toEqual([]);
    expect((await world.call('read_note')).json.result).toBeDefined();
    expect(world.logLines.some((line) => line.includes('defect'))).toBe(true);
  });

  it('in reading an answer passes nothing on and leaves the proxy running', async () => {
    world = await World.start();
    jest.spyOn(ServerMessageReader.prototype, 'read').mockImplementationOnce(() => {
      throw new Error('defect');
    });
    expect((await world.call('read_note')).json.error?.data?.reason).toBe('upstream_invalid');
    expect((await world.call('read_note')).json.result).toBeDefined();
  });
});
