import { describe, expect, it } from '@jest/globals';
import type { McpServer } from '#api/mcp-server.ts';
import { RouteBook } from '#runtime/operator/server/routes.ts';
import { storedServer } from '#test/constructs/server/workload-build.ts';

function server(name: string, createdAt: string, namespace = 'team-a'): McpServer {
  const stored = storedServer();
  return { ...stored, metadata: { ...stored.metadata, name, namespace, creationTimestamp: createdAt } };
}

const EARLY = '2026-01-01T00:00:00Z';
const LATE = '2026-01-02T00:00:00Z';

describe('a route', () => {
  it('belongs to the older of two servers, whichever was seen first', () => {
    const book = new RouteBook();
    book.claim(server('late', LATE), { path: '/x/mcp' });
    expect(book.conflictOf('team-a/late')).toBeUndefined();
    expect(book.claim(server('early', EARLY, 'team-b'), { path: '/x/mcp' })).toEqual(['team-a/late']);
    expect(book.conflictOf('team-a/late')).toEqual({ namespace: 'team-b', name: 'early' });
    expect(book.conflictOf('team-b/early')).toBeUndefined();
  });

  it('of two servers of one second belongs to the one whose name sorts first', () => {
    const book = new RouteBook();
    book.claim(server('b', EARLY), { path: '/x/mcp' });
    book.claim(server('a', EARLY), { path: '/x/mcp' });
    expect(book.conflictOf('team-a/b')).toEqual({ namespace: 'team-a', name: 'a' });
    expect(book.conflictOf('team-a/a')).toBeUndefined();
  });

  it('is another one on another host, and the same one with a slash at its end', () => {
    const book = new RouteBook();
    book.claim(server('a', EARLY), { host: 'a.example.org', path: '/x/mcp' });
    book.claim(server('b', LATE), { host: 'b.example.org', path: '/x/mcp' });
    book.claim(server('c', LATE), { host: 'a.example.org', path: '/x/mcp/' });
    expect(book.conflictOf('team-a/b')).toBeUndefined();
    expect(book.conflictOf('team-a/c')).toEqual({ namespace: 'team-a', name: 'a' });
  });

  it('is free again when its server leaves it, and says whom to ask', () => {
    const book = new RouteBook();
    book.claim(server('a', EARLY), { path: '/x/mcp' });
    book.claim(server('b', LATE), { path: '/x/mcp' });
    expect(book.claim(server('a', EARLY), { path: '/y/mcp' })).toEqual(['team-a/b']);
    expect(book.conflictOf('team-a/b')).toBeUndefined();
    book.claim(server('a', EARLY), { path: '/x/mcp' });
    expect(book.release('team-a/a')).toEqual(['team-a/b']);
    expect(book.conflictOf('team-a/b')).toBeUndefined();
    expect(book.release('team-a/a')).toEqual([]);
  });

  it('wakes nobody when a server is seen again as it was', () => {
    const book = new RouteBook();
    book.claim(server('a', EARLY), { path: '/x/mcp' });
    book.claim(server('b', LATE), { path: '/x/mcp' });
    expect(book.claim(server('b', LATE), { path: '/x/mcp' })).toEqual([]);
  });
});
