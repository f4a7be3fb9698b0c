// An object as a template: its YAML, in which what people may decide is an expression, and everything else is literal,
// also where it looks like an expression. Dashboards and alert rules are full of those.
import type { Manifest } from '#constructs/kit/manifest.ts';
import { yamlText } from '../yaml-text.ts';
import type { Slot, ValuePath } from './slot.ts';

/** Text that Helm puts out as it is. */
export function literal(text: string): string {
  return text.replaceAll('{{', '{{ "{{" }}');
}

/** `.Values.operator.image`, or with `index` where a name has dots or dashes. */
function reference(at: ValuePath): string {
  if (at.every((name) => /^[A-Za-z][A-Za-z0-9]*$/.test(name))) return `.Values.${at.join('.')}`;
  return `index .Values ${at.map((name) => JSON.stringify(name)).join(' ')}`;
}

function expression({ at, kind, around }: Slot): string {
  const value = reference(at);
  switch (kind) {
    case 'replicas':
      return `{{ ${value} | int }}`;
    case 'resources':
      return `{{ ${value} | toJson }}`;
    case 'image':
    case 'size':
    case 'name':
    case 'host':
      // Within a text whose quotes are there already, if it needs any.
      return around === undefined ? `{{ ${value} | quote }}` : `{{ ${value} }}`;
  }
}

/** The same data, with these texts at the places of the slots. */
function withTexts(value: unknown, texts: ReadonlyMap<string, string>, path: string): unknown {
  const text = texts.get(path);
  if (text !== undefined) return text;
  if (Array.isArray(value)) return value.map((item, at) => withTexts(item, texts, `${path}/${at}`));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, member]) => {
    const own = withTexts(member, texts, `${path}/${name}`);
    return [name, own] as const;
  });
  return Object.fromEntries(entries);
}

export function templateText(manifest: Manifest, slots: readonly Slot[]): string {
  const plain = yamlText(manifest);
  // A word that is nowhere in the object, so that what stands for a slot can be found again.
  let word = 'SLOT';
  while (plain.includes(word)) word += 'S';
  const texts = new Map(
    slots.map(({ path, around: [before, after] = ['', ''] }, at) => [
      `/${path.join('/')}`,
      `${before}${word}${at}E${after}`,
    ]),
  );
  const marked = withTexts(manifest, texts, '');
  const text = literal(yamlText(typeof marked === 'object' && marked !== null ? marked : {}));
  return text.replaceAll(new RegExp(`${word}(\\d+)E`, 'g'), (found, at: string) => {
    const slot = slots[Number(at)];
    return slot === undefined ? found : expression(slot);
  });
}
