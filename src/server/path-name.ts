import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { HeaderFlags } from '../wire/smb2/index.ts'
import type { BackendPath } from './backend.ts'

/** A name as a client gave it, taken apart. */
export interface PathName {
  /** `[]` is the root of the share. */
  readonly path: BackendPath
  /** The named stream, without type; absent for the unnamed one. */
  readonly stream?: string
  /** The name said that it means a directory (`::$INDEX_ALLOCATION`). */
  readonly isDirectory?: boolean
  /** It is that of the index of quotas. */
  readonly isQuotaIndex?: boolean
  /** The name said that it means the unnamed stream of a file (`::$DATA`). */
  readonly isData?: boolean
}

/** MS-FSA 2.1.5.1: what clients open to ask for quotas. */
const QUOTA_INDEX = '$EXTEND\\$QUOTA:$Q:$INDEX_ALLOCATION'

/** Longest name of a file or stream, in UTF-16 units (MS-FSCC 2.1.5.2). */
export const MAX_COMPONENT_UNITS = 255
/** Longest path that Windows takes, in UTF-16 units. */
export const MAX_PATH_UNITS = 32_760

// What no name may have (MS-FSCC 2.1.5.2): wildcards and control characters. A slash separates, as a backslash does.
const FORBIDDEN = /[\u0000-\u001f"*<>?|]/

/**
 * Takes apart the name of a CREATE, rename or link (MS-FSCC 2.1.5, MS-SMB2 3.3.5.9). Nothing that comes out of it can
 * lead out of the share: no component is empty, `.` or `..`.
 */
export function parsePathName(name: string): PathName | Failure {
  if (name === '') return { path: [] }
  if (name.length > MAX_PATH_UNITS) return fail(NtStatus.OBJECT_NAME_INVALID)
  // MS-SMB2 3.3.5.9: a name must not begin with a separator.
  if (/^[\\/]/.test(name)) return fail(NtStatus.INVALID_PARAMETER)
  if (name.length === QUOTA_INDEX.length && name.toUpperCase() === QUOTA_INDEX)
    return { path: ['$Extend', '$Quota'], isQuotaIndex: true }
  const components = withoutDots(name.split(/[\\/]/))
  if (failed(components)) return components
  const last = components.pop()
  if (last === undefined) return { path: [] }
  for (const component of components) {
    const problem = checkComponent(component)
    if (problem !== undefined) return problem
    if (component.includes(':')) return fail(NtStatus.OBJECT_NAME_INVALID)
  }
  const colon = last.indexOf(':')
  if (colon < 0) {
    const problem = checkComponent(last)
    return problem ?? { path: [...components, last] }
  }
  const base = last.slice(0, colon)
  // A stream of the root has no name in front of it.
  if (base === '' ? components.length > 0 : checkComponent(base) !== undefined)
    return fail(NtStatus.OBJECT_NAME_INVALID)
  const stream = parseStream(last.slice(colon + 1))
  if ('status' in stream) return stream
  return { path: base === '' ? [] : [...components, base], ...stream }
}

/** `..` takes back the component before it, in the name alone, and never the root. */
function withoutDots(components: readonly string[]): string[] | Failure {
  const kept: string[] = []
  for (const component of components) {
    if (component !== '..') kept.push(component)
    else if (kept.pop() === undefined) return fail(NtStatus.OBJECT_PATH_SYNTAX_BAD)
  }
  return kept
}

function checkComponent(component: string): Failure | undefined {
  // `..` can still be here in front of a stream's name.
  const isPlace = component === '' || component === '.' || component === '..'
  const isName = !isPlace && component.length <= MAX_COMPONENT_UNITS && !FORBIDDEN.test(component)
  return isName ? undefined : fail(NtStatus.OBJECT_NAME_INVALID)
}

/** True for what a path may consist of: no separators, streams, wildcards, `.` or `..`. */
export const isComponent = (name: string): boolean =>
  checkComponent(name) === undefined && name !== '..' && !/[\\/:]/.test(name)

/** `name`, `name:$DATA`, `:$DATA`, `:$INDEX_ALLOCATION`, `$I30:$INDEX_ALLOCATION` (MS-FSCC 2.1.5.3). */
export function parseStream(text: string): Pick<PathName, 'stream' | 'isDirectory' | 'isData'> | Failure {
  const parts = text.split(':')
  const [name = '', type] = parts
  if (parts.length > 2 || name.length > MAX_COMPONENT_UNITS) return fail(NtStatus.OBJECT_NAME_INVALID)
  if (/[\u0000\\/]/.test(name)) return fail(NtStatus.OBJECT_NAME_INVALID)
  switch (type?.toUpperCase()) {
    case undefined:
      return name === '' ? fail(NtStatus.OBJECT_NAME_INVALID) : { stream: name }
    case '$DATA':
      return name === '' ? { isData: true } : { stream: name }
    case '$INDEX_ALLOCATION':
      return name === '' || name.toUpperCase() === '$I30' ? { isDirectory: true } : fail(NtStatus.OBJECT_NAME_INVALID)
    default:
      return fail(NtStatus.OBJECT_NAME_INVALID)
  }
}

/** The name in a CREATE; `flags`: those of the request's header. */
export const parseRequestedName = (name: string, flags: number, parse = parsePathName): PathName | Failure =>
  parse((flags & HeaderFlags.DFS_OPERATIONS) === 0 ? name : withoutDfsPrefix(name))

/**
 * What a name with SMB2_FLAGS_DFS_OPERATIONS says beyond its path: it starts with server and share
 * (MS-SMB2 3.3.5.9, MS-DFSC 2.2.1.3). Without a namespace these two are simply left out.
 */
export function withoutDfsPrefix(name: string): string {
  const rest = name.replace(/^\\+/, '').split('\\')
  return rest.slice(2).join('\\')
}
