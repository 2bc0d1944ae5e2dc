/** The lines of a table in Markdown. @param rows {what, value, unit, target: {most} | {least} | null, ok} */
export function renderRows(rows) {
  return [
    '| | measured | target |',
    '| --- | ---: | --- |',
    ...rows.map(
      ({ what, value, unit, target, ok }) =>
        `| ${what} | ${format(value)} ${unit} | ${verdict(target, unit, ok)} |`,
    ),
  ]
}

function verdict(target, unit, ok) {
  if (target === null) return ''
  const bound = target.least === undefined ? `<= ${format(target.most)}` : `>= ${format(target.least)}`
  return `${bound} ${unit}: ${ok ? 'met' : '**missed**'}`
}

/** Three digits, whole thousands with commas. */
export function format(value) {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en')
  return `${Number(value.toPrecision(3))}`
}
