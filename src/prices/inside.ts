/** The addresses of a host's name. */
export type Lookup = (name: string) => Promise<readonly string[]>

// By hand, as the price list is read in browsers and workers too, where Node's BlockList is not.

/** First addresses of networks and how many bits they share: this machine, private networks, and what is of no host elsewhere. */
const INSIDE_V4: readonly (readonly [first: string, bits: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
]
const INSIDE_V6: readonly (readonly [first: string, bits: number])[] = [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 9],
  ['ff00::', 8],
]
/** IPv6 addresses that stand for one of IPv4, and the bit at which that begins: mapped, compatible, NAT64, 6to4. */
const V4_IN_V6: readonly (readonly [first: string, bits: number, at: number])[] = [
  ['::ffff:0:0', 96, 96],
  ['::', 96, 96],
  ['64:ff9b::', 96, 96],
  ['2002::', 16, 16],
]

/**
 * Whether a host is this machine or one of its own network: by its address, or by those that its name has now. What a name server says
 * may be another thing a moment later: the check keeps a server from sending a reader there, and is no wall around a network.
 * @param hostname of a `URL`, which writes every form of an address in one way (`0x7f.1` is `127.0.0.1`)
 */
export async function isInside(hostname: string, lookup: Lookup): Promise<boolean> {
  const name = hostname.replace(/\.$/, '').toLowerCase()
  if (name === 'localhost' || name.endsWith('.localhost')) return true
  const own = bitsOf(name)
  if (own !== null) return areInside(own)
  const addresses = await lookup(name).catch((): readonly string[] => [])
  return addresses.some((address) => {
    const bits = bitsOf(address)
    return bits !== null && areInside(bits)
  })
}

function areInside(bits: string): boolean {
  if (bits.length === 32) return isWithin(bits, INSIDE_V4)
  if (isWithin(bits, INSIDE_V6)) return true
  return V4_IN_V6.some(
    ([first, count, at]) => isWithin(bits, [[first, count]]) && isWithin(bits.slice(at, at + 32), INSIDE_V4),
  )
}

function isWithin(bits: string, networks: readonly (readonly [first: string, bits: number])[]): boolean {
  return networks.some(([first, count]) => bitsOf(first)?.slice(0, count) === bits.slice(0, count))
}

/** The 32 or 128 bits of an address, as text; null: it is a name. */
function bitsOf(host: string): string | null {
  const v4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(host)
  if (v4 !== null)
    return v4
      .slice(1)
      .map((part) => binary(Number(part), 8))
      .join('')
  // A zone says on which link an address is.
  const text = host.replace(/^\[|\]$/g, '').replace(/%.*$/, '')
  if (!text.includes(':') || !URL.canParse(`http://[${text}]`)) return null
  const [head, tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split('::')
  const before = groupsOf(head)
  const after = groupsOf(tail ?? '')
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length
  return [...before, ...Array.from({ length: zeros }, () => 0), ...after]
    .map((group) => binary(group, 16))
    .join('')
}

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
}

function binary(value: number, bits: number): string {
  return value.toString(2).padStart(bits, '0')
}
