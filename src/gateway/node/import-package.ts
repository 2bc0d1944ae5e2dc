import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ImportPackage } from '../upstreams/ai-sdk/index.js'

/** Packages beside this one, then those of a folder: a server that was installed for all has its operator's in the latter. */
export function importFrom(folder: string): ImportPackage {
  return async (name) => {
    try {
      return await import(name)
    } catch (error) {
      const found = resolved(folder, name)
      if (found === null) throw error
      return import(pathToFileURL(found).href)
    }
  }
}

function resolved(folder: string, name: string): string | null {
  try {
    return createRequire(join(folder, 'package.json')).resolve(name)
  } catch {
    return null
  }
}
