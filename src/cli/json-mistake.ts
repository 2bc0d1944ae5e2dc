import { JSONParser } from '@streamparser/json'

/**
 * Where a text stops being JSON, and nothing of what stands there: it may be another file than was meant, with secrets in it.
 * @param text that `JSON.parse` refuses
 */
export function jsonMistake(text: string): string {
  if (text.trim() === '') return 'expected JSON, got an empty text'
  // In bytes.
  let offset = 0
  const parser = new JSONParser({ paths: ['$'], keepStack: false })
  parser.onToken = (token) => {
    offset = token.offset
  }
  parser.onValue = () => {}
  try {
    parser.write(text)
    if (!parser.isEnded) parser.end()
    return 'expected JSON, got something else'
  } catch (error) {
    const why = error instanceof Error ? error.message : ''
    if (/ended in/.test(why)) return 'expected JSON, it ends too early'
    const [, at] = /absolute position "(\d+)"/.exec(why) ?? []
    const end = at === undefined ? offset : Number(at)
    const before = Buffer.from(text).toString('utf8', 0, end).split('\n')
    return `expected JSON, it is invalid from line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`
  }
}
