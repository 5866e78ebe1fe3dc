import { AccessMask, FILE_ALL_ACCESS } from '../../wire/dtyp/access-mask.ts'

const WORDS: readonly (readonly [number, string])[] = [
  [AccessMask.GENERIC_ALL, 'everything'],
  [AccessMask.MAXIMUM_ALLOWED, 'all there is'],
  [AccessMask.GENERIC_READ | AccessMask.FILE_READ_DATA, 'read'],
  [AccessMask.GENERIC_WRITE | AccessMask.FILE_WRITE_DATA | AccessMask.FILE_APPEND_DATA, 'write'],
  [AccessMask.GENERIC_EXECUTE | AccessMask.FILE_EXECUTE, 'execute'],
  [AccessMask.DELETE, 'delete'],
  [AccessMask.FILE_DELETE_CHILD, 'delete what is inside'],
  [AccessMask.WRITE_DAC, 'change rights'],
  [AccessMask.WRITE_OWNER, 'change the owner'],
  [AccessMask.ACCESS_SYSTEM_SECURITY, 'see the audit list'],
  [AccessMask.FILE_WRITE_ATTRIBUTES | AccessMask.FILE_WRITE_EA, 'change attributes'],
]
const ATTRIBUTES_ONLY = AccessMask.FILE_READ_ATTRIBUTES | AccessMask.SYNCHRONIZE | AccessMask.READ_CONTROL

/** An access mask for people: `read, write, delete (0x00130089)`. MS-DTYP 2.4.3. */
export function accessNames(mask: number): string {
  const isAll = (mask & FILE_ALL_ACCESS) === FILE_ALL_ACCESS
  const words = isAll ? ['everything'] : WORDS.flatMap(([bits, word]) => ((mask & bits) === 0 ? [] : [word]))
  const said = words.length === 0 ? ((mask & ATTRIBUTES_ONLY) === 0 ? 'nothing' : 'read attributes') : words.join(', ')
  return `${said} (0x${(mask >>> 0).toString(16).padStart(8, '0')})`
}

/** Whether an open asks for nothing but facts about the file. */
export const isStatOnly = (mask: number): boolean => WORDS.every(([bits]) => (mask & bits) === 0)
