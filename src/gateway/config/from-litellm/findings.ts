/** What people have to know of a file that was converted. Each is one sentence that begins with where it stands in the old file. */
export class Findings {
  /** Before the new file can be used. */
  readonly toDo: string[] = []
  /** What is otherwise here than it was. */
  readonly changed: string[] = []
  /** Models that are not in the new file, and why. */
  readonly leftOut: string[] = []
}
