import { escapeHtml } from './escape.js'
import { STYLE } from './style.js'

/** How a page of results begins, up to its title. */
export function pageHead(title: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style></head>
<body>
<header>
<h1>${escapeHtml(title)}</h1>`
}
