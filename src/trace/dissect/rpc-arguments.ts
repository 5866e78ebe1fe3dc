import { WireError } from '../../bytes/errors.ts'
import { hex } from '../../bytes/hex.ts'
import { Dssetup } from '../../rpc/dssetup/dssetup.ts'
import { Epmapper } from '../../rpc/epmapper/epmapper.ts'
import { Eventlog } from '../../rpc/eventlog/eventlog.ts'
import { Lsarpc } from '../../rpc/lsarpc/lsarpc.ts'
import { Netdfs } from '../../rpc/netdfs/netdfs.ts'
import { Netlogon } from '../../rpc/netlogon/netlogon.ts'
import type { AnyOperation, RpcInterface } from '../../rpc/operation.ts'
import { Samr } from '../../rpc/samr/samr.ts'
import { Srvsvc } from '../../rpc/srvsvc/srvsvc.ts'
import { Svcctl } from '../../rpc/svcctl/svcctl.ts'
import { Winreg } from '../../rpc/winreg/winreg.ts'
import { Wkssvc } from '../../rpc/wkssvc/wkssvc.ts'
import { type Field, ownField } from './field.ts'

const interfaces: readonly RpcInterface[] = [
  Srvsvc,
  Wkssvc,
  Lsarpc,
  Samr,
  Netlogon,
  Svcctl,
  Winreg,
  Netdfs,
  Dssetup,
  Epmapper,
  Eventlog,
]

const operations: ReadonlyMap<string, AnyOperation> = new Map(
  interfaces.flatMap(({ syntax, operations: declared }) =>
    Object.values(declared).map((one): [string, AnyOperation] => [`${syntax.uuid} ${one.operationNumber}`, one]),
  ),
)

/** Most elements of a list that are shown, and deepest level. */
const maxElements = 200
const maxDepth = 12

/**
 * The parameters of a call, or its results, from the same declarations that server and client work with; undefined for
 * operations that are not declared. Where they lie in the stub is not known: NDR spreads them.
 */
export function argumentFields(
  interfaceId: string,
  operationNumber: number,
  direction: 'in' | 'out',
  stub: Uint8Array,
): Field | undefined {
  const found = operations.get(`${interfaceId} ${operationNumber}`)
  if (found === undefined || stub.length === 0) return undefined
  const label = direction === 'in' ? 'parameters' : 'results'
  try {
    const value: unknown = found[direction].read(stub)
    return ownField(undefined, label, [0, 0], undefined, membersOf(value, 0))
  } catch (error) {
    // A stub of another version of the interface, or a damaged one.
    if (!(error instanceof WireError)) throw error
    return { ...ownField(undefined, label, [0, 0], undefined), problem: error.message }
  }
}

function membersOf(value: unknown, depth: number): Field[] {
  if (typeof value !== 'object' || value === null || depth > maxDepth) return []
  if (Array.isArray(value))
    return (value as unknown[]).slice(0, maxElements).map((element, i) => fieldOf(`[${i}]`, element, depth + 1))
  return Object.entries(value).map(([name, member]) => fieldOf(name, member, depth + 1))
}

function fieldOf(label: string, value: unknown, depth: number): Field {
  const at = [0, 0] as const
  if (value === null) return ownField(undefined, label, at, undefined, [], 'null')
  if (value instanceof Uint8Array) return ownField(undefined, label, at, value, [], hex(value, 32))
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
      return ownField(undefined, label, at, value)
    default:
      return ownField(undefined, label, at, undefined, membersOf(value, depth))
  }
}
