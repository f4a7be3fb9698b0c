// Where the files are, for tools that look for them in Git.

export interface GitFolder {
  /** Of the folder within its repository; `.` is the repository itself. */
  readonly path: string;
  /** What the objects of the tool are named after; another one for each environment that a tool serves. */
  readonly name: string;
}
