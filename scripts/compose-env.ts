import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'

/** `npm run compose:env [-- FILE]`: a fresh secret for each that compose.yaml asks for and FILE does not have yet. */
const [file = 'compose/.env'] = process.argv.slice(2)
const kept = existsSync(file) ? readFileSync(file, 'utf8') : ''
const has = new Set([...kept.matchAll(/^(\w+)=/gm)].map(([, name]) => name))
const asked = [...readFileSync('compose/compose.yaml', 'utf8').matchAll(/\$\{(\w+):\?/g)]
const missing = [...new Set(asked.map(([, name = '']) => name))].filter((name) => !has.has(name))
const lines = missing.map((name) => `${name}=${randomBytes(32).toString('base64url')}\n`)
writeFileSync(file, kept + (kept === '' || kept.endsWith('\n') ? '' : '\n') + lines.join(''), {
  mode: 0o600,
})
chmodSync(file, 0o600)
console.log(
  missing.length > 0
    ? `${file}: ${missing.length} new secrets. Keep a copy: without it nothing sealed can be opened`
    : `${file}: nothing is missing`,
)
