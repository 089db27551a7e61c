import { DeadLetter } from './dead-letter.ts'
import { Replay } from './replay.ts'

export const entities = [DeadLetter, Replay]
