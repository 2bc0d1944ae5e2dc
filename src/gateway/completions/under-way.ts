/** Where a member stands in the list that it is in. */
export interface Placed {
  place: number
}

/**
 * Members that come and go by the thousand a second. In a `Set` every one of them would outlive its time: the tables that a set has
 * outgrown point to what was in them and to the next table, so one that has grown old keeps all that came later until memory is
 * cleaned up as a whole.
 */
export class UnderWay<T extends Placed> {
  private readonly all: T[] = []

  add(member: T): void {
    member.place = this.all.length
    this.all.push(member)
  }

  /** The last takes its place. */
  delete(member: T): void {
    const { all } = this
    if (all[member.place] !== member) return
    const last = all.pop()
    if (last === undefined || last === member) return
    all[member.place] = last
    last.place = member.place
  }

  /** As they are now. */
  members(): readonly T[] {
    return [...this.all]
  }
}
