/** What to say when a kernel that was asked for cannot run; in a chunk of its own, for it is seldom needed. */
export function unavailableMessage(name: string, cause: unknown, available: readonly string[]): string {
  const reason = cause instanceof Error ? cause.message.replace(/^kernel: /, '') : String(cause)
  const hint =
    name === 'native'
      ? '. Build it with npm run build:native, or npm explore paretobandit -- npm run build:native'
      : ''
  return `"${name}" cannot run here: ${reason}; available: ${available.join(', ')}${hint}`
}
