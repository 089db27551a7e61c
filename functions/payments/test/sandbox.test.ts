import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as assert from 'uvu/assert'
import { newId } from '../../_runtime/ids.ts'
import { describe } from '../../_runtime/test.ts'
import { ProviderFailed, type Provider } from '../provider.ts'
import { createSandbox } from '../sandbox.ts'
import { newOrder } from './support.ts'

type Behaviour = (outgoing: ServerResponse, incoming: IncomingMessage) => void

/** A bank that misbehaves: each request gets the next behaviour. */
async function openBadBank(...behaviours: Behaviour[]) {
  let asked = 0
  const server = createServer((incoming, outgoing) => {
    incoming.resume()
    incoming.on('end', () => behaviours[asked++]?.(outgoing, incoming))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const sandbox = createSandbox({ url, webhookKey: 'k'.repeat(32), limitMs: 500 })
  return {
    sandbox,
    server,
    asked: () => asked,
    close: () => {
      sandbox.close()
      server.close()
      server.closeAllConnections()
    },
  }
}

const answer =
  (status: number, body: unknown): Behaviour =>
  (outgoing) =>
    void outgoing.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body))
const succeed = answer(200, { key: 'k', status: 'succeeded' })
const hangUp: Behaviour = (outgoing) => void outgoing.destroy()

describe('the client of the sandbox bank', (it) => {
  const charge = (sandbox: Provider) =>
    sandbox
      .charge(newId(), { paymentId: newId(), ...newOrder() })
      .then(({ outcome }) => outcome)
      .catch((err: unknown) => {
        if (err instanceof ProviderFailed) return err.effect
        throw err
      })

  it('never takes a broken answer for a no', async () => {
    const broken: Record<string, Behaviour> = {
      'an error after the work': answer(500, { error: 'it broke' }),
      'an answer that never comes': () => {},
      'a connection that ends': hangUp,
      'half an answer': (outgoing) => {
        outgoing.writeHead(200, { 'content-length': 100 }).write('{"key":')
        setTimeout(() => outgoing.destroy(), 20)
      },
      'no JSON': answer(200, '<html>'),
      'an unknown status': answer(200, { key: 'k', status: 'maybe' }),
      'an amount that is none': answer(200, { key: 'k', status: 'succeeded', amountMinor: '1' }),
      'an answer without end': (outgoing) => void outgoing.end('x'.repeat(100_000)),
    }
    for (const [what, behaviour] of Object.entries(broken)) {
      const bank = await openBadBank(behaviour)
      assert.is(await charge(bank.sandbox), 'unknown', what)
      bank.close()
    }
  })

  it('asks again where the bank closed the connection in the moment in which it was used again', async () => {
    const bank = await openBadBank(succeed, hangUp, succeed)
    assert.is(await charge(bank.sandbox), 'succeeded')
    assert.is(await charge(bank.sandbox), 'succeeded')
    assert.is(bank.asked(), 3)
    bank.close()
  })

  it('does not know what became of a request when the bank is gone before it can be asked again', async () => {
    const bank = await openBadBank(succeed, (outgoing) => {
      bank.server.close()
      outgoing.destroy()
    })
    assert.is(await charge(bank.sandbox), 'succeeded')
    assert.is(await charge(bank.sandbox), 'unknown')
    assert.is(await charge(bank.sandbox), 'none')
    bank.close()
  })

  it('takes an answer that it does not know for a bug, not for a no', async () => {
    const bank = await openBadBank(answer(418, {}))
    const message = await charge(bank.sandbox).catch((err: Error) => err.message)
    assert.is(message, 'the bank answered 418')
    bank.close()
  })
})
