import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** The text of a file, which is compressed if it is called so. */
export function readText(file: string): string {
  const bytes = readFileSync(file)
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
}

export function readLines(file: string): string[] {
  return readText(file).trimEnd().split('\n')
}
