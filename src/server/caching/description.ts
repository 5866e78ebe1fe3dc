import { OplockLevel } from '../../wire/smb2/index.ts'
import type { Open } from '../open.ts'
import { describeRights, levelOf } from './rights.ts'

const LEVEL_NAMES = new Map<number, string>([
  [OplockLevel.II, 'level II'],
  [OplockLevel.EXCLUSIVE, 'exclusive'],
  [OplockLevel.BATCH, 'batch'],
])

/** For people: what the client may cache of an open file, as `lease RWH` or `oplock batch`; '' is nothing. */
export function describeCaching({ caching }: Open): string {
  if (caching === undefined || caching.rights === 0) return ''
  const what = caching.kind === 'lease' ? describeRights(caching.rights) : LEVEL_NAMES.get(levelOf(caching.rights))
  return `${caching.kind} ${what}${caching.isBreaking ? ', being given up' : ''}`
}
