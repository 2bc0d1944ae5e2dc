import { describe, expect, it } from 'vitest'
import { filesUnder, read } from './imports.js'

/** Expressions that slow a new reader down, and what to write instead. */
const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [/\b(?<!")(?:anew|afresh)\b/i, 'again, from the start'],
  [
    /\b(?:is|are|was|were|be|been) none\b(?! (?:of|in the options)\b)/i,
    'is missing, is not one, null: no ...',
  ],
  [/\bso many\b/i, 'this many, a number of, N'],
  [/\btold of\b/i, 'gets, is called with, is reported'],
  [/\bof before\b(?!\))/i, 'earlier, older'],
  [/\bof late\b(?! (?:answers?|bills?|feedback|rewards?)\b)/i, 'recent, lately'],
  [
    /\b(?:nought|unheard|lest|whatsoever|hitherto|henceforth|thereof|whereof|wherein|whereby)\b/i,
    'plain words',
  ],
  [/\b(?:slates?|lotter(?:y|ies))\b/i, 'candidate costs, epsilon exploration'],
]

const TEXT = /\.(?:[cm]?[jt]sx?|md|html|css|cc|ya?ml)$/
const FOLDERS = ['assembly', 'bench', 'chaos', 'docs', 'examples', 'native', 'scripts', 'src', 'test', 'web']
const PAGES = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md']

/** Recorded logs keep the words that they were written with, and this file lists the forbidden ones. */
const APART = /^test\/(?:recorded\/v|golden\/|house\/words\.test\.ts)|\.generated\.ts$|\/node_modules\//

interface Hit {
  readonly line: number
  readonly said: string
  readonly better: string
}

/** Each pattern with its spaces read on over the end of a wrapped line of a comment or paragraph. */
const WRAPPED = FORBIDDEN.map(([pattern, better]) => {
  const source = pattern.source.replaceAll(' ', String.raw`(?: |\n[ \t]*(?:\* |// |- )?)`)
  return { pattern: new RegExp(source, 'gi'), better }
})

function hitsIn(text: string): Hit[] {
  return WRAPPED.flatMap(({ pattern, better }) =>
    [...text.matchAll(pattern)].map(({ 0: said, index }) => ({
      line: text.slice(0, index).split('\n').length,
      said: said.replace(/\s+(?:\* |\/\/ )?/g, ' '),
      better,
    })),
  )
}

describe('the words of docs, comments and messages', () => {
  const files = [...PAGES, ...FOLDERS.flatMap(filesUnder)].filter(
    (file) => TEXT.test(file) && !APART.test(file),
  )

  it('are plain English', () => {
    expect(files.length).toBeGreaterThan(500)
    const hits = files.flatMap((file) =>
      hitsIn(read(file)).map(({ line, said, better }) => `${file}:${line}: "${said}", better: ${better}`),
    )
    expect(hits).toEqual([])
  })

  it('are found by this test where they are not, in wrapped lines too', () => {
    const text =
      '/** Begins anew.\n * There was\n * none. */\n// Costs of\n// late, of late bills\nnone of them'
    expect(hitsIn(text).map(({ line, said }) => `${line} ${said}`)).toEqual([
      '1 anew',
      '2 was none',
      '4 of late',
    ])
    expect(hitsIn('is none of it, as many, bills of late bills, told off')).toEqual([])
  })
})
