import { leaseText, oplockName } from '../../wire/smb2/index.ts'
import type { Open } from '../open.ts'

/** For people: what the client may cache of an open file, as `lease RWH` or `oplock batch`; '' is nothing. */
export function describeCaching({ caching }: Open): string {
  if (caching === undefined || caching.rights === 0) return ''
  const what = caching.kind === 'lease' ? leaseText(caching.rights) : oplockName(caching.rights)
  return `${caching.kind} ${what}${caching.isBreaking ? ', being given up' : ''}`
}
