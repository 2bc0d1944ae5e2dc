import type { Command } from 'commander'
import { ParetoBanditError } from '../base/errors.js'

/** What arguments are called that name a file, a log or a list. */
const PATHS = ['config', 'file', 'files', 'log', 'out', 'snapshot', 'source']

/**
 * Has every command refuse an empty path, as `--state "$UNSET"` gives one: to the file system it is the folder that one is in, and to
 * SQLite a database that is gone at once.
 */
export function refuseEmptyPaths(program: Command): void {
  program.hook('preAction', (_, command) => {
    for (const [i, argument] of command.registeredArguments.entries()) {
      if (PATHS.includes(argument.name())) refuse(command.processedArgs[i], argument.name())
    }
    for (const option of command.options) {
      if (option.flags.includes('<file>') || option.long === '--prices')
        refuse(command.getOptionValue(option.attributeName()), option.long ?? option.flags)
    }
  })
}

/** @throws INVALID_ARGUMENT */
function refuse(given: unknown, field: string): void {
  for (const path of [given].flat())
    if (path === '')
      throw new ParetoBanditError('INVALID_ARGUMENT', field, 'expected a path, got an empty text')
}
