// Environments as small as a test needs them.
import { formatPath } from '#api/sentences.ts';
import type { Environment } from '#environment/environment-schema.ts';
import { parseEnvironment } from '#environment/environment.ts';

const images = { repository: 'example.org/mcp-runtime', tag: '1.0.0' };

/** The least that each profile asks for. */
export const LEAST = {
  laptop: { profile: 'laptop', images },
  team: { profile: 'team', images, host: 'mcp.example.org', ingress: { gatewayClassName: 'contour' } },
  production: {
    profile: 'production',
    images,
    host: 'mcp.example.org',
    ingress: { gatewayClassName: 'contour' },
    tls: { mode: 'acme', email: 'platform@example.org' },
  },
} as const satisfies Readonly<Record<string, Environment>>;

/** What is wrong with an environment, as `path message`. */
export function problemsWith(raw: unknown): readonly string[] {
  const parsed = parseEnvironment(raw);
  return parsed.ok ? [] : parsed.error.map(({ segments, message }) => `${formatPath(segments)} ${message}`);
}
