/** Where files are carried from and to, as words of the command line name it. */
import { globSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { Place } from '../../client/api/copy.ts'
import { localName, shareName } from '../../client/copy/names.ts'
import { StatusError } from '../../client/errors.ts'
import { UsageError } from '../report.ts'
import { displayAddress, isAddress, joinPath, nameOf, parseShareAddress } from './address.ts'
import type { Errand } from './carry.ts'
import type { Context } from './context.ts'
import { expandAll } from './expand.ts'
import { about } from './servers.ts'

/** Something to carry, and the name that it has. */
export interface Source {
  readonly place: Place
  readonly name: string
  readonly shown: string
}

/** All that words mean, on shares and on the disk, in their order. */
export async function sourcesOf(context: Context, words: readonly string[]): Promise<Source[]> {
  const sources: Source[] = []
  const remote = words.filter(isAddress)
  // Names on a server are looked up first: a wrong one is told before anything is carried.
  const found = await expandAll(context, remote)
  for (const { address, share } of found) {
    const name = address.path === '' ? address.share : nameOf(address.path)
    sources.push({ place: { share, path: address.path }, name, shown: displayAddress(address) })
  }
  for (const word of words) if (!isAddress(word)) sources.push(...localSources(word))
  return sources
}

/** Patterns that no shell has resolved are resolved here. */
function localSources(word: string): Source[] {
  const isThere = statSync(word, { throwIfNoEntry: false }) !== undefined
  const paths = isThere || !/[*?[]/.test(word) ? [word] : globSync(word).toSorted()
  if (paths.length === 0) throw new UsageError(`${word}: nothing there has such a name`)
  return paths.map((path) => ({ place: { disk: path }, name: basename(resolve(path)), shown: path }))
}

/** Where things go. */
export interface Target {
  readonly place: Place
  /** It is a folder that is there, or is to be made: files go into it under their own names. */
  readonly isFolder: boolean
  /** It is said that folders go into it, too, and do not become it. */
  readonly holdsFolders: boolean
  readonly shown: string
}

/**
 * What the last word means. One that ends in a separator is a folder, there or not, and so is `.`: folders go into it.
 * Otherwise a folder becomes the one that is named, also where that is there, so that the same words mean the same again.
 */
export async function targetOf(context: Context, word: string): Promise<Target> {
  const saysFolder = /(?:^|[\\/])\.{0,2}$/.test(word)
  if (!isAddress(word)) {
    const stats = statSync(word, { throwIfNoEntry: false })
    return {
      place: { disk: word },
      isFolder: saysFolder || stats?.isDirectory() === true,
      holdsFolders: saysFolder,
      shown: word,
    }
  }
  const address = parseShareAddress(word)
  const share = await context.servers.share(address)
  const place = { share, path: address.path }
  const shown = displayAddress(address)
  if (address.path === '' || saysFolder) return { place, isFolder: true, holdsFolders: true, shown }
  try {
    const stats = await about(address, share.stat(address.path, { signal: context.signal }))
    return { place, isFolder: stats.isDirectory(), holdsFolders: false, shown }
  } catch (error) {
    const { cause } = error as Error
    if (cause instanceof StatusError && cause.code === 'ENOENT')
      return { place, isFolder: false, holdsFolders: false, shown }
    throw error
  }
}

/** Each thing with the place where it goes. @throws UsageError where several would become one */
export async function errandsTo(context: Context, sources: readonly Source[], target: Target): Promise<Errand[]> {
  if (!target.isFolder && sources.length > 1)
    throw new UsageError(`${target.shown}: is no folder, and several files are to be copied there`)
  const [first] = sources
  const mayBecomeIt = !target.holdsFolders && sources.length === 1
  const isItself = !target.isFolder || (mayBecomeIt && first !== undefined && (await isFolder(context, first)))
  return sources.map(({ place, name, shown }) => ({
    from: place,
    to: isItself ? target.place : inside(target.place, place, name, shown),
    source: shown,
    target: isItself ? target.shown : `${target.shown.replace(/[\\/]$/, '')}/${name}`,
  }))
}

/** What is not there is none: that is told when it is to be copied. */
async function isFolder({ signal }: Context, { place }: Source): Promise<boolean> {
  if ('disk' in place) return statSync(place.disk, { throwIfNoEntry: false })?.isDirectory() === true
  const stats = await place.share.stat(place.path, { signal }).catch((error: unknown) => {
    if (error instanceof StatusError) return undefined
    throw error
  })
  return stats?.isDirectory() === true
}

/** A place in a folder. The name may come from a server: it does not lead out of it. */
function inside(folder: Place, from: Place, name: string, shown: string): Place {
  const isLocal = 'disk' in folder
  const there = isLocal === 'disk' in from ? { name } : isLocal ? localName(name) : shareName(name)
  if ('problem' in there) throw new UsageError(`${shown}: it cannot be copied: ${there.problem}`)
  return isLocal
    ? { disk: join(folder.disk, there.name) }
    : { share: folder.share, path: joinPath(folder.path, there.name) }
}

/** Makes the folder where several things go, if it is not there. */
export async function makeTarget({ signal }: Context, { place }: Target): Promise<void> {
  if ('disk' in place) {
    const { mkdirSync } = await import('node:fs')
    mkdirSync(place.disk, { recursive: true })
  } else if (place.path !== '') await place.share.mkdir(place.path, { recursive: true, signal })
}
