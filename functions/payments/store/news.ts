/**
 * Common table expressions that write what `news` tells to the outbox, and to `outbox_unsent` only where
 * the saga waits for it: nothing is published that nobody reacts to. The outbox has it either way, so that
 * read models can be rebuilt.
 */
export const tellNews = `
  told as (
    insert into outbox (id, aggregatetype, aggregateid, type, payload, correlationid, traceparent)
    select id, 'payment', payment_id, type, payload, correlationid, traceparent from news
    returning id
  ), unsent as (
    insert into outbox_unsent (id) select id from news where is_awaited
  )`
