const nameGetter = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)?.get

/** What an array of numbers or bytes is (`Float64Array`), of subclasses and of other realms too: nothing of the caller's is asked. */
export function viewName(view: ArrayBufferView): string {
  const name: unknown = nameGetter?.call(view)
  return typeof name === 'string' ? name : 'DataView'
}
