import { LatestMap } from '../../base/latest-map.js'

/** Of prompts that wait for other models, and of those that are complete, together at most. */
export interface OutcomeSetsMax {
  readonly prompts: number
  readonly characters: number
}

/** Some 500 MB. */
const MAX: OutcomeSetsMax = { prompts: 1_000_000, characters: 2 ** 28 }

/** An outcome of a model on a prompt. */
export interface PromptOutcome {
  readonly id: string
  readonly place: string
  readonly prompt: string
  readonly model: string
  readonly reward: number
  readonly costUsd: number
}

/**
 * Calls of the same prompt, brought together until every model has one. Where there is no room, the prompt that was complete first is
 * forgotten: another call of it begins a set of its own. Prompts that wait are never forgotten.
 */
export class OutcomeSets {
  private readonly waiting = new Map<string, PromptOutcome[]>()
  /** Another call of one comes too late. */
  private readonly complete = new LatestMap<string, true>()
  private readonly modelCount: number
  private readonly max: OutcomeSetsMax
  private characters = 0

  /** @param modelCount how many models make a set */
  constructor(modelCount: number, max: OutcomeSetsMax = MAX) {
    this.modelCount = modelCount
    this.max = max
  }

  /** @returns the set that is complete with this outcome, null while it waits, or why it cannot be taken */
  add(outcome: PromptOutcome): readonly PromptOutcome[] | null | 'same-prompt-again' | 'too-many-prompts' {
    const { prompt, model } = outcome
    if (this.complete.has(prompt)) return 'same-prompt-again'
    const set = this.waiting.get(prompt) ?? []
    if (set.some((other) => other.model === model)) return 'same-prompt-again'
    if (set.length === 0) {
      if (!this.makeRoom(prompt)) return 'too-many-prompts'
      this.characters += prompt.length
    }
    set.push(outcome)
    if (set.length < this.modelCount) {
      this.waiting.set(prompt, set)
      return null
    }
    this.waiting.delete(prompt)
    this.complete.set(prompt, true)
    return set
  }

  /** False: prompts that wait take all of it. */
  private makeRoom(prompt: string): boolean {
    const hasRoom = () =>
      this.waiting.size + this.complete.size < this.max.prompts &&
      this.characters + prompt.length <= this.max.characters
    for (const oldest of this.complete.keys()) {
      if (hasRoom()) return true
      this.complete.delete(oldest)
      this.characters -= oldest.length
    }
    return hasRoom()
  }

  /** The outcomes of prompts that not every model has. */
  *rest(): Generator<PromptOutcome> {
    for (const set of this.waiting.values()) yield* set
  }
}
