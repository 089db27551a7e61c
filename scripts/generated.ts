import { asyncapi } from '../contracts/asyncapi.ts'
import { openapi } from '../contracts/openapi.ts'
import { defaultBodyBytesMax } from '../contracts/route.ts'
import { isInside, routes } from '../contracts/routes.ts'
import { authorizationPage } from './authorization-page.ts'
import { chart } from './chart.ts'
import { sagaPage } from './saga-page.ts'

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

/** What the gateway needs of each public route, as plain data: it starts without loading a single schema. */
const publicRoutes = () =>
  routes
    .filter(({ route }) => !isInside(route))
    .map(({ route: { method, path, owner, access, bodyBytesMax, streams } }) => ({
      method,
      path,
      owner,
      access,
      bodyBytesMax: bodyBytesMax ?? defaultBodyBytesMax,
      ...(streams ? { streams } : {}),
    }))

/** Every file that is made from others, and what has to stand in it. */
export const generated = (): Record<string, string> => ({
  'contracts/openapi.json': json(openapi()),
  'contracts/asyncapi.json': json(asyncapi()),
  'contracts/public-routes.json': json(publicRoutes()),
  'docs/saga.md': sagaPage(),
  'docs/authorization.md': authorizationPage(),
  ...chart(),
})
