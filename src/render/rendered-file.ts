// What a way out of a program yields: files by their paths, as text. Writing them is another matter (output-folder.ts).

export interface RenderedFile {
  /** Below the folder that is written to, with slashes: `platform/kustomization.yaml`. */
  readonly path: string;
  readonly text: string;
}

/** By it a later synth knows that a file is its own, and may be replaced or removed. It is in the first line. */
export const MARK = 'Written by mcp-runtime synth';

/** The first line of a file. @param from the construct, or what else a reviewer has to change instead */
export function markText(from: string): string {
  return `${MARK} from ${from.replaceAll(/[^\x20-\x7e]/g, '?')}; change the program instead.`;
}

/** As a comment of YAML. */
export function marked(from: string, text: string): string {
  return `# ${markText(from)}\n${text}`;
}

/** Orders by code units, which is the same in every language. */
export function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
