import { isRecord } from '../../../base/check.js'
import { type Json, objectOf, objectsOf, textOf } from '../../../base/json.js'
import { readTokens, type Tokens } from './tokens.js'

/** How an answer ended, in the words of the AI SDK. */
export type Finish = 'stop' | 'length' | 'content-filter' | 'tool-calls' | 'error' | 'other'

/** One piece of an answer that is whole. */
export type Block =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'reasoning'; readonly text: string; readonly metadata: Json | null }
  | {
      readonly kind: 'call'
      readonly id: string
      readonly name: string
      /** JSON. */
      readonly input: string
      readonly metadata: Json | null
    }

/** What one part of a stream says. `key` tells blocks that are under way apart. */
export type Piece =
  | { readonly kind: 'begin'; readonly key: string; readonly block: Block }
  | { readonly kind: 'more'; readonly key: string; readonly text: string }
  | { readonly kind: 'end'; readonly key: string; readonly metadata: Json | null }
  | {
      readonly kind: 'finish'
      readonly finish: Finish
      readonly rawFinish: string
      readonly tokens: Tokens | null
    }
  | { readonly kind: 'error'; readonly error: unknown }

export interface WholeAnswer {
  readonly blocks: readonly Block[]
  readonly finish: Finish
  readonly rawFinish: string
  readonly tokens: Tokens | null
}

/** What `doGenerate` gives; null: it is no answer. @param isCacheBeside as `readTokens` has it */
export function readWhole(result: unknown, isCacheBeside: boolean): WholeAnswer | null {
  if (!isRecord(result) || !Array.isArray(result.content)) return null
  const blocks = objectsOf(result.content).flatMap((part): Block[] => {
    const metadata = objectOf(part.providerMetadata)
    if (part.type === 'text') return [{ kind: 'text', text: textOf(part.text) }]
    if (part.type === 'reasoning') return [{ kind: 'reasoning', text: textOf(part.text), metadata }]
    return part.type === 'tool-call' && part.providerExecuted !== true ? [callOf(part)] : []
  })
  return {
    blocks,
    ...finishOf(result.finishReason),
    tokens: readTokens(result.usage, result.providerMetadata, isCacheBeside),
  }
}

function callOf(part: Json): Block {
  const input = typeof part.input === 'string' ? part.input : JSON.stringify(part.input ?? {})
  return {
    kind: 'call',
    id: textOf(part.toolCallId),
    name: textOf(part.toolName),
    input,
    metadata: objectOf(part.providerMetadata),
  }
}

const FINISHES: readonly Finish[] = ['stop', 'length', 'content-filter', 'tool-calls', 'error']

/** A word, or since v3 the word beside the provider's own. */
function finishOf(value: unknown): { readonly finish: Finish; readonly rawFinish: string } {
  const word = isRecord(value) ? value.unified : value
  return {
    finish: FINISHES.find((each) => each === word) ?? 'other',
    rawFinish: isRecord(value) ? textOf(value.raw) : '',
  }
}

/** Reads the parts of one stream. */
export class PartReader {
  private readonly open = new Set<string>()
  private readonly callsBegun = new Set<string>()

  /** @param isCacheBeside as `readTokens` has it */
  constructor(private readonly isCacheBeside: boolean) {}

  read(part: unknown): readonly Piece[] {
    if (!isRecord(part)) return []
    const { id, delta, providerExecuted } = part
    const metadata = objectOf(part.providerMetadata)
    switch (part.type) {
      case 'text-start':
        return this.begin(`text ${textOf(id)}`, { kind: 'text', text: '' })
      case 'text-delta':
        return this.more(`text ${textOf(id)}`, textOf(delta), { kind: 'text', text: '' })
      case 'text-end':
        return this.end(`text ${textOf(id)}`, metadata)
      case 'reasoning-start':
        return this.begin(`reasoning ${textOf(id)}`, { kind: 'reasoning', text: '', metadata })
      case 'reasoning-delta':
        return [
          ...this.more(`reasoning ${textOf(id)}`, textOf(delta), {
            kind: 'reasoning',
            text: '',
            metadata: null,
          }),
          // Signatures come with a delta of no text.
          ...(metadata === null ? [] : this.end(`reasoning ${textOf(id)}`, metadata)),
        ]
      case 'reasoning-end':
        return this.end(`reasoning ${textOf(id)}`, metadata)
      case 'tool-input-start':
        if (providerExecuted === true) return []
        this.callsBegun.add(textOf(id))
        return this.begin(`call ${textOf(id)}`, {
          kind: 'call',
          id: textOf(id),
          name: textOf(part.toolName),
          input: '',
          metadata,
        })
      case 'tool-input-delta':
        return this.open.has(`call ${textOf(id)}`)
          ? [{ kind: 'more', key: `call ${textOf(id)}`, text: textOf(delta) }]
          : []
      case 'tool-call':
        return providerExecuted === true ? [] : this.call(callOf(part), metadata)
      case 'finish':
        return [
          ...[...this.open].flatMap((key) => this.end(key, null)),
          {
            kind: 'finish',
            ...finishOf(part.finishReason),
            tokens: readTokens(part.usage, metadata, this.isCacheBeside),
          },
        ]
      case 'error':
        return [{ kind: 'error', error: part.error }]
      default:
        return []
    }
  }

  private begin(key: string, block: Block): Piece[] {
    if (this.open.has(key)) return []
    this.open.add(key)
    return [{ kind: 'begin', key, block }]
  }

  private more(key: string, text: string, block: Block): Piece[] {
    const begun = this.begin(key, block)
    return text === '' ? begun : [...begun, { kind: 'more', key, text }]
  }

  private end(key: string, metadata: Json | null): Piece[] {
    return this.open.delete(key) ? [{ kind: 'end', key, metadata }] : []
  }

  /** The call as a whole: it ends one that came in pieces, or is all there is of it. */
  private call(block: Block, metadata: Json | null): Piece[] {
    if (block.kind !== 'call') return []
    const key = `call ${block.id}`
    if (this.callsBegun.has(block.id)) return this.end(key, metadata)
    return [...this.more(key, block.input, { ...block, input: '' }), ...this.end(key, metadata)]
  }
}
