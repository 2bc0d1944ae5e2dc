import type { Json } from './format.js'

/**
 * Where a value is not what was recorded, a line each: `models[2].spendUsd: recorded 1, got 2`. A later release may tell
 * more than was recorded: fields that only it has are no difference; lists have the same length.
 */
export function differences(recorded: Json, found: Json | undefined, path = ''): string[] {
  if (Array.isArray(recorded)) {
    if (!Array.isArray(found)) return [line(path, recorded, found)]
    const missing =
      recorded.length === found.length ? [] : [line(`${path}.length`, recorded.length, found.length)]
    const shared = recorded.slice(0, found.length)
    return [...missing, ...shared.flatMap((each, i) => differences(each, found[i], `${path}[${i}]`))]
  }
  if (isObject(recorded)) {
    if (!isObject(found)) return [line(path, recorded, found)]
    return Object.entries(recorded).flatMap(([name, each]) =>
      differences(
        each,
        Object.hasOwn(found, name) ? found[name] : undefined,
        path === '' ? name : `${path}.${name}`,
      ),
    )
  }
  return Object.is(recorded, found) ? [] : [line(path, recorded, found)]
}

function isObject(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function line(path: string, recorded: Json, found: Json | undefined): string {
  return `${path}: recorded ${show(recorded)}, got ${found === undefined ? 'nothing' : show(found)}`
}

function show(value: Json): string {
  const text = JSON.stringify(value)
  return text.length > 120 ? `${text.slice(0, 117)}...` : text
}
