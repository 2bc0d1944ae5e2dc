import { escapeHtml } from './escape.js'

/** The sentence at the top of a page, and what its words mean; no number is parted from its percent sign. */
export function verdictLines(sentence: string, note: string): string {
  const text = (value: string) => escapeHtml(value).replaceAll(' %', '&nbsp;%')
  return `<p class="verdict">${text(sentence)}</p>\n<p class="sub">${text(note)}</p>`
}
