import { isRecord } from '../../base/check.js'
import { reading } from '../../base/read-once.js'
import { must } from '../given.js'
import { sha256Hex } from '../keys/digest.js'
import type { GatewayConfig } from './config.js'
import { ConfigError } from './config-error.js'
import { type ConfigFile, configFile } from './config-shape.js'
import { type Place, type PlacedMistake, parseConfigText } from './config-text.js'
import { engineMistakes } from './engine-check.js'
import type { AdminConfig, KeyConfig } from './key-config.js'
import type { FileAdmin, FileKey } from './key-shapes.js'
import { keepText } from './key-texts.js'
import type { Mistake, Path } from './mistake.js'
import { referenceMistakes } from './references.js'
import { type Environment, type Reading, WRONG } from './shape.js'

interface Source {
  /** What mistakes call it: the path of the file. */
  readonly name: string
  /** What `$NAME` is taken from. Null: secrets are not looked up, and the config is good for checks alone. */
  readonly env: Environment | null
}

/**
 * The config of a text in YAML or JSON.
 * @throws ConfigError with every mistake, each with its path and place; INVALID_ARGUMENT for no text, or a wrong `source`
 */
export async function readConfigText(text: string, source: Source): Promise<GatewayConfig> {
  must(typeof text === 'string', 'text', 'a text')
  const from = reading('source', () => checkedSource(source))
  const { value, mistakes, placeOf } = parseConfigText(text)
  if (mistakes.length > 0) throw new ConfigError(from.name, mistakes)
  return read(value, from, placeOf)
}

/** The config of an object. @throws ConfigError with every mistake; INVALID_ARGUMENT for what cannot be read, or a wrong `source` */
export async function readConfig(
  value: unknown,
  source: Source = { name: 'config', env: {} },
): Promise<GatewayConfig> {
  const from = reading('source', () => checkedSource(source))
  return read(value, from, () => null)
}

/** @throws INVALID_ARGUMENT */
function checkedSource(source: Source): Source {
  must(isRecord(source), 'source', 'an object')
  const { name, env } = source
  must(typeof name === 'string', 'source.name', 'a text')
  must(env === null || isRecord(env), 'source.env', 'an object of texts, or null')
  return { name, env }
}

async function read(
  value: unknown,
  { name, env }: Source,
  placeOf: (path: Path) => Place | null,
): Promise<GatewayConfig> {
  if (reading('config', () => isOfLiteLlm(value))) {
    const path = ['model_list']
    const message = `a config of LiteLLM's proxy: 'paretobandit import-config' makes one of the gateway of it`
    throw new ConfigError(name, [{ path, message, place: placeOf(path) }])
  }
  const found: Reading = { env, mistakes: [] }
  const file = reading('config', () => configFile.read(value, [], found))
  const references = reading('config', () => referenceMistakes(value))
  const mistakes: Mistake[] = [...found.mistakes, ...references]
  if (file !== WRONG) {
    const [config, more] = await withHashes(file, env !== null)
    // The engine is asked about what is right by itself: it would repeat the rest in other words.
    mistakes.push(...more)
    if (mistakes.length === 0) mistakes.push(...(await engineMistakes(config)))
    if (mistakes.length === 0) return config
  }
  throw new ConfigError(
    name,
    inOrder(mistakes.map((mistake) => ({ ...mistake, place: placeOf(mistake.path) }))),
  )
}

/** One sentence in the place of a mistake for each of its parts. */
const isOfLiteLlm = (value: unknown): boolean =>
  isRecord(value) && Array.isArray(value.model_list) && value.models === undefined

function inOrder(mistakes: readonly PlacedMistake[]): PlacedMistake[] {
  const at = ({ place }: PlacedMistake) => (place === null ? 0 : place.line * 1e6 + place.column)
  return mistakes.toSorted((a, b) => at(a) - at(b))
}

/** Keys hashed: their texts are in no config from here on. */
async function withHashes(file: ConfigFile, areHashed: boolean): Promise<[GatewayConfig, Mistake[]]> {
  const { $schema: _, keys: fileKeys, admin: fileAdmin, ...others } = file
  const keys = await Promise.all(fileKeys.map(keyOf))
  const admin = await adminOf(fileAdmin)
  const config = Object.freeze({ ...others, keys, admin })
  if (!areHashed) return [config, []]
  const mistakes: Mistake[] = []
  const seen = new Map<string, number>()
  keys.forEach(({ sha256 }, i) => {
    const first = seen.get(sha256)
    if (first === undefined) seen.set(sha256, i)
    else mistakes.push({ path: ['keys', i], message: `is the same key as keys[${first}]` })
    if (sha256 === admin.sha256)
      mistakes.push({ path: ['keys', i], message: 'is the admin key: clients must not have it' })
  })
  return [config, mistakes]
}

async function keyOf({ value, sha256, ...rights }: FileKey): Promise<KeyConfig> {
  const key = Object.freeze({ ...rights, sha256: sha256 ?? (await sha256Hex(value?.reveal() ?? '')) })
  if (value !== undefined) keepText(key, value)
  return key
}

async function adminOf({ key, sha256 }: FileAdmin): Promise<AdminConfig> {
  if (sha256 !== undefined) return { sha256 }
  if (key === undefined) return { sha256: null }
  const admin = { sha256: await sha256Hex(key.reveal()) }
  keepText(admin, key)
  return admin
}
