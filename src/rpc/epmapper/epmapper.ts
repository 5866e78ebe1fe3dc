/** The endpoint mapper, C706 appendix O and MS-RPCE 3.1.4: at which port or pipe an interface is. */
import {
  conformantBytes,
  contextHandle,
  full,
  guid,
  roomyArray,
  struct,
  u8,
  u16,
  u32,
  varyingArray,
} from '../ndr/index.ts'
import { op, rpcInterface } from '../operation.ts'

/** Status of a lookup that finds nothing (more), C706 appendix E. */
export const EPT_NOT_REGISTERED = 0x16c9_a0d6

/** What `ept_lookup` looks for, C706 appendix O. */
export const InquiryType = { ALL: 0, BY_INTERFACE: 1, BY_OBJECT: 2, BY_BOTH: 3 } as const

/** twr_t: a tower as bytes; `decodeTower` reads them. */
export const TowerBytes = struct('twr_t', { length: u32.countOf('tower'), tower: conformantBytes })

const InterfaceId = struct('rpc_if_id_t', { uuid: guid, versionMajor: u16, versionMinor: u16 })

export const Epmapper = rpcInterface(
  'epmapper',
  { uuid: 'e1af8308-5d1f-11c9-91a4-08002b14a0fa', version: '3.0', pipe: 'epmapper' },
  {
    /** All that is registered, in pieces. */
    ept_lookup: op(2, 'ept_lookup', {
      in: {
        inquiryType: u32,
        object: full(guid),
        interface: full(InterfaceId),
        versionOption: u32,
        entryHandle: contextHandle,
        maxEntries: u32,
      },
      out: {
        entryHandle: contextHandle,
        count: u32,
        entries: roomyArray(
          struct('ept_entry_t', { object: guid, tower: full(TowerBytes), annotation: varyingArray(u8, 64) }),
        ),
        status: u32,
      },
    }),
    /** Where the interface of a tower is. */
    ept_map: op(3, 'ept_map', {
      in: { object: full(guid), mapTower: full(TowerBytes), entryHandle: contextHandle, maxTowers: u32 },
      out: {
        entryHandle: contextHandle,
        count: u32,
        towers: roomyArray(full(TowerBytes)),
        status: u32,
      },
    }),
    /** Gives up a lookup before its end. */
    ept_lookup_handle_free: op(4, 'ept_lookup_handle_free', {
      in: { entryHandle: contextHandle },
      out: { entryHandle: contextHandle, status: u32 },
    }),
  },
)
