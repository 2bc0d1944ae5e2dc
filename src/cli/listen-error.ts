import { CommandError } from './command-error.js'
import { isErrno } from './files.js'

const SYSCALLS: readonly (string | undefined)[] = ['listen', 'bind', 'getaddrinfo']

/**
 * A port that is taken or not permitted, or an address that is not of this machine, in the user's words; anything else goes on as it is.
 * @param place where it was said
 */
export function listenError(error: unknown, place: string, advice = ''): unknown {
  if (!isErrno(error) || !SYSCALLS.includes(error.syscall)) return error
  return new CommandError('BAD_ARGUMENT', `${place}: ${error.message}${advice}`, { cause: error })
}
