// The headers of the server's answer that reach the caller. The rest stays here: cookies, challenges and hints of the
// server are not the caller's.
function isRelayed(name: string): boolean {
  switch (name) {
    case 'mcp-session-id':
    case 'mcp-protocol-version':
    case 'retry-after':
    case 'x-accel-buffering':
      return true;
    default:
      return false;
  }
}

/** Flat, as `writeHead` takes them. */
export function relayedHeaders(headers: readonly string[], contentType: string, length?: number): string[] {
  const relayed = ['content-type', contentType];
  if (length !== undefined) relayed.push('content-length', String(length));
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? '';
    if (isRelayed(name) && !relayed.includes(name)) relayed.push(name, headers[at + 1] ?? '');
  }
  return relayed;
}
