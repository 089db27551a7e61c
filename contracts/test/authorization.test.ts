import * as assert from 'uvu/assert'
import { describe } from '../../functions/_runtime/test.ts'
import { strangerGets } from '../authorization.ts'
import type { Access, Reach, Route } from '../route.ts'
import { routes } from '../routes.ts'

/** What a route may touch at most, by who may call it. */
function mayReach(access: Access): Reach[] {
  if (access === 'anyone') return ['public', 'published', 'secret']
  if (access === 'signed-in') return ['own', 'own-or-admin']
  if ('functions' in access) return ['any']
  return access.roles.every((role) => role === 'admin') ? ['any'] : ['own', 'organized']
}

describe('whose things a route touches', (it) => {
  it('is never more than who may call it allows: any only for admins and functions', () => {
    for (const { name, route } of routes)
      assert.ok(mayReach(route.access).includes(route.data), `${name}: ${route.data}`)
  })

  it('is named in its problems where a stranger is refused as if there were nothing', () => {
    for (const { name, route } of routes)
      if (strangerGets(route).includes(404)) assert.ok(route.problems?.includes('not-found'), name)
  })

  it('decides how a stranger is refused', () => {
    const of = (wanted: string) => routes.find(({ name }) => name === wanted)?.route as Route
    const refused = (name: string) => strangerGets(of(name)).join()
    assert.equal(
      ['getOrder', 'releaseSeats', 'createIntent', 'ticketPicture', 'deleteApiKey'].map(refused),
      ['404', '404', '404', '404', '404'],
    )
    assert.equal(['getEvent', 'changeEvent', 'setWaitingRoom', 'changeVenue'].map(refused), [
      '404',
      '403,404',
      '403,404',
      '403',
    ])
    // Nothing of another's can be named, or all may have it, or the gateway does not know it.
    assert.equal(
      ['me', 'listOrders', 'getPlace', 'getVenue', 'banUser', 'refundPayment'].map(refused),
      ['', '', '', '', '', ''],
    )
  })
})
