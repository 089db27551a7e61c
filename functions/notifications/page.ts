import { html } from 'hono/html'

/** A piece of HTML whose variables are escaped. */
export type Html = ReturnType<typeof html>

/** The frame of every mail: one column, no picture from elsewhere, nothing that a mail program would block. */
export const page = (title: string, body: Html | Html[]): Html =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
      </head>
      <body style="margin:0;padding:24px;background:#f4f4f5;color:#18181b;font:16px/1.5 sans-serif">
        <div
          style="max-width:560px;margin:0 auto;padding:24px;background:#ffffff;border-radius:8px"
        >
          ${body}
        </div>
      </body>
    </html>`
