/**
 * Control characters, C0 and C1, what changes the direction or the lines of a text, and what takes no room in it, so that two ids
 * would look the same. The joiners stay where a script or a picture needs them: not at an end, nor beside a letter of
 * alphabets that have no use for them.
 */
const UNSEEN = new RegExp(
  [
    '[\\p{Cc}\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b\\u200e\\u200f\\u2028-\\u202e]',
    '[\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb\\u{e0000}-\\u{e0fff}]',
    '(?<=^|[\\p{ASCII}\\p{Script=Latin}\\p{Script=Greek}\\p{Script=Cyrillic}])[\\u200c\\u200d]',
    '[\\u200c\\u200d](?=[\\p{ASCII}\\p{Script=Latin}\\p{Script=Greek}\\p{Script=Cyrillic}\\u200c\\u200d]|$)',
  ].join('|'),
  'gu',
)

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
  return Array.from({ length: character.length }, (_, i) => {
    const unit = character.charCodeAt(i).toString(16).padStart(4, '0')
    return `\\u${unit}`
  }).join('')
}
