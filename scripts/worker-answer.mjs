// Work that takes a core of its own: what one process says to one task.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Runs a worker in the root of the repository, with the task as JSON in its first argument.
 * @param file URL of its module
 * @param of what it works on, for the error
 * @returns its first message; rejected where it ends without one
 */
export function workerAnswer(file, task, of) {
  const child = fork(fileURLToPath(file), [JSON.stringify(task)], { cwd: root })
  return new Promise((done, fail) => {
    child.once('message', done)
    child.once('exit', (code) => fail(new Error(`the worker of ${of} ended with ${code}`)))
  })
}
