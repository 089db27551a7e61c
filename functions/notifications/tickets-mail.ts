import { html } from 'hono/html'
import type { TicketsFacts } from './drafts.ts'
import { page } from './page.ts'
import { momentOf } from './words.ts'

/** A ticket as the mail shows it: its place, its code, and the name of the attached picture. */
export type ShownTicket = { label: string; code: string; cid: string }

export type TicketsLetter = {
  facts: TicketsFacts
  name: string
  link: string
  tickets: ShownTicket[]
}

/** The mail with which a buyer gets in: event, place, time, and each ticket's code as picture and as text. */
export async function ticketsMail({ facts, name, link, tickets }: TicketsLetter) {
  const { eventTitle } = facts
  const details = [
    [facts.venueName, facts.city].filter(Boolean).join(', '),
    facts.startsAt === null ? '' : momentOf(facts.startsAt),
  ].filter(Boolean)
  const text = [
    `Hello ${name},`,
    `Here ${tickets.length === 1 ? 'is your ticket' : 'are your tickets'} for ${eventTitle}.`,
    details.join('\n'),
    tickets.map(({ label, code }) => `Seat ${label}\n${code}`).join('\n\n'),
    `Each code lets one person in, once. Do not show it to others.`,
    `Your tickets are also here: ${link}`,
  ]
  const body = html`<p>Hello ${name},</p>
    <h1 style="font-size:24px;line-height:1.25;margin:0 0 8px">${eventTitle}</h1>
    ${details.map((detail) => html`<p style="margin:0">${detail}</p>`)} ${tickets.map(shown)}
    <p>Each code lets one person in, once. Do not show it to others.</p>
    <p>Your tickets are also <a href="${link}">here</a>.</p>`
  return {
    text: `${text.filter(Boolean).join('\n\n')}\n`,
    html: String(await page(`Your tickets for ${eventTitle}`, body)),
  }
}

const shown = ({ label, code, cid }: ShownTicket) =>
  html`<div style="margin:24px 0;padding:16px;border:1px solid #d4d4d8;border-radius:8px">
    <p style="margin:0 0 8px;font-size:20px;font-weight:bold">Seat ${label}</p>
    <img src="cid:${cid}" width="246" height="246" alt="QR code of the ticket for seat ${label}" />
    <p style="margin:8px 0 0;font:13px monospace;word-break:break-all">${code}</p>
  </div>`
