// The node's end of the link to the machine, and how its kernel treats packets of pods.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Addresses } from '../addresses.ts';
import { NodeError } from '../node-error.ts';

const linkWithinMs = 20_000;

const ip = (...args: readonly string[]) => execFileSync('ip', [...args], { stdio: 'pipe' });

/** Packets between pods pass a bridge, and only with this does it show them to the rules of Services. */
const BRIDGE_RULES = '/proc/sys/net/bridge/bridge-nf-call-iptables';

/** Takes the link, once the machine has made it. */
export async function takeLink({ node, services }: Addresses): Promise<void> {
  const until = performance.now() + linkWithinMs;
  while (!/^\s*eth0:/m.test(readFileSync('/proc/net/dev', 'utf8'))) {
    if (performance.now() > until) throw new NodeError('box_failed', 'the machine made no link to the node');
    await sleep(10);
  }
  ip('link', 'set', 'lo', 'up');
  ip('address', 'add', `${node}/24`, 'dev', 'eth0');
  ip('link', 'set', 'eth0', 'up');
  // Rules of Services change where such a packet goes, but without a route it would never come to them.
  ip('route', 'add', services, 'dev', 'eth0');
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
  if (!existsSync(BRIDGE_RULES))
    throw new NodeError('kernel_lacks', 'a node needs the kernel module br_netfilter: modprobe br_netfilter');
  writeFileSync(BRIDGE_RULES, '1');
}
