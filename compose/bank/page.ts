import type { Charge } from './book.ts'

/** Where a payer approves or declines a charge, in place of his bank's own 3-D Secure page. */
export function decisionPage({ amountMinor, currency, status }: Charge): string {
  const amount = `${(amountMinor / 100).toFixed(2)} ${currency}`
  const body =
    status === 'requires_action'
      ? `<p>A shop asks for <strong>${amount}</strong>.</p>
         <form method="post">
           <button name="approve" value="true">Approve</button>
           <button name="approve" value="false">Decline</button>
         </form>`
      : `<p>The payment of <strong>${amount}</strong> is <strong>${status}</strong>.</p>
         <p>You can close this page and go back to the shop.</p>`
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sandbox bank</title>
<style>
  body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 26rem; margin: 15vh auto; padding: 0 1rem }
  button { font: inherit; padding: .5rem 1.5rem; margin-right: .5rem }
</style>
<h1>Sandbox bank</h1>
${body}
</html>
`
}
