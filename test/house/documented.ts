/** Lines of a declaration that begin no member: what closes one that takes several lines, and comments. */
const NO_MEMBER = /^ {4}(?:[})\]|&?*/ ]|\/\*)/
/** Members that nobody is to call, those that a class above has documented, and those that say themselves what they are. */
const SKIPPED =
  /^ {4}(?:private |protected |constructor\(|#|_|readonly \[|\[)|(?::|=) (?:["'][^"']*["']|\d+);$/

/**
 * Members of an interface or a class, and the function itself, that have no comment.
 * @param text of a .d.ts
 */
export function undocumented(text: string, name: string): string[] {
  const lines = text.split('\n')
  const found: string[] = []
  lines.forEach((line, i) => {
    const [, kind] =
      new RegExp(`^export (?:declare )?(?:abstract )?(interface|class|function) ${name}\\b`).exec(line) ?? []
    if (kind === undefined) return
    if (kind === 'function') {
      // Overloads share the comment of the first.
      if (!isCommented(lines, i) && !(lines[i - 1] ?? '').startsWith(line.replace(/[(<].*$/, '')))
        found.push(name)
      return
    }
    if (line.trimEnd().endsWith('}')) return
    let before = ''
    for (let at = i + 1; at < lines.length && lines[at] !== '}'; at++) {
      const member = lines[at]
      if (!/^ {4}\S/.test(member) || NO_MEMBER.test(member)) continue
      const own = memberName(member)
      // Overloads share the comment of the first.
      if (!SKIPPED.test(member) && own !== before && !isCommented(lines, at)) found.push(`${name}.${own}`)
      before = own
    }
  })
  return found
}

function isCommented(lines: readonly string[], at: number): boolean {
  return (lines[at - 1] ?? '').trimEnd().endsWith('*/')
}

function memberName(line: string): string {
  return line
    .trim()
    .replace(/^(?:readonly|get|set) /, '')
    .replace(/[?:;(<].*$/, '')
}
