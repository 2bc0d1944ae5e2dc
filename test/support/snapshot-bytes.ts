import { crc32 } from '../../src/base/checksum.js'

const HEADER_BYTES = 24

/** A copy of a snapshot with its header edited, and a checksum that fits. */
export function seal(bytes: Uint8Array, edit: (view: DataView) => void): Uint8Array {
  const copy = bytes.slice()
  const view = new DataView(copy.buffer)
  edit(view)
  view.setUint32(20, crc32(copy.subarray(HEADER_BYTES), crc32(copy.subarray(0, 20))), true)
  return copy
}

/** A copy of a snapshot with its text section edited, and a checksum that fits. */
export function withText(
  bytes: Uint8Array,
  edit: (text: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>,
): Uint8Array {
  const textBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(12, true)
  const end = HEADER_BYTES + textBytes
  const text = JSON.parse(new TextDecoder().decode(bytes.subarray(HEADER_BYTES, end)))
  const json = new TextEncoder().encode(JSON.stringify(edit(text)))
  const padded = Math.ceil(json.length / 8) * 8
  const made = new Uint8Array(HEADER_BYTES + padded + bytes.length - end)
  made.set(bytes.subarray(0, HEADER_BYTES))
  made.fill(0x20, HEADER_BYTES, HEADER_BYTES + padded)
  made.set(json, HEADER_BYTES)
  made.set(bytes.subarray(end), HEADER_BYTES + padded)
  return seal(made, (header) => header.setUint32(12, padded, true))
}
