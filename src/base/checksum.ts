/** CRC-32 (IEEE 802.3, as in zip and gzip): detects every error burst of up to 32 bits. */

const POLYNOMIAL = 0xedb88320

/**
 * Eight tables of 256: table k holds what a byte does to the CRC when k more bytes follow it, so that eight bytes take
 * eight look-ups that do not wait for one another ("slicing by 8", Kounavis and Berry, 2005). Made on first use.
 */
let tables: Int32Array | undefined

function makeTables(): Int32Array {
  const made = new Int32Array(8 * 256)
  for (let i = 0; i < made.length; i++) {
    let crc = i < 256 ? i : made[i - 256]
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (POLYNOMIAL & -(crc & 1))
    made[i] = crc
  }
  return made
}

/** @param previous the CRC of the bytes before these, to go on from; of bytes [start, end) */
export function crc32(bytes: Uint8Array, previous = 0, start = 0, end = bytes.length): number {
  tables ??= makeTables()
  const table = tables
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const sliced = end - ((end - start) % 8)
  let crc = ~previous
  for (let i = start; i < sliced; i += 8) {
    const low = crc ^ view.getInt32(i, true)
    const high = view.getInt32(i + 4, true)
    crc =
      table[1792 + (low & 255)] ^
      table[1536 + ((low >>> 8) & 255)] ^
      table[1280 + ((low >>> 16) & 255)] ^
      table[1024 + (low >>> 24)] ^
      table[768 + (high & 255)] ^
      table[512 + ((high >>> 8) & 255)] ^
      table[256 + ((high >>> 16) & 255)] ^
      table[high >>> 24]
  }
  for (let i = sliced; i < end; i++) crc = (crc >>> 8) ^ table[(crc ^ bytes[i]) & 255]
  return ~crc >>> 0
}
