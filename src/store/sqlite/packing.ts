/**
 * Events in one ArrayBuffer, which goes between threads without a copy:
 *
 *     0      4   count
 *     4      4n  length of each, uint32 little-endian
 *     4+4n       their bytes, one after the other
 */
export function packEvents(events: readonly Uint8Array[]): ArrayBuffer {
  const start = 4 + 4 * events.length
  let bytes = start
  for (const event of events) bytes += event.length
  const packed = new Uint8Array(bytes)
  const view = new DataView(packed.buffer)
  view.setUint32(0, events.length, true)
  let at = start
  for (let i = 0; i < events.length; i++) {
    view.setUint32(4 + 4 * i, events[i].length, true)
    packed.set(events[i], at)
    at += events[i].length
  }
  return packed.buffer
}

/** @returns views of the buffer, not copies */
export function unpackEvents(packed: ArrayBuffer): Uint8Array[] {
  const view = new DataView(packed)
  const events = new Array<Uint8Array>(view.getUint32(0, true))
  let at = 4 + 4 * events.length
  for (let i = 0; i < events.length; i++) {
    const length = view.getUint32(4 + 4 * i, true)
    events[i] = new Uint8Array(packed, at, length)
    at += length
  }
  return events
}
