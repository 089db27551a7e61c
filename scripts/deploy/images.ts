import { functionNames } from '../../contracts/functions.ts'
import type { Runner } from './runner.ts'

export type Images = {
  tag: string
  overlay: 'minikube' | 'production'
  /** Where images are pushed; without one they are loaded into Minikube. */
  registry: string | undefined
}

/** What runs on a cluster; the bank only where it stands in for a payment provider. */
const imageNames = [...functionNames, 'bootstrap', 'setup', 'smoke', 'bank']
const secondsMax = 900

/** Where an image of ours is taken from. Nothing looks for `dev.local` in a registry. */
export const imageOf = (name: string, { tag, registry }: Omit<Images, 'overlay'>): string =>
  `${registry ?? 'dev.local/boxoffice'}/${name}:${tag}`

/** Builds every image and brings it to where the cluster finds it. */
export async function buildImages(runner: Runner, images: Images): Promise<void> {
  await runner.run({
    argv: ['npm', 'run', 'images', '--', '--tag', images.tag],
    secondsMax: 1800,
  })
  for (const name of imageNames) {
    const there = imageOf(name, images)
    await runner.run({ argv: ['docker', 'tag', `boxoffice/${name}:${images.tag}`, there] })
    await runner.run({
      argv: images.registry ? ['docker', 'push', there] : ['minikube', 'image', 'load', there],
      secondsMax,
    })
  }
}
