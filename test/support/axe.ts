import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'

interface AxeResult {
  readonly violations: readonly {
    readonly id: string
    readonly help: string
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
  }[]
}

const AXE = fileURLToPath(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url))

/** What axe-core finds wrong with a page, a line each. */
export async function axeProblems(page: Page): Promise<string[]> {
  // Past the page's own policy, which lets no foreign script in.
  await page.evaluate(await readFile(AXE, 'utf8'))
  // What passes is not described, which takes most of the time of a long page.
  const { violations }: AxeResult = await page.evaluate("axe.run({ resultTypes: ['violations'] })")
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary = '' }) => `${id}: ${help}: ${html.slice(0, 200)} ${failureSummary}`),
  )
}
