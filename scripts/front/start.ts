import type { IncomingMessage, ServerResponse } from 'node:http'
import { createFixed } from '../../compose/emulator/serving/fixed.ts'
import { createIngress, type Ingress } from '../../compose/emulator/serving/ingress.ts'
import type { Loaded } from '../../functions/_runtime/serve.ts'
import type { Listener } from '../../functions/_runtime/server.ts'
import { start as startGateway } from '../../functions/gateway/start.ts'
import { createCrowd, isStream } from './crowd.ts'

const elsewhereMsMax = 300_000

/**
 * The gateway where it meets the clients of one machine itself: a request of a buyer takes one hop less. What is for
 * another name than the machine's own (`mail.localhost`, a function's) goes on to the ingress, which knows them all.
 */
export function start(env: NodeJS.ProcessEnv): Loaded {
  const gateway = startGateway(env)
  const { listener } = gateway.answer as { listener: Listener }
  const [host = '', port = ''] = env.INGRESS_ADDRESS?.split(':') ?? []
  const ingress = createFixed('ingress', { host, port: Number(port), timeoutMs: elsewhereMsMax })
  const elsewhere = createIngress({ hosts: { get: () => ingress }, status: async () => undefined })
  const tidying = setInterval(ingress.tidy, 2000).unref()
  const crowd = createCrowd((isBusy) => process.send?.({ isBusy }))

  return {
    ...gateway,
    isForOther,
    answer: {
      listener(incoming, outgoing) {
        if (isForOther(incoming)) return handOn(elsewhere, incoming, outgoing)
        if (!isStream(incoming)) crowd.enter(outgoing)
        return listener(incoming, outgoing)
      },
    },
    async close() {
      clearInterval(tidying)
      ingress.close()
      await gateway.close()
    },
  }
}

function handOn({ server }: Ingress, incoming: IncomingMessage, outgoing: ServerResponse): void {
  // Node does so by itself where nobody listens for it; here the gateway does, which may refuse a body unread.
  if (incoming.headers.expect !== undefined) outgoing.writeContinue()
  server.emit('request', incoming, outgoing)
}

const ownName = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/i

/** Without a host it is the gateway that says what is wrong with it. */
const isForOther = ({ headers: { host } }: IncomingMessage): boolean =>
  host !== undefined && !ownName.test(host)
