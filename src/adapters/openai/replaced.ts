import { isRecord } from '../../base/check.js'
import { ParetoBanditError } from '../../index.js'

/** Methods that stand in the place of others, by their paths: `chat.completions.create`. */
export type Members = Readonly<Record<string, (...args: unknown[]) => unknown>>

/** Which requests are for the router. */
interface Asking {
  readonly auto: string
  isFor(body: unknown): boolean
}

/** The same client with other methods in some places. All others send no request that is for the router. */
export function replaced<T extends object>(client: T, asking: Asking, members: Members): T {
  const paths = Object.keys(members)
  const seen = new WeakMap<object, object>()
  const part = <Part extends object>(value: Part, path: string): Part => {
    const known = seen.get(value)
    if (known !== undefined) return known as Part
    const made = new Proxy(value, {
      get(target, name) {
        const found: unknown = Reflect.get(target, name, target)
        if (typeof name !== 'string' || name === 'constructor') return found
        const own = path === '' ? name : `${path}.${name}`
        if (Object.hasOwn(members, own) && found !== undefined) return members[own]
        if (typeof found === 'function') return guarded(found.bind(target), own, asking)
        const isPart = typeof found === 'object' && found !== null && !name.startsWith('_')
        const isOnTheWay = paths.some((each) => each.startsWith(`${own}.`))
        return isPart && (isOnTheWay || '_client' in found) ? part(found, own) : found
      },
    })
    seen.set(value, made)
    return made
  }
  return part(client, '')
}

function guarded(
  method: (...args: unknown[]) => unknown,
  path: string,
  { auto, isFor }: Asking,
): (...args: unknown[]) => unknown {
  return (...args) => {
    if (args.some((each) => isFor(each) || (isRecord(each) && isFor(each.body))))
      throw cannotBeRouted(path, auto)
    return method(...args)
  }
}

/** Of a method that would send the name that is for the router. */
export function cannotBeRouted(path: string, auto: string): ParetoBanditError {
  const why = `expected the name of a model: ${path} cannot be routed, got ${JSON.stringify(auto)}`
  return new ParetoBanditError('INVALID_ARGUMENT', 'model', why)
}
