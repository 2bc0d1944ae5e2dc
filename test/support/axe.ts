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

/** Roles of what is used or looked at by its name. */
const NAMED = new Set(
  'button checkbox combobox image link radio searchbox slider spinbutton switch textbox'.split(' '),
)

/** What has no name for a screen reader, by the browser's own tree: a label may belong to another element than the one it seems to. */
export async function unnamedControls(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page)
  const { nodes } = await session.send('Accessibility.getFullAXTree')
  await session.detach()
  const named = nodes.filter(({ ignored, role }) => !ignored && NAMED.has(String(role?.value)))
  if (named.length === 0) throw new Error('expected controls in the tree of the page')
  return named.filter(({ name }) => !name?.value).map(({ role }) => String(role?.value))
}

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
