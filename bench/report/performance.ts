import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { BenchReport } from '../row.js'
import { figures } from './figures.js'
import { browserSection, replaceSection, rowsSection, targetsSection } from './markdown.js'

export interface PerformanceInput {
  readonly report: BenchReport
  /** Rows of the browser page; null leaves that section as it is. */
  readonly browser: BenchReport | null
  /** What scripts/ten-million.mjs printed; null leaves that section as it is. */
  readonly tenMillion: string | null
}

const PAGE = 'docs/PERFORMANCE.md'

/** Writes the marked parts of docs/PERFORMANCE.md, and its plots in docs/img. */
export function writePerformance(root: URL, { report, browser, tenMillion }: PerformanceInput): void {
  let text = readFileSync(new URL(PAGE, root), 'utf8')
  text = replaceSection(text, 'targets', targetsSection(report))
  text = replaceSection(text, 'rows', rowsSection(report))
  if (browser !== null) text = replaceSection(text, 'browser', browserSection(browser))
  if (tenMillion !== null) text = replaceSection(text, 'ten-million', fenced(tenMillion))
  writeFileSync(new URL(PAGE, root), text)
  mkdirSync(new URL('docs/img/', root), { recursive: true })
  for (const { file, svg } of figures(report.rows)) writeFileSync(new URL(`docs/img/${file}`, root), svg)
  console.log(`${PAGE} and its plots are written`)
}

function fenced(text: string): string {
  return `\`\`\`\n${text.trim()}\n\`\`\``
}
