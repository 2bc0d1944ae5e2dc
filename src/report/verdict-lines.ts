import { escapeHtml } from './escape.js'

/** HTML of the sentence at the top of a page and of what its words mean; no line breaks between a number and its percent sign. */
export function verdictLines(sentence: string, note: string): string {
  const text = (value: string) => escapeHtml(value).replaceAll(' %', '&nbsp;%')
  return `<p class="verdict">${text(sentence)}</p>\n<p class="sub">${text(note)}</p>`
}
