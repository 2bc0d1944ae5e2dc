/** As URLs are read, a backslash is a slash, and `..` takes out what stands before it. */
const DOTS = /^\.{1,2}$/
/** Letters, digits, `-`, `.`, `_` and `~`, which nobody needs to escape (RFC 3986, 2.3). */
const UNNEEDED = /%(?:2[de]|3\d|4[1-9a-f]|5[\daf]|6[1-9a-f]|7[\dae])/i
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^/\\?#]*/i

/**
 * The target of a request, as it is given on. One that a proxy may read in another way than it is read here is the name of nothing: a proxy that
 * lets `/v1` through would let `/v1/../metrics` through, and one that keeps `/admin/keys` to itself `/admin/k%65ys`. What clients ask for is written plainly.
 */
export function plainTarget(target: string): string {
  const [path] = target.replace(ORIGIN, '').split(/[?#]/, 1)
  if (!path.includes('%') && !path.includes('\\') && !path.includes('/.')) return target
  const [, first = '', ...others] = path.split('/')
  const isPlain =
    !path.includes('\\') &&
    !first.includes('%') &&
    !UNNEEDED.test(path) &&
    ![first, ...others].some((part) => DOTS.test(part))
  return isPlain ? target : `/${encodeURIComponent(path)}`
}
