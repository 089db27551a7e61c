import fc from 'fast-check'

/** What the gateway drops, refuses or hands on, and no function should trip over. */
export const oddHeader: fc.Arbitrary<[string, string]> = fc.oneof(
  fc.constantFrom<[string, string]>(
    ['accept', 'text/html'],
    ['accept', 'application/xml;q=0.9, */*;q=0.1'],
    ['accept-encoding', 'gzip, br'],
    ['content-encoding', 'gzip'],
    ['range', 'bytes=0-1'],
    ['expect', '100-continue'],
    ['te', 'trailers'],
    ['x-http-method-override', 'DELETE'],
    ['x-user-id', 'admin'],
    ['x-forwarded-for', '1.2.3.4, ::1, x'],
    ['x-forwarded-host', 'evil.example'],
    ['forwarded', 'for="[::1]"'],
    ['ce-id', '1'],
    ['ce-type', 'dev.boxoffice.order.confirmed.v1'],
    ['x-deadline-ms', '0'],
    ['x-correlation-id', '../../x'],
    ['x-correlation-id', 'y'.repeat(300)],
    ['traceparent', '00-zz-zz-01'],
    ['origin', 'https://evil.example'],
    ['cookie', 'boxoffice_refresh=x; boxoffice_refresh=y'],
    ['cookie', `boxoffice_refresh=${'A'.repeat(43)}`],
    ['cookie', '__proto__=1; ;=;'],
    ['admission-token', 'a.b.c'],
    ['x-api-key', 'bx_none'],
    ['__proto__', '1'],
    ['if-modified-since', 'yesterday'],
    ['stripe-signature', 't=1,v1=00'],
  ),
  fc.nat(3000).map((size): [string, string] => ['x-long', 'x'.repeat(size)]),
)

/** Media types of a body; the empty one stands for none. */
export const oddTypes = [
  '',
  'text/plain',
  'application/json; charset=utf-8',
  'application/json; charset=utf-16',
  'APPLICATION/JSON',
  'application/jsonp',
  'application/cloudevents+json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/json, text/plain',
]
