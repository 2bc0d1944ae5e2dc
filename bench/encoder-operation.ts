import { defaultEncoder } from '../src/features/default-encoder.js'
import type { Operation } from './measure.js'
import { makeTexts } from './workload.js'

/** The default encoder on 512 distinct prompts of 1,024 characters. */
export function encodeOperation(): Operation {
  const encoder = defaultEncoder()
  const texts = makeTexts(512, 2)
  const out = new Float64Array(encoder.dimension)
  const batch = 8
  let count = 0
  return {
    batch,
    run: () => {
      let sum = 0
      for (let i = 0; i < batch; i++) {
        encoder.encodeInto(texts[count++ % texts.length], out, 0)
        sum += out[0]
      }
      return sum
    },
  }
}
