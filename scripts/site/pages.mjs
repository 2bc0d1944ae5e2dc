// The texts of a checkout as pages of the site.
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import MiniSearch from 'minisearch'
import { renderMarkdown } from './markdown.mjs'
import { themeOf } from './playground.mjs'
import { pageOf } from './template.mjs'

const here = fileURLToPath(new URL('../..', import.meta.url))
/** Pages besides those of docs/, where they are there. */
const OTHERS = ['README.md', 'examples/README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'test/README.md']

/**
 * Writes a page for every text, the files they link to, and the index of the search.
 * @returns a sentence for each link of a text that leads nowhere, and how many pages there are
 */
export async function buildPages(root, out) {
  const texts = await readTexts(root)
  const copies = new Set()
  const faults = []
  const pages = []
  for (const [source, text] of texts) {
    const address = addressOf(source)
    const linkTo = (to) => rewritten(to, source, address, texts, copies)
    pages.push({ source, address, ...renderMarkdown(text, linkTo) })
  }
  for (const file of copies) {
    const isThere = await stat(join(root, file)).then(
      (found) => found.isFile(),
      () => false,
    )
    // A file that is missing is found by the check of links too; here the text that names it is known.
    if (!isThere) faults.push(`${file}: a text links to it, and it is not there`)
    else await write(out, file, await readFile(join(root, file)))
  }
  const ordered = inOrder(pages)
  for (const page of ordered) await write(out, page.address, pageOf(page, ordered))
  await writeAssets(out, ordered)
  return { faults, count: ordered.length }
}

async function readTexts(root) {
  const docs = (await readdir(join(root, 'docs')).catch(() => []))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
  const texts = new Map()
  for (const source of [...OTHERS, ...docs]) {
    const text = await readFile(join(root, source), 'utf8').catch(() => null)
    if (text !== null) texts.set(source, text)
  }
  return texts
}

/** `README.md` of the checkout is the first page; the others keep their places. */
function addressOf(source) {
  return source === 'README.md' ? 'index.html' : source.replace(/\.md$/, '.html')
}

/** A link of a text as a link of its page; a file that it names is copied to the same place. */
function rewritten(to, source, address, texts, copies) {
  if (/^[a-z][a-z\d+.-]*:|^#/i.test(to)) return to
  const [path, anchor] = to.split('#')
  const target = posix.normalize(posix.join(posix.dirname(source), decodeURIComponent(path)))
  if (!texts.has(target) && !target.startsWith('..')) copies.add(target)
  const relative = posix.relative(posix.dirname(address), texts.has(target) ? addressOf(target) : target)
  return anchor === undefined ? relative : `${relative}#${anchor}`
}

/** The README, then the docs in the order of its list of them, the last thing in it, then the others. */
function inOrder(pages) {
  const [first] = pages
  const place = ({ source, address }) => {
    const at = first.html.lastIndexOf(`href="${address}`)
    return OTHERS.includes(source) ? Number.POSITIVE_INFINITY : at < 0 ? Number.MAX_SAFE_INTEGER : at
  }
  const rest = pages
    .slice(1)
    .sort((a, b) => (place(a) === place(b) ? 0 : place(a) - place(b)) || a.address.localeCompare(b.address))
  return [first, ...rest]
}

async function writeAssets(out, pages) {
  await build({
    absWorkingDir: here,
    entryPoints: ['web/site/site.ts', 'web/site/site.css'],
    outdir: out,
    bundle: true,
    // Classic scripts: browsers load no modules where a page was opened as a file.
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    logLevel: 'warning',
  })
  await write(out, 'theme.css', await themeOf())
  await copyFile(join(here, 'web/site/favicon.svg'), join(out, 'favicon.svg'))
  await write(out, 'search-index.js', `searchIndex = ${JSON.stringify(JSON.stringify(searchIndex(pages)))}\n`)
}

/** A document a section. */
function searchIndex(pages) {
  const index = new MiniSearch({
    fields: ['heading', 'title', 'text'],
    storeFields: ['heading', 'title', 'address'],
  })
  index.addAll(
    pages.flatMap(({ address, title, sections }) =>
      sections.map(({ anchor, heading, text }) => ({
        id: `${address}#${anchor}`,
        address: `${address}#${anchor}`,
        title,
        heading,
        text,
      })),
    ),
  )
  return index
}

async function write(out, file, content) {
  await mkdir(dirname(join(out, file)), { recursive: true })
  await writeFile(join(out, file), content)
}
