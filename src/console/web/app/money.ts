/** Money is a whole number of micro-USD in a bigint. It is never a floating-point number. */
export type MicroUsd = bigint;

const MICROS = 1_000_000n;
const DECIMAL = /^(-?)(\d+)(?:\.(\d{1,6}))?$/;

/** Reads a decimal string in USD, as the API writes it; undefined for anything else. */
export function parseUsd(text: string): MicroUsd | undefined {
  const match = DECIMAL.exec(text.trim());
  if (!match) {
    return undefined;
  }
  const micros = BigInt(match[2]!) * MICROS + BigInt((match[3] ?? "").padEnd(6, "0"));
  return match[1] ? -micros : micros;
}

/** Reads an amount of the API. An absent amount is zero. */
export function usd(text: string | null | undefined): MicroUsd {
  if (text === null || text === undefined) {
    return 0n;
  }
  const micros = parseUsd(text);
  if (micros === undefined) {
    throw new Error(`${text} is not an amount in USD`);
  }
  return micros;
}

/** Writes an amount for people: all of its decimals, at least two, and commas at thousands. */
export function format(micros: MicroUsd): string {
  const absolute = micros < 0n ? -micros : micros;
  const whole = (absolute / MICROS).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  const fraction = (absolute % MICROS).toString().padStart(6, "0").replace(/0{1,4}$/, "");
  return `${micros < 0n ? "−" : ""}$${whole}.${fraction}`;
}

/** The share of an amount in a limit, in thousandths, from 0 to 1,000. */
export function thousandths(part: MicroUsd, limit: MicroUsd): number {
  if (limit <= 0n) {
    return part > 0n ? 1000 : 0;
  }
  const share = (part * 1000n) / limit;
  return share < 0n ? 0 : share > 1000n ? 1000 : Number(share);
}

export function sum(amounts: Iterable<MicroUsd>): MicroUsd {
  let total = 0n;
  for (const amount of amounts) {
    total += amount;
  }
  return total;
}
