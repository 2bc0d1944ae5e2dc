import { printable } from '../base/visible.js'

/** To standard output. */
export function print(text: string): void {
  process.stdout.write(printable(text))
}

/** To standard error. */
export function printError(text: string): void {
  process.stderr.write(printable(text))
}
