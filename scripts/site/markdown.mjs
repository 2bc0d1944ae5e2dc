// Markdown as HTML that is safe: no HTML of the text gets through, comments are dropped, and links are asked for.
import GithubSlugger from 'github-slugger'
import MarkdownIt from 'markdown-it'

/**
 * @param text of a page
 * @param linkTo makes the address of a link or picture from the one in the text
 * @returns its HTML, its title (the first heading), and its sections: the anchor, heading and plain text of each
 */
export function renderMarkdown(text, linkTo) {
  const markdown = new MarkdownIt({ html: true, linkify: false })
  const { rules } = markdown.renderer
  const asText = (tokens, i) =>
    isComment(tokens[i].content) ? '' : markdown.utils.escapeHtml(tokens[i].content)
  rules.html_block = asText
  rules.html_inline = asText
  let tables = 0
  rules.table_open = () =>
    `<div class="scroll" tabindex="0" role="region" aria-label="Table ${++tables}">\n<table>\n`
  rules.table_close = () => '</table>\n</div>\n'
  rules.fence = (tokens, i) => codeBlock(markdown, tokens[i].content)
  rules.code_block = rules.fence
  const tokens = withoutEmptyHeads(markdown.parse(text, {}))
  const sections = nameHeadings(tokens)
  for (const token of tokens) changeToken(token, linkTo)
  const title = sections.find(({ level }) => level === 1)?.heading ?? ''
  return { html: markdown.renderer.render(tokens, markdown.options, {}), title, sections }
}

/** A head of a table that says nothing is left out; of one that says something, cells without a word are no headings. */
function withoutEmptyHeads(tokens) {
  const left = []
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i].type === 'thead_open') {
      const end = tokens.findIndex(({ type }, j) => j > i && type === 'thead_close')
      const isEmpty = tokens.slice(i, end).every(({ type, content }) => type !== 'inline' || content === '')
      if (isEmpty) {
        i = end
        continue
      }
    }
    if (tokens[i].type === 'th_open' && tokens[i + 1].content === '') {
      tokens[i].tag = 'td'
      tokens[i + 2].tag = 'td'
    }
    left.push(tokens[i])
  }
  return left
}

function isComment(html) {
  return /^\s*(<!--[\s\S]*?-->\s*)+$/.test(html)
}

/** Code scrolls by itself, so the keyboard has to reach it. */
function codeBlock(markdown, code) {
  return `<pre tabindex="0"><code>${markdown.utils.escapeHtml(code)}</code></pre>\n`
}

function changeToken(token, linkTo) {
  // The pages' rules allow no inline style.
  const style = token.attrGet('style')
  if (style !== null) {
    token.attrs = token.attrs.filter(([name]) => name !== 'style')
    if (/right/.test(style)) token.attrSet('class', 'number')
  }
  for (const [tag, attribute] of [
    ['a', 'href'],
    ['img', 'src'],
  ]) {
    const to = token.tag === tag ? token.attrGet(attribute) : null
    if (to !== null) token.attrSet(attribute, linkTo(to))
  }
  for (const child of token.children ?? []) changeToken(child, linkTo)
}

/** Gives every heading the anchor that GitHub gives it. @returns the sections that the headings begin */
function nameHeadings(tokens) {
  const slugger = new GithubSlugger()
  const sections = []
  for (const [i, token] of tokens.entries()) {
    if (token.type === 'heading_open') {
      const heading = plainText(tokens[i + 1])
      const anchor = slugger.slug(heading)
      token.attrSet('id', anchor)
      sections.push({ level: Number(token.tag.slice(1)), anchor, heading, text: '' })
    } else if (sections.length > 0 && tokens[i - 1]?.type !== 'heading_open') {
      const text =
        token.type === 'inline'
          ? plainText(token)
          : /^(fence|code_block)$/.test(token.type)
            ? token.content
            : ''
      if (text !== '') sections.at(-1).text += `${text} `
    }
  }
  return sections
}

function plainText(token) {
  return (token.children ?? [])
    .map(({ type, content }) =>
      type === 'softbreak' ? ' ' : /^(text|code_inline|image)$/.test(type) ? content : '',
    )
    .join('')
}
