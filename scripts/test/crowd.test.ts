import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { describe } from '../../functions/_runtime/test.ts'
import publicRoutes from '../../contracts/public-routes.json' with { type: 'json' }
import { createCrowd, isStream } from '../front/crowd.ts'

describe('a crowd at the front', (it) => {
  let told: boolean[] = []
  const open = () => {
    told = []
    const crowd = createCrowd((isBusy) => told.push(isBusy))
    return () => {
      const answer = new EventEmitter()
      crowd.enter(answer as ServerResponse)
      return () => void answer.emit('close')
    }
  }

  it('is told of at its sixteenth request, and when it has been smaller for a moment', async () => {
    const enter = open()
    const leave = Array.from({ length: 15 }, enter)
    assert.equal(told, [])
    leave.push(enter(), enter())
    assert.equal(told, [true])
    for (const one of leave) one()
    assert.equal(told, [true])
    await sleep(80)
    assert.equal(told, [true, false])
  })

  it('has none of those who watch a stream', () => {
    const streams = publicRoutes.filter((route) => 'streams' in route)
    assert.ok(streams.length > 3)
    for (const route of publicRoutes)
      for (const url of [route.path, `${route.path}?eventId=1`])
        assert.is(isStream({ url }), streams.includes(route), url)
  })

  it('is not told of each time that it goes up and down', async () => {
    const enter = open()
    const leave = Array.from({ length: 16 }, enter)
    for (let i = 0; i < 10; i++) {
      leave.pop()?.()
      await sleep(10)
      leave.push(enter())
    }
    await sleep(80)
    assert.equal(told, [true])
  })
})
