const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/** A text that must not be shown. Whatever prints, joins or serialises it gets the name of where it came from. */
export class Secret {
  readonly #value: string
  /** What stands in the config, such as `$OPENAI_API_KEY`. */
  readonly source: string

  constructor(value: string, source: string) {
    this.#value = value
    this.source = source
  }

  /** The text itself, for the one place that needs it. */
  reveal(): string {
    return this.#value
  }

  /** Where it came from, never what it is. */
  toString(): string {
    return this.source
  }

  /** The same. */
  toJSON(): string {
    return this.source
  }

  [INSPECT](): string {
    return `Secret(${this.source})`
  }
}
