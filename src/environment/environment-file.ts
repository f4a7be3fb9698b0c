// An environment as YAML text, whose problems are told with their line. Reading the file is its caller's.
import { isMap, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import { err, ok, type Result } from '#api/result.ts';
import { formatPath } from '#api/sentences.ts';
import type { EnvironmentSettings } from './environment-schema.ts';
import { parseEnvironment } from './environment.ts';

/** Longest text of an environment that is read, in characters. */
const LONGEST = 1_048_576;

/** `12:5`, of the place itself, or of the nearest one around it that the file has. */
function placeOf(document: Document, lines: LineCounter, segments: readonly PropertyKey[]): string {
  const keys = segments.map((segment) => (typeof segment === 'number' ? segment : String(segment)));
  for (let depth = keys.length; depth > 0; depth -= 1) {
    const parent = document.getIn(keys.slice(0, depth - 1), true);
    const last = keys[depth - 1];
    const pair = isMap(parent)
      ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(last))
      : undefined;
    const node: unknown = pair?.key ?? document.getIn(keys.slice(0, depth), true);
    const offset = rangeStart(node);
    if (offset !== undefined) {
      const { line, col } = lines.linePos(offset);
      return `${line}:${col}`;
    }
  }
  return '1:1';
}

function rangeStart(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node)) return undefined;
  return Array.isArray(node.range) && typeof node.range[0] === 'number' ? node.range[0] : undefined;
}

/**
 * Reads an environment from YAML.
 * @param file how problems name it
 * @returns every problem at once, as `file:line:column: path message`
 */
export function parseEnvironmentFile(
  text: string,
  file: string,
): Result<EnvironmentSettings, readonly string[]> {
  if (text.length > LONGEST) return err([`${file}: is longer than ${LONGEST} characters`]);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const broken = document.errors.map(({ message, pos: [offset] }) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}: is no YAML: ${message}`;
  });
  if (broken.length > 0) return err(broken);
  // Few aliases are of use in such a file, and many make a small one large.
  const parsed = parseEnvironment(document.toJS({ maxAliasCount: 100 }) ?? {});
  if (parsed.ok) return ok(parsed.value);
  return err(
    parsed.error.map(({ segments, message }) => {
      const path = formatPath(segments);
      return `${file}:${placeOf(document, lines, segments)}: ${path === '' ? 'the file' : path} ${message}`;
    }),
  );
}
