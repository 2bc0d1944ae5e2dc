import { Name } from '../shared/name.js'
import { marksOf } from './state.js'

/** A model by its colour and its id, which may be long. */
export function ModelName({ id }: { readonly id: string }) {
  return (
    <>
      <i class="dot" style={{ background: marksOf.value(id).color }} />
      <Name text={id} />
    </>
  )
}
