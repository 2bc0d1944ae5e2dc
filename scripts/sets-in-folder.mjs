import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Names of the sets of recorded outcomes in a folder, sorted: each is two files, NAME.jsonl and NAME.models.json (docs/DATASETS.md). */
export function setsInFolder(folder) {
  return readdirSync(folder)
    .filter(
      (file) => file.endsWith('.jsonl') && existsSync(join(folder, file.replace(/jsonl$/, 'models.json'))),
    )
    .map((file) => file.replace(/\.jsonl$/, ''))
    .sort()
}
