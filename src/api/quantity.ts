// Resource quantities as numbers, to add and compare them. What the API server stores is always the text.

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The number that a quantity means, in thousandths so that `50m` is a whole one; undefined where it is none. */
export function milliOf(quantity: string | number): number | undefined {
  const [, number, unit = ''] = /^([0-9]+(?:\.[0-9]+)?)([A-Za-z]{0,2})$/.exec(String(quantity)) ?? [];
  const factor = UNITS[unit];
  return number === undefined || factor === undefined
    ? undefined
    : Math.round(Number(number) * factor * 1000);
}

/** Thousandths as a person reads them: `350m` and `2` of processors, `640Mi` of memory, rounded up. */
export function quantityText(milli: number, what: 'cpu' | 'memory' | 'count'): string {
  if (what === 'memory') return `${Math.ceil(milli / 1000 / 2 ** 20)}Mi`;
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`;
}
