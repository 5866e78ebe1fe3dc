/**
 * Names of POSIX clients. Only `/` separates and only NUL is no character; the rest of the server and its backends know
 * names as Windows has them. What those cannot have travels between the two as the private-use characters of Services
 * for Macintosh, as it does for other clients: U+F001 to U+F01F for controls, U+F020 to U+F027 for `" * : < > ? \ |`,
 * U+F028 and U+F029 for a space and a dot at the end. Linux may send these itself (its mount option `mapposix`): then
 * they stand for the same.
 */
import { type Failure, fail } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { MAX_COMPONENT_UNITS, MAX_PATH_UNITS, type PathName } from '../path-name.ts'

const PRIVATE = 0xf000
const PUNCTUATION = '"*:<>?\\|'
const FIRST_PUNCTUATION = 0x20
const END = ' .'
const FIRST_END = 0x28

const FOREIGN = /[\u0001-\u001f"*:<>?\\|]|[ .]$/g
const OWN = /[\uf001-\uf027]|[\uf028\uf029]$/g

/** A name for the server of one that a POSIX client gave; undefined for what is none. */
export function fromPosixName(name: string): string | undefined {
  const isPlace = name === '' || name === '.' || name === '..'
  if (isPlace || name.length > MAX_COMPONENT_UNITS || /[/\u0000]/.test(name)) return undefined
  return name.replace(FOREIGN, (character) => String.fromCharCode(PRIVATE + placeOf(character)))
}

function placeOf(character: string): number {
  const code = character.charCodeAt(0)
  if (code < 0x20) return code
  const end = END.indexOf(character)
  return end >= 0 ? FIRST_END + end : FIRST_PUNCTUATION + PUNCTUATION.indexOf(character)
}

/** The same name for a POSIX client; as long as it was. */
export function toPosixName(name: string): string {
  return name.replace(OWN, (character) => {
    const place = character.charCodeAt(0) - PRIVATE
    if (place < FIRST_PUNCTUATION) return String.fromCharCode(place)
    return place >= FIRST_END ? (END[place - FIRST_END] as string) : (PUNCTUATION[place - FIRST_PUNCTUATION] as string)
  })
}

/** Takes apart the name of a CREATE, rename or link. No streams: a colon is a character like others. */
export function parsePosixPath(name: string): PathName | Failure {
  if (name === '') return { path: [] }
  if (name.length > MAX_PATH_UNITS) return fail(NtStatus.OBJECT_NAME_INVALID)
  const path: string[] = []
  for (const component of name.split('/')) {
    const own = fromPosixName(component)
    if (own === undefined) return fail(NtStatus.OBJECT_NAME_INVALID)
    path.push(own)
  }
  return { path }
}
