import { readFileSync, writeFileSync } from 'node:fs'

/** Puts each body between its `begin:` and `end:` comments in a Markdown file. */
export function write(file, sections) {
  let text = readFileSync(file, 'utf8')
  for (const [name, body] of Object.entries(sections)) {
    const begin = `<!-- begin:${name} -->`
    const end = `<!-- end:${name} -->`
    const from = text.indexOf(begin)
    const to = text.indexOf(end)
    if (from < 0 || to < from) throw new Error(`${file} has no section ${name}`)
    text = `${text.slice(0, from + begin.length)}\n\n${body}\n\n${text.slice(to)}`
  }
  writeFileSync(file, text)
}
