import { refuse, type KubernetesObject } from './objects.ts'

/** The attributes of a CloudEvent by their names, extensions among them. */
export type Attributes = Readonly<Record<string, string>>

export type Filter = (attributes: Attributes) => boolean

type Values = Record<string, string>
type Dialects = {
  exact?: Values
  prefix?: Values
  suffix?: Values
  all?: Dialects[]
  any?: Dialects[]
  not?: Dialects
  cesql?: string
}

/**
 * Which CloudEvents a Trigger wants. `filters` wins over `filter`; neither wants all. What Knative would refuse
 * is refused, and so is what it would take and then read as "everything": a filter with an empty value.
 */
export function readFilter(trigger: KubernetesObject): Filter {
  const { filters, filter } = trigger.spec as {
    filters?: Dialects[]
    filter?: { attributes?: Values }
  }
  if (filters !== undefined && !Array.isArray(filters))
    refuse(trigger, 'filters must be a list, one dialect an entry')
  if (filters && filters.length > 0) {
    const parts = filters.map((one) => readDialects(trigger, one))
    return (event) => parts.every((part) => part(event))
  }
  return filter?.attributes ? readAttributes(trigger, filter.attributes) : () => true
}

/** `filter.attributes`: each must be equal, and `""` stands for any value but none. */
function readAttributes(trigger: KubernetesObject, attributes: Values): Filter {
  const wanted = readValues(trigger, attributes)
  return (event) =>
    wanted.every(([name, value]) => (value === '' ? Boolean(event[name]) : event[name] === value))
}

function readDialects(trigger: KubernetesObject, filter: Dialects): Filter {
  const dialects = Object.keys(filter) as (keyof Dialects)[]
  const [dialect] = dialects
  if (!dialect) refuse(trigger, 'an entry of filters is empty: it would deliver every CloudEvent')
  if (dialects.length > 1)
    refuse(
      trigger,
      `one entry of filters has the dialects ${dialects.join(' and ')}: Knative takes one an entry, so make them two`,
    )
  switch (dialect) {
    case 'exact':
      return readMatch(trigger, filter, dialect, (given, wanted) => given === wanted)
    case 'prefix':
      return readMatch(trigger, filter, dialect, (given, wanted) => given.startsWith(wanted))
    case 'suffix':
      return readMatch(trigger, filter, dialect, (given, wanted) => given.endsWith(wanted))
    case 'all': {
      const parts = readList(trigger, dialect, filter.all)
      return (event) => parts.every((part) => part(event))
    }
    case 'any': {
      const parts = readList(trigger, dialect, filter.any)
      return (event) => parts.some((part) => part(event))
    }
    case 'not': {
      const part = readDialects(trigger, filter.not ?? {})
      return (event) => !part(event)
    }
    case 'cesql':
      return refuse(
        trigger,
        'it filters with cesql, which the emulator does not have: use exact, prefix, suffix, any, all or not',
      )
    default:
      return refuse(trigger, `${String(dialect)} is not a dialect of Knative's filters`)
  }
}

const readList = (trigger: KubernetesObject, dialect: string, filters?: Dialects[]): Filter[] => {
  if (!Array.isArray(filters) || filters.length === 0)
    refuse(trigger, `the dialect ${dialect} needs a list of filters`)
  return filters.map((one) => readDialects(trigger, one))
}

function readMatch(
  trigger: KubernetesObject,
  filter: Dialects,
  dialect: 'exact' | 'prefix' | 'suffix',
  matches: (given: string, wanted: string) => boolean,
): Filter {
  const wanted = readValues(trigger, filter[dialect] ?? {})
  const empty = wanted.find(([, value]) => value === '')
  if (wanted.length === 0 || empty)
    refuse(
      trigger,
      `the dialect ${dialect} has no value${empty ? ` for ${empty[0]}` : ''}: Knative would drop this filter and deliver every CloudEvent; give a value`,
    )
  return (event) =>
    wanted.every(([name, value]) => {
      const given = event[name]
      return given !== undefined && matches(given, value)
    })
}

function readValues(trigger: KubernetesObject, values: Values): [string, string][] {
  return Object.entries(values).map(([name, value]) => {
    if (!/^[a-z][a-z0-9]*$/.test(name))
      refuse(
        trigger,
        `it filters on ${name}: names of attributes are lower-case letters and digits, a letter first`,
      )
    if (typeof value !== 'string')
      refuse(trigger, `the value it filters ${name} with must be quoted: attributes are strings`)
    return [name, value]
  })
}
