import type { Command } from 'commander'
import { ParetoBanditError } from '../base/errors.js'

/** What the help says of flags that collect. */
const COLLECTS = '(repeatable)'

/**
 * Has every command refuse a flag with a value that is given twice, where it takes one: the last would hold, and of two files one would
 * be read without a word. Call it when all commands are there.
 */
export function refuseRepeated(command: Command): void {
  for (const option of command.options) {
    if (!(option.required || option.optional) || option.variadic || option.description.includes(COLLECTS))
      continue
    const name = option.long ?? option.flags
    let isGiven = false
    command.on(`option:${option.name()}`, () => {
      if (isGiven)
        throw new ParetoBanditError('INVALID_ARGUMENT', name, 'expected it once, it is given again')
      isGiven = true
    })
  }
  for (const each of command.commands) refuseRepeated(each)
}
