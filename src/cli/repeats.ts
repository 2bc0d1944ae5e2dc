import type { OutcomeRow } from '../replay/dataset.js'

/** Share of rows that come again from which on it is said: a greeting now and then is what users write. */
const SHARE_MIN = 0.01

/**
 * Says where rows that are measured have prompts that are learned from as well: what such a run tells of them is better than what new
 * prompts would get. It goes on: users do ask again.
 * @param data the file of the rows. @param train that of rows to learn from; null: some of `rows` are
 * @returns a line; empty where there is nothing to say
 */
export function repeatsText(
  data: string,
  rows: readonly OutcomeRow[],
  train: { readonly file: string; readonly rows: readonly OutcomeRow[] } | null,
): string {
  const known = new Set(train?.rows.map(keyOf))
  let count = 0
  for (const row of rows) {
    const key = keyOf(row)
    if (known.has(key)) count++
    else if (train === null) known.add(key)
  }
  if (count < SHARE_MIN * rows.length || count === 0) return ''
  const where = train === null ? 'came before' : `is in ${train.file} too`
  return `${data}: ${count} of ${rows.length} rows have a prompt that ${where}: what is measured on them has been learned from, so new prompts would fare worse.\n`
}

/** The prompt; of rows without one the features. */
function keyOf({ prompt, features, id }: OutcomeRow): string {
  if (prompt !== '') return `p${prompt}`
  return features === null ? `i${id}` : `f${features.join()}`
}
