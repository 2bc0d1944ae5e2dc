import { recordOf } from './compound-shapes.js'
import { textLike } from './scalar-shapes.js'
import type { Shape } from './shape.js'

const ALIASES_MAX = 10_000
/** A model's id, or blanks in it besides. */
const NAME = '^(?!auto(?::|$))[!-~](?:[ -~]{0,198}[!-~])?$'
const WHAT = "1 to 200 characters of ASCII, not 'auto' or 'auto:...',"

/** What clients may call models besides, and what each name means. */
export const aliases: Shape<Readonly<Record<string, string>>> = recordOf(
  NAME,
  WHAT,
  textLike('^[!-~]{1,200}$', "'auto', 'auto:GROUP' or the id of a model"),
  ALIASES_MAX,
)

/** Whether a name can be an alias. */
export function canBeAlias(name: string): boolean {
  return new RegExp(NAME, 'u').test(name)
}
