import { pino } from 'pino'
import { current } from './context.ts'

export type Log = {
  [Level in 'debug' | 'info' | 'warn' | 'error']: (
    facts: Record<string, unknown>,
    message: string,
  ) => void
}

/** JSON lines on standard output. Messages are constants, facts are fields; never a body, header or address. */
export function createLog(name: string, level: string): Log {
  return pino({
    level,
    base: { function: name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    mixin: () => ({ correlationId: current().correlationId }),
    serializers: { err: pino.stdSerializers.errWithCause },
  })
}
