/** Values of every kind, for where others expect one. */
export const KINDS: readonly unknown[] = [
  null,
  true,
  'x',
  '',
  '\ud800',
  -1,
  0,
  1.5,
  1e300,
  [],
  [7],
  [[]],
  [null],
  [{}],
  {},
  { a: 1 },
]

type At = readonly string[]

/** Every place in a value, itself first. */
export function* placesIn(value: unknown, at: At = []): Generator<At> {
  yield at
  if (typeof value === 'object' && value !== null)
    for (const [key, part] of Object.entries(value)) yield* placesIn(part, [...at, key])
}

/** The value with something else in that place. */
export function changed(value: unknown, [key, ...rest]: At, to: unknown): unknown {
  if (key === undefined) return to
  if (Array.isArray(value))
    return value.map((part: unknown, i) => (String(i) === key ? changed(part, rest, to) : part))
  const record = value as Readonly<Record<string, unknown>>
  return { ...record, [key]: changed(record[key], rest, to) }
}
