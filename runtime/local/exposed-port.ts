// Whether a port can be reached from outside this machine. A server that listens on every interface can be called
// past its proxy, so somebody has to be told. Known on Linux; elsewhere nothing is said.
import { readFile } from 'node:fs/promises';

const tables = ['/proc/net/tcp', '/proc/net/tcp6'] as const;
const listening = '0A';
/** 127.0.0.0/8, ::1 and ::ffff:127.0.0.0/8, as the kernel prints them: bytes of each 32-bit word reversed. */
const loopback = /^(?:[0-9A-F]{6}7F|0{24}01000000|0{16}FFFF0000[0-9A-F]{6}7F)$/;

export async function isExposed(port: number): Promise<boolean> {
  const texts = await Promise.all(tables.map((file) => readFile(file, 'utf8').catch(() => '')));
  return texts.some((text) => isExposedIn(text, port));
}

/** @param table what the kernel prints in /proc/net/tcp */
export function isExposedIn(table: string, port: number): boolean {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  return table.split('\n').some((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/);
    const [address = '', at] = local.split(':');
    return state === listening && at === hexPort && !loopback.test(address);
  });
}
