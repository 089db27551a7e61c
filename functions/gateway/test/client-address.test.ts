import * as assert from 'uvu/assert'
import { describe } from '../../_runtime/test.ts'
import { clientAddressOf, networkOf, readRanges } from '../client-address.ts'

const from = (remoteAddress: string, forwarded?: string) =>
  ({
    socket: { remoteAddress },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as Parameters<typeof clientAddressOf>[0]

describe('the address of a client', (it) => {
  const trusted = readRanges('127.0.0.0/8, ::1, 10.0.0.0/8, fd00::/8')

  it('is that of the peer, unless the peer is a proxy of ours', () => {
    for (const [remote, forwarded, expected] of [
      ['203.0.113.7', undefined, '203.0.113.7'],
      ['203.0.113.7', '198.51.100.1', '203.0.113.7'],
      ['::ffff:203.0.113.7', '198.51.100.1', '203.0.113.7'],
      ['127.0.0.1', undefined, '127.0.0.1'],
      ['127.0.0.1', '198.51.100.1', '198.51.100.1'],
      ['::ffff:127.0.0.1', '198.51.100.1', '198.51.100.1'],
      ['::1', '2001:db8::1', '2001:db8::1'],
      ['fd12::1', '198.51.100.1:4711', '198.51.100.1'],
      ['10.1.2.3', '[2001:db8::1]:4711', '2001:db8::1'],
    ] as const)
      assert.is(
        clientAddressOf(from(remote, forwarded), trusted),
        expected,
        `${remote} ${forwarded}`,
      )
  })

  it('is the last hop before ours: what the client wrote further left is not believed', () => {
    for (const [forwarded, expected] of [
      ['8.8.8.8, 198.51.100.1', '198.51.100.1'],
      ['8.8.8.8, 198.51.100.1, 10.0.0.5, 10.0.0.6', '198.51.100.1'],
      ['10.0.0.1, 198.51.100.1, 10.0.0.5', '198.51.100.1'],
      ['8.8.8.8, nonsense, 10.0.0.5', '10.0.0.5'],
      ['unknown', '127.0.0.1'],
      ['', '127.0.0.1'],
      ["' OR 1=1", '127.0.0.1'],
      ['10.0.0.1, 10.0.0.2', '10.0.0.1'],
    ] as const)
      assert.is(clientAddressOf(from('127.0.0.1', forwarded), trusted), expected, forwarded)
  })

  it('counts by its /64 where it is IPv6', () => {
    for (const [address, network] of [
      ['192.0.2.1', '192.0.2.1'],
      ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
      ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
      ['2001:0DB8:0001:0002:ffff::', '2001:db8:1:2::/64'],
      ['2001:db8::1', '2001:db8:0:0::/64'],
      ['fe80::1%eth0', 'fe80:0:0:0::/64'],
      ['::1', '0:0:0:0::/64'],
      ['', ''],
    ] as const)
      assert.is(networkOf(address), network, address)
  })

  it('takes only ranges that are ranges', () => {
    for (const wrong of ['localhost', '10.0.0.0/33', '10.0.0/8', '::/129', '*'])
      assert.throws(() => readRanges(wrong), undefined, wrong)
    assert.is(clientAddressOf(from('127.0.0.1', '8.8.8.8'), readRanges('')), '127.0.0.1')
  })
})
