type CommandErrorCode = 'BAD_ARGUMENT' | 'FILE_UNREADABLE' | 'FILE_UNWRITABLE' | 'STATE_LOCKED'

/** A failure that the user of the command can mend, beyond those the library knows: files, locks, arguments. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly code: CommandErrorCode

  constructor(code: CommandErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
