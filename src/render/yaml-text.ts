// Plain data as YAML, for files that people review and machines read. A general YAML library builds a tree of nodes
// first, which takes most of the time of rendering thousands of servers; what we write needs none of what the tree is
// for: no comments, no anchors, no tags. Text that any reader, of YAML 1.1 or 1.2, could take for something else is
// quoted.

/** What readers of YAML 1.1 take for a boolean, a number or nothing. */
const WORDS = new Set(['y', 'n', 'yes', 'no', 'true', 'false', 'on', 'off', 'null', '.nan', '.inf']);
/** Starts with a letter, `/`, `_` or `.name`, so that it is no number, date, indicator or merge key. */
const PLAIN = /^(?:\.?[A-Za-z]|[/_])[\x20-\x7e]*$/;
/** A number to readers that ask for an exponent and for nothing before it. */
const EXPONENT = /^\.?e[-+]?\d+$/i;
/** Starts a value, starts a comment, or would be lost at the end of a line. */
const MEANING = /: | #|[: ]$/;
/** What JSON leaves as it is and YAML reads as a line break, or not at all. */
const UNREADABLE = /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g;

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function scalarText(text: string): string {
  const isPlain = PLAIN.test(text) && !MEANING.test(text) && !EXPONENT.test(text);
  if (isPlain && !WORDS.has(text.toLowerCase())) return text;
  return JSON.stringify(text).replace(UNREADABLE, escape);
}

function scalar(value: unknown): string {
  return typeof value === 'string' ? scalarText(value) : JSON.stringify(value);
}

/** The value after `key:` or `-`, with what has to be between; `indent` is that of the lines below. */
function member(value: unknown, indent: string, inList: boolean): string {
  if (typeof value !== 'object' || value === null) return ` ${scalar(value)}\n`;
  const lines = block(value, indent);
  if (lines === undefined) return Array.isArray(value) ? ' []\n' : ' {}\n';
  // The first line of an item stands beside its dash.
  return inList ? ` ${lines.slice(indent.length)}` : `\n${lines}`;
}

/** The lines of a list or an object; undefined where it is empty. */
function block(value: object, indent: string): string | undefined {
  const deeper = `${indent}  `;
  let lines = '';
  if (Array.isArray(value)) {
    for (const item of value) lines += `${indent}-${member(item, deeper, true)}`;
  } else {
    for (const [key, each] of Object.entries(value)) {
      if (each !== undefined) lines += `${indent}${scalarText(key)}:${member(each, deeper, false)}`;
    }
  }
  return lines === '' ? undefined : lines;
}

/** One YAML document of plain data: what JSON can say, in the order of its members. */
export function yamlText(value: object): string {
  return block(value, '') ?? (Array.isArray(value) ? '[]\n' : '{}\n');
}

/**
 * A text of several lines as people read it, after `key: `. It has to start with a letter, and its lines to end with
 * neither blanks nor anything that YAML does not print: for texts of ours, not for data.
 */
export function blockText(text: string, indent: string): string {
  const lines = text.replace(/\n$/, '').split('\n');
  return `|\n${lines.map((line) => (line === '' ? '' : `${indent}${line}`)).join('\n')}\n`;
}
