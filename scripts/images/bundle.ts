import { existsSync } from 'node:fs'
import { bundle } from '../bundles.ts'

/** `node scripts/images/bundle.ts NAME FOLDER`: what an image runs, from its main.mjs on. Called by functions/Dockerfile. */
const [name = '', folder = ''] = process.argv.slice(2)
const entry = ['functions', 'compose', 'scripts']
  .map((parent) => `${parent}/${name}/main.ts`)
  .find((one) => existsSync(one))
if (!entry || !folder)
  throw new Error(`there is no main.ts of "${name}": give --build-arg FUNCTION=…`)
await bundle(entry, folder)
