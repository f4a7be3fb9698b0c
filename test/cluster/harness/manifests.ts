// What tools print, as objects, and without what a way out adds for one tool alone.
import { parseAllDocuments } from 'yaml';
import { isManifest, manifestKey, type Manifest } from '#constructs/kit/manifest.ts';

/** The objects of a YAML stream. */
export function manifestsIn(text: string): readonly Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const value: unknown = document.toJS();
    if (value === null) return [];
    if (!isManifest(value)) throw new Error(`no object: ${String(document)}`);
    return [value];
  });
}

/** Without the annotations that are for one tool alone. */
function plain({ metadata, ...rest }: Manifest): unknown {
  const { annotations = {}, ...others } = metadata;
  const own = Object.entries(annotations).filter(([name]) => !/argoproj\.io|fluxcd\.io|helm\.sh/.test(name));
  return {
    ...rest,
    metadata: { ...others, ...(own.length > 0 && { annotations: Object.fromEntries(own) }) },
  };
}

/** What objects say, to compare two ways out. */
export const byKey = (all: readonly Manifest[]): ReadonlyMap<string, unknown> =>
  new Map(all.map((each) => [manifestKey(each), plain(each)]));
