import { checkString } from '../../base/check.js'
import { ParetoBanditError } from '../../base/errors.js'

/**
 * The path of a log. What SQLite takes for something else than a path, and an invalid path, is refused.
 * @throws INVALID_ARGUMENT
 */
export function checkFile(value: unknown): string {
  const file = checkString(value, 'file')
  const message = whyNoFile(file)
  if (message === null) return file
  throw new ParetoBanditError('INVALID_ARGUMENT', 'file', message)
}

function whyNoFile(file: string): string | null {
  if (file.includes('\0')) return 'expected the path of a file, got one with a U+0000 in it'
  if (/^:.*:$/.test(file))
    return `expected the path of a file, got ${file}: a log in memory is memoryStore() of paretobandit/store/memory; a file of that name is ./${file}`
  if (file.startsWith('file:'))
    return `expected the path of a file, got the URL ${file}: give it by fileURLToPath`
  return null
}
