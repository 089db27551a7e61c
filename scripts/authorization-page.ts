import { strangerGets } from '../contracts/authorization.ts'
import { functionNames } from '../contracts/functions.ts'
import { reaches, type Access, type Route } from '../contracts/route.ts'
import { isInside, routes } from '../contracts/routes.ts'
import { scopeOf } from '../contracts/scopes.ts'

/** docs/authorization.md: who may call each route and whose things it touches, drawn from the contracts. */
export const authorizationPage = (): string => `# Who may do what

Made by \`npm run generate\` from the [contracts](../contracts): change those, not this page.

The gateway lets nothing through that is not here, and each function checks again by itself, as if there were no gateway. [authorization.test.ts](../test/e2e/authorization.test.ts) asks every route, at both doors, as everybody about what is his, another's, nobody's and no id at all; it takes what must come out from the same contracts, and sees that whoever was refused has changed no row.

- **who**: \`anyone\`, also without a token; \`signed-in\`, any user; users with one of the roles; or, by service token, only the named functions.
- **whose**: the things that it may show or change, as below.
- **API key**: the scope that a key needs; a dash where none may come. A key has its user's roles, but never \`admin\`.
- **a stranger gets**, where he may call the route and names what is not his: 404, the very answer that an id gets which nobody has; or 403, because what is announced is no secret. Both: 403, and 404 for a draft.

Before all that: 401 without a token, with one that is not good and with one that has ended; 403 \`account-banned\` for the banned, \`forbidden\` for the wrong role, \`scope-missing\` for a key without the scope. What is for functions only answers 404 at the gateway, as any path does that does not exist.

| whose | |
|---|---|
${Object.entries(reaches)
  .map(([name, says]) => `| ${name} | ${says} |`)
  .join('\n')}

${functionNames
  .filter((name) => routes.some(({ route }) => route.owner === name))
  .map(
    (name) => `## ${name}

| route | who | whose | API key | a stranger gets |
|---|---|---|---|---|
${routes
  .map(({ route }) => route)
  .filter(({ owner }) => owner === name)
  .toSorted((a, b) => (a.path + a.method < b.path + b.method ? -1 : 1))
  .map(rowOf)
  .join('\n')}
`,
  )
  .join('\n')}`

function rowOf(route: Route): string {
  const path = route.path.replace(/:file\{.*$/, ':file')
  const scope = isInside(route) ? null : scopeOf(route)
  const cells = [
    `\`${route.method} ${path}\``,
    whoOf(route.access),
    route.data,
    scope === null ? '–' : `\`${scope}\``,
    strangerGets(route).join(', ') || '–',
  ]
  return `| ${cells.join(' | ')} |`
}

const whoOf = (access: Access): string => {
  if (typeof access === 'string') return access
  return 'roles' in access ? access.roles.join(', ') : `functions: ${access.functions.join(', ')}`
}
