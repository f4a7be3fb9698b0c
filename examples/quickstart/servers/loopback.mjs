// Keeps a server on this machine that can't be told where to listen: `node --import ./loopback.mjs server.js`. Where
// the program names no host, Node would take every interface, and anybody on the network could call past the proxy.
// A host that the program does name is left as it is, and so are pipes. In a cluster the NetworkPolicy does this work.
import { Server } from 'node:net';

const LOOPBACK = '127.0.0.1';
const { listen } = Server.prototype;

/** The arguments of `listen`, with a host where they have a port and no host. */
function onLoopback([target, ...rest]) {
  if (typeof target === 'function') return [0, LOOPBACK, target];
  if (typeof target === 'object' && target !== null) {
    const everywhere = 'port' in target && !target.host;
    return [everywhere ? { ...target, host: LOOPBACK } : target, ...rest];
  }
  const isPipe = typeof target === 'string' && !(Number(target) >= 0);
  const [host] = rest;
  if (isPipe || (typeof host === 'string' && host !== '')) return [target, ...rest];
  const isHost = typeof host !== 'number' && typeof host !== 'function';
  return [target ?? 0, LOOPBACK, ...(isHost ? rest.slice(1) : rest)];
}

Server.prototype.listen = function (...given) {
  return listen.apply(this, onLoopback(given));
};
