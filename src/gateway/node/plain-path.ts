/** As URLs are read, a backslash is a slash, `%2e` a dot, and `..` takes out what stands before it. */
const DOTS = /^(?:\.|%2e){1,2}$/i
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^/\\?#]*/i

/**
 * The target of a request, as it is given on. One that a proxy may read in another way than it is read here is the name of nothing: a proxy that
 * lets `/v1` through would let `/v1/../metrics` through, and one that keeps `/metrics` to itself `/%6detrics`. What clients ask for is written plainly.
 */
export function plainTarget(target: string): string {
  const [path] = target.replace(ORIGIN, '').split(/[?#]/, 1)
  if (!path.includes('%') && !path.includes('\\') && !path.includes('/.')) return target
  const [, first = '', ...others] = path.split('/')
  const isPlain =
    !path.includes('\\') && !first.includes('%') && ![first, ...others].some((part) => DOTS.test(part))
  return isPlain ? target : `/${encodeURIComponent(path)}`
}
