import { upcase } from '../wire/fscc/index.ts'

/** Characters that an 8.3 name may have (MS-FSCC 2.1.5.2.1). */
const VALID = /^[A-Z0-9!#$%&'()@^_`{}~-]+$/
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'
/** Of the name itself, in front of the tilde. */
const STEM_CHARACTERS = 3
const HASH_CHARACTERS = 3

/** True if a name is one of DOS as it is: eight characters, a dot, three. */
function isShort(name: string): boolean {
  const [base = '', extension, ...more] = name.split('.')
  if (more.length > 0 || base.length > 8 || !VALID.test(base)) return false
  return extension === undefined || (extension.length <= 3 && VALID.test(extension))
}

const strip = (text: string): string => [...text].filter((character) => VALID.test(character)).join('')

/**
 * The 8.3 name of a file: its own in upper case if it is one, else `ABCXYZ~1.EXT`, where XYZ comes from the whole name.
 * Nothing is stored: the same name has the same short name on every server. Two names of one directory could meet in
 * one (1 in 46 656 for the same first letters); then a look-up finds the first.
 */
export function shortNameOf(name: string): string {
  const upper = upcase(name)
  if (isShort(upper)) return upper
  const dot = upper.lastIndexOf('.')
  const stem = strip(dot > 0 ? upper.slice(0, dot) : upper)
  const extension = dot > 0 ? strip(upper.slice(dot + 1)).slice(0, 3) : ''
  let hash = 0x811c9dc5
  for (let i = 0; i < upper.length; i++) hash = Math.imul(hash ^ upper.charCodeAt(i), 0x01000193) >>> 0
  let code = ''
  for (let i = 0; i < HASH_CHARACTERS; i++) {
    code += DIGITS[hash % DIGITS.length]
    hash = Math.floor(hash / DIGITS.length)
  }
  const short = `${stem.slice(0, STEM_CHARACTERS)}${code}~1`
  return extension === '' ? short : `${short}.${extension}`
}

/** As a listing has it: nothing where the name itself is one of DOS (MS-FSCC 2.4.8). */
export const shortNameInListing = (name: string): string =>
  name === '.' || name === '..' || isShort(upcase(name)) ? '' : shortNameOf(name)

/** True if a component may be a short name that was made up here. */
export const looksShortened = (component: string): boolean => /^[^.]{3,6}~1(\.[^.]{1,3})?$/.test(component)
