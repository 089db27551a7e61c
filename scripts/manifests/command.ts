import { execFile } from 'node:child_process'

export type Finished = { ok: boolean; output: string; errors: string }

/** Runs a program to its end; `ok` where it ended with 0, within its time. */
export const finished = (
  program: string,
  args: string[],
  options: { cwd?: string; timeout?: number } = {},
): Promise<Finished> =>
  new Promise((resolve) => {
    execFile(program, args, { maxBuffer: 64 * 1024 * 1024, ...options }, (err, output, errors) =>
      resolve({ ok: err === null, output, errors: errors || (err ? err.message : '') }),
    )
  })
