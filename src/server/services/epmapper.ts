/** The endpoint mapper (C706 appendix O): which interfaces there are, and the pipes that they are on. */
import { NULL_GUID } from '../../bytes/guid.ts'
import { nullHandle } from '../../rpc/context-handles.ts'
import { EPT_NOT_REGISTERED, Epmapper, InquiryType } from '../../rpc/epmapper/epmapper.ts'
import { decodeTower, encodeTower } from '../../rpc/epmapper/tower.ts'
import { fault } from '../../rpc/fault.ts'
import type { RpcInterface } from '../../rpc/operation.ts'
import { type RpcService, service } from '../../rpc/service.ts'
import { FaultStatus, type Syntax } from '../../wire/dcerpc/index.ts'
import type { ServiceContext } from './context.ts'

/** An interface, and the pipe that it is on. */
export interface RegisteredEndpoint {
  readonly interface: RpcInterface
  readonly pipe: string
}

/** A lookup that goes on with the next call. */
class Lookup {
  readonly rest: readonly RegisteredEndpoint[]

  constructor(rest: readonly RegisteredEndpoint[]) {
    this.rest = rest
  }
}

const MAX_ENTRIES = 500

function isSame(offered: Syntax, uuid: string, versionMajor: number): boolean {
  return offered.uuid === uuid && offered.versionMajor === versionMajor
}

/** The service for one caller. */
export function epmapper(context: ServiceContext, registered: () => readonly RegisteredEndpoint[]): RpcService {
  const towerOf = ({ interface: offered, pipe }: RegisteredEndpoint) => ({
    tower: encodeTower({
      interface: offered.syntax,
      endpoint: { kind: 'pipe', pipe: `\\PIPE\\${pipe}`, host: `\\\\${context.serverName}` },
    }),
  })
  const annotation = (text: string): number[] => [...`${text}\0`].map((character) => character.charCodeAt(0) & 0xff)

  return service(Epmapper, {
    ept_lookup({ inquiryType, interface: wanted, entryHandle, maxEntries }, { handles }) {
      const before = handles.find(entryHandle, Lookup)
      if (before === undefined && entryHandle.uuid !== NULL_GUID) return fault(FaultStatus.CONTEXT_MISMATCH)
      if (before !== undefined) handles.close(entryHandle, Lookup)
      const byInterface = inquiryType === InquiryType.BY_INTERFACE || inquiryType === InquiryType.BY_BOTH
      const all =
        before?.rest ??
        registered().filter(
          ({ interface: { syntax } }) =>
            !byInterface || (wanted !== null && isSame(syntax, wanted.uuid, wanted.versionMajor)),
        )
      const some = all.slice(0, Math.min(maxEntries, MAX_ENTRIES))
      const rest = all.slice(some.length)
      // Who gets as many as fit may come back. Who has it all at once is told so by a null handle alone (impacket takes
      // any status for a failure); who has come back, by the status, too (smbtorture, and rpcclient, which asks until then).
      const isLast = some.length < maxEntries && rest.length === 0
      const next = isLast ? nullHandle : handles.open(new Lookup(rest))
      return {
        entryHandle: next ?? nullHandle,
        count: some.length,
        entries: {
          room: Math.min(maxEntries, MAX_ENTRIES),
          entries: some.map((each) => ({
            object: NULL_GUID,
            tower: towerOf(each),
            annotation: annotation(each.interface.interfaceName),
          })),
        },
        status: isLast && (before !== undefined || some.length === 0) ? EPT_NOT_REGISTERED : 0,
      }
    },
    ept_map({ mapTower, maxTowers }) {
      const room = Math.min(maxTowers, MAX_ENTRIES)
      const none = { entryHandle: nullHandle, count: 0, towers: { room, entries: [] }, status: EPT_NOT_REGISTERED }
      if (mapTower === null) return none
      const wanted = decodeTower(mapTower.tower)
      // Ports are for servers that have some: what is here is on pipes.
      if (wanted.endpoint.kind !== 'pipe') return none
      const found = registered()
        .filter(({ interface: { syntax } }) => isSame(syntax, wanted.interface.uuid, wanted.interface.versionMajor))
        .slice(0, room)
      if (found.length === 0) return none
      const towers = { room, entries: found.map(towerOf) }
      return { entryHandle: nullHandle, count: found.length, towers, status: 0 }
    },
    ept_lookup_handle_free({ entryHandle }, { handles }) {
      handles.close(entryHandle, Lookup)
      return { entryHandle: nullHandle, status: 0 }
    },
  })
}
