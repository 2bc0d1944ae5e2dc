import type { Secret } from './secret.js'

/**
 * Texts of keys that a config has by `$NAME`. A config itself has their hashes alone; these are kept beside it, in nothing that is printed
 * or compared, so that they can be taken out of log lines.
 */
const TEXTS = new WeakMap<object, Secret>()

/** @param holder what the config has of the key */
export function keepText(holder: object, text: Secret): void {
  TEXTS.set(holder, text)
}

/** Undefined: the config has only its hash, or it is no key. */
export function keptText(holder: object): Secret | undefined {
  return TEXTS.get(holder)
}
