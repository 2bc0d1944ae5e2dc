import { CommanderError } from 'commander'
import { ParetoBanditError } from '../base/errors.js'
import { plural } from '../base/format.js'
import { printable, visible } from '../base/visible.js'
import { ConfigError } from '../gateway/config/config-error.js'
import { CommandError } from './command-error.js'

/** What a command ends with. 1 is also the verdict of a conformance run that found a deviation. */
const EXIT_OK = 0
export const EXIT_FAILED = 1
const EXIT_BAD_INPUT = 2

/**
 * Turns what a command threw into its exit code and its words: one line for what the user can mend, the stack for a
 * bug of ours, nothing after `--help` and `--version`.
 */
export function describeFailure(error: unknown): { readonly exitCode: number; readonly text: string } {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return { exitCode: EXIT_OK, text: '' }
    const message =
      error.code === 'commander.help' ? "error: expected a command; see 'paretobandit --help'" : error.message
    return { exitCode: EXIT_BAD_INPUT, text: oneLine(message.replace(/^error: /, '')) }
  }
  if (error instanceof ParetoBanditError || error instanceof CommandError) {
    return { exitCode: EXIT_BAD_INPUT, text: oneLine(error.message) }
  }
  // A config is mended in one go: a line for each mistake, as editors and terminals follow them.
  if (error instanceof ConfigError) {
    const { mistakes, source, message } = error
    return {
      exitCode: EXIT_BAD_INPUT,
      text: `${printable(message)}\n${oneLine(`${source}: ${plural(mistakes.length, 'mistake')}`)}`,
    }
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { exitCode: EXIT_FAILED, text: printable(`paretobandit: a bug, please report it:\n${stack}\n`) }
}

/** Messages may quote a file or a prompt: control characters, line ends among them, become spaces. */
function oneLine(message: string): string {
  return `paretobandit: ${visible(message.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim())}\n`
}
