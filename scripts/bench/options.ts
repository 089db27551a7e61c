/** What the command line says, for every bench alike. */
export type Options = {
  /** Of one measurement. */
  seconds: number
  runs: number
  clients: number
  /** Of `waiting-room`. */
  streams: number
  /** That `growth` fills the tables with, at most. */
  seatsMax: number
  /** Has `cold-start` fail where a function is over its budget. */
  isBudget: boolean
  say: (line: string) => void
}
