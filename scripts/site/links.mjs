// Checks the links of a built site. By itself: node scripts/site/links.mjs FOLDER
import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join, posix, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Parser } from 'htmlparser2'

/** Attributes that load something with the page: none of them may lead elsewhere. */
const LOADED = {
  img: 'src',
  script: 'src',
  link: 'href',
  iframe: 'src',
  source: 'src',
  video: 'src',
  audio: 'src',
}

/**
 * @param folder of a built site
 * @returns a sentence for every link, anchor, picture, script or style sheet that leads nowhere, is not relative, or would be
 *   loaded from elsewhere
 */
export async function faultsOfLinks(folder) {
  const files = (await readdir(folder, { recursive: true })).map((file) => file.split(sep).join('/'))
  const pages = new Map()
  for (const file of files.filter((name) => name.endsWith('.html'))) {
    pages.set(file, readPage(await readFile(join(folder, file), 'utf8')))
  }
  const faults = []
  for (const [page, { links }] of pages) {
    for (const link of links) {
      const fault = await faultOf(folder, pages, page, link)
      if (fault !== null) faults.push(`${page}: ${fault}`)
    }
  }
  return faults
}

/** Ids and links of a page. */
function readPage(html) {
  const ids = new Set()
  const links = []
  const parser = new Parser({
    onopentag(name, attributes) {
      if (attributes.id !== undefined) ids.add(attributes.id)
      const loads = LOADED[name]
      if (loads !== undefined && attributes[loads] !== undefined)
        links.push({ to: attributes[loads], isLoaded: true })
      if (name === 'a' && attributes.href !== undefined) links.push({ to: attributes.href, isLoaded: false })
    },
  })
  parser.end(html)
  return { ids, links }
}

async function faultOf(folder, pages, page, { to, isLoaded }) {
  if (/^data:/.test(to)) return null
  if (/^[a-z][a-z\d+.-]*:|^\/\//i.test(to))
    return isLoaded ? `${to} is loaded from elsewhere` : faultOfAddress(to)
  if (to.startsWith('/')) return `${to} is not relative: the site may be served under any path`
  const [path, anchor] = to.split('#')
  const target =
    path === '' ? page : posix.normalize(posix.join(dirname(page), decodeURIComponent(path.split('?')[0])))
  if (target.startsWith('..')) return `${to} leads out of the site`
  const file = target.endsWith('/') ? `${target}index.html` : target
  const found = await stat(join(folder, file)).catch(() => null)
  if (found === null || !found.isFile()) return `${to} is not there`
  if (anchor === undefined || anchor === '') return null
  const ids = pages.get(file)?.ids
  return ids === undefined || ids.has(decodeURIComponent(anchor)) ? null : `${to} names no place on its page`
}

function faultOfAddress(to) {
  return /^(https?|mailto):/i.test(to) ? null : `${to} is no address that a page may link to`
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2]
  if (folder === undefined) {
    console.error('usage: node scripts/site/links.mjs FOLDER')
    process.exit(2)
  }
  const faults = await faultsOfLinks(folder)
  for (const fault of faults) console.error(fault)
  console.log(`${relative('.', folder) || '.'}: ${faults.length} links lead nowhere`)
  process.exitCode = faults.length === 0 ? 0 : 1
}
