// Quantities by value: the server writes `1000m` as `1` and `1024Mi` as `1Gi`, and neither is a change.

interface Amount {
  readonly digits: bigint;
  readonly ten: number;
  readonly two: number;
}

const DECIMAL: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARY: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
/** Sign, whole part, fraction, and an exponent or a suffix. */
const FORM = /^([+-]?)(\d{0,40})(?:\.(\d{0,40}))?(?:[eE]([+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i)?)$/;

/** False where one of them is no quantity. A number is one too. */
export function equalQuantities(one: unknown, other: unknown): boolean {
  const a = amountOf(one);
  const b = amountOf(other);
  if (a === undefined || b === undefined) return false;
  const ten = Math.min(a.ten, b.ten);
  const two = Math.min(a.two, b.two);
  return scaled(a, ten, two) === scaled(b, ten, two);
}

function amountOf(value: unknown): Amount | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  const form = typeof text === 'string' ? FORM.exec(text) : null;
  if (form === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent, suffix = ''] = form;
  if (whole === '' && fraction === '') return undefined;
  const digits = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n);
  const ten = (exponent === undefined ? (DECIMAL[suffix] ?? 0) : Number(exponent)) - fraction.length;
  return { digits, ten, two: BINARY[suffix] ?? 0 };
}

function scaled({ digits, ten, two }: Amount, toTen: number, toTwo: number): bigint {
  return digits * 10n ** BigInt(ten - toTen) * 2n ** BigInt(two - toTwo);
}
