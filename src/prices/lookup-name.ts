/** By name, so that what bundles the core for a runtime without name servers does not look for them. */
const DNS = 'node:dns'

/** By Node's resolver, where there is one; else no name has an address. */
export async function lookupName(name: string): Promise<readonly string[]> {
  const { promises }: typeof import('node:dns') = await import(
    /* @vite-ignore */ /* webpackIgnore: true */ DNS
  )
  return (await promises.lookup(name, { all: true })).map(({ address }) => address)
}
