import * as assert from 'uvu/assert'
import { describe } from '../../functions/_runtime/test.ts'
import { isInside, routes } from '../routes.ts'
import { scopeOf, scopes } from '../scopes.ts'

describe('the scopes of API keys', (it) => {
  it('are those that the routes need, and no route that keys reach needs another', () => {
    const needed = routes.flatMap(({ route }) => scopeOf(route) ?? [])
    for (const scope of needed)
      assert.ok(
        scopes.some((one) => one === scope),
        scope,
      )
  })

  it('open neither accounts nor dead letters nor what is for admins or for functions', () => {
    for (const { name, route } of routes) {
      const isForAdmins =
        typeof route.access === 'object' &&
        'roles' in route.access &&
        route.access.roles.every((role) => role === 'admin')
      const isClosed = ['users', 'dead-letters'].includes(route.owner)
      if (isForAdmins || isClosed || isInside(route)) assert.is(scopeOf(route), null, name)
    }
  })
})
