// The kernel's exported ABI. Memory is the module's own; the host lays it out, fills it and grows it.

export { configure } from './layout'
export { argmax, score } from './score'
export { rebuild, update } from './update'

/** First byte the host may use. */
export function heapBase(): usize {
  return __heap_base
}
