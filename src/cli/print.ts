/** Control characters, C0 and C1, and what changes the direction or the lines of a text. */
const UNSEEN = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/**
 * A text of others (an id, a name) as it may stand in a line: what a terminal would act on is written as `\u001b`, so that
 * it can neither colour nor move nor reorder nor forge what stands around it.
 */
export function visible(text: string): string {
  return text.replace(UNSEEN, escaped)
}

/** The same for text of several lines; JSON stays the JSON that it was. */
export function printable(text: string): string {
  return text.replace(UNSEEN, (character) => (character === '\n' ? character : escaped(character)))
}

/** To standard output. */
export function print(text: string): void {
  process.stdout.write(printable(text))
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
