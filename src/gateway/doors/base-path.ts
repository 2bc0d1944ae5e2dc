/**
 * The path of a request as a gateway knows it. One that does not begin with `basePath` is left as it is: some servers take the place
 * where a handler is mounted off by themselves.
 */
export function withoutBase(path: string, basePath: string): string {
  if (path === basePath) return '/'
  return path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : path
}

/** Whether it is one as it stands in a URL: empty, or `/api/llm`, without a slash at its end. */
export function isBasePath(given: unknown): given is string {
  if (typeof given !== 'string') return false
  return /^(\/[^/?#]+)*$/.test(given) && new URL(`http://gateway${given}/`).pathname === `${given}/`
}
