import { events, type EventContract } from './events.ts'
import { createSchemas } from './json-schema.ts'

/** The AsyncAPI 3.0 description of the CloudEvents on the Broker. */
export function asyncapi(): unknown {
  const schemas = createSchemas()
  const messages: Record<string, unknown> = {}
  const operations: Record<string, unknown> = {}
  for (const [type, contract] of Object.entries(events) as [string, EventContract][]) {
    messages[type] = {
      name: type,
      summary: contract.summary,
      contentType: 'application/json',
      payload: schemas.add(contract.data, 'output'),
      headers: {
        type: 'object',
        description: 'CloudEvents 1.0 attributes, binary mode',
        required: [
          'ce-specversion',
          'ce-id',
          'ce-type',
          'ce-source',
          ...(contract.signed ? ['ce-sig'] : []),
        ],
        properties: {
          'ce-specversion': { const: '1.0' },
          'ce-id': { type: 'string', description: "the id of the outbox's row" },
          'ce-type': { const: type },
          'ce-source': { const: `/functions/${contract.from}` },
          ...(contract.signed
            ? {
                'ce-sig': {
                  type: 'string',
                  description: 'HMAC-SHA256; without it the event is refused',
                },
              }
            : {}),
        },
      },
    }
    const reference = [{ $ref: `#/channels/broker/messages/${type}` }]
    const operation = { channel: { $ref: '#/channels/broker' }, messages: reference }
    operations[`${contract.from}.send.${type}`] = { action: 'send', ...operation }
    for (const name of contract.to)
      operations[`${name}.receive.${type}`] = { action: 'receive', ...operation }
  }
  return {
    asyncapi: '3.0.0',
    info: { title: 'Boxoffice CloudEvents', version: '1.0.0' },
    channels: {
      broker: { address: '/boxoffice/default', title: 'The Knative Broker', messages },
    },
    operations,
    components: { schemas: schemas.components },
  }
}
