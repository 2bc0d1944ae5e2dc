// The whole site: the playground and the pages, with its links checked.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { faultsOfLinks } from './links.mjs'
import { buildPages } from './pages.mjs'
import { buildPlayground } from './playground.mjs'

/**
 * @param root checkout whose texts are taken
 * @param out folder that is replaced
 * @returns a sentence for every link that leads nowhere, and how many pages there are
 */
export async function buildSite(root, out) {
  await rm(out, { recursive: true, force: true })
  await buildPlayground(join(out, 'playground'))
  const { faults, count } = await buildPages(root, out)
  return { faults: [...faults, ...(await faultsOfLinks(out))], count }
}
