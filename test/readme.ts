import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

export type Column = { type: string; name: string; keys: string[] }

/** A README as tests look into it: its tables, by the first word of their header, and its ER diagram. */
export function readReadme(folder: string) {
  const text = readFileSync(join(folder, 'README.md'), 'utf8')
  return {
    text,
    /** The rows of every table whose header begins with `first`, as cells. */
    table: (first: string): string[][] =>
      [...text.matchAll(new RegExp(`^\\| ${first} \\|.*\\n\\|[-| ]+\\|\\n((?:\\|.*\\n?)*)`, 'gm'))]
        .flatMap(([, rows = '']) => rows.trim().split('\n'))
        .filter((row) => row !== '')
        .map((row) => row.split('|').slice(1, -1))
        .map((cells) => cells.map((cell) => cell.trim())),
    /** The tables of the diagram with their columns, and the names that its lines join. */
    diagram() {
      const [, drawn = ''] = /```mermaid\nerDiagram\n([^]*?)```/.exec(text) ?? []
      const tables = [...drawn.matchAll(/^ {2}(\w+) \{\n([^}]*)^ {2}\}/gm)].map(
        ([, name = '', columns = '']) =>
          [name, columns.trim().split('\n').map(readColumn)] as const,
      )
      const joined = [...drawn.matchAll(/^ {2}(\w+) \S+ (\w+) :/gm)]
      return {
        tables: Object.fromEntries(tables) as Record<string, Column[]>,
        joined: joined.flatMap(([, from = '', to = '']) => [from, to]),
      }
    },
    /** The tables that every function has, as the line below the diagram names them. */
    beside: () => codesIn(/^Beside these: ([^.]*)\./m.exec(text)?.[1] ?? '').toSorted(),
  }
}

function readColumn(line: string): Column {
  const [, type = '', name = '', keys = ''] = /^\s*(\w+) (\w+)((?:,? ?[PFU]K)*)/.exec(line) ?? []
  return { type, name, keys: keys.split(/[, ]+/).filter(Boolean) }
}

/** What stands between backticks. */
export const codesIn = (text: string): string[] =>
  [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)

/** Every file of a folder but tests and what is not its own, relative to it. */
export const filesOf = (folder: string): string[] =>
  globSync('**/*.{ts,json}', { cwd: folder, exclude: ['test', 'node_modules', 'package.json'] })
    .filter((file) => !file.startsWith('node_modules') && file !== 'package.json')
    .toSorted()

/**
 * The files that a map's rows name. A row may name several: the folder of the first holds for the others, and
 * a name that ends in a slash stands for all files in that folder.
 */
export function filesNamed(folder: string, rows: string[][]): string[] {
  const named = rows.flatMap(([cell = '']) => {
    const [first = '', ...others] = codesIn(cell)
    const beside = (name: string) =>
      existsSync(join(folder, name)) ? name : join(dirname(first), name)
    return [first, ...others.map(beside)]
  })
  return named
    .flatMap((name) => (name.endsWith('/') ? globSync(`${name}*.ts`, { cwd: folder }) : [name]))
    .map((name) => relative('', name))
    .toSorted()
}
