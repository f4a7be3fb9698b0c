// A naive JSON reader to compare with: it builds values as JSON.parse does, and notes duplicate keys and depth.

export interface Reference {
  readonly value: unknown;
  readonly duplicate: boolean;
  readonly depth: number;
}

/** Reads a text that JSON.parse accepts. */
export function readReference(text: string): Reference {
  let at = 0;
  let duplicate = false;
  let deepest = 0;

  const space = (): void => {
    while (' \t\r\n'.includes(text[at] ?? 'x')) at += 1;
  };

  const string = (): string => {
    const start = at;
    at += 1;
    while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    at += 1;
    return String(JSON.parse(text.slice(start, at)));
  };

  const items = (close: string, item: () => void): void => {
    at += 1;
    space();
    while (text[at] !== close) {
      item();
      space();
      if (text[at] === ',') at += 1;
      space();
    }
    at += 1;
  };

  const read = (depth: number): unknown => {
    space();
    if (text[at] === '"') return string();
    if (text[at] === '{') {
      deepest = Math.max(deepest, depth + 1);
      const entries = new Map<string, unknown>();
      items('}', () => {
        const key = string();
        if (entries.has(key)) duplicate = true;
        space();
        at += 1;
        entries.set(key, read(depth + 1));
      });
      return Object.fromEntries(entries);
    }
    if (text[at] === '[') {
      deepest = Math.max(deepest, depth + 1);
      const values: unknown[] = [];
      items(']', () => values.push(read(depth + 1)));
      return values;
    }
    const start = at;
    while (!/[\s,\]}]/.test(text[at] ?? ' ')) at += 1;
    return JSON.parse(text.slice(start, at));
  };

  return { value: read(0), duplicate, depth: deepest };
}
