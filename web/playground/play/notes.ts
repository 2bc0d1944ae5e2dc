/** Notes that are kept: the latest ones. */
const NOTES_MAX = 40

/** Something that happened: a person changed something, or the router noticed it. */
export interface Note {
  readonly request: number
  readonly who: 'you' | 'router'
  readonly text: string
}

export class Notes {
  private kept: Note[] = []

  add(request: number, who: Note['who'], text: string): void {
    this.kept = [...this.kept, { request, who, text }].slice(-NOTES_MAX)
  }

  list(): readonly Note[] {
    return this.kept
  }
}
