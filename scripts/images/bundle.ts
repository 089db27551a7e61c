import { bundle, entryOf } from '../bundles.ts'

/** `node scripts/images/bundle.ts NAME FOLDER`: what an image runs, from its main.mjs on. Called by functions/Dockerfile. */
const [name = '', folder = ''] = process.argv.slice(2)
if (!name || !folder) throw new Error('give --build-arg FUNCTION=…')
await bundle(entryOf(name), folder)
