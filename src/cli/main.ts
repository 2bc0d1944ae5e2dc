#!/usr/bin/env node
import { describeFailure } from './exit.js'
import { fileError } from './files.js'
import { printError } from './print.js'
import { runProgram } from './program.js'

// `paretobandit stats | head` closes the pipe early: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode)
  const { exitCode, text } = describeFailure(fileError(error, 'standard output', 'write'))
  printError(text)
  process.exit(exitCode)
})
// What cannot be told to anybody keeps no command from its work, nor from its exit code.
process.stderr.on('error', () => {})

try {
  await runProgram(process.argv.slice(2))
} catch (error) {
  const { exitCode, text } = describeFailure(error)
  process.exitCode = exitCode
  printError(text)
}
