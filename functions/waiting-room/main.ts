import { serve } from '../_runtime/serve.ts'

if (process.argv[2] === 'migrate') {
  const [{ migrate }, { migrations }] = await Promise.all([
    import('../_runtime/migrate.ts'),
    import('./migrations/index.ts'),
  ])
  await migrate(process.env.DATABASE_URL ?? '', migrations)
} else await serve(async () => (await import('./start.ts')).start(process.env))
