import { existsSync } from 'node:fs'
import { bundle } from '../bundles.ts'

/** `node scripts/images/bundle.ts NAME FILE`: what an image runs, as one file. Called by functions/Dockerfile. */
const [name = '', file = ''] = process.argv.slice(2)
const entry = ['functions', 'compose', 'scripts']
  .map((folder) => `${folder}/${name}/main.ts`)
  .find((one) => existsSync(one))
if (!entry || !file)
  throw new Error(`there is no main.ts of "${name}": give --build-arg FUNCTION=…`)
await bundle(entry, file)
