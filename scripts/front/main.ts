import { serve } from '../../functions/_runtime/serve.ts'

await serve(async () => (await import('./start.ts')).start(process.env))
