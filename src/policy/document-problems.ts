// What the shape of a document can't say: names that have to be unique, and settings that need each other. A document
// that contradicts itself is refused as a whole, because nobody can tell which half was meant.
import type { Problem } from '#api/result.ts';
import type { PolicyContent } from './document.ts';
import { subjectKey } from './subject-key.ts';

function repeated(path: string, keys: readonly string[]): readonly Problem[] {
  const seen = new Set<string>();
  return keys.flatMap((key, at) => {
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    return [{ path: `${path}[${at}]`, message: `'${key}' occurs twice` }];
  });
}

/** Everything that makes a well-shaped document unusable. */
export function documentProblems(document: PolicyContent): readonly Problem[] {
  const { auth, tools, subjects, sessions, deniedToAll } = document;
  const needs = (mode: string, path: string, value: string | undefined): readonly Problem[] =>
    auth.mode === mode && !value ? [{ path: `auth.${path}`, message: `is needed for mode ${mode}` }] : [];
  return [
    ...needs('oauth', 'issuerUrl', auth.issuerUrl),
    ...needs('mtls', 'trustDomain', auth.trustDomain),
    ...repeated(
      'tools',
      tools.map(({ name }) => name),
    ),
    ...repeated(
      'subjects',
      subjects.map(({ subject }) => subjectKey(subject)),
    ),
    ...subjects.flatMap(({ rules }, at) =>
      repeated(
        `subjects[${at}].rules`,
        rules.map(({ tool }) => tool),
      ),
    ),
    ...repeated(
      'deniedToAll',
      deniedToAll.map(({ tool }) => tool),
    ),
    ...repeated(
      'sessions',
      sessions.map(({ namespace, name }) => `${namespace}/${name}`),
    ),
  ];
}
