/**
 * The file of a hashing PCA, little-endian, `20 + 8 C + B + B C` bytes for C components and B buckets:
 *
 *     offset      bytes  content
 *     0           4      'PBPC'
 *     4           2      version: of this layout and of the tokenizer
 *     6           2      C, components
 *     8           4      B, buckets
 *     12          4      CRC-32 of all bytes except these four
 *     16          4      0, reserved
 *     20          4 C    scales, float32
 *     20 + 4 C    4 C    offsets, float32
 *     20 + 8 C    B      weights, uint8
 *     20 + 8 C + B  B C  rows, int8
 */

import { isBytes } from '../base/check.js'
import { crc32 } from '../base/checksum.js'
import { expected, ParetoBanditError } from '../base/errors.js'
import { checkPcaModel, type PcaModel } from './pca-model.js'
import { TOKENIZER_VERSION } from './token-counter.js'

const MAGIC = 0x43504250 // 'PBPC' read little-endian
const HEADER_BYTES = 20
const CRC_OFFSET = 12

/**
 * The file of `pca`, to be read back by `pcaFromBytes`.
 * @throws INVALID_ARGUMENT or DIMENSION_MISMATCH if `pca` is not a PCA model
 */
export function pcaToBytes(pca: PcaModel): Uint8Array {
  const { buckets, components, scales, offsets, weights, rows } = checkPcaModel(pca, 'pca')
  const bytes = new Uint8Array(pcaFileBytes(buckets, components))
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MAGIC, true)
  view.setUint16(4, TOKENIZER_VERSION, true)
  view.setUint16(6, components, true)
  view.setUint32(8, buckets, true)
  for (let c = 0; c < components; c++) {
    view.setFloat32(HEADER_BYTES + 4 * c, scales[c], true)
    view.setFloat32(HEADER_BYTES + 4 * (components + c), offsets[c], true)
  }
  const tail = HEADER_BYTES + 8 * components
  bytes.set(weights, tail)
  bytes.set(new Uint8Array(rows.buffer, rows.byteOffset, rows.length), tail + buckets)
  view.setUint32(CRC_OFFSET, fileCrc(bytes), true)
  return bytes
}

/**
 * Reads what `pcaToBytes` wrote, copying it.
 * @throws DATA_INVALID for anything else: another length, magic or version, or one changed bit;
 *   INVALID_ARGUMENT if `bytes` is not a Uint8Array
 */
export function pcaFromBytes(bytes: Uint8Array): PcaModel {
  if (!isBytes(bytes)) {
    throw expected('INVALID_ARGUMENT', 'bytes', 'a Uint8Array', bytes)
  }
  // A Uint8Array of its own: `slice` of a Node Buffer would share the Buffer's pool.
  const own = new Uint8Array(bytes)
  const view = new DataView(own.buffer)
  if (bytes.length < HEADER_BYTES)
    throw invalid(`expected at least ${HEADER_BYTES} bytes, got ${bytes.length}`)
  if (view.getUint32(0, true) !== MAGIC) throw invalid("expected a PCA file that starts with 'PBPC'")
  const version = view.getUint16(4, true)
  if (version !== TOKENIZER_VERSION) throw invalid(`expected version ${TOKENIZER_VERSION}, got ${version}`)
  const components = view.getUint16(6, true)
  const buckets = view.getUint32(8, true)
  const length = pcaFileBytes(buckets, components)
  if (bytes.length !== length)
    throw invalid(`expected ${length} bytes as its header says, got ${bytes.length}`)
  if (view.getUint32(CRC_OFFSET, true) !== fileCrc(bytes))
    throw invalid('its checksum does not match: corrupted')
  try {
    return checkPcaModel(readModel(own, view, buckets, components), 'pca')
  } catch (cause) {
    throw invalid('its checksum matches, but its content is no PCA', cause)
  }
}

function readModel(bytes: Uint8Array, view: DataView, buckets: number, components: number): PcaModel {
  const scales = new Float32Array(components)
  const offsets = new Float32Array(components)
  for (let c = 0; c < components; c++) {
    scales[c] = view.getFloat32(HEADER_BYTES + 4 * c, true)
    offsets[c] = view.getFloat32(HEADER_BYTES + 4 * (components + c), true)
  }
  const tail = HEADER_BYTES + 8 * components
  const weights = bytes.slice(tail, tail + buckets)
  const rows = new Int8Array(bytes.slice(tail + buckets).buffer)
  return { buckets, components, weights, rows, scales, offsets }
}

/** Eight hex digits that change with any bit of the model. */
export function pcaFingerprint(pca: PcaModel): string {
  const view = new DataView(pcaToBytes(pca).buffer)
  return view.getUint32(CRC_OFFSET, true).toString(16).padStart(8, '0')
}

function pcaFileBytes(buckets: number, components: number): number {
  return HEADER_BYTES + 8 * components + buckets + buckets * components
}

function fileCrc(bytes: Uint8Array): number {
  return crc32(bytes.subarray(CRC_OFFSET + 4), crc32(bytes.subarray(0, CRC_OFFSET)))
}

function invalid(message: string, cause?: unknown): ParetoBanditError {
  return new ParetoBanditError('DATA_INVALID', 'bytes', message, cause === undefined ? undefined : { cause })
}
