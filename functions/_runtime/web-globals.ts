import { LightHeaders } from './light-headers.ts'
import { LightRequest, LightResponse } from './light-web.ts'

// For the whole process, before Hono's adapter is loaded. Assigned: to look at what is there would load it.
Object.assign(globalThis, { Headers: LightHeaders, Request: LightRequest, Response: LightResponse })
