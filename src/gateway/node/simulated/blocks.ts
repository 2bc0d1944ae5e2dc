import type { Piece } from './answer.js'
import { addTokens, NO_TOKENS, type TokenUse } from './tokens.js'

/** Pieces that a protocol shows. What is generated unseen before one is generated with it. */
export interface Shown {
  readonly pieces: readonly Piece[]
  /** What is generated unseen after the last. */
  readonly rest: TokenUse
}

/** For protocols without sound; reasoning they have always, with its text or without. */
export function isShown({ kind }: Piece): boolean {
  return kind !== 'unseen' && kind !== 'audio'
}

export function shownOf(pieces: readonly Piece[], isShown: (piece: Piece) => boolean): Shown {
  const shown: Piece[] = []
  let unseen = NO_TOKENS
  for (const piece of pieces) {
    const tokens = addTokens(unseen, piece.tokens)
    if (isShown(piece)) shown.push({ ...piece, tokens })
    unseen = isShown(piece) ? NO_TOKENS : tokens
  }
  return { pieces: shown, rest: unseen }
}

/** Pieces that stand together in an answer: a text, the reasoning, the arguments of one call. */
export interface Block {
  readonly kind: Piece['kind']
  readonly call: number
  readonly pieces: readonly Piece[]
  readonly text: string
}

export function blocksOf(pieces: readonly Piece[]): Block[] {
  const groups: Piece[][] = []
  for (const piece of pieces) {
    const last = groups.at(-1)
    if (last !== undefined && last[0].kind === piece.kind && last[0].call === piece.call) last.push(piece)
    else groups.push([piece])
  }
  return groups.map((group) => ({
    kind: group[0].kind,
    call: group[0].call,
    pieces: group,
    text: group.map(({ text }) => text).join(''),
  }))
}
