import { readFile } from 'node:fs/promises'

/** The text of a file that is made when something is to be kept: empty before. @throws (the promise is rejected with) what names its `path` */
export async function keptText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if ('code' in error && error.code === 'ENOENT') return ''
    // Of a folder Node does not say it.
    throw Object.assign(error, { path })
  }
}
