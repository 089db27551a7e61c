import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { keepers, type Keeper, type OpenMatter } from '../../../contracts/personal-data.ts'

/** Stands at the addresses of the other functions and answers by their contracts; it keeps nothing itself. */
export async function openKeepers() {
  const stand = {
    addresses: '',
    /** Every request, as `DELETE orders <user>`. */
    asked: [] as string[],
    open: {} as Partial<Record<Keeper, OpenMatter[]>>,
    records: {} as Partial<Record<Keeper, object>>,
    /** Answers 503, as one that has no database. */
    down: new Set<Keeper>(),
    close: () => new Promise<unknown>((resolve) => server.close(resolve)),
  }
  const server = createServer((request, response) => {
    const [, , , keeper = '', id = ''] = (request.url ?? '').split('/')
    const name = keeper as Keeper
    stand.asked.push(`${request.method} ${name} ${id}`)
    const open = stand.open[name] ?? []
    const kept = { records: stand.records[name] ?? {}, isWhole: true }
    response.setHeader('content-type', 'application/json')
    response.statusCode = stand.down.has(name) ? 503 : 200
    response.end(JSON.stringify(request.method === 'GET' ? { ...kept, open } : { open }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  const { port } = server.address() as AddressInfo
  stand.addresses = keepers.map((name) => `${name}=127.0.0.1:${port}`).join()
  return stand
}

export type Keepers = Awaited<ReturnType<typeof openKeepers>>
