// The frame of a page: its head, the list of pages, the search, and the text.
import { posix } from 'node:path'

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'none'; base-uri 'none'; form-action 'none'"

/** @param page with address, title, html and sections @param pages all of them, in the order of the list */
export function pageOf(page, pages) {
  const to = (address) => escapeHtml(posix.relative(posix.dirname(page.address), address))
  const isFirst = page === pages[0]
  const title = isFirst ? page.title : `${page.title} · ${pages[0].title}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="${to('favicon.svg')}">
<link rel="stylesheet" href="${to('theme.css')}">
<link rel="stylesheet" href="${to('site.css')}">
<script defer src="${to('site.js')}"></script>
</head>
<body data-root="${escapeHtml(posix.relative(posix.dirname(page.address), '') || '.')}">
<a class="skip" href="#text">To the text</a>
<header>
<a class="home" href="${to('index.html')}">${escapeHtml(pages[0].title)}</a>
<a class="play" href="${to('playground/index.html')}">Playground</a>
<search hidden>
<label>Search <input type="search" id="search" autocomplete="off" spellcheck="false"></label>
<div id="found" role="status"></div>
</search>
</header>
<div class="columns">
<nav aria-label="Pages">
<details open>
<summary>Pages</summary>
<ul>
${pages.map((each) => entryOf(each, each === page, to)).join('\n')}
</ul>
</details>
</nav>
<main id="text" tabindex="-1">
${isFirst ? bannerOf(to) : ''}${page.html}</main>
</div>
</body>
</html>
`
}

/** A page of the list; the one that is shown has its sections below it. */
function entryOf(page, isShown, to) {
  const parts = isShown ? page.sections.filter(({ level }) => level === 2) : []
  const list = parts.map(
    ({ anchor, heading }) => `<li><a href="#${escapeHtml(anchor)}">${escapeHtml(heading)}</a></li>`,
  )
  const current = isShown ? ' aria-current="page"' : ''
  return `<li><a href="${to(page.address)}"${current}>${escapeHtml(page.title)}</a>${list.length === 0 ? '' : `<ul>${list.join('')}</ul>`}</li>`
}

function bannerOf(to) {
  return `<p class="banner"><a href="${to('playground/index.html')}">Open the playground</a> The router at work in your browser: move the budget, drop a price, break a model. Nothing to install.</p>
`
}

function escapeHtml(text) {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character])
}
