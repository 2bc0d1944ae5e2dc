/**
 * First part of the ids of a router's own requests. One that is made by chance is made when the first id is: while a
 * Cloudflare Worker starts there is neither chance nor time.
 */
export class OwnOrigin {
  private readonly make: () => string
  private known: string | null

  constructor(name: string | (() => string)) {
    this.make = typeof name === 'string' ? () => name : name
    this.known = typeof name === 'string' ? name : null
  }

  /** Whether there may be ids of it. */
  get isKnown(): boolean {
    return this.known !== null
  }

  get name(): string {
    this.known ??= this.make()
    return this.known
  }
}
