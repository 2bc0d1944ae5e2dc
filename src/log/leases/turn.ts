let turns = 0

/** Orders what happens to wallets and requests of this process: no clock can put it back. */
export function nextTurn(): number {
  return ++turns
}
