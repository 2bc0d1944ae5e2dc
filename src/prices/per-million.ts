/** Texts of strangers come here: there is one way to read digits, so a long text takes no longer than its length. */
const DECIMAL = /^(\d+(?:\.\d*)?|\.\d+)(?:e([+-]?\d{1,4}))?$/i

/** Whether a text is a decimal number without a sign. */
export function isDecimal(text: string): boolean {
  return DECIMAL.test(text)
}

/**
 * USD per million tokens of a decimal number of USD per token. The point is moved and nothing multiplied: 2.5e-7 gives the double
 * of 0.25, the same as where a list has 0.25.
 */
export function perMillion(decimal: string): number {
  const [, digits, exponent = '0'] = DECIMAL.exec(decimal) ?? []
  return Number(`${digits}e${Number(exponent) + 6}`)
}
