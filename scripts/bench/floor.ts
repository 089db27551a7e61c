import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { inDatabase, withClient } from '../../compose/local/databases.ts'

const run = promisify(execFile)
const clients = 32

export type Floor = { perSecond: (seconds: number) => Promise<number>; how: string }

/** Postgres making the durable writes of a `purchase`, or of a `hold` alone, and nothing else. */
export async function openFloor(adminUrl: string, script: 'purchase' | 'hold'): Promise<Floor> {
  await withClient(adminUrl, async (admin) => {
    await admin.query('drop database if exists floor with (force)')
    await admin.query('create database floor')
  })
  const url = inDatabase(adminUrl, 'floor')
  await withClient(url, (client) =>
    client.query(readFileSync(resolve('scripts/bench/floor/schema.sql'), 'utf8')),
  )
  const file = resolve(`scripts/bench/floor/${script}.pgbench`)
  const hasPgbench = await run('pgbench', ['--version']).then(
    () => true,
    () => false,
  )
  return hasPgbench
    ? { how: `pgbench, ${clients} clients`, perSecond: (seconds) => byPgbench(url, file, seconds) }
    : {
        how: `the statements of pgbench by a bare client, ${clients} connections`,
        perSecond: (seconds) => byClient(url, file, seconds),
      }
}

async function byPgbench(url: string, file: string, seconds: number): Promise<number> {
  const { stdout } = await run('pgbench', [
    '-n',
    '-M',
    'prepared',
    '-f',
    file,
    '-c',
    String(clients),
    '-j',
    '1',
    '-T',
    String(seconds),
    url,
  ])
  const rate = /^tps = ([\d.]+)/m.exec(stdout)?.[1]
  if (!rate) throw new Error(`pgbench gave no figure:\n${stdout}`)
  return Number(rate)
}

/** Each statement of the script prepared, `:n` as its parameter. */
async function byClient(url: string, file: string, seconds: number): Promise<number> {
  const [first = '', ...statements] = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('--'))
  const number = first.replace(String.raw`\gset`, '')
  const prepared = statements.map((text, i) => ({
    name: `floor-${i}`,
    text: text.replaceAll(/:n\b/g, '$1::bigint'),
  }))
  const pool = new pg.Pool({ connectionString: url, max: clients })
  const end = performance.now() + seconds * 1000
  let done = 0
  const work = async () => {
    while (performance.now() < end) {
      const { rows } = await pool.query<{ n: string }>(number)
      for (const one of prepared) await pool.query({ ...one, values: [rows[0]?.n] })
      done += 1
    }
  }
  await Promise.all(Array.from({ length: clients }, work))
  await pool.end()
  return done / seconds
}
