/** Behind what works again: how long it did not. */
export function goneFor(ms: number): string {
  return `, after ${(Math.max(0, ms) / 1000).toFixed(1)} s`
}
