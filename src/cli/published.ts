#!/usr/bin/env node
/**
 * The entry of the command as it is published (scripts/bundle.ts). It loads our modules with what V8 has compiled of
 * them in an earlier run. Node's own compile cache keeps what is compiled before a module runs, which is next to nothing:
 * functions are compiled when they are first called.
 */
import { hash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { createRequire, enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { Script } from 'node:vm'
import { cacheFolder } from './places.ts'
import type { program } from './program.ts'

/** Put in when it is built: changes with every bundle. */
declare const buildDigest: string
declare const __filename: string

interface Module {
  exports: Record<string, unknown>
}
type Body = (exports: Module['exports'], module: Module, require: (name: string) => unknown, moduleUrl: string) => void
/** Modules by their names. */
type Pack = Readonly<Record<string, Body>>

const folder = join(__filename, '..')
const moduleUrl = pathToFileURL(__filename).href
const ofNode = createRequire(__filename)
const cache = cacheFolder()
/** Each command keeps what it needs itself. */
const [, , command = ''] = process.argv
const kept =
  cache === undefined
    ? undefined
    : join(cache, `${process.version}-${process.arch}-${buildDigest}`, /^[a-z]{1,16}$/.test(command) ? command : 'none')
// With threads that clear up together, a small heap waits longer for them than they take.
if (command !== 'serve' && command !== 'trace') setFlagsFromString('--no-parallel-scavenge')

/** A run that took longer may have lost again what was compiled at its beginning. */
const longestRunMs = 10_000
const digestBytes = 20

/** What was not kept yet. */
const fresh: { readonly place: string; readonly script: Script }[] = []
const packs: Pack[] = []
const packNames = ['commands.js', 'own-commands.js']
const loaded = new Map<string, Module>()

/** As `require` of Node, for our modules too. */
function load(name: string): unknown {
  if (name.startsWith('./')) return moduleOf(name.slice(2)).exports
  // Packages that only some commands have: what Node compiles of them is kept by itself.
  if (!name.startsWith('node:') && cache !== undefined) enableCompileCache(cache)
  return ofNode(name)
}

function moduleOf(name: string): Module {
  const known = loaded.get(name)
  if (known !== undefined) return known
  const module = { exports: {} }
  loaded.set(name, module)
  bodyOf(name)(module.exports, module, load, moduleUrl)
  return module
}

function bodyOf(name: string): Body {
  for (const [index, file] of packNames.entries()) {
    packs[index] ??= packOf(file)
    const body = packs[index][name]
    if (body !== undefined) return body
  }
  throw new Error(`${name} is in none of ${packNames.join(', ')}`)
}

function packOf(file: string): Pack {
  const filename = join(folder, file)
  // They are ASCII.
  const source = readFileSync(filename, 'latin1')
  const place = kept === undefined ? undefined : join(kept, `${file}.code`)
  const cachedData = place === undefined ? undefined : compiled(place)
  const script = new Script(source, { filename, ...(cachedData !== undefined && { cachedData }) })
  if (place !== undefined && script.cachedDataRejected !== false) fresh.push({ place, script })
  return script.runInThisContext() as Pack
}

/** What was kept; undefined where there is nothing, or where it is damaged or somebody else's: V8 would believe it. */
function compiled(place: string): Buffer | undefined {
  try {
    // Root may be using the folder of whoever became it.
    if (process.geteuid !== undefined && statSync(place).uid !== process.geteuid()) return undefined
    const bytes = readFileSync(place)
    const code = bytes.subarray(digestBytes)
    return bytes.compare(hash('sha1', code, 'buffer'), 0, digestBytes, 0, digestBytes) === 0 ? code : undefined
  } catch {
    return undefined
  }
}

process.once('exit', (exitCode) => {
  // A run that failed early has not compiled what others need.
  if (exitCode !== 0 || performance.now() > longestRunMs) return
  try {
    for (const { place, script } of fresh) keep(place, script.createCachedData())
  } catch {
    // It goes without.
  }
})

function keep(place: string, code: Buffer): void {
  const part = `${place}.${process.pid}`
  mkdirSync(join(place, '..'), { recursive: true })
  writeFileSync(part, Buffer.concat([hash('sha1', code, 'buffer'), code]))
  renameSync(part, place)
}

const { program: commands } = moduleOf('program.js').exports as { program: typeof program }
void commands(command).then((all) => all.parseAsync())
