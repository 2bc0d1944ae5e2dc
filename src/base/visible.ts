/**
 * Control characters (C0 and C1), what changes the direction or the lines of a text, and all that takes no room in it or looks like
 * a plain space, so that two ids would look the same: joiners and variation selectors too, also where an emoji or a script has use for them.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu

/**
 * A text of others (an id, a name) as it may stand in a line: what a terminal or a page would act on, or not show, is written as
 * `\u001b`, so that it can neither colour nor move nor reorder nor forge what stands around it.
 */
export function visible(text: string): string {
  return text.replace(UNSEEN, escaped)
}

/** The same for text of several lines; JSON stays the JSON that it was. */
export function printable(text: string): string {
  return text.replace(UNSEEN, (character) => (character === '\n' ? character : escaped(character)))
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, i) => {
    const unit = character.charCodeAt(i).toString(16).padStart(4, '0')
    return `\\u${unit}`
  }).join('')
}
