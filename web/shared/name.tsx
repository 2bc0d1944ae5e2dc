import { visible } from '../../src/base/visible.js'

export { visible }

/** A text of others (an id, a name): what would not be seen of it is written as `\u200b`, as commands write it. */
export function Name({
  text,
  of: what = 'span',
}: {
  readonly text: string
  readonly of?: 'span' | 'b' | 'code'
}) {
  const shown = visible(text)
  const Tag = what
  return (
    <Tag class="name" title={shown}>
      {shown}
    </Tag>
  )
}
