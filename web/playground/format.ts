/** Dollars in all: `$0.0042`, `$12.34`, `$1,234`. */
export function usd(amount: number): string {
  const size = Math.abs(amount)
  const digits = size >= 1000 ? 0 : size >= 1 || size === 0 ? 2 : 4
  const text = size.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return `${amount < 0 ? '-' : ''}$${text}`
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en')
}
