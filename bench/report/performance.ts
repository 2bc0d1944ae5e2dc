import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
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
  const size = measureSize(root)
  let text = readFileSync(new URL(PAGE, root), 'utf8')
  text = replaceSection(text, 'targets', targetsSection(report, size.coreBytes))
  text = replaceSection(text, 'rows', rowsSection(report))
  text = replaceSection(text, 'size', fenced(size.printed))
  if (browser !== null) text = replaceSection(text, 'browser', browserSection(browser))
  if (tenMillion !== null) text = replaceSection(text, 'ten-million', fenced(tenMillion))
  writeFileSync(new URL(PAGE, root), text)
  mkdirSync(new URL('docs/img/', root), { recursive: true })
  for (const { file, svg } of figures(report.rows)) writeFileSync(new URL(`docs/img/${file}`, root), svg)
  console.log(`${PAGE} and its plots are written`)
}

/** What `npm run size` prints of the core and the encoder, and the bytes of the core. */
function measureSize(root: URL): { readonly printed: string; readonly coreBytes: number | null } {
  const script = fileURLToPath(new URL('scripts/size.mjs', root))
  const { stdout } = spawnSync(process.execPath, [script], { encoding: 'utf8' })
  const [printed] = stdout.split('\n\n')
  const bytes = printed.match(/^core .*\((\d+) bytes\)/m)?.[1]
  return { printed, coreBytes: bytes === undefined ? null : Number(bytes) }
}

function fenced(text: string): string {
  return `\`\`\`\n${text.trim()}\n\`\`\``
}
