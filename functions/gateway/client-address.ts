import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'

/** Reads `127.0.0.0/8,10.1.2.3`. Throws where one is neither an address nor a range of them. */
export function readRanges(text: string): BlockList {
  const ranges = new BlockList()
  for (const entry of text.split(',').filter((one) => one.trim() !== '')) {
    const [address = '', bits] = entry.trim().split('/')
    const version = isIP(address)
    if (version === 0) throw new Error(`${entry} is no address`)
    const all = version === 4 ? 32 : 128
    ranges.addSubnet(address, bits === undefined ? all : Number(bits), familyOf(version))
  }
  return ranges
}

const familyOf = (version: number) => (version === 4 ? 'ipv4' : 'ipv6')

/**
 * Who sent it, as an address: the last hop that is none of the proxies we trust. What stands further left in
 * `X-Forwarded-For` anybody may have written (ASVS 5.0, 15.3.4). Where all of them are ours, the first.
 */
export function clientAddressOf(
  { socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>,
  trusted: BlockList,
): string {
  let address = plain(socket.remoteAddress ?? '')
  const forwarded = headers['x-forwarded-for']
  if (forwarded === undefined) return address
  const hops = String(forwarded).split(',')
  for (let i = hops.length - 1; i >= 0 && isTrusted(address, trusted); i--) {
    const hop = withoutPort((hops[i] as string).trim())
    if (isIP(hop) === 0) break
    address = plain(hop)
  }
  return address
}

/** True where the peer itself is a proxy of ours, so that its headers can be believed. */
export const isFromTrusted = ({ socket }: Pick<IncomingMessage, 'socket'>, trusted: BlockList) =>
  isTrusted(plain(socket.remoteAddress ?? ''), trusted)

const isTrusted = (address: string, trusted: BlockList): boolean => {
  const version = isIP(address)
  return version !== 0 && trusted.check(address, familyOf(version))
}

/** `::ffff:192.0.2.1` is 192.0.2.1. */
const plain = (address: string) =>
  address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address

/** Some proxies write `192.0.2.1:4711` or `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  if (hop.startsWith('[')) return hop.slice(1, hop.indexOf(']'))
  const colon = hop.indexOf(':')
  return colon > 0 && colon === hop.lastIndexOf(':') ? hop.slice(0, colon) : hop
}

/** What an address is counted as: IPv6 by its /64, of which one subscriber has all addresses. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address
  const [head = '', tail] = address.split('%', 1)[0]?.split('::') ?? []
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const middle =
    tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => '0')
  const groups = [...left, ...middle, ...right].slice(0, 4)
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}
