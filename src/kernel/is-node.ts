/** Whether this is Node, or something that says it is (Bun, Deno). */
export function isNode(): boolean {
  return typeof process === 'object' && Boolean(process.versions?.node)
}
