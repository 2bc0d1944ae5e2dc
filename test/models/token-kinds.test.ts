import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checkModelPrice, checkModelSpec } from '../../src/models/model.js'
import { dearestCostUsd, priceListOf, tokensCostUsd } from '../../src/models/price-list.js'
import { readTokenCounts, tokensByKind, unpricedTokens } from '../../src/models/token-counts.js'
import { TOKEN_KIND_ROWS, TOKEN_KINDS, tokenKindsOf } from '../../src/models/token-kinds.js'
import { USAGE_PROVIDERS, USAGE_SHAPES } from '../../src/models/usage/providers.js'
import { normaliseUsage, USAGE_FLAGS } from '../../src/models/usage/usage.js'
import { expectCode } from '../support/errors.js'

const DOC = readFileSync(new URL('../../docs/TOKENS.md', import.meta.url), 'utf8')

describe('a new kind of tokens', () => {
  const VIDEO = tokenKindsOf([
    ...TOKEN_KIND_ROWS,
    {
      name: 'videoInput',
      side: 'input',
      chargedAs: 'dearest',
      label: 'video in',
      what: 'of video that was sent',
      modality: 'video',
    },
  ])
  const TWO = { inputUsdPerMTok: 1, outputUsdPerMTok: 2 }
  const priced = { ...TWO, videoInputUsdPerMTok: 5 }
  const listOf = (price: object) => priceListOf(checkModelPrice(price, 'price', VIDEO), VIDEO)

  it('is one row: it has a price, checked and spelt', () => {
    expect(checkModelSpec({ id: 'm', ...priced }, 'model', VIDEO)).toMatchObject(priced)
    expectCode(
      () => checkModelPrice({ ...TWO, videoInputUsdPerMTok: -1 }, 'price', VIDEO),
      'INVALID_ARGUMENT',
    )
    const { message } = expectCode(
      () => checkModelPrice({ ...TWO, videoInputUsdPerMtok: 1 }, 'price', VIDEO),
      'UNKNOWN_OPTION',
    )
    expect(message).toContain("'videoInputUsdPerMTok'")
    expectCode(() => checkModelPrice(priced, 'price'), 'UNKNOWN_OPTION')
  })

  it('is settled, charged, kept in the event, and reported where it has no price', () => {
    const counts = readTokenCounts({ inputTokens: 100, outputTokens: 0, videoInputTokens: 60 }, 's', VIDEO)
    if (counts === null) throw new Error('no counts')
    expect(tokensCostUsd(listOf(priced), counts)).toBe((40 * 1 + 60 * 5) / 1e6)
    expect(dearestCostUsd(listOf(priced), 100, 0)).toBe((100 * 5) / 1e6)
    expect(tokensByKind(counts, VIDEO)).toEqual({ input: 40, videoInput: 60 })
    expect(unpricedTokens(listOf(priced), tokensByKind(counts, VIDEO))).toBe(0)
    expect(unpricedTokens(listOf(TWO), tokensByKind(counts, VIDEO))).toBe(60)
    expectCode(
      () => readTokenCounts({ inputTokens: 1, outputTokens: 0, videoInputTokens: 2 }, 's', VIDEO),
      'INVALID_ARGUMENT',
      's.videoInputTokens',
    )
  })

  it('is read from usages that list tokens by what they encode', () => {
    const gemini = {
      promptTokenCount: 100,
      candidatesTokenCount: 5,
      promptTokensDetails: [
        { modality: 'TEXT', tokenCount: 40 },
        { modality: 'VIDEO', tokenCount: 60 },
      ],
    }
    const openRouter = {
      prompt_tokens: 100,
      completion_tokens: 5,
      prompt_tokens_details: { video_tokens: 60 },
    }
    const tokens = { input: 100, output: 5, videoInput: 60 }
    expect(normaliseUsage(gemini, 'usage', VIDEO).tokens).toEqual(tokens)
    expect(normaliseUsage(openRouter, 'usage', VIDEO).tokens).toEqual(tokens)
    expect(normaliseUsage(gemini, 'usage').tokens).toEqual({ input: 100, output: 5 })
  })
})

describe('the table of kinds', () => {
  it('has each name once, the whole of a side before its parts', () => {
    const names = TOKEN_KINDS.kinds.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const { index, whole } of TOKEN_KINDS.kinds) expect(whole).toBeLessThanOrEqual(index)
  })

  it('keeps the order of the four prices that old events have', () => {
    expect(TOKEN_KINDS.priceNames.slice(0, 4)).toEqual([
      'inputUsdPerMTok',
      'outputUsdPerMTok',
      'cachedInputUsdPerMTok',
      'reasoningUsdPerMTok',
    ])
  })

  it('is in docs/TOKENS.md, a line each', () => {
    for (const { countName, priceName } of TOKEN_KINDS.kinds) {
      expect(DOC).toMatch(new RegExp(`^\\| \`${countName}\` \\| \`${priceName}\` \\|`, 'm'))
    }
  })
})

describe('the table of usages', () => {
  it('is in docs/TOKENS.md, a line for each field, with its kind and what it is of its side', () => {
    for (const provider of USAGE_PROVIDERS) {
      const { fields, modalities, total } = USAGE_SHAPES[provider]
      for (const { paths, kind, counted } of fields) {
        const names = paths.map((path) => `\`${path}\``).join(', ')
        expect(DOC).toContain(`| ${provider} | ${names} | \`${kind}\` | ${counted} |`)
      }
      for (const { paths, cachedPaths, side } of modalities) {
        const names = paths.map((path) => `\`${path}\``).join(', ')
        expect(DOC).toContain(`| ${provider} | ${names} | by modality, ${side} | within |`)
        for (const path of cachedPaths) expect(DOC).toContain(`\`${path}\``)
      }
      if (total !== null) expect(DOC).toContain(`| ${provider} | \`${total}\` | all | total |`)
    }
  })

  it('has its flags in docs/TOKENS.md', () => {
    for (const flag of USAGE_FLAGS) expect(DOC).toContain(`| \`${flag}\` |`)
  })

  it('names kinds of the table', () => {
    const known: readonly string[] = TOKEN_KINDS.kinds.map(({ name }) => name)
    for (const { fields } of Object.values(USAGE_SHAPES)) {
      for (const { kind } of fields) expect(known).toContain(kind)
    }
  })
})
