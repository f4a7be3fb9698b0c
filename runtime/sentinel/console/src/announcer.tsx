// Tells a screen reader what came, in one sentence every few seconds: the table itself changes too often to be read.
import type { ReactNode } from 'react';
import { useEffect, useRef, useState } from 'react';
import type { DecisionRecord } from '#api/sentinel-api.ts';
import { keyOf } from './decision-list.ts';

const EVERY_MS = 5_000;

export function Announcer({ rows }: { readonly rows: readonly DecisionRecord[] }): ReactNode {
  const [sentence, setSentence] = useState('');
  const current = useRef(rows);
  useEffect(() => {
    current.current = rows;
  }, [rows]);
  useEffect(() => {
    let newest: string | undefined;
    const timer = setInterval(() => {
      const [first] = current.current;
      if (first === undefined) return;
      const since = current.current.findIndex((row) => keyOf(row) === newest);
      if (newest !== undefined && since > 0) setSentence(sentenceOf(current.current.slice(0, since)));
      newest = keyOf(first);
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <p className="hidden" aria-live="polite">
      {sentence}
    </p>
  );
}

function sentenceOf(rows: readonly DecisionRecord[]): string {
  const denied = rows.filter(({ decision }) => decision === 'deny').length;
  return `${rows.length} new ${rows.length === 1 ? 'decision' : 'decisions'}, ${denied} denied.`;
}
