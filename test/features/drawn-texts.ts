/** A number in [0, 1) each time, the same on every machine (Park and Miller). */
function drawer(): () => number {
  let state = 1
  return () => {
    state = (state * 48271) % 2147483647
    return state / 2147483647
  }
}

/** That many characters of an alphabet. */
export function drawn(alphabet: string, length: number): string {
  const draw = drawer()
  return Array.from({ length }, () => alphabet[Math.floor(draw() * alphabet.length)]).join('')
}

/** 400 characters from `first` to `last`, in words of a given length with a space behind each; `Infinity`: one word. */
export function drawnWords(first: number, last: number, wordLength: number): string {
  const draw = drawer()
  return Array.from({ length: 400 }, (_, i) => {
    const character = String.fromCodePoint(first + Math.floor(draw() * (last - first + 1)))
    return (i + 1) % wordLength === 0 ? `${character} ` : character
  }).join('')
}
