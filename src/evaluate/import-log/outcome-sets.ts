/** Prompts that wait for outcomes of other models, and their characters, at most: some 500 MB. */
const PROMPTS_MAX = 1_000_000
const CHARACTERS_MAX = 2 ** 28

/** An outcome of a model on a prompt. */
export interface PromptOutcome {
  readonly id: string
  readonly place: string
  readonly prompt: string
  readonly model: string
  readonly reward: number
  readonly costUsd: number
}

/** Calls of the same prompt, brought together until every model has one. */
export class OutcomeSets {
  private readonly waiting = new Map<string, PromptOutcome[]>()
  /** Prompts that are complete, for as long as there is room: another call of one comes too late. */
  private readonly complete = new Set<string>()
  private readonly modelCount: number
  private characters = 0

  /** @param modelCount how many models make a set */
  constructor(modelCount: number) {
    this.modelCount = modelCount
  }

  /** @returns the set that is complete with this outcome, null while it waits, or why it cannot be taken */
  add(outcome: PromptOutcome): readonly PromptOutcome[] | null | 'same-prompt-again' | 'too-many-prompts' {
    const { prompt, model } = outcome
    if (this.complete.has(prompt)) return 'same-prompt-again'
    const set = this.waiting.get(prompt) ?? []
    if (set.some((other) => other.model === model)) return 'same-prompt-again'
    if (set.length === 0) {
      const isFull =
        this.waiting.size + this.complete.size >= PROMPTS_MAX ||
        this.characters + prompt.length > CHARACTERS_MAX
      if (isFull) return 'too-many-prompts'
      this.characters += prompt.length
    }
    set.push(outcome)
    if (set.length < this.modelCount) {
      this.waiting.set(prompt, set)
      return null
    }
    this.waiting.delete(prompt)
    this.complete.add(prompt)
    return set
  }

  /** The outcomes of prompts that not every model has. */
  *rest(): Generator<PromptOutcome> {
    for (const set of this.waiting.values()) yield* set
  }
}
