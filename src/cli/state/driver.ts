import type { Command } from 'commander'
import { SQLITE_DRIVER_CHOICES, type SqliteDriverChoice } from '../../store/sqlite/drivers/database.js'
import { wordFlag } from '../flags.js'

/** Whose SQLite the command that runs opens its log with: a process runs one. */
let choice: SqliteDriverChoice = 'auto'

export function sqliteDriver(): SqliteDriverChoice {
  return choice
}

/** Every command that opens a log can be told by which driver. */
export function addDriverFlags(program: Command): void {
  for (const command of program.commands) {
    const takesLog =
      command.options.some(({ long }) => long === '--state') ||
      command.registeredArguments.some((argument) => ['log', 'file'].includes(argument.name()))
    if (takesLog)
      command.option(
        '--driver <name>',
        `whose SQLite: ${SQLITE_DRIVER_CHOICES.join(', ')} (default: auto)`,
        wordFlag(SQLITE_DRIVER_CHOICES),
      )
  }
  program.hook('preAction', (_, command) => {
    choice = command.opts<{ driver?: SqliteDriverChoice }>().driver ?? 'auto'
  })
}
