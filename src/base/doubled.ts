/** A pause that doubles each time, up to the longest there is. */
export function doubled(first: number, times: number, most: number): number {
  let pause = first
  for (let i = 0; i < times && pause < most; i++) pause *= 2
  return Math.min(pause, most)
}
