import { compensations, registered, transitions, type Phase } from '../functions/orders/saga.ts'

const ends: readonly Phase[] = ['FAILED', 'EXPIRED', 'CANCELLED']

/** docs/saga.md: the states of an order, drawn from the table that decides about them. */
export const sagaPage = (): string => `# The saga

Made by \`npm run generate\` from [saga.ts](../functions/orders/saga.ts): change that file, not this one.

An order goes from the choice of its seats to its confirmation, or to an end where nobody has lost money. Before the slash stands what comes in a state, after it what is done then. What is not drawn changes nothing.

\`\`\`mermaid
stateDiagram-v2
  [*] --> PENDING: over events
  [*] --> HELD: within the request, seats first
${lines().join('\n')}
  REFUNDED --> [*]
\`\`\`

CLOSING is no status of its own: \`status\` stays HELD or PAID while \`closing\` says how the order ends. A refund of some lines leaves it CONFIRMED.

## What undoes a step

| step | undone by |
|---|---|
${Object.entries(compensations)
  .map(([step, compensation]) => `| ${step} | ${compensation} |`)
  .join('\n')}

It is registered before the step begins: the row of an order that is stored in one of these states stands for it. An order that ends without seats undoes all of it, in this order, whether or not the step ever took effect.

| stored as | undone |
|---|---|
${Object.entries(registered)
  .filter(([, undone]) => undone.length > 0)
  .map(([phase, undone]) => `| ${phase} | ${undone.toReversed().join(', ')} |`)
  .join('\n')}

After ${ends.join(', ')} whatever still takes effect is undone when its news comes.
`

/** One line for each way from a state to the next, with all that leads there and does the same. */
function lines(): string[] {
  const ways = Map.groupBy(
    transitions,
    ({ from, to, effects }) => `${from} --> ${to}|${effects.join(', ')}`,
  )
  return Array.from(ways, ([way, all]) => {
    const [path, done] = way.split('|')
    const inputs = [...new Set(all.map(({ on }) => on))].join(', ')
    return `  ${path}: ${inputs}${done ? ` / ${done}` : ''}`
  })
}
