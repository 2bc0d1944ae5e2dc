import { marksOf } from './state.js'

/** A model by its colour and its id, which may be long. */
export function ModelName({ id }: { readonly id: string }) {
  return (
    <>
      <i class="dot" style={{ background: marksOf.value(id).color }} />
      <span class="name" title={id}>
        {id}
      </span>
    </>
  )
}
