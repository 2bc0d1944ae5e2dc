/** How LiteLLM's files name an environment variable; some are filled in by a shell before they are read. */
const REFERENCE = /^(?:os\.environ\/|\$)([A-Za-z_][A-Za-z0-9_]{0,99})$|^\$\{([A-Za-z_][A-Za-z0-9_]{0,99})\}$/
/** What people write where a server asks for no key. */
const NO_KEY =
  /^(|none|null|empty|dummy|fake|fake-key|no-key|not-needed|not-required|anything|unused|ollama|lm-studio)$/i

/** The environment variable that a text names, or null. */
export function referenceIn(value: unknown): string | null {
  if (typeof value !== 'string') return null
  const [, plain, braced] = REFERENCE.exec(value.trim()) ?? []
  return plain ?? braced ?? null
}

/** All variables that a file names, wherever they stand. */
export function referencesIn(value: unknown, seen = new Set<unknown>()): string[] {
  if (seen.has(value)) return []
  if (typeof value === 'object' && value !== null) {
    seen.add(value)
    return Object.values(value).flatMap((each) => referencesIn(each, seen))
  }
  return [referenceIn(value) ?? []].flat()
}

/** Names of environment variables in place of secrets: no secret of the old file stands in the new one. */
export class SecretNames {
  /** Of secrets that stood in the file, by where: they have to be put into the environment. */
  readonly moved: { readonly path: string; readonly name: string }[] = []
  private readonly taken: Set<string>
  private readonly names = new Map<string, string>()

  constructor(file: unknown) {
    this.taken = new Set(referencesIn(file))
  }

  /**
   * `$NAME` for a secret; null: no secret is sent.
   * @param wanted the variable that is read where the file has none; null: no secret is sent then
   */
  nameOf(value: unknown, path: string, wanted: string | null, fallback = 'UPSTREAM_API_KEY'): string | null {
    const reference = referenceIn(value)
    if (reference !== null) return `$${reference}`
    if (typeof value !== 'string' && typeof value !== 'number') return wanted === null ? null : `$${wanted}`
    const text = String(value)
    if (NO_KEY.test(text)) return null
    const name = this.names.get(text) ?? this.newName(wanted ?? fallback)
    if (!this.names.has(text)) this.moved.push({ path, name })
    this.names.set(text, name)
    return `$${name}`
  }

  /** Variables that are read though the file does not name them. */
  reserve(names: readonly string[]): void {
    for (const name of names) this.taken.add(name)
  }

  /** A variable that nobody reads yet. */
  newName(wanted: string): string {
    let name = wanted
    for (let i = 2; this.taken.has(name); i++) name = `${wanted}_${i}`
    this.taken.add(name)
    return name
  }
}
