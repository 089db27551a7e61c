import { textOf } from '../fields.ts'
import type { Random } from './random.ts'

const secondsOf = (time: string) => Date.parse(`${time.replace(' ', 'T')}Z`) / 1000

/** A time as the form writes it, so many seconds later. */
export const later = (time: string, seconds: number): string =>
  textOf(new Date((secondsOf(time) + seconds) * 1000))

/** Some second from one time to another, both included. */
export const momentBetween = (random: Random, from: string, to: string): string =>
  later(from, random.between(0, secondsOf(to) - secondsOf(from)))

/** The day, so many days later, at an hour and minute of Indian time, which is 5:30 before UTC. */
export const dayAt = (day: string, days: number, [hour, minute]: readonly [number, number]) =>
  later(`${day} 00:00:00`, days * 86_400 + (hour * 60 + minute - 330) * 60)
