import { checkRecord, checkString } from '../../base/check.js'
import { expected } from '../../base/errors.js'
import { readRecordOnce } from '../../base/read-once.js'
import type { ThumbLinks } from './links.js'

/**
 * The script of a page that shows thumbs: it puts two buttons into every element that has `data-thumb-up` and `data-thumb-down`, links
 * of `thumbLinks`, and posts the one that is pressed. It is always the same text, makes no style and evaluates nothing, so a content
 * security policy may allow it by its address, a nonce or its hash; it needs `connect-src` of the links' host. Run again, it sees to
 * elements that have come since.
 */
export const THUMBS_SCRIPT =
  "for(const e of document.querySelectorAll('[data-thumb-up]')){const{thumbUp:u,thumbDown:d}=e.dataset;delete e.dataset.thumbUp;" +
  "e.setAttribute('aria-live','polite');e.append(...[[u,'\\u{1F44D}','Good answer'],[d,'\\u{1F44E}','Bad answer']].map(([l,t,n])=>{" +
  "const b=document.createElement('button');b.type='button';b.textContent=t;b.ariaLabel=b.title=n;b.onclick=()=>{" +
  'const s=x=>{for(const o of e.children)o.disabled=x};s(true);' +
  "fetch(l,{method:'POST',mode:'no-cors',credentials:'omit',keepalive:true}).then(()=>{e.textContent='Thank you.'},()=>s(false))};" +
  'return b}))}'

/** How a page gets the script. */
export interface ThumbsOptions {
  /** Where the script is: `/f/thumbs.js` of a gateway. Default: it stands in the page. */
  readonly src?: string | undefined
  /** Of the page's content security policy, for a script that stands in the page. */
  readonly nonce?: string | undefined
}

/**
 * HTML that shows two thumbs for an answer and posts the one that is pressed. Its text is escaped, wherever the links come from.
 * @param links of `thumbLinks`, or of the gateway's `GET /v1/decisions/:id`: addresses of http or https, or paths
 * @throws INVALID_ARGUMENT
 */
export function thumbsHtml(links: ThumbLinks, options: ThumbsOptions = {}): string {
  const { up, down } = readRecordOnce(checkRecord(links, 'links'), 'links')
  const { src, nonce } = readRecordOnce(checkRecord(options, 'options'), 'options')
  const span = `<span data-thumb-up="${address(up, 'links.up')}" data-thumb-down="${address(down, 'links.down')}"></span>`
  if (src !== undefined) return `${span}<script src="${address(src, 'src')}" defer></script>`
  const attribute = nonce === undefined ? '' : ` nonce="${escaped(checkString(nonce, 'nonce'))}"`
  return `${span}<script${attribute}>${THUMBS_SCRIPT}</script>`
}

function address(value: unknown, field: string): string {
  const text = checkString(value, field)
  if (!/^(https?:\/\/|\/(?!\/))/.test(text) || !URL.canParse(text, 'https://host'))
    throw expected('INVALID_ARGUMENT', field, 'an address of http or https, or a path', value)
  return escaped(text)
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
}
