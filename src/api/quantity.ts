// Quantities in the one form that Kubernetes writes them in, so that what we render equals what is stored: `0.5` is
// `500m`, `1024Mi` is `1Gi`.

const DECIMAL: Readonly<Record<string, number>> = { m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
/** The finest unit there is; whatever is finer is rounded up. */
const NANO = -9;
const DECIMAL_SUFFIXES = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];

function roundedUp(value: bigint, divisor: bigint): bigint {
  return (value + divisor - 1n) / divisor;
}

/** The value with the largest suffix that needs no fraction. */
function withSuffix(value: bigint, step: bigint, suffixes: readonly string[]): string {
  const [suffix = '', ...larger] = suffixes;
  if (value === 0n) return '0';
  return larger.length > 0 && value % step === 0n
    ? withSuffix(value / step, step, larger)
    : `${value.toString()}${suffix}`;
}

/**
 * The canonical form of a quantity.
 * @param text what the `quantity` schema accepts; anything else is returned as it is, for the API server to judge
 */
export function canonicalQuantity(text: string): string {
  const [, whole, fraction = '', suffix = ''] = /^([0-9]+)(?:\.([0-9]+))?([A-Za-z]*)$/.exec(text) ?? [];
  if (whole === undefined) return text;
  const digits = BigInt(`${whole}${fraction}`);
  const scale = 10n ** BigInt(fraction.length);
  const binary = BINARY.indexOf(suffix);
  if (binary > 0) {
    const bytes = roundedUp(digits * 1024n ** BigInt(binary), scale);
    if (bytes >= 1024n) return withSuffix(bytes, 1024n, BINARY);
    return withSuffix(bytes, 1000n, DECIMAL_SUFFIXES.slice(3));
  }
  const exponent = DECIMAL[suffix];
  if (exponent === undefined) return text;
  const nanos = roundedUp(digits * 10n ** BigInt(exponent - NANO), scale);
  return withSuffix(nanos, 1000n, DECIMAL_SUFFIXES);
}
