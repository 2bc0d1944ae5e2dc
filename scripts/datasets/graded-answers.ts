/** What a model gave as its answer: the last field `answer` of the JSON that it was asked for, whole or broken off; else ''. */
export function answerIn(text: string): string {
  const [, said = ''] = [...text.matchAll(/"answer"\s*:\s*("(?:[^"\\]|\\.)*"|[-\d.,]+)/g)].at(-1) ?? []
  return said.replace(/^"|"$/g, '')
}

/** By the last number of each. */
export function isSameNumber(said: string, right: string): boolean {
  const number = lastNumber(said)
  return number !== null && number === lastNumber(right)
}

/** The same formula but for how it is set, or the same number where that is all that is asked for. */
export function isSameFormula(said: string, right: string): boolean {
  if (plainFormula(said) === plainFormula(right)) return true
  return /^-?[\d.,]+$/.test(right.replace(/[$ ]/g, '')) && isSameNumber(said, right)
}

function lastNumber(text: string): number | null {
  const last = text
    .replace(/[,$]/g, '')
    .match(/-?\d+(?:\.\d+)?/g)
    ?.at(-1)
  return last === undefined ? null : Number(last)
}

function plainFormula(text: string): string {
  return text
    .replaceAll('\\\\', '\\')
    .replace(/\s|\$|\\left|\\right|\\!/g, '')
    .replaceAll('\\dfrac', '\\frac')
    .replace(/\\boxed\{(.*)\}/, '$1')
    .replace(/\\frac\{(-?\d+)\}\{(\d+)\}/g, '$1/$2')
    .replace(/\.$/, '')
    .toLowerCase()
}
