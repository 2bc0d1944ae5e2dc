import type { ComponentChildren } from 'preact'
import { Scroll } from './scroll.js'

export interface Column<Row> {
  /** Head of the column, and label of its cells where each row is a card. */
  readonly name: string
  readonly cell: (row: Row) => ComponentChildren
  /** Set right, so that digits stand below each other. */
  readonly isNumber?: boolean
  /** It names the row. */
  readonly isHead?: boolean
  /** A text that may take several lines. */
  readonly isText?: boolean
  /** The head is for those alone who do not see the table. */
  readonly isSilent?: boolean
}

interface TableProps<Row> {
  /** What it has, in words. */
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string
  /** Attributes of a row: `data-…`, `class`. */
  readonly rowProps?: (row: Row) => Readonly<Record<string, string>>
}

/** Where rows are cards, some browsers would forget that it is a table. */
type Role = 'table' | 'rowgroup' | 'row' | 'columnheader' | 'rowheader' | 'cell'
const role = (name: Role) => ({ role: name })

/** A table that scrolls by itself where it is too wide; on a phone each row is a card, and each cell stands beside its label. */
export function Table<Row>({ label, columns, rows, keyOf, rowProps = () => ({}) }: TableProps<Row>) {
  return (
    <Scroll name="scroll" label={label}>
      <table {...role('table')}>
        <thead {...role('rowgroup')}>
          <tr {...role('row')}>
            {columns.map(({ name, isNumber, isSilent }, i) => (
              <th key={i} scope="col" {...role('columnheader')} class={isNumber ? 'right' : ''}>
                {isSilent ? <span class="unseen">{name}</span> : name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody {...role('rowgroup')}>
          {rows.map((row) => (
            <tr key={keyOf(row)} {...role('row')} {...rowProps(row)}>
              {columns.map((column, i) => (
                <Cell key={i} column={column} row={row} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  )
}

function Cell<Row>({ column, row }: { readonly column: Column<Row>; readonly row: Row }) {
  const { name, cell, isHead, isNumber, isText, isSilent } = column
  if (isHead)
    return (
      <th scope="row" {...role('rowheader')}>
        {cell(row)}
      </th>
    )
  const kind = `${isNumber ? 'right ' : ''}${isText ? 'why' : ''}`.trim()
  return (
    <td {...role('cell')} class={kind} data-cell={name} {...(isSilent ? {} : { 'data-label': name })}>
      <span class="value">{cell(row)}</span>
    </td>
  )
}
